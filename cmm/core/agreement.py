"""Agreement of two series of intensities, as the literature on action units reports it."""

import numpy as np


def icc31(known, estimated):
    """Intraclass correlation ICC(3,1) of two series (n,): consistency of single, fixed raters (Shrout & Fleiss 1979).

    1 where they differ by a constant at most, about 0 without agreement; NaN where both are constant.
    """
    ratings = np.stack([np.asarray(known, float), np.asarray(estimated, float)], axis=1)
    n, k = ratings.shape
    mean = ratings.mean()
    between = k * ((ratings.mean(axis=1) - mean) ** 2).sum() / (n - 1)
    rest = ratings - ratings.mean(axis=1, keepdims=True) - ratings.mean(axis=0) + mean
    error = (rest**2).sum() / ((n - 1) * (k - 1))
    total = between + (k - 1) * error
    return float((between - error) / total) if total > 0 else float("nan")


def pearson(known, estimated):
    """Pearson's correlation of two series (n,), -1 to 1; NaN where one is constant."""
    known, estimated = np.asarray(known, float), np.asarray(estimated, float)
    if known.std() == 0 or estimated.std() == 0:
        return float("nan")
    return float(np.corrcoef(known, estimated)[0, 1])


def mean_absolute_error(known, estimated):
    """Mean absolute difference of two series (n,), in their unit."""
    return float(np.mean(np.abs(np.asarray(known, float) - np.asarray(estimated, float))))
