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
