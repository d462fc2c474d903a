"""Teeth of CMM-mesh: what shows between lips that were closed in the photograph.

Nobody can know them, and a network that has seen many people's paints their average, a white band. So it is told where
the edges between teeth are: while it learns, the person's own; in use, those of a training person,
kept as a plate that stands still in the head while the lips move before it.
"""

import cv2
import numpy as np

from cmm.faces.mesh import LIPS_MIDDLE
from cmm.methods.cmm_mesh.shapes import pose_of

HEIGHT, WIDTH = 48, 96  # of a plate [px]
BROAD = 0.8  # width of a plate [IOD]
WIDE = 0.02  # of what an edge is compared with, a share of the aligned face's side
DARKEST = 8.0  # darker than that is dark
OPEN = 0.04  # lips farther apart show teeth of their own [IOD]


def parted(mesh, mean):
    """Whether the lips of a neutral mesh (468, 3) are so far apart that what shows between them is the person's own."""
    upper, lower = mesh[list(LIPS_MIDDLE)]
    return bool(np.linalg.norm(lower - upper) * pose_of(mesh, mean).scale > OPEN)


def edges_of(face, inner, size):
    """How much brighter each pixel within the lips is than around it there, (c, c) float32 in -1..1: log brightness.

    face (c, c, 3) uint8 and mask of the inner mouth (c, c) uint8 are crops of an aligned face of `size`. Colour and
    light, in which people and photographs differ, do not count.
    """
    share = inner.astype(np.float32) / 255
    light = np.log(np.maximum(face.mean(axis=-1, dtype=np.float32), DARKEST))
    around, covered = (cv2.GaussianBlur(part, (0, 0), WIDE * size) for part in (light * share, share))
    return np.clip(light - around / np.maximum(covered, 1e-3), -1, 1) * share


def place(mesh, mean, origin=(0, 0)):
    """The affine map (2, 3) from a plate's pixels to those of a picture that begins at `origin`, of a neutral mesh.

    The plate's middle lies between the lips, upright in the head, as wide as BROAD says.
    """
    pose = pose_of(mesh, mean)
    axes = pose.rotation[:2, :2].T / pose.scale * (BROAD / WIDTH)
    middle = mesh[list(LIPS_MIDDLE), :2].mean(axis=0) - origin
    return np.column_stack([axes, middle - axes @ [(WIDTH - 1) / 2, (HEIGHT - 1) / 2]])


def plate_of(edges, inner, placed):
    """Plate (HEIGHT, WIDTH, 2) uint8 of a crop: edges, 128 for none, and where they are known, 0-255."""
    both = np.dstack([edges * inner, inner.astype(np.float32)])
    flat = cv2.warpAffine(both, placed, (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
    edges = flat[..., 0] / np.maximum(flat[..., 1], 1)
    return np.round(np.dstack([128 + 127 * edges, flat[..., 1]])).astype(np.uint8)


def shown(plate, placed, side):
    """(edges, known) of a plate in a crop of a side, each (side, side) float32: -1..1 and 0-1."""
    both = np.dstack([(plate[..., 0].astype(np.float32) - 128) / 127, plate[..., 1].astype(np.float32) / 255])
    both[..., 0] *= both[..., 1]
    edges, known = np.moveaxis(cv2.warpAffine(both, placed, (side, side), flags=cv2.INTER_LINEAR), -1, 0)
    return edges / np.maximum(known, 1e-3), known


def brightest(plates, brightness, people, count):
    """Up to `count` plates (k, HEIGHT, WIDTH, 2), of different people, that show most teeth: first the most.

    `brightness` (n,) is that of what each of `plates` (n, ...) shows.
    """
    shows = plates[..., 1].mean(axis=(1, 2)) * brightness
    chosen = {}
    for i in np.argsort(-shows, kind="stable"):
        if shows[i] > 0:
            chosen.setdefault(people[i], i)
    return plates[[*chosen.values()][:count]]
