"""Distance of action-unit curves (paper section 4.3, table 3, figure 8)."""

import numpy as np
from scipy.ndimage import uniform_filter1d

from cmm.core.agreement import pearson

WINDOW = 5  # frames, the paper's smoothing


def mean_curve(curves):
    """Curves (n, t) smoothed over 5 frames and averaged over the test set: (t,).

    NaN, where the tracker lost a face or, of AU6, in a blink, is bridged; a sequence that is NaN throughout is left
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

    Both (n, t), row by row the same video; one that is NaN throughout on either side is left
    out on both. Zero for equal sets; it grows with every frame, hence with T.
    """
    generated, original = _known_in_both(generated, original)
    return float(np.abs(mean_curve(generated) - mean_curve(original)).sum())


def curve_correlation(generated, original):
    """Pearson's correlation over time of the two mean curves, -1 to 1. NaN where one does not move.

    Both (n, t), row by row the same video, as for `curve_distance`.
    """
    generated, original = _known_in_both(generated, original)
    return pearson(mean_curve(original), mean_curve(generated))


def _known_in_both(generated, original):
    both = [np.asarray(curves, float) for curves in (generated, original)]
    known = ~np.any([np.isnan(curves).all(axis=1) for curves in both], axis=0)
    return [curves[known] for curves in both]


def _fill(curve):
    known = ~np.isnan(curve)
    return np.interp(np.arange(len(curve)), np.flatnonzero(known), curve[known])
