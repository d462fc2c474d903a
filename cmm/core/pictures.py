"""Pictures as arrays."""

import cv2
import numpy as np


def resized(pictures, size):
    """uint8 pictures (..., s, s) or (..., s, s, 3) of another side: cubic if larger, area means if smaller."""
    colours = pictures.shape[-1:] if pictures.shape[-1] == 3 else ()
    old = pictures.shape[-1 - len(colours)]
    if old == size:
        return pictures
    how = cv2.INTER_CUBIC if size > old else cv2.INTER_AREA
    flat = pictures.reshape(-1, old, old, *colours)
    made = np.stack([cv2.resize(picture, (size, size), interpolation=how) for picture in flat])
    return made.reshape(*pictures.shape[: pictures.ndim - 2 - len(colours)], size, size, *colours)


def even(pictures):
    """Pictures (..., h, w, 3) without the last row or column of an odd number: H.264 has even sides."""
    height, width = pictures.shape[-3:-1]
    return pictures[..., : height // 2 * 2, : width // 2 * 2, :]
