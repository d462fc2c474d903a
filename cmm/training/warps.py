"""Faces of people who are not there, so that a network does not learn the few that it sees by heart.

*Recombined*: a face between those of two people, which moves as a third one does. All are aligned, and a sharp landmark
image is drawn of the points, as of anybody's. *Bent*: a smooth random displacement, mostly alike on both sides of the
face, moves the points, of which the landmark image is drawn anew: an elastic deformation as of Simard et al. 2003
("Best practices for convolutional neural networks"). Either is another each time that an item is seen. Ours; the paper
has 400 people to learn from.
"""

import cv2
import numpy as np

from cmm.faces.landmark_images import draw_sequence

GRID = 4  # random displacements across and down; smooth between them
UNLIKE = 0.25  # what is kept of the difference between the two sides
NUMBERS = GRID * GRID * 2  # that make one field
BEYOND = 0.2  # how far a recombined face may lie beyond either of the two, a share of the way between them
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


def recombined(points, own, one, two, share):
    """Points (b, ..., 68, 2) of faces that move as `points` do from `own`, their neutral ones (b, 68, 2), but whose
    neutral face lies the share (b,) of the way from `one` (b, 68, 2) to `two`."""
    share = np.reshape(share, (-1, 1, 1))
    moved = (1 - share) * one + share * two - own
    return points + moved.reshape(len(moved), *[1] * (points.ndim - 3), *moved.shape[1:])


def landmarks_from(*varied):
    """The array of smiles.h5 that landmark images are made of: what is varied is drawn anew of its points."""
    return "points" if any(varied) else "landmarks"


def varied_landmarks(batch, where, recombine=0.0, warp=0.0):
    """Landmark images (b, ..., s, s) uint8 of a Batch's items, which lie at `where` of its Smiles.

    where: rows (b,), or (rows, frames). Where the Batch varies, a share of them is recombined, and all are bent.
    """
    data, rows = batch.data, where[0] if isinstance(where, tuple) else where
    if not batch.varies or not (recombine or warp):
        return landmarks_of(data, where)
    points = data.points[where]
    if recombine:
        one, two = (data.points[batch.random_indices(len(data)), 0] for _ in range(2))
        chosen, share = (batch.uniform(2).numpy().T + 1) / 2
        made = recombined(points, data.points[rows, 0], one, two, (1 + 2 * BEYOND) * share - BEYOND)
        points = np.where(np.reshape(chosen < recombine, (-1, *[1] * (points.ndim - 1))), made, points)
    if warp:
        fields = fields_of(batch.normal(NUMBERS).numpy(), warp, data.side)
        points = np.stack([*map(bend_points, points, fields)])
    return drawn(points, data.side)


def landmarks_of(data, where):
    """Landmark images (..., s, s) uint8 at `where` of the Smiles, as they are."""
    return data.landmarks[where] if data.landmarks is not None else drawn(data.points[where], data.side)


def drawn(points, side):
    """Landmark images (..., s, s) uint8 of points (..., 68, 2)."""
    images = draw_sequence(points.reshape(-1, *points.shape[-2:]), side)
    return images.reshape(*points.shape[:-2], side, side)
