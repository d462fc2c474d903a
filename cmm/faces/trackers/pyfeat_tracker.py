"""py-feat's Detectorv1 (Cheong et al. 2023): RetinaFace, MobileFaceNet's 68 points, AUs by gradient boosting.

Its AUs are in 0-1 and keep py-feat's own names, AU06 and AU12: none is an intensity. It wants
an environment of its own, `envs/pyfeat.yaml`. Its weights come from the Hugging Face hub into
the package's folder `feat/resources`; where that is filled, nothing is asked of the hub.
"""

import logging
import os
from contextlib import contextmanager
from importlib.metadata import version
from itertools import groupby, islice

import numpy as np
import pandas as pd

from cmm.core.errors import UserError, reason
from cmm.core.video import read_frames
from cmm.faces.landmarks import points_of
from cmm.faces.trackers import Face, choose

BATCH = 16  # frames of one size that go through the networks together
UNITS = ("AU06", "AU12")
BOX = ["FaceRectX", "FaceRectY", "FaceRectWidth", "FaceRectHeight"]
HUB_ERRORS = ("LocalEntryNotFoundError", "OfflineModeIsEnabled", "EntryNotFoundError", "HfHubHTTPError")


@contextmanager
def load():
    """Load the detector. UserError where py-feat or its weights are missing."""
    try:
        import torch
        from feat.detector import Detectorv1
    except ImportError as error:
        message = f"py-feat does not load ({error}): it wants an environment of its own, envs/pyfeat.yaml"
        raise UserError(message) from error
    logging.getLogger("feat").setLevel(logging.ERROR)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        detector = Detectorv1(emotion_model=None, identity_model=None, gaze_model=None, device=device)
    except Exception as error:
        if type(error).__name__ not in HUB_ERRORS and not isinstance(error, OSError):
            raise
        import feat

        resources = os.path.join(feat.__path__[0], "resources")
        raise UserError(
            f"py-feat's weights are not there ({reason(error)}): on a machine with internet run"
            f" 'from feat.detector import Detectorv1; Detectorv1()', then copy its feat/resources to {resources}"
        ) from error
    yield PyfeatTracker(detector, torch)


class PyfeatTracker:
    def __init__(self, detector, torch):
        self.detector, self.torch = detector, torch
        self.description = {
            "backend": "pyfeat",
            "version": version("py-feat"),
            "weights_sha256": "",
            "models": {key: value for key, value in detector.info.items() if isinstance(value, str)},
            "coordinates": "pixels of the video, x right, y down, iBUG 68-point order",
            "confidence": "the face detector's score, 0-1",
            "action_units": "AU06, AU12: py-feat's own, 0-1",
        }

    def track(self, image, near=None):
        """Track RGB uint8 (h, w, 3), as Tracker.track."""
        return self._track_all([image], near)[0]

    def read(self, path):
        """Yield (time, Face or None) of every frame, in batches."""
        near = None
        for _, frames in groupby(read_frames(path), lambda frame: frame[2].shape):  # some videos change their size
            while batch := list(islice(frames, BATCH)):
                faces = self._track_all([image for _, _, image in batch], near)
                near = next((face.points for face in reversed(faces) if face), near)
                yield from zip((time for _, time, _ in batch), faces, strict=True)

    def _track_all(self, images, near):
        stack = self.torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2)
        found = self.detector.detect(stack, data_type="tensor", batch_size=len(images), progress_bar=False)
        found = pd.DataFrame(found)
        found = found[found["FaceScore"].notna()]
        faces = []
        for i in range(len(images)):
            faces.append(self._face(found[found["frame"] == i], near))
            near = faces[-1].points if faces[-1] else near
        return faces

    @staticmethod
    def _face(rows, near):
        if rows.empty:
            return None
        boxes = rows[BOX].to_numpy(float, copy=True)
        boxes[:, 2:] += boxes[:, :2]
        chosen = rows.iloc[[choose(boxes, near)]]
        measures = {unit: float(chosen[unit].iloc[0]) for unit in UNITS}
        confidence = float(np.clip(chosen["FaceScore"].iloc[0], 0, 1))
        return Face(points_of(chosen)[0], confidence, measures, len(rows))

    def action_units(self, measures, neutral=None):
        """py-feat's AU06 and AU12, 0-1; from `neutral` where that is known, with falls below it, -1 to 1."""
        return measures if neutral is None else measures - neutral
