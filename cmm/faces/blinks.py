"""Blinks: trackers read the cheek raiser (AU6) off the eyes, so a closed eye (AU45) says nothing about it."""

import numpy as np
from scipy.ndimage import label

CLOSED = 0.35  # closure (0-1) above which an eye is in a blink


def in_blink(closure, longest, margin=1):
    """Which frames are in a blink: (t,) bool.

    closure (t,): how far the eyes are closed, 0-1. Eyes that stay closed for more than
    `longest` frames are an expression, not a blink. `margin` more frames before and
    after belong to it, in which the lids move.
    """
    regions, count = label(closure > CLOSED)
    hidden = np.zeros(len(closure), dtype=bool)
    for number in range(1, count + 1):
        where = np.flatnonzero(regions == number)
        if len(where) <= longest:
            hidden[max(0, where[0] - margin) : where[-1] + 1 + margin] = True
    return hidden
