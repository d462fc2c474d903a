"""Small aligned faces, as smiles.h5 holds them and methods generate them, before a face tracker."""

from cmm.core.pictures import resized
from cmm.faces.alignment import align_sequence, warp

ENLARGED = 256  # a tracker made for photographs wants more than 64 pixels


def enlarged(face):
    """A face (s, s, 3) uint8 as a tracker is shown it."""
    return resized(face, ENLARGED)


def track_small(tracker, face):
    """Track one small face (s, s, 3) uint8, enlarged; a Face or None."""
    return tracker.track(enlarged(face))


def small_face(image, points, first, size):
    """The face of a video's frame (h, w, 3), with `points` (68, 2), as an aligned one (size, size, 3).

    `first` are the points of the frame whose eyes and mouth are put in their places; the others' eyes follow them.
    """
    return warp(image, align_sequence([first, points], size, smoothing=0)[1], size)
