"""How far the frames of training sequences have come from neutral to the smile, for methods that are told it."""

import numpy as np
import torch

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


def learned_strengths(network, data):
    """Strengths (n, t) of the training sequences `data`; their mean curves become the buffer `curves` of `network`."""
    strengths = strengths_of(data.action_units)
    network.curves.copy_(torch.from_numpy(mean_curves(strengths, data.label, len(data.expressions))))
    return torch.from_numpy(strengths)


def along(curve, frames, strength):
    """Strengths (frames,) of a sequence of any length up to `strength`, along the mean curve (t,) of its expression.

    On the curve's device.
    """
    curve = torch.as_tensor(curve)
    known = curve.cpu().numpy()
    found = np.interp(np.linspace(0, len(known) - 1, frames), np.arange(len(known)), known)
    return torch.from_numpy((strength * found).astype(np.float32)).to(curve.device)
