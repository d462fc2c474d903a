"""face-alignment: SFD detector and 2DFAN4 points (Bulat & Tzimiropoulos 2017), 68 iBUG points.

The weights are looked for where torch.hub keeps its own. It gives no action units: use
regressors of our own. A GPU is used where there is one; on a CPU it takes about a second a frame.
"""

from contextlib import contextmanager
from importlib.metadata import version

import numpy as np
import pandas as pd

from cmm.core.errors import UserError, reason
from cmm.core.pretrained import FILES, find_weights
from cmm.faces.trackers import Face, choose

WEIGHTS = {"points": "2dfan4", "detector": "s3fd"}


@contextmanager
def load():
    """Load both networks. UserError where weights are missing or are not those networks'."""
    paths = {part: find_weights(name) for part, name in WEIGHTS.items()}
    import torch
    from face_alignment import FaceAlignment, LandmarksType

    device = "cuda" if torch.cuda.is_available() else "cpu"
    home, torch_home = paths["points"].parent.parent, torch.hub.get_dir()
    torch.hub.set_dir(str(home))
    try:
        networks = FaceAlignment(
            LandmarksType.TWO_D, device=device, flip_input=False, compile=False,
            face_detector_kwargs={"path_to_detector": str(paths["detector"])},
        )  # fmt: skip
    except (RuntimeError, KeyError, EOFError, OSError) as error:
        raise UserError(f"{home} does not hold face-alignment's weights: {reason(error)}") from error
    finally:
        torch.hub.set_dir(torch_home)
    yield FaceAlignmentTracker(networks)


class FaceAlignmentTracker:
    def __init__(self, networks):
        self.networks = networks
        self.description = {
            "backend": "face_alignment",
            "version": version("face-alignment"),
            "weights_sha256": ", ".join(FILES[name].sha256 for name in WEIGHTS.values()),
            "coordinates": "pixels of the video, x right, y down, iBUG 68-point order",
            "confidence": "mean height of the points' heat maps, 0-1",
        }

    def track(self, image, near=None):
        """Track RGB uint8 (h, w, 3), as Tracker.track."""
        boxes = [box for box in self.networks.face_detector.detect_from_image(image.copy()) if box[2] > box[0]]
        if not boxes:
            return None
        box = boxes[choose([box[:4] for box in boxes], near)]
        points, scores, _ = self.networks.get_landmarks_from_image(
            image, detected_faces=[box], return_bboxes=True, return_landmark_score=True
        )
        confidence = float(np.clip(np.mean(scores[0]), 0, 1))
        return Face(np.asarray(points[0], np.float32), confidence, {}, len(boxes))

    def action_units(self, measures, neutral=None):
        """No columns: face-alignment estimates none."""
        return pd.DataFrame(index=measures.index)
