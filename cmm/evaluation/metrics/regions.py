"""Where mouth and eyes are in a face: what smiles moves is a small part of a picture."""

import numpy as np

from cmm.faces.landmarks import CONTOURS

REGIONS = {"mouth": ("outer_lips",), "eyes": ("right_eye", "left_eye")}
MARGIN = 0.05  # of the picture's side, around the points


def boxes(points, region, size):
    """Boxes (t, 4) int, left, top, right, bottom, of a region around points (t, 68, 2) in pixels.

    They lie within pictures of side `size` and are at least two pixels wide and high.
    """
    numbers = np.concatenate([np.arange(*CONTOURS[name][:2]) for name in REGIONS[region]])
    chosen = np.asarray(points, float)[:, numbers]
    low = np.clip(np.floor(chosen.min(axis=1) - MARGIN * size), 0, size - 2).astype(int)
    high = np.clip(np.ceil(chosen.max(axis=1) + MARGIN * size), low + 2, size).astype(int)
    return np.concatenate([low, high], axis=1)


def cut(face, box):
    """The part of a picture (s, s, 3) in a box."""
    left, top, right, bottom = box
    return face[top:bottom, left:right]
