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
    return float(np.mean(ssim_maps(generated, original)[0]))


def ssim_in(generated, original, boxes):
    """Mean SSIM of two sequences (t, s, s, 3) uint8 within a box of each frame, in -1..1.

    boxes (t, 4) int: left, top, right, bottom, as `regions.boxes` gives them; the windows reach
    beyond the box.
    """
    return float(np.mean(means_in(ssim_maps(generated, original)[1], boxes)))


def ssim_maps(generated, original):
    """(SSIM of each frame (t,), its maps (t, s, s, 3)) of two sequences (t, s, s, 3) uint8, in -1..1."""
    both = [structural_similarity(a, b, full=True, **OPTIONS) for a, b in zip(generated, original, strict=True)]
    return tuple(np.array(values) for values in zip(*both, strict=True))


def means_in(maps, boxes):
    """Means (t,) of maps (t, s, s, 3) within a box of each frame, (t, 4) int as for `ssim_in`."""
    cut = (every[top:bottom, left:right] for every, (left, top, right, bottom) in zip(maps, boxes, strict=True))
    return np.array([part.mean() for part in cut])
