"""MediaPipe's Face Landmarker: 478 points, 52 blendshapes, no network access.

The 68 iBUG points are picked from the 478. Its blendshapes are no FACS intensities:
they become *proxies* in 0-1, measured from each video's own neutral level. Every
frame is tracked by itself, so a result does not depend on where a video starts.
"""

import os
import sys
from contextlib import contextmanager
from importlib.metadata import version

import numpy as np

from cmm.core.errors import UserError
from cmm.core.pretrained import FILES, find_weights
from cmm.faces.trackers import Face, choose

WEIGHTS = "face_landmarker"
TO_IBUG = [
    127, 234, 93, 132, 58, 136, 150, 176, 152, 400, 379, 365, 288, 361, 323, 454, 356,
    70, 63, 105, 66, 107, 336, 296, 334, 293, 300,
    168, 197, 5, 4, 75, 97, 2, 326, 305,
    33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380,
    61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181,
    78, 82, 13, 312, 308, 317, 14, 87,
]  # fmt: skip
BLENDSHAPES = {  # proxy: the blendshapes whose mean it is
    "AU06_proxy": ("eyeSquintLeft", "eyeSquintRight"),
    "AU12_proxy": ("mouthSmileLeft", "mouthSmileRight"),
    "AU26_proxy": ("jawOpen",),
    "AU45_proxy": ("eyeBlinkLeft", "eyeBlinkRight"),
}
NEUTRAL_PERCENTILE = 10
MOST_FACES = 4


@contextmanager
def load():
    """Load the model once; frees it at the end. UserError where a library is missing."""
    os.environ.setdefault("GLOG_minloglevel", "2")
    path = find_weights(WEIGHTS)
    try:
        import mediapipe
        from mediapipe.tasks.python import BaseOptions, vision
    except (ImportError, OSError) as error:
        raise _missing_library(error) from error
    options = vision.FaceLandmarkerOptions(
        base_options=BaseOptions(model_asset_path=str(path)),
        num_faces=MOST_FACES,
        output_face_blendshapes=True,
    )
    with _native_silence():
        try:
            landmarker = vision.FaceLandmarker.create_from_options(options)
        except OSError as error:
            raise _missing_library(error) from error
        blank = np.zeros((64, 64, 3), np.uint8)
        landmarker.detect(mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=blank))
    with landmarker:
        yield MediapipeTracker(landmarker, mediapipe)


@contextmanager
def _native_silence():
    """Drop what the C++ libraries print while loading and at their first picture.

    They know no log level that hides it; failures arrive as exceptions all the same.
    """
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with open(os.devnull, "w") as nothing:
            os.dup2(nothing.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _missing_library(error):
    return UserError(f"mediapipe does not load ({error}); on Debian: apt-get install libegl1 libgles2 libgl1")


class MediapipeTracker:
    most_faces = MOST_FACES

    def __init__(self, landmarker, mediapipe):
        self.landmarker = landmarker
        self.mediapipe = mediapipe
        self.description = {
            "backend": "mediapipe",
            "version": version("mediapipe"),
            "weights_sha256": FILES[WEIGHTS].sha256,
            "coordinates": "pixels of the video, x right, y down, iBUG 68-point order",
            "confidence": "1 where a face is found: the model gives no other",
        }

    def track(self, image, near=None):
        """Track RGB uint8 (h, w, 3), as Tracker.track."""
        faces = self.track_all(image)
        if not faces:
            return None
        return faces[choose([[*face.mesh[:, :2].min(axis=0), *face.mesh[:, :2].max(axis=0)] for face in faces], near)]

    def track_all(self, image):
        """All faces of RGB uint8 (h, w, 3), at most MOST_FACES, as Tracker.track_all."""
        picture = self.mediapipe.Image(image_format=self.mediapipe.ImageFormat.SRGB, data=np.ascontiguousarray(image))
        found = self.landmarker.detect(picture)
        size = image.shape[1], image.shape[0], image.shape[1]  # depth has the scale of x
        faces = []
        for points, shapes in zip(found.face_landmarks, found.face_blendshapes, strict=True):
            mesh = (np.array([(p.x, p.y, p.z) for p in points], np.float32) * size).astype(np.float32)
            scores = {shape.category_name: shape.score for shape in shapes}
            measures = {name: float(np.mean([scores[one] for one in parts])) for name, parts in BLENDSHAPES.items()}
            faces.append(Face(mesh[TO_IBUG, :2], 1.0, measures, len(found.face_landmarks), mesh))
        return faces

    def action_units(self, measures, neutral=None):
        """Proxies above the video's 10th percentile, 0-1; or from `neutral`, a level each, falls too, -1 to 1."""
        if neutral is not None or not len(measures):
            return measures if neutral is None else measures - neutral
        return (measures - measures.quantile(NEUTRAL_PERCENTILE / 100)).clip(0, 1)
