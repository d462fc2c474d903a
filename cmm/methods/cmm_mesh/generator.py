"""CMM-mesh ready for use: smiles of aligned faces, and of whole photographs at their own resolution."""

from functools import partial

import numpy as np
import torch

from cmm.core.errors import UserError
from cmm.core.weights_file import load_networks
from cmm.faces.mesh import POINTS
from cmm.methods.cmm_mesh.eyes import closures
from cmm.methods.cmm_mesh.networks import Refiner, SmileShapes
from cmm.methods.cmm_mesh.painting import Painter
from cmm.methods.cmm_mesh.shapes import angle_of, modes_of, pose_of, smiles_from
from cmm.methods.generator import Generated, labels_of
from cmm.methods.threads import in_threads

AT_A_TIME = 32  # frames
PACE = 0.2  # deviation of the pace's logarithm
FARTHEST = 40  # degrees by which a head may be turned
ALIGNED = np.array([[1.0, 0, 0], [0, 1, 0]])


class CMMMeshGenerator:
    def __init__(self, weights):
        networks, self.about = load_networks(weights, shapes=SmileShapes, refiner=Refiner)
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.refiner = networks["refiner"].to(self.device)
        self.size = networks["shapes"].architecture["image_size"]
        self.shapes = networks["shapes"].arrays()
        self.modes = networks["shapes"].architecture["modes"]
        self.expressions = tuple(self.about["expressions"])

    def __call__(self, neutral, conditions, modes=True):
        """See cmm.methods.generator.Generator."""
        people = zip(neutral.faces, neutral.mesh, conditions, strict=True)
        films = [self._films(face, mesh, ALIGNED, one, modes) for face, mesh, one in people]
        made = np.stack([*in_threads(film for person in films for film in person)])
        return Generated(faces=made.reshape(len(films), -1, *made.shape[1:]))

    def photograph(self, picture, mesh, matrix, condition, modes=True, blinks=False):
        """See cmm.methods.generator.Generator: the mean smile first. UserError for a head that is turned too far."""
        turn = angle_of(pose_of(known(mesh), self.shapes["mean"]))
        if turn > FARTHEST:
            raise UserError(
                f"the head is turned by {turn:.0f} degrees: CMM-mesh bends faces turned by at most {FARTHEST}"
            )
        return self._films(picture, mesh, matrix, condition, modes, blinks)

    def _films(self, picture, mesh, matrix, condition, modes, blinks=False):
        """Of each sequence a function without arguments that paints its frames."""
        mesh = known(mesh)
        label = int(labels_of([condition], self.expressions)[0])
        turn, pace, teeth = self._variation(condition.seed)
        codes = modes_of(self.shapes["ways"], self.modes if modes else 0, turn)
        painter = Painter(picture, mesh, matrix, self.size, self.shapes, self.refiner, self.device, teeth)
        random = np.random.default_rng(condition.seed or 0)
        ways = smiles_from(mesh, self.shapes, codes, label, condition.strength, condition.frames, pace)
        return [partial(paint, painter, way, closures(len(way), random) * blinks) for way in ways]

    def _variation(self, seed):
        """(how far the modes are turned [rad], pace, number of the teeth) that a condition's seed names."""
        if seed is None:
            return 0.0, 1.0, 0
        random = np.random.default_rng(seed)
        turn, pace = random.uniform(0, 2 * np.pi), np.exp(PACE * random.standard_normal())
        return turn, pace, int(random.integers(max(1, len(self.shapes["teeth"]))))


def paint(painter, way, closure):
    """Frames (t, h, w, 3) uint8 of the meshes of one sequence, and of how far the eyes are closed in it."""
    frames = np.empty((len(way), *painter.photograph.shape), np.uint8)
    for i in range(0, len(way), AT_A_TIME):
        part = np.s_[i : i + AT_A_TIME]
        painter.paint(way[part], closure[part], out=frames[part])
    return frames


def known(mesh):
    """The 468 points of a mesh, float64; UserError without one: None, or NaN."""
    if mesh is None or not np.isfinite(mesh).all():
        raise UserError("CMM-mesh needs a mesh of the face, which this tracker does not give: use mediapipe")
    return mesh[:POINTS].astype(float)


load = CMMMeshGenerator
