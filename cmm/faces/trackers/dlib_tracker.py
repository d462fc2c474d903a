"""dlib: HOG face detector and 68 iBUG points by an ensemble of regression trees (Kazemi & Sullivan 2014).

Everything comes from pip. It gives no action units: use regressors of our own. The point
model was trained on iBUG 300-W, which excludes commercial use.
"""

from contextlib import contextmanager

import numpy as np
import pandas as pd

from cmm.core.pretrained import FILES, find_weights
from cmm.faces.trackers import Face, choose

WEIGHTS = "shape_predictor"


@contextmanager
def load():
    """Load detector and point model. UserError where the weights are missing."""
    import dlib

    yield DlibTracker(dlib, dlib.shape_predictor(str(find_weights(WEIGHTS))))


class DlibTracker:
    def __init__(self, dlib, predictor):
        self.detector, self.predictor = dlib.get_frontal_face_detector(), predictor
        self.description = {
            "backend": "dlib",
            "version": dlib.__version__,
            "weights_sha256": FILES[WEIGHTS].sha256,
            "coordinates": "pixels of the video, x right, y down, iBUG 68-point order",
            "confidence": "the detector's score, cut to 0-1",
        }

    def track(self, image, near=None):
        """Track RGB uint8 (h, w, 3), as Tracker.track."""
        boxes, scores, _ = self.detector.run(image, 0, 0.0)
        if not boxes:
            return None
        chosen = choose([(box.left(), box.top(), box.right(), box.bottom()) for box in boxes], near)
        shape = self.predictor(image, boxes[chosen])
        points = np.array([(point.x, point.y) for point in shape.parts()], np.float32)
        return Face(points, float(np.clip(scores[chosen], 0, 1)), {}, len(boxes))

    def action_units(self, measures, neutral=None):
        """No columns: dlib estimates none."""
        return pd.DataFrame(index=measures.index)
