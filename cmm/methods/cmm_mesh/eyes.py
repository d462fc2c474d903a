"""Blinks of CMM-mesh: the upper lids come down to the lower ones, which draws the skin above them along."""

from itertools import pairwise

import numpy as np

UPPER = (246, 161, 160, 159, 158, 157, 173, 466, 388, 387, 386, 385, 384, 398)  # lids of both eyes
LOWER = (7, 163, 144, 145, 153, 154, 155, 249, 390, 373, 374, 380, 381, 382)
ABOVE = (247, 30, 29, 27, 28, 56, 190, 467, 260, 259, 257, 258, 286, 414)  # the next row over the upper lids
RISE, DRAWN = 0.07, 0.35  # how far the lower lid and the row above come along, shares of the eye's opening
COURSE = (0.5, 1.0, 0.8, 0.4, 0.1)  # closure, 0-1, in the frames of a blink: lids close faster than they open
EVERY = 48  # frames from a blink to the next, on average: three seconds at 16 a second
SHORTEST = 16  # frames of a sequence in which somebody blinks


def blinked(mesh, closure):
    """Meshes (..., 468, 3), in any frame, with their eyes closed by `closure` (...,): 0 not at all, 1 shut."""
    mesh, share = mesh.copy(), np.asarray(closure)[..., None, None]
    gap = share * (mesh[..., LOWER, :] - mesh[..., UPPER, :])
    mesh[..., UPPER, :] += (1 - RISE) * gap
    mesh[..., LOWER, :] -= RISE * gap
    mesh[..., ABOVE, :] += DRAWN * gap
    return mesh


def closures(frames, random):
    """Closure (frames,) of the eyes in a sequence, 0-1, with blinks at times that a NumPy generator draws."""
    closure = np.zeros(frames)
    if frames < SHORTEST:
        return closure
    for start, end in pairwise(np.linspace(0, frames, max(1, round(frames / EVERY)) + 1).astype(int)):
        first = random.integers(start + 2, end - len(COURSE))
        closure[first : first + len(COURSE)] = COURSE
    return closure
