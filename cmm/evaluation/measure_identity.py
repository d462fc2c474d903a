"""Whose face it is: the distance of generated faces to the input face in a network's embedding.

dlib's ResNet (King 2017): 128 numbers; of two pictures of one person they are less than about
0.6 apart. As AED (average Euclidean distance) in later papers, which have other networks.
"""

from dataclasses import dataclass

import dlib
import numpy as np

from cmm.core.pictures import rescaled, resized
from cmm.core.pretrained import find_weights
from cmm.core.progress import progress
from cmm.core.settings import setting
from cmm.evaluation.score_rows import ScoringRun
from cmm.faces.small_faces import ENLARGED

CHIP, PADDING = 150, 0.25  # what the network was trained on


@dataclass(frozen=True)
class Settings:
    frame_step: int = setting(8, "frames from one that is embedded to the next", minimum=1)


def main(
    run: ScoringRun,
    settings: Settings,
):
    """Measure every test video."""
    made, data, rows = run.read("faces", "points")
    embed = Embedding()
    for i in progress(range(len(made.smile)), "test videos embedded"):
        neutral, points = data.faces[i, 0], data.points[i, 0]
        person = embed(neutral, points)
        for mode, faces in zip(made.modes, made.faces[i], strict=True):
            later = faces[:: -settings.frame_step][::-1]  # the last frame among them
            distance = identity_distance(np.stack([embed(face, points) for face in later]), person)
            rows.video(i, mode, identity_distance_dlib_resnet=distance)
    rows.write(run.out, run.about(__name__, settings))


def identity_distance(embeddings, person):
    """Mean Euclidean distance of embeddings (t, d) to one person's (d,); 0 for that very picture."""
    return float(np.linalg.norm(np.asarray(embeddings, float) - np.asarray(person, float), axis=1).mean())


class Embedding:
    """dlib's network; the face is cut out by the input face's points, as all frames are aligned alike."""

    def __init__(self):
        self.network = dlib.face_recognition_model_v1(str(find_weights("face_recognition")))

    def __call__(self, face, points):
        """Embedding (128,) of an aligned face (s, s, 3) uint8 RGB; points (68, 2) in its pixels."""
        scale = ENLARGED / len(face)
        large = resized(face, ENLARGED)
        corners = [dlib.point(round(float(x)), round(float(y))) for x, y in rescaled(points, scale)]
        shape = dlib.full_object_detection(dlib.rectangle(0, 0, ENLARGED - 1, ENLARGED - 1), corners)
        chip = dlib.get_face_chip(large, shape, CHIP, PADDING)
        return np.array(self.network.compute_face_descriptor(chip))
