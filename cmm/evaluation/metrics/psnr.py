"""Peak signal-to-noise ratio."""

import numpy as np


def psnr(generated, original):
    """PSNR of two sequences (t, s, s, 3) uint8 as one signal each, in dB; infinite where they are equal."""
    error = np.mean((generated.astype(float) - original.astype(float)) ** 2)
    return float("inf") if error == 0 else float(10 * np.log10(255**2 / error))
