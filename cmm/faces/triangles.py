"""Pictures bent over a triangle mesh: which triangle covers a pixel, and what lies there."""

import cv2
import numpy as np
from scipy.spatial import ConvexHull

SHIFT = 4  # fractional bits of the coordinates given to OpenCV


def outline_of(points):
    """Corners (m, 2) of the convex outline of points (n, >= 2), in their order around it."""
    return points[ConvexHull(points[:, :2]).vertices, :2]


def smooth_step(x):
    """Smooth step from 0 to 1 over x in 0-1."""
    x = np.clip(x, 0, 1)
    return x * x * (3 - 2 * x)


def draw_triangles(points, triangles, width, height):
    """Number of the triangle that covers each pixel, (height, width) uint16; of several the last one.

    points (n, 2), pixels; triangles (m, 3), fewer than 65,536. Pixels that none covers have the first one's number.
    """
    which = np.zeros((height, width), np.uint16)
    fixed = np.round(points * 2**SHIFT).astype(np.int32)[triangles]
    seen = (fixed.max(axis=1) >= -(2**SHIFT)) & (fixed.min(axis=1) <= np.array([width, height]) * 2**SHIFT)
    for number in np.flatnonzero(seen.all(axis=1)).tolist():  # the others cannot be in the picture
        cv2.fillConvexPoly(which, fixed[number], number, cv2.LINE_8, SHIFT)
    return which


def interpolate(points, triangles, values, which, origin=(0, 0)):
    """Values (n, k) at the points, linear in each triangle, at every pixel of `which`: (k, h, w) float32.

    `origin` is the place (x, y) of the first pixel.
    """
    corners = np.dstack([points[triangles], np.ones(triangles.shape)])  # (triangles, 3, 3)
    flat = np.abs(np.linalg.det(corners)) < 1e-6  # covers no pixel to speak of
    corners[flat] = np.eye(3)
    planes = np.linalg.solve(corners, values[triangles]).astype(np.float32)  # (triangles, 3, k)
    x = np.arange(which.shape[1], dtype=np.float32) + np.float32(origin[0])
    y = np.arange(which.shape[0], dtype=np.float32)[:, None] + np.float32(origin[1])
    return np.stack(
        [np.take(a, which) * x + np.take(b, which) * y + np.take(c, which) for a, b, c in planes.transpose(2, 1, 0)]
    )
