"""Tracks small generated faces again: points and action units of a sequence.

A tracker that works on pictures sees the sequence itself. One that is another program, as OpenFace, reads
back what it has written of the videos of `render_films`.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from cmm.core.errors import UserError
from cmm.core.video import Unreadable
from cmm.faces.backends import au_columns, au_scale
from cmm.faces.blinks import CLOSED, in_blink
from cmm.faces.landmarks import POINTS
from cmm.faces.small_faces import track_small

PROXIES = ("AU06_proxy", "AU12_proxy")


@dataclass(frozen=True)
class Retracked:
    """points (t, 68, 2) in pixels of the enlarged face, au06 and au12 (t,) above the input face
    as shares of the full scale, below 0 where they fell; NaN where lost.

    au06 is NaN in blinks, too: nobody can generate them at the moment at which they happened.
    Eyes that are still closed in the last frame, the apex, smile.
    """

    points: np.ndarray
    au06: np.ndarray
    au12: np.ndarray
    proxy06: np.ndarray  # the same by the tracker's proxies, where a trained judge gives the others; else all NaN
    proxy12: np.ndarray

    @property
    def tracked(self):
        """Share of frames in which the tracker found the face."""
        return float(1 - np.isnan(self.points[:, 0, 0]).mean())


def look(tracker, frames, video=None):
    """Faces, each a Face or None, of a sequence: of frames (t, s, s, 3) uint8, or of the `video` written of them.

    Of a video, they come from the file that another program has made of it. That is called as the video, in a folder of
    the test video's name: others have videos of the same names. UserError without it, or with one of another length.
    """
    if video is None:
        return [track_small(tracker, frame) for frame in frames]
    try:
        faces = [face for _, face in tracker.read(video, f"{video.parent.name}/{video.stem}.csv")]
    except Unreadable as error:
        raise UserError(f"{video}: {error}: let FeatureExtraction read this video") from error
    if len(faces) != len(frames):
        raise UserError(
            f"{video}: {len(faces)} of {len(frames)} frames were read: let FeatureExtraction read this video"
        )
    return faces


def retrack(tracker, faces, neutral):
    """Retracked of the faces of a sequence; AUs are measured from `neutral`, a tracked Face or None.

    Generated and original sequences go through this same measurement. Without `neutral`, AUs are NaN.
    """
    found = np.array([face is not None for face in faces])
    points = np.full((len(faces), POINTS, 2), np.nan)
    curves = np.full((4, len(faces)), np.nan)
    seen = [face for face in faces if face is not None]
    if seen:
        points[found] = [face.points for face in seen]
    if seen and neutral is not None:
        units = tracker.action_units(pd.DataFrame([f.measures for f in seen]), pd.Series(neutral.measures))
        names = au_columns(units)
        names += () if names == PROXIES else PROXIES
        for curve, name in zip(curves, names, strict=False):
            if name in units:
                curve[found] = units[name] / au_scale(name)
        if "AU45_proxy" in units:
            closure = np.zeros(len(faces))
            closure[found] = units["AU45_proxy"]
            opened = np.flatnonzero(closure <= CLOSED)
            last = opened[-1] + 1 if len(opened) else 0  # closed from there to the apex
            curves[::2, :last][:, in_blink(closure[:last], len(faces) // 2)] = np.nan
    return Retracked(points, *curves)
