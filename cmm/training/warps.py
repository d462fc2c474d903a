"""Faces bent into those of other people, so that a network does not learn the few it sees by heart.

A smooth random displacement, mostly alike on both sides of the face, moves the points, of which the landmark image is
drawn anew: an elastic deformation as of Simard et al. 2003 ("Best practices for convolutional neural networks"). It is
another each time that an item is seen. Ours; the paper has 400 people to learn from.
"""

import cv2
import numpy as np

from cmm.faces.landmark_images import draw_sequence

GRID = 4  # random displacements across and down; smooth between them
UNLIKE = 0.25  # what is kept of the difference between the two sides
NUMBERS = GRID * GRID * 2  # that make one field
REFERENCE = 64  # side that displacements are named for [px]


def fields_of(noise, warp, size):
    """Displacements (b, size, size, 2) float32, px: of control points `warp` px of 64, smooth between.

    noise (b, NUMBERS) float32, standard normal.
    """
    control = noise.reshape(-1, GRID, GRID, 2) * np.float32(warp * size / REFERENCE)
    mirrored = control[:, :, ::-1] * np.float32([-1, 1])
    control = (control + mirrored + UNLIKE * (control - mirrored)) / np.sqrt(np.float32(2))
    return np.stack([cv2.resize(one, (size, size), interpolation=cv2.INTER_CUBIC) for one in control])


def bend_points(points, field):
    """Points (..., 2), px, moved by a field (s, s, 2), whose border holds outside of it."""
    last = len(field) - 1
    at = points.reshape(-1, 1, 2).astype(np.float32)
    x, y = (at[..., i].clip(0, last) for i in range(2))
    return (at + cv2.remap(field, x, y, cv2.INTER_LINEAR)).reshape(points.shape)


def landmarks_from(warp):
    """The array of smiles.h5 that `landmarks_of` reads: bent ones are drawn anew of their points."""
    return "points" if warp else "landmarks"


def landmarks_of(data, where, fields=None):
    """Landmark images (b, ..., s, s) uint8 at `where` of the Smiles, bent by `fields` (b, s, s, 2) if there are any."""
    if data.landmarks is not None and fields is None:
        return data.landmarks[where]
    points = data.points[where]
    if fields is not None:
        points = np.stack(list(map(bend_points, points, fields)))
    drawn = draw_sequence(points.reshape(-1, *points.shape[-2:]), data.side)
    return drawn.reshape(*points.shape[:-2], data.side, data.side)
