"""A distance of pictures in the features of a network, in the manner of LPIPS."""

import numpy as np


def perceptual_distance(first, second):
    """LPIPS-like distance (Zhang et al. 2018, equation 1, with all weights 1) of two pictures.

    first, second: lists of a network's layers, (c, h, w) each. Channels are scaled to unit
    length in every place; squared differences are summed over channels and averaged over
    places, then over layers. 0 for equal pictures, at most 4. LPIPS itself has learned weights
    for three networks that are not embedded here: this is not LPIPS.
    """
    return float(np.mean([((_unit(a) - _unit(b)) ** 2).sum(axis=0).mean() for a, b in zip(first, second, strict=True)]))


def _unit(layer):
    return layer / np.maximum(np.linalg.norm(layer, axis=0, keepdims=True), 1e-10)
