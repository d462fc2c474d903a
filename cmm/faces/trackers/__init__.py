"""Trackers behind one interface; the config chooses one by name.

A backend is a module here with `load()`, a context manager that gives a Tracker: a new file
is a new backend.
"""

from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Protocol

import numpy as np
import pandas as pd

from cmm.faces.backends import FILES_BACKEND, SUFFIX
from cmm.video import read_frames


@dataclass(frozen=True)
class Face:
    """The largest face of a picture."""

    points: np.ndarray  # (68, 2) float32, pixels
    confidence: float  # 0-1
    measures: dict  # the backend's own values of this frame
    faces: int  # how many faces the picture shows


class Tracker(Protocol):
    """What a backend's `load()` gives. One that wants whole videos has `read(path)` too."""

    description: dict  # backend, version, weights' sha256: for the tables' metadata

    def track(self, image: np.ndarray) -> Face | None:
        """Track an RGB uint8 picture; None where there is no face."""

    def action_units(self, measures: pd.DataFrame, neutral=None) -> pd.DataFrame:
        """Action-unit columns of one video from the measures of its tracked frames.

        `neutral` gives the measures of the person's neutral face where it is known.
        """


@contextmanager
def load(backend, regressors: Path | None = None, folder: Path | None = None):
    """Give the tracker called `backend`; with `regressors`, it estimates AU06_r and AU12_r, too.

    `folder` is where the backend that reads files finds them.
    """
    module = import_module(f"{__name__}.{backend}{SUFFIX}")
    with module.load(folder) if backend == FILES_BACKEND else module.load() as tracker:
        if regressors is not None:
            tracker = import_module("cmm.faces.action_units").with_action_units(tracker, regressors)
        yield tracker


def read_faces(tracker, path):
    """Yield (time in seconds, Face or None) of every frame of a video. Raises Unreadable as read_frames does."""
    if hasattr(tracker, "read"):
        yield from tracker.read(path)
    else:
        for _, time, image in read_frames(path):
            yield time, tracker.track(image)


def largest(boxes):
    """Number of the largest of boxes (left, top, right, bottom)."""
    return int(np.argmax([(right - left) * (bottom - top) for left, top, right, bottom in boxes]))
