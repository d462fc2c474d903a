"""Structural similarity (Wang et al. 2004), the paper's first score (section 4.3)."""

import numpy as np
from skimage.metrics import structural_similarity

OPTIONS = {
    "channel_axis": 2,
    "data_range": 255,
    "gaussian_weights": True,
    "sigma": 1.5,
    "use_sample_covariance": False,
}


def ssim(generated, original):
    """Mean SSIM of two sequences (t, s, s, 3) uint8 over their frames, in -1..1.

    Gaussian window of sigma 1.5 (11 x 11), population statistics, as in the paper that
    defined it; each colour channel by itself, then their mean.
    """
    return float(np.mean([structural_similarity(a, b, **OPTIONS) for a, b in zip(generated, original, strict=True)]))


def ssim_in(generated, original, boxes):
    """Mean SSIM of two sequences (t, s, s, 3) uint8 within a box of each frame, in -1..1.

    boxes (t, 4) int: left, top, right, bottom, as `regions.box` gives them; the windows reach
    beyond the box.
    """
    values = []
    for a, b, (left, top, right, bottom) in zip(generated, original, boxes, strict=True):
        every = structural_similarity(a, b, full=True, **OPTIONS)[1]
        values.append(every[top:bottom, left:right].mean())
    return float(np.mean(values))
