"""Distance of action-unit curves (paper section 4.3, table 3, figure 8)."""

import numpy as np
from scipy.ndimage import uniform_filter1d

from cmm.evaluation.agreement import pearson

WINDOW = 5  # frames, the paper's smoothing


def mean_curve(curves):
    """Curves (n, t) smoothed over 5 frames and averaged over the test set: (t,).

    NaN, where the tracker lost a face, is bridged; a sequence that is NaN throughout is left
    out of the average. All NaN if all are.
    """
    curves = np.asarray(curves, float)
    known = curves[~np.isnan(curves).all(axis=1)]
    if not len(known):
        return np.full(curves.shape[1], np.nan)
    filled = np.array([_fill(curve) for curve in known])
    return uniform_filter1d(filled, WINDOW, axis=1, mode="nearest").mean(axis=0)


def curve_distance(generated, original):
    """Absolute distance of the two mean curves, summed over time; in AU units x frames.

    Both (n, t). Zero for equal sets; it grows with every frame, hence with T.
    """
    return float(np.abs(mean_curve(generated) - mean_curve(original)).sum())


def curve_correlation(generated, original):
    """Pearson's correlation over time of the two mean curves, -1 to 1; both (n, t). NaN where one does not move."""
    return pearson(mean_curve(original), mean_curve(generated))


def _fill(curve):
    known = ~np.isnan(curve)
    return np.interp(np.arange(len(curve)), np.flatnonzero(known), curve[known])
