"""Action-unit intensities of our own, 0-5, after Baltrusaitis et al. 2015 (the paper's reference [3]).

Appearance (HOG of the aligned face, and of its eyes once more, larger) and geometry (the aligned points)
go through one linear support-vector regressor an AU. Both are measured from the person's own neutral level in the
video: where the reference takes the median of all frames, the mean of those whose lip
corners are least pulled, since clips of smiles are not neutral half of the time. A mean
can be taken after a linear regressor as well as before, so a video's features are not kept.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from cmm.core.errors import UserError, reason
from cmm.core.files import atomic
from cmm.faces.alignment import similarity, transform, warp
from cmm.faces.landmarks import MIRRORED, eye_centres, lip_corners

FORMAT = "cmm action units 2"
UNITS = ("AU06", "AU12")
FULL_SCALE = 5.0  # FACS intensity E
SIDE = 64  # of the aligned face [px]
EYES = np.array([(0.3, 0.32), (0.7, 0.32)])  # where the eyes lie, as shares of the side
STRIP = (96, 48)  # width and height of the aligned eyes [px], where the cheek raiser shows
STRIP_EYES = np.array([(30, 20), (66, 20)])  # where they lie there
NEUTRAL_SHARE = 0.25  # of a video's frames
PULL = "lip_corners"  # the measure that tells the neutral frames
GEOMETRY = 136  # features; the others are appearance
HOG = cv2.HOGDescriptor((SIDE, SIDE), (16, 16), (8, 8), (8, 8), 9)
STRIP_HOG = cv2.HOGDescriptor(STRIP, (16, 16), (8, 8), (8, 8), 9)


def features(image, points):
    """Geometry and appearance (136 + 1764 + 1980,) float32 of a face: RGB uint8 (h, w, 3), points (68, 2) in pixels.

    All are taken after the eyes were moved to their places; geometry in IOD.
    """
    matrix, strip = (similarity(eye_centres(points), places) for places in (EYES * SIDE, STRIP_EYES))
    grey = cv2.cvtColor(warp(image, matrix, SIDE), cv2.COLOR_RGB2GRAY)
    eyes = cv2.cvtColor(cv2.warpAffine(image, strip, STRIP, borderMode=cv2.BORDER_REPLICATE), cv2.COLOR_RGB2GRAY)
    geometry = transform(matrix, points) / (SIDE * (EYES[1, 0] - EYES[0, 0]))
    parts = geometry.ravel(), HOG.compute(grey).ravel(), STRIP_HOG.compute(eyes).ravel()
    return np.concatenate(parts).astype(np.float32)


def mirrored_features(image, points):
    """`features` of the face in the mirror, which smiles as much."""
    there = points[MIRRORED] * (-1, 1) + (image.shape[1] - 1, 0)
    return features(np.ascontiguousarray(image[:, ::-1]), there)


def neutral_frames(pull):
    """Numbers of the frames of a video (n,) whose lip corners are least pulled."""
    return np.argsort(pull, kind="stable")[: max(1, int(np.ceil(NEUTRAL_SHARE * len(pull))))]


@dataclass(frozen=True)
class Regressors:
    """weights (AUs, features) and intercepts (AUs,) of features above neutral; about: how they were trained."""

    weights: np.ndarray
    intercepts: np.ndarray
    about: dict

    def measure(self, image, points):
        """Measures of one frame: the regressors' values before normalisation, and the pull of the lip corners."""
        values = self.weights @ features(image, points)
        return {f"{unit}_raw": float(v) for unit, v in zip(UNITS, values, strict=True)} | {
            PULL: float(lip_corners(points))
        }

    def intensities(self, measures, neutral=None):
        """AU06_r, AU12_r from the measures of one video's frames: 0-5 above the video's own neutral level, or from
        `neutral`, as in Tracker.action_units, -5 to 5."""
        raw = measures[[f"{unit}_raw" for unit in UNITS]].to_numpy()
        if neutral is None:
            level = raw[neutral_frames(measures[PULL].to_numpy())].mean(axis=0) if len(raw) else 0.0
        else:
            level = np.array([neutral[f"{unit}_raw"] for unit in UNITS])
        values = np.clip(raw - level + self.intercepts, 0 if neutral is None else -FULL_SCALE, FULL_SCALE)
        return pd.DataFrame(values, columns=[f"{unit}_r" for unit in UNITS], index=measures.index)


class WithActionUnits:
    """A tracker that also gives AU06_r and AU12_r."""

    def __init__(self, tracker, regressors):
        self.tracker, self.regressors = tracker, regressors
        self.description = tracker.description | {"action_units": regressors.about}

    def track(self, image, near=None):
        """As the tracker's own, with the regressors' measures."""
        face = self.tracker.track(image, near)
        if face is not None:
            face.measures.update(self.regressors.measure(image, face.points))
        return face

    def action_units(self, measures, neutral=None):
        """The tracker's own columns, then AU06_r and AU12_r."""
        own = [name for name in measures if name == PULL or name.endswith("_raw")]
        rest = None if neutral is None else neutral.drop(own)
        others = self.tracker.action_units(measures.drop(columns=own), rest)
        return pd.concat([others, self.regressors.intensities(measures, neutral)], axis=1) if own else others


def with_action_units(tracker, path):
    """A tracker that also estimates AU06_r and AU12_r by the regressors of a file.

    Raises UserError for those that were trained on another tracker's points.
    """
    regressors = read_regressors(path)
    trained, used = regressors.about.get("settings", {}).get("backend"), tracker.description["backend"]
    if trained != used:
        raise UserError(f"{path} was trained on the points of {trained}, not of {used}: set action_units.backend")
    return WithActionUnits(tracker, regressors)


def write_regressors(path, regressors):
    """Write a Regressors as safetensors, its provenance in the metadata."""
    tensors = {"weights": regressors.weights.astype(np.float32), "intercepts": regressors.intercepts.astype(np.float32)}
    with atomic(path) as partial:
        partial.write_bytes(save(tensors, {"format": FORMAT, "about": json.dumps(regressors.about)}))


def read_regressors(path):
    """Regressors of a file. Raises UserError if it is missing or none of ours."""
    path = Path(path)
    if not path.is_file():
        raise UserError(f"action units {path} do not exist: run train_action_units, or set action_units to proxies")
    try:
        with safe_open(path, "np") as file:
            metadata = file.metadata() or {}
            if metadata.get("format") != FORMAT:
                raise UserError(f"{path} holds no action-unit regressors of this project")
            weights, intercepts = (file.get_tensor(name) for name in ("weights", "intercepts"))
            return Regressors(weights, intercepts, json.loads(metadata["about"]))
    except (SafetensorError, KeyError, ValueError) as error:
        raise UserError(f"{path} cannot be read: {reason(error)}") from error
