"""Smiles from two photographs: both warped to a shape between theirs and cross-dissolved.

The classic morph over a triangle mesh (Beier & Neely 1992; Wolberg 1998), with an amount of
its own at every mesh point, so that mouth, cheeks and eyes smile each in its time. Outside
of the face's outline the neutral photograph stays; hair and background hold still.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from scipy.spatial import Delaunay

from cmm.faces.alignment import similarity, transform
from cmm.faces.mesh import EYE_CORNERS, INNER_LIPS
from cmm.faces.triangles import draw_triangles, interpolate, outline_of, smooth_step

REST = 1.3  # the outline, so much enlarged, does not move
FEATHER = 0.16  # width of the seam along the outline [IOD]


@dataclass(frozen=True)
class Amounts:
    """How far each part of the face has come from neutral (0) to the smiling photograph (1)."""

    mouth: float
    lips: float  # parting of the lips, and the teeth
    cheeks: float
    eyes: float
    asymmetry: float = 0.0  # extra amount of the mouth's right side in the picture, a share


class Morph:
    """The way from one photograph to another of the same person.

    neutral, smiling: (s, s, 3) uint8 RGB; their meshes (468, 2) in pixels (MediaPipe's points).
    """

    def __init__(self, neutral, smiling, neutral_mesh, smiling_mesh):
        size = neutral.shape[0]
        matrix = similarity(smiling_mesh, neutral_mesh)
        moved = transform(matrix, smiling_mesh)
        smiling = cv2.warpAffine(smiling, matrix, (size, size), flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE)
        still = _still_points(neutral_mesh, size)
        self.start = np.vstack([neutral_mesh, still])
        self.end = np.vstack([moved, still])
        self.triangles = Delaunay((self.start + self.end) / 2).simplices
        self.weights = _regions(neutral_mesh)
        mask = _inside(neutral_mesh, size)
        smiling = _same_light(smiling, neutral, mask)
        self.box = _box(still[8:], size)
        self.neutral, self.smiling = neutral, smiling
        self.masked = np.dstack([neutral, np.round(mask * 255).astype(np.uint8)])

    def frame(self, amounts):
        """(s, s, 3) uint8 RGB at `amounts`, an Amounts."""
        amount = self._amount_of_points(amounts)
        points = self.start + amount[:, None] * (self.end - self.start)
        x, y, width, height = self.box
        which = draw_triangles(points - (x, y), self.triangles, width, height)
        values = np.column_stack([self.start, self.end, amount])
        maps = interpolate(points, self.triangles, values, which, (x, y))
        one = cv2.remap(self.masked, maps[0], maps[1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        two = cv2.remap(self.smiling, maps[2], maps[3], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        share = (maps[4] * (one[..., 3] / np.float32(255)))[..., None]
        result = self.neutral.copy()
        result[y : y + height, x : x + width] = np.round(one[..., :3] + share * (two - one[..., :3].astype(np.float32)))
        return result

    def _amount_of_points(self, amounts):
        parts = np.array([amounts.mouth, amounts.lips, amounts.cheeks, amounts.eyes])
        side = self.weights[:, 4] * amounts.asymmetry
        amount = self.weights[:, :4] @ parts + self.weights[:, :2] @ parts[:2] * side
        return np.concatenate([np.clip(amount, 0, 1), np.zeros(len(self.start) - len(amount))])


def _regions(mesh):
    """(468, 5): share of mouth, lips, cheeks and eyes in each point (their sum is 1), and its side (-1 to 1)."""
    eyes = np.array([mesh[list(pair)].mean(axis=0) for pair in EYE_CORNERS])
    across = (eyes[1] - eyes[0]) / np.linalg.norm(eyes[1] - eyes[0])
    iod = np.linalg.norm(eyes[1] - eyes[0])
    relative = (mesh - eyes.mean(axis=0)) / iod
    below = relative @ (-across[1], across[0])  # the eyes at 0, the mouth at about 1.1 [IOD]
    upper = 1 - smooth_step((below - 0.12) / 0.4)
    mouth = smooth_step((below - 0.45) / 0.4)
    lips = np.zeros(len(mesh))
    lips[list(INNER_LIPS)] = 1
    mouth = mouth * (1 - lips)
    return np.column_stack([mouth, lips, 1 - mouth - lips - upper * (1 - lips), upper * (1 - lips), relative @ across])


def _still_points(mesh, size):
    """Corners and edges of the picture (8), and the face's outline enlarged: what does not move."""
    ends = np.linspace(0, size - 1, 3)
    frame = np.array([(x, y) for x in ends for y in ends if (x, y) != (ends[1], ends[1])])
    outline = outline_of(mesh)
    middle = outline.mean(axis=0)
    return np.vstack([frame, np.clip(middle + REST * (outline - middle), 1, size - 2)])


def _inside(mesh, size):
    """Mask (s, s) float32: 1 inside the face's outline, 0 outside, a soft seam within it."""
    iod = np.linalg.norm(np.diff([mesh[list(pair)].mean(axis=0) for pair in EYE_CORNERS], axis=0))
    mask = np.zeros((size, size), np.uint8)
    cv2.fillConvexPoly(mask, np.round(outline_of(mesh)).astype(np.int32), 1)
    depth = cv2.distanceTransform(mask, cv2.DIST_L2, 5)
    return smooth_step(depth / (FEATHER * iod)).astype(np.float32)


def _same_light(image, model, mask):
    """`image` with the mean colour of `model` under `mask`: two exposures are never quite alike."""
    means = [(picture * mask[..., None]).sum(axis=(0, 1)) for picture in (image, model)]
    return np.clip(np.round(image * (means[1] / means[0])), 0, 255).astype(np.uint8)


def _box(points, size):
    low = np.maximum(0, np.floor(points.min(axis=0))).astype(int)
    high = np.minimum(size, np.ceil(points.max(axis=0)) + 1).astype(int)
    return (*low, *(high - low))
