"""Trackers behind one interface; the config chooses one by name.

A backend is a module here with `load()`, a context manager that gives a Tracker: a new file
is a new backend.
"""

import pkgutil
from dataclasses import dataclass
from importlib import import_module
from typing import Protocol

import numpy as np
import pandas as pd

SUFFIX = "_tracker"  # of a backend's module
BACKENDS = tuple(module.name.removesuffix(SUFFIX) for module in pkgutil.iter_modules(__path__))


@dataclass(frozen=True)
class Face:
    """The largest face of a picture."""

    points: np.ndarray  # (68, 2) float32, pixels
    confidence: float  # 0-1
    measures: dict  # the backend's own values of this frame
    faces: int  # how many faces the picture shows


class Tracker(Protocol):
    """What a backend's `load()` gives."""

    description: dict  # backend, version, weights' sha256: for the tables' metadata

    def track(self, image: np.ndarray) -> Face | None:
        """Track an RGB uint8 picture; None where there is no face."""

    def action_units(self, measures: pd.DataFrame, neutral=None) -> pd.DataFrame:
        """Action-unit columns of one video from the measures of its tracked frames.

        `neutral` gives the measures of the person's neutral face where it is known.
        """


def load(backend):
    """Context manager that gives the tracker called `backend`."""
    return import_module(f"{__name__}.{backend}{SUFFIX}").load()
