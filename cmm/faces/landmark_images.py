"""Landmark images: the 68 points connected by contours, thin and binary (paper section 3.1)."""

import cv2
import numpy as np

from cmm.faces.landmarks import CONTOURS

SHIFT = 4  # fractional bits of the coordinates given to OpenCV


def draw_landmarks(points, size):
    """Draw aligned points (68, 2), in pixels of the result, as (size, size) uint8 in {0, 1}.

    Contours are one pixel wide; what lies outside of the picture is cut off.
    """
    image = np.zeros((size, size), np.uint8)
    fixed = np.round(np.asarray(points, float) * 2**SHIFT).astype(np.int32)
    for start, stop, is_closed in CONTOURS.values():
        cv2.polylines(image, [fixed[start:stop]], is_closed, 1, 1, cv2.LINE_8, SHIFT)
    return image


def draw_sequence(points, size):
    """Landmark images (t, size, size) of aligned points (t, 68, 2)."""
    return np.stack([draw_landmarks(frame, size) for frame in points])
