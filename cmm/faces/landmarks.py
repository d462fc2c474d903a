"""The iBUG 68 points: contours and the few distances that everything is measured in.

Points are (..., 68, 2), x to the right and y down, in pixels unless said otherwise.
"""

import numpy as np

POINTS = 68
NOSE = 0.75  # from the line of the eyes to the nose's base, in IOD of a frontal face
CONTOURS = {  # name: (first point, one past the last, closed)
    "jaw": (0, 17, False),
    "right_brow": (17, 22, False),
    "left_brow": (22, 27, False),
    "nose_bridge": (27, 31, False),
    "nose_base": (31, 36, False),
    "right_eye": (36, 42, True),
    "left_eye": (42, 48, True),
    "outer_lips": (48, 60, True),
    "inner_lips": (60, 68, True),
}
# Of each point the one that it becomes in the mirrored face.
MIRRORED = [
    *range(16, -1, -1),
    *range(26, 16, -1),
    *range(27, 31),
    *range(35, 30, -1),
    45,
    44,
    43,
    42,
    47,
    46,
    39,
    38,
    37,
]
MIRRORED += [36, 41, 40, *range(54, 47, -1), *range(59, 54, -1), *range(64, 59, -1), *range(67, 64, -1)]
X_COLUMNS = [f"x_{i}" for i in range(POINTS)]
Y_COLUMNS = [f"y_{i}" for i in range(POINTS)]


def eye_centres(points):
    """Midpoints of the eye corners, (..., 2 eyes, 2): the lids move in a blink, they do not."""
    points = np.asarray(points)
    return np.stack([points[..., [36, 39], :].mean(-2), points[..., [42, 45], :].mean(-2)], axis=-2)


def mouth_centre(points):
    """Midpoint of the mouth corners, (..., 2)."""
    return np.asarray(points)[..., [48, 54], :].mean(-2)


def interocular_distance(points):
    """Distance between the eye centres (...), the unit of landmark distances here."""
    eyes = eye_centres(points)
    return np.linalg.norm(eyes[..., 1, :] - eyes[..., 0, :], axis=-1)


def lip_corners(points):
    """How far the lip corners are apart, and above the lips' middle and towards the eyes, (...) of (..., 68, 2).

    In IOD along the line of the eyes; across it in the nose's length, which is NOSE IOD of a
    frontal face: so neither a tilted nor a turned head changes it much.
    """
    points = np.asarray(points, float)
    eyes, iod = eye_centres(points), interocular_distance(points)[..., None]
    across = (eyes[..., 1, :] - eyes[..., 0, :]) / iod
    down = np.stack([-across[..., 1], across[..., 0]], axis=-1)
    middle = eyes.mean(axis=-2)
    x, y = (np.einsum("...pd,...d->...p", points - middle[..., None, :], axis) for axis in (across, down))
    width = (x[..., 54] - x[..., 48]) / iod[..., 0]
    corners, lips = y[..., [48, 54]].mean(axis=-1), y[..., [51, 57]].mean(axis=-1)
    return width + NOSE * (lips - 2 * corners) / np.maximum(y[..., 33], 1e-6)


def points_of(frame):
    """(n, 68, 2) float32 from a table with the columns x_0..x_67, y_0..y_67."""
    return np.stack([frame[X_COLUMNS], frame[Y_COLUMNS]], axis=-1).astype(np.float32)
