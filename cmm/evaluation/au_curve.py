"""Distance of action-unit curves (paper section 4.3, table 3, figure 8)."""

import numpy as np
from scipy.ndimage import uniform_filter1d

WINDOW = 5  # frames, the paper's smoothing


def mean_curve(curves):
    """Curves (n, t) smoothed over 5 frames and averaged over the test set: (t,).

    NaN, where the tracker lost a face, is left out of the average.
    """
    filled = np.array([_fill(curve) for curve in np.asarray(curves, float)])
    return np.nanmean(uniform_filter1d(filled, WINDOW, axis=1, mode="nearest"), axis=0)


def curve_distance(generated, original):
    """Absolute distance of the two mean curves, summed over time; in AU units x frames.

    Both (n, t). Zero for equal sets; it grows with every frame, hence with T.
    """
    return float(np.abs(mean_curve(generated) - mean_curve(original)).sum())


def _fill(curve):
    known = ~np.isnan(curve)
    if not known.any():
        return curve
    return np.interp(np.arange(len(curve)), np.flatnonzero(known), curve[known])
