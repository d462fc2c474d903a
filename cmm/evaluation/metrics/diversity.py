"""How different landmark sequences are, in inter-ocular distances."""

from itertools import combinations

import numpy as np

from cmm.faces.landmarks import interocular_distance


def landmark_distance(first, second):
    """Mean distance of the points of two sequences (t, 68, 2), in IOD of the first's frames.

    Frames with NaN in either, where the tracker lost the face, are left out; NaN if
    none is left.
    """
    known = ~(np.isnan(first).any((1, 2)) | np.isnan(second).any((1, 2)))
    if not known.any():
        return float("nan")
    distance = np.linalg.norm(first[known] - second[known], axis=-1).mean(axis=-1)
    return float((distance / interocular_distance(first[known])).mean())


def mode_diversity(modes):
    """Mean landmark distance over all pairs of modes (k, t, 68, 2); NaN for one mode."""
    pairs = [landmark_distance(a, b) for a, b in combinations(modes, 2)]
    return float(np.nanmean(pairs)) if pairs else float("nan")


def beyond_amplitude(modes):
    """How far modes (k, t, 68, 2) part when no more than their amplitudes are made alike: mean over all pairs, in IOD.

    Of two modes, the one that moves less is compared with the multiple of the other's way that is nearest to it: two
    that do the same, one more and one less, are 0 apart, and noise is never enlarged. What remains is all that is not
    amplitude: mouth opening, eye closing, the lip corners' direction, one side before the other, timing. NaN for one
    mode, or where no frame of a pair has both faces.
    """
    pairs = [_residual(a, b) for a, b in combinations(modes, 2)]
    return float(np.nanmean(pairs)) if np.isfinite(pairs).any() else float("nan")


def _residual(first, second):
    known = ~(np.isnan(first).any((1, 2)) | np.isnan(second).any((1, 2)))
    if not known.any():
        return float("nan")
    scale = interocular_distance(first[known]).mean()
    ways = [(points[known] - points[known][0]) / scale for points in (first, second)]
    less, more = sorted(ways, key=np.linalg.norm)
    share = (less * more).sum() / max((more * more).sum(), np.finfo(float).tiny)
    return float(np.linalg.norm(less - share * more, axis=-1).mean())
