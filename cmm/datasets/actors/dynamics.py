"""How the invented people move: action units, blinks and head motion over time.

Posed and spontaneous smiles differ as the literature reports (Ekman & Friesen 1982;
Cohn & Schmidt 2004; Dibeklioglu et al. 2012): a posed smile starts fast, is held
evenly, ends abruptly, moves one side first and hardly lifts the cheeks; a spontaneous
one grows slowly and smoothly, often in two waves, and raises the cheeks (AU6).
"""

from dataclasses import dataclass

import numpy as np

TRACE = 0.05  # the onset ends and the apex begins at these shares of the apex level
PEAK = 0.95
STYLES = {  # apex AU12, AU25 and eye closing of each style, 0-1
    "mouth_open": (0.95, 0.95, 0.15),
    "mouth_closed": (0.85, 0.0, 0.25),
    "eyes_closing": (0.9, 0.45, 1.0),
}
PHASES = ("neutral", "onset", "apex", "offset")


@dataclass(frozen=True)
class Performance:
    """Curves of one clip, one value a frame, 0-1 unless said otherwise."""

    au06: np.ndarray
    au12: np.ndarray
    au25: np.ndarray
    blink: np.ndarray
    squint: np.ndarray
    asymmetry: float  # extra AU12 of the picture's right side, a share
    head: np.ndarray  # (frames, 5): yaw, pitch [IOD of parallax], roll [rad], x, y [IOD]
    phase: np.ndarray  # index into PHASES


def perform(style, expression, fps, rng):
    """Act one clip of `expression` (posed | spontaneous) in a style of STYLES; returns a Performance.

    `onset` frames run from the first one at which AU12 exceeds TRACE of its apex
    level to the one before it first reaches PEAK, which starts the apex.
    """
    level, opening, closing = (np.clip(value * rng.uniform(0.92, 1.06), 0, 1) for value in STYLES[style])
    posed = expression == "posed"
    onset = rng.uniform(0.28, 0.44) if posed else rng.uniform(0.62, 0.95)
    hold = rng.uniform(0.7, 1.0) if posed else rng.uniform(0.55, 0.9)
    offset = rng.uniform(0.25, 0.4) if posed else rng.uniform(0.6, 0.85)
    rest = rng.uniform(0.35, 0.55), rng.uniform(0.3, 0.45)
    frames = int(round(fps * min(4.0, max(2.0, sum(rest) + onset + hold + offset))))
    time = np.arange(frames) / fps
    start, end = rest[0], rest[0] + onset + hold
    smile = _rise((time - start) / onset) - _rise((time - end) / offset)
    if not posed and rng.random() < 0.5:  # a second, smaller wave while smiling
        smile *= 1 - 0.10 * np.exp(-(((time - start - onset - 0.5 * hold) / 0.12) ** 2))
    au12 = level * smile
    cheek = rng.uniform(0.08, 0.22) if posed else rng.uniform(0.7, 0.95)
    au06 = np.clip(cheek * _lag(smile, 0.0 if posed else 0.05, fps), 0, 1)
    au25 = opening * _lag(smile, 0.04, fps) ** 1.3
    squint = np.clip(closing * (0.8 if posed else 1.0) * _lag(smile, 0.08, fps), 0, 1)
    return Performance(
        au06=au06,
        au12=au12,
        au25=au25,
        blink=_blinks(time, rng),
        squint=squint,
        asymmetry=rng.uniform(-0.16, 0.16) if posed else rng.uniform(-0.05, 0.05),
        head=_head_motion(time, rng, 0.7 if posed else 1.0),
        phase=_phases(au12),
    )


def _rise(x):
    """Minimum-jerk step from 0 to 1 over x in 0-1."""
    x = np.clip(x, 0, 1)
    return x**3 * (10 - 15 * x + 6 * x**2)


def _lag(curve, seconds, fps):
    shift = int(round(seconds * fps))
    return np.concatenate([np.full(shift, curve[0]), curve[: len(curve) - shift]])


def _phases(au12):
    above = np.flatnonzero(au12 > TRACE * au12.max())
    peak = np.flatnonzero(au12 >= PEAK * au12.max())
    phase = np.zeros(len(au12), dtype=int)
    phase[above[0] : peak[0]] = PHASES.index("onset")
    phase[peak[0] : peak[-1] + 1] = PHASES.index("apex")
    phase[peak[-1] + 1 : above[-1] + 1] = PHASES.index("offset")
    return phase


def _blinks(time, rng):
    """Lid closure: a blink closes in 80 ms and opens in 140 ms, one every 2.5 s or so."""
    curve = np.zeros_like(time)
    moment = rng.exponential(1.8)
    while moment < time[-1]:
        x = time - moment
        lid = np.where(x < 0, np.exp(-((x / 0.045) ** 2)), np.exp(-((x / 0.075) ** 2)))
        curve = np.maximum(curve, lid)
        moment += 0.6 + rng.exponential(2.2)
    return curve


def _head_motion(time, rng, amount):
    """Slow sway: two sine waves a channel; yaw and pitch in IOD of parallax."""
    size = amount * np.array([0.02, 0.016, 0.012, 0.014, 0.012])
    waves = np.zeros((len(time), len(size)))
    for _ in range(2):
        rate, start = rng.uniform(0.12, 0.45, len(size)), rng.uniform(0, 2 * np.pi, len(size))
        waves += size * rng.normal(0, 0.6, len(size)) * np.sin(2 * np.pi * time[:, None] * rate + start)
    return waves
