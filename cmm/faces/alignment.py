"""Alignment of faces on eye centres and mouth (paper section 4.1). Pure geometry."""

import cv2
import numpy as np
from scipy.ndimage import gaussian_filter1d

from cmm.faces.landmarks import eye_centres, mouth_centre

# Where the centres of the eyes (picture's left, right) and the mouth lie, as shares of the side.
TEMPLATE = np.array([(0.33, 0.34), (0.67, 0.34), (0.5, 0.735)])


def similarity(source, target):
    """Least-squares similarity (2, 3) that maps points `source` to `target`, (n, 2) each.

    Umeyama 1991 in complex numbers: with centred points s and t, rotation and scale
    are sum(conj(s) t) / sum(|s|^2). Raises ValueError if all source points coincide.
    """
    source, target = (np.asarray(points, float) @ (1, 1j) for points in (source, target))
    s, t = source - source.mean(), target - target.mean()
    spread = np.sum(np.abs(s) ** 2)
    if spread < 1e-12:
        raise ValueError("the points coincide: no similarity maps them")
    turn = np.sum(np.conj(s) * t) / spread
    shift = target.mean() - turn * source.mean()
    return np.array([[turn.real, -turn.imag, shift.real], [turn.imag, turn.real, shift.imag]])


def transform(matrix, points):
    """Apply (2, 3) matrices (..., 2, 3) to points (..., n, 2)."""
    matrix = np.asarray(matrix)
    return points @ np.swapaxes(matrix[..., :2], -1, -2) + matrix[..., None, :, 2]


def transform_mesh(matrix, mesh):
    """Apply a similarity (2, 3) to a mesh (n, 3): depth is scaled as the picture is. (n, 3) float32."""
    depth = mesh[:, 2:] * np.sqrt(np.linalg.det(matrix[:, :2]))
    return np.hstack([transform(matrix, mesh[:, :2]), depth]).astype(np.float32)


def align_sequence(points, size, smoothing=1.5):
    """Similarities (t, 2, 3) from video pixels to aligned pixels of a size x size picture.

    The first, neutral frame is fitted on eyes and mouth. The others are fitted on the
    eyes alone, to where the first one's eyes came to lie: a mouth that moves must not
    move the head. `smoothing` (sigma in frames) steadies the tracker's jitter.
    """
    anchors = _anchors(points[:1])[0]
    first = similarity(anchors, TEMPLATE * size - 0.5)
    eyes = eye_centres(points).astype(float)
    eyes = gaussian_filter1d(eyes, smoothing, axis=0, mode="nearest") if smoothing and len(eyes) > 1 else eyes
    target = transform(first, eyes[0])
    return np.stack([similarity(pair, target) for pair in eyes])


def warp(image, matrix, size):
    """Resample an RGB uint8 picture to (size, size, 3) by a similarity, without aliasing.

    Averages over an exact multiple of the size, since the faces shrink a lot here.
    """
    factor = max(1, int(np.ceil(1 / max(1e-6, np.sqrt(abs(np.linalg.det(matrix[:, :2])))))))
    big = matrix * factor
    big[:, 2] += (factor - 1) / 2  # pixel centres
    large = cv2.warpAffine(
        image, big, (size * factor, size * factor), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return cv2.resize(large, (size, size), interpolation=cv2.INTER_AREA) if factor > 1 else large


def _anchors(points):
    return np.concatenate([eye_centres(points), mouth_centre(points)[..., None, :]], axis=-2)
