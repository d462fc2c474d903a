"""Cues by which people and classifiers tell smiles apart, from AU curves and lip corners.

Posed smiles differ from spontaneous ones in amplitude, speed, onset, evenness of the two sides and in what the cheeks
do (Schmidt et al. 2006, "Movement differences between deliberate and spontaneous facial expressions"). A sequence
spans its phase in T frames however long that was: of time, its course is seen and not its seconds.
"""

import numpy as np

from cmm.evaluation.metrics.au_curve import mean_curve
from cmm.faces.landmarks import interocular_distance

LIP_CORNERS = [48, 54]
ONSET = 0.1, 0.9  # shares of the amplitude between which a smile's onset lies
LEAST = 0.05  # a smaller amplitude of AU12, 0-1, has no onset, and no share of cheeks
STILL = 0.02  # lip corners that together go less far have no sides [IOD]
LAST = 3  # frames that stand for the end


def smile_cues(au6, au12, points):
    """Cues {name: value} of one sequence, from points (t, 68, 2) and curves (t,), shares of the full scale above the
    input face.

    smile_amplitude: highest AU12. peak_speed: its steepest rise, AU12 a frame. onset_duration: frames in which it rises
    from a tenth to nine tenths of the amplitude. au6_share: highest AU6 over highest AU12. smile_asymmetry: difference
    of the ways of the two lip corners over their sum, 0-1. Curves are smoothed over 5 frames; NaN where nothing can
    be said.
    """
    au6, au12 = mean_curve([au6]), mean_curve([au12])
    cues = dict.fromkeys(("smile_amplitude", "peak_speed", "onset_duration", "au6_share"), float("nan"))
    if np.isfinite(au12).all() and len(au12) > 1:
        amplitude = float(au12.max())
        cues |= {"smile_amplitude": amplitude, "peak_speed": max(0.0, float(np.diff(au12).max()))}
        if amplitude > LEAST:
            cues["onset_duration"] = _rise(au12, ONSET[1] * amplitude) - _rise(au12, ONSET[0] * amplitude)
            cues["au6_share"] = float(au6.max() / amplitude)
    return cues | {"smile_asymmetry": asymmetry(points)}


def asymmetry(points):
    """|left - right| / (left + right) of how far the lip corners have gone at the end, of points (t, 68, 2).

    0 an even smile, 1 one side alone; NaN where the first or the last frames have no face, or hardly anything moves.
    """
    end = np.asarray(points[-LAST:], float).mean(axis=0)
    ways = np.linalg.norm(end[LIP_CORNERS] - points[0][LIP_CORNERS], axis=-1) / interocular_distance(end)
    return float(abs(ways[0] - ways[1]) / ways.sum()) if ways.sum() > STILL else float("nan")


def _rise(curve, level):
    """Time [frames] at which a curve (t,) first reaches a level, linear between frames; 0 if it begins there."""
    first = int(np.argmax(curve >= level))
    if first == 0:
        return 0.0
    return float(first - 1 + (level - curve[first - 1]) / (curve[first] - curve[first - 1]))
