"""What every method's generator takes and gives."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from cmm.datasets import EXPRESSIONS


@dataclass(frozen=True)
class Generated:
    """What one call of a Generator gives; the first of the 1 + k sequences is the conditional one.

    faces: (b, 1 + k, t, s, s, 3) uint8 RGB.
    landmarks: (b, 1 + k, t, s, s) uint8, 255 where a line is certain; None for a method without.
    """

    faces: np.ndarray
    landmarks: np.ndarray | None = None


class Generator(Protocol):
    """A trained method, ready for use."""

    about: dict  # how its weights were made
    size: int  # side of its pictures [px]
    modes: int  # k, sequences that it gives beside the conditional one
    labels: tuple  # numbers of the expressions that it has learned

    def __call__(self, landmarks: np.ndarray, faces: np.ndarray, label: np.ndarray, modes: bool = True) -> Generated:
        """Generate from neutral landmark images (b, s, s) uint8 {0, 1}, neutral faces (b, s, s, 3)
        uint8 RGB and labels (b,) int64; without `modes`, the conditional sequence alone."""


def learned(about):
    """Labels of the expressions that weights were trained on, from their record."""
    return tuple(EXPRESSIONS.index(name) for name in about.get("expressions", EXPRESSIONS))
