"""Networks trained on ImageNet that look at pictures for the scores; a module each.

A network's module has `FILE`, the name of its weights in `cmm.core.pretrained`, and `load(path)`, which
gives a Network.
"""

from importlib import import_module
from typing import Protocol

import numpy as np

from cmm.core.pretrained import cached, find_weights
from cmm.evaluation.catalogue import NETWORKS

CHOICES = ("auto", *NETWORKS)
BATCH = 32  # pictures at a time


class Network(Protocol):
    name: str  # stands behind the scores that it measures

    def describe(self, faces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Features (n, d) and class probabilities (n, c) of pictures (n, s, s, 3) uint8 RGB."""

    def layers(self, face: np.ndarray) -> list[np.ndarray]:
        """Layers (c, h, w) of one picture (h, w, 3) uint8 RGB, from fine to coarse."""


def chosen_network(choice):
    """The name of a network; for `auto` Inception v3 where its weights are, else what is embedded."""
    if choice != "auto":
        return choice
    return "inception_v3" if cached("inception_v3") else "efficientnet_lite0"


def load(choice):
    """The Network of a name or of `auto`; UserError where its weights are missing, saying where they belong."""
    module = import_module(f"{__name__}.{chosen_network(choice)}")
    return module.load(find_weights(module.FILE))


def in_batches(function, faces):
    """`function`, which gives a tuple of arrays for some faces, over all of them, BATCH at a time."""
    parts = [function(faces[i : i + BATCH]) for i in range(0, len(faces), BATCH)]
    return tuple(np.concatenate(values) for values in zip(*parts, strict=True))
