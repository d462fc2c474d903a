"""How far the frames of training sequences have come from neutral to the smile, for methods that are told it."""

import numpy as np

LEAST_RISE = 0.5  # of AU12, 0-5: what rises less is noise, or a smile that AU12 does not see


def strengths_of(action_units):
    """Strength (n, t) float32 in 0-1 of the frames of sequences, by their AU12 (of (n, t, 2), AU6 and AU12).

    0 at the first frame, 1 where AU12 is highest, and never back: what falls again, or trembles, counts as
    having come as far as before. In time where a sequence's AU12 is not known or does not rise (ours).
    """
    count, frames, _ = action_units.shape
    found = np.tile(np.linspace(0, 1, frames, dtype=np.float32), (count, 1))
    for i, au12 in enumerate(action_units[..., 1]):
        highest = np.maximum.accumulate(au12)
        if np.isfinite(au12).all() and highest[-1] - au12[0] >= LEAST_RISE:
            found[i] = (highest - au12[0]) / (highest[-1] - au12[0])
    return found


def mean_curves(strengths, labels, expressions):
    """Mean strength (e, t) over time of the sequences of each of so many expressions."""
    return np.stack([strengths[labels == label].mean(axis=0) for label in range(expressions)])


def along(curve, frames, strength):
    """Strengths (frames,) of a sequence of any length up to `strength`, along the mean curve (t,) of its expression."""
    at = np.linspace(0, len(curve) - 1, frames)
    return (strength * np.interp(at, np.arange(len(curve)), curve)).astype(np.float32)
