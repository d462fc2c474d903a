"""Scores of whole sets of pictures and videos, from a network's features."""

import numpy as np


def inception_score(probabilities, splits=1):
    """Inception Score (Salimans et al. 2016) of class probabilities (n, c): (mean, standard deviation).

    exp of the mean KL divergence from the marginal, 1 to c, over `splits` equal parts in the
    order given; the deviation over the parts is the population's. NaN for fewer pictures than
    parts. Its classes are those of ImageNet: of faces alone it says little, and is kept since the
    paper has it.
    """
    if len(probabilities) < splits:
        return float("nan"), float("nan")
    scores = []
    for part in np.array_split(np.asarray(probabilities, float), splits):
        logarithms = np.log(np.maximum(part, 1e-300)) - np.log(np.maximum(part.mean(axis=0), 1e-300))
        scores.append(np.exp((part * logarithms).sum(axis=1).mean()))
    return float(np.mean(scores)), float(np.std(scores))


def frechet_distance(first, second):
    """Frechet distance (Heusel et al. 2017) of the normal distributions of two sets of features (n, d), (m, d).

    |mean difference|^2 + tr(S1 + S2 - 2 (S1 S2)^(1/2)), sample covariances. The last term is the
    sum of the singular values of the product of the centred sets, an n x m matrix; of sets that have more rows than
    features their d x d triangles have the same singular values. 0 for equal sets; biased upwards for small ones,
    so compare sets of one size. NaN with fewer than two rows in one of them.
    """
    if min(len(first), len(second)) < 2:
        return float("nan")
    first, second = np.asarray(first, float), np.asarray(second, float)
    means = first.mean(axis=0), second.mean(axis=0)
    a = (first - means[0]) / np.sqrt(len(first) - 1)
    b = (second - means[1]) / np.sqrt(len(second) - 1)
    small = [np.linalg.qr(part, mode="r") if len(part) > part.shape[1] else part for part in (a, b)]
    cross = np.linalg.svd(small[0] @ small[1].T, compute_uv=False).sum()
    distance = ((means[0] - means[1]) ** 2).sum() + (a**2).sum() + (b**2).sum() - 2 * cross
    return float(max(distance, 0.0))


def video_features(features):
    """Features of videos (n, 3 d) from those of their frames (n, t, d): mean, change from first to last, mean step.

    The first third says how a video looks, the second what happens in it, the third how restless
    it is. Ours: the network of the Frechet video distance (Unterthiner et al. 2019) is not embedded.
    """
    steps = np.abs(np.diff(features, axis=1)).mean(axis=1)
    return np.concatenate([features.mean(axis=1), features[:, -1] - features[:, 0], steps], axis=1)
