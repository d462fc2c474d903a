"""How smoothly a video goes on."""

import numpy as np


def temporal_roughness(faces):
    """Mean absolute second difference over time of faces (t, s, s, 3) uint8, in grey levels per frame squared.

    0 for a still or evenly fading picture; flicker raises it, and so does real motion, hence it
    is to be compared with the originals'. NaN for fewer than three frames.
    """
    if len(faces) < 3:
        return float("nan")
    return float(np.abs(np.diff(faces.astype(float), n=2, axis=0)).mean())
