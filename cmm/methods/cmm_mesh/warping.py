"""Faces of CMM-mesh bent from one mesh to another, at any resolution, and masks of the mouth."""

import cv2
import numpy as np

from cmm.faces.mesh import INNER_LIPS, OUTER_LIPS
from cmm.faces.triangles import SHIFT, draw_triangles, interpolate

THIN = 1.0  # a triangle of less height is drawn wider than it is [px]


def maps_between(target, source, triangles, width, height, origin=(0, 0)):
    """Where each pixel of the bent picture comes from: (2, height, width) float32, x and y.

    target, source: meshes (468, 3) in pixels, x right, y down, z away; of triangles that cover each other the nearer
    one counts. Outside of the mesh a pixel stays.
    """
    # Thin triangles, of shut eyes and closed lips, lie below all others, whose pixels they would take.
    far_first = triangles[np.lexsort((-target[triangles, 2].mean(axis=1), heights_of(target[triangles]) >= THIN))]
    corner = np.full((1, 3), 0)  # a triangle without area: number 0 means outside
    numbered = np.vstack([corner, far_first])
    which = draw_triangles(target[:, :2] - origin, numbered, width, height)
    ways = (source - target)[:, :2]
    moves = interpolate(target[:, :2], numbered, ways, which, origin)
    ends = ways[numbered].astype(np.float32)  # (triangles, 3, 2): the plane through a flat one says anything
    for move, low, high in zip(moves, ends.min(axis=1).T, ends.max(axis=1).T, strict=True):
        np.clip(move, low[which], high[which], out=move)
    moves[:, which == 0] = 0
    x = np.arange(width, dtype=np.float32) + np.float32(origin[0])
    y = np.arange(height, dtype=np.float32)[:, None] + np.float32(origin[1])
    return moves[0] + x, moves[1] + y


def heights_of(corners):
    """Least height (m,) of triangles with corners (m, 3, >= 2)."""
    sides = np.roll(corners[..., :2], -1, axis=1) - corners[..., :2]
    area = np.abs(sides[:, 0, 0] * sides[:, 1, 1] - sides[:, 0, 1] * sides[:, 1, 0])  # twice it
    return area / np.maximum(np.linalg.norm(sides, axis=2).max(axis=1), 1e-9)


def bend(picture, maps):
    """Picture (h, w, c) sampled at maps: (height, width, c), of its type."""
    return cv2.remap(picture, *maps, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def mouth_masks(mesh, width, height, origin=(0, 0)):
    """Masks (height, width, 2) uint8 in 0-255 of a mesh's inner mouth and of its mouth, lips included."""
    masks = np.zeros((2, height, width), np.uint8)
    for mask, ring in zip(masks, (INNER_LIPS, OUTER_LIPS), strict=True):
        corners = np.round((mesh[list(ring), :2] - origin) * 2**SHIFT).astype(np.int32)
        cv2.fillPoly(mask, [corners], 255, cv2.LINE_AA, SHIFT)
    return np.moveaxis(masks, 0, -1)
