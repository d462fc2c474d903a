"""Glasses, by shape."""

import numpy as np

from cmm.datasets.actors.canvas import SIDES, blend, curve, darken, trimmed


def glasses(canvas, person):
    """Layers of both lenses, then of each line's shadow and frame in turn."""
    if person.glasses == "none":
        return []
    angle = np.linspace(0, 2 * np.pi, 60)
    power = 1.0 if person.glasses == "round" else 0.55
    shape = np.stack(
        [
            np.sign(np.cos(angle)) * np.abs(np.cos(angle)) ** power * 0.37,
            np.sign(np.sin(angle)) * np.abs(np.sin(angle)) ** power * 0.29,
        ],
        axis=1,
    )
    lines = [shape + (side * 0.5, 0.04) for side in SIDES]
    lines.append(curve([(-0.14, 0.0), (0, -0.05), (0.14, 0.0)], 12))
    lines += [np.array([(side * 0.87, 0.0), (side * 1.08, -0.03)]) for side in SIDES]
    layers = [(blend, *trimmed(0.05 * canvas.fill(line)), (0.8, 0.85, 0.9)) for line in lines[:2]]
    colour = np.minimum(person.shirt * 0.25, 0.05)
    for line in lines:
        layers.append((darken, *trimmed(canvas.stroke(line + (0, 0.03), 0.03, 0.02)), 0.15))
        layers.append((blend, *trimmed(0.95 * canvas.stroke(line, 0.034)), colour))
    return layers
