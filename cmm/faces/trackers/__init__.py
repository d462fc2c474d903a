"""Trackers behind one interface; the config chooses one by name.

A backend is a module here with `load()`, a context manager that gives a Tracker: a new file
is a new backend.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from cmm.core.errors import UserError
from cmm.core.video import read_frames
from cmm.faces.backends import FILES_BACKEND, SUFFIX

if TYPE_CHECKING:  # it takes a third of a second, and a photograph needs no table
    import pandas as pd


@dataclass(frozen=True)
class Face:
    """A face of a picture, the one that is followed."""

    points: np.ndarray  # (68, 2) float32, pixels
    confidence: float  # 0-1
    measures: dict  # the backend's own values of this frame
    faces: int  # how many faces the picture shows
    mesh: np.ndarray | None = None  # (478, 3) float32, pixels, z away from the camera; of backends that give one


class Tracker(Protocol):
    """What a backend's `load()` gives.

    One that wants whole videos has `read(path)` too, one that sees all faces of a picture `track_all(image)`: [Face].
    """

    description: dict  # backend, version, weights' sha256: for the tables' metadata

    def track(self, image: np.ndarray, near: np.ndarray | None = None) -> Face | None:
        """Track an RGB uint8 picture; None where there is no face.

        Of several faces the one nearest to `near`, points of the last frame's face, is taken; else the largest.
        """

    def action_units(self, measures: pd.DataFrame, neutral=None) -> pd.DataFrame:
        """Action-unit columns of one video from the measures of its tracked frames.

        `neutral` gives the measures of the person's neutral face where it is known: values are differences to it then,
        and below 0 where a unit has fallen.
        """


@contextmanager
def load(backend, regressors: Path | None = None, folder: Path | None = None):
    """Give the tracker called `backend`; with `regressors`, it estimates AU06_r and AU12_r, too.

    `folder` is where the backend that reads files finds them.
    """
    module = import_module(f"{__name__}.{backend}{SUFFIX}")
    with module.load(folder) if backend == FILES_BACKEND else module.load() as tracker:
        if regressors is not None:
            # By a name that no hash of code sees: who has proxies does not rerun with it.
            units = import_module(f"{__name__.rpartition('.')[0]}.action_units")
            tracker = units.with_action_units(tracker, regressors)
        yield tracker


def load_for(settings, regressors, folder=None):
    """The tracker that settings with `backend` and `action_units` ask for, as `load` gives it; `folder` likewise.

    With `auto`, regressors count where they are given.
    """
    if settings.action_units != "auto" and (settings.action_units == "trained") != (regressors is not None):
        raise UserError(f"action_units: {settings.action_units} and --regressors {regressors} do not go together")
    return load(settings.backend, regressors, folder)


def read_faces(tracker, path):
    """Yield (time in seconds, Face or None) of every frame of a video. Raises Unreadable as read_frames does."""
    if hasattr(tracker, "read"):
        yield from tracker.read(path)
    else:
        near = None  # somebody who comes closer to the camera is not the one we have followed so far
        for _, time, image in read_frames(path):
            face = tracker.track(image, near)
            near = near if face is None else face.points
            yield time, face


def choose(boxes, near=None):
    """Number of the box (left, top, right, bottom) that is meant: the largest, or the one that `near` lies in.

    `near` are points of a face (n, 2); the box whose middle is nearest to theirs counts, if
    it is no farther than half its width.
    """
    boxes = np.asarray(boxes, float)
    if near is not None:
        middle = (near.min(axis=0) + near.max(axis=0)) / 2
        distance = np.linalg.norm((boxes[:, :2] + boxes[:, 2:]) / 2 - middle, axis=1)
        nearest = int(np.argmin(distance))
        if distance[nearest] <= (boxes[nearest, 2] - boxes[nearest, 0]) / 2:
            return nearest
    return int(np.argmax((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])))
