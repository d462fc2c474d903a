"""Hair behind and in front of the head, by style."""

import cv2
import numpy as np

from cmm.datasets.actors.canvas import blend, closed, darken, mirror, trimmed


def draw_back_hair(image, canvas, person, texture):
    """What lies behind face and neck."""
    wide, style = person.cheek_width, person.hair_style
    if style == "long":
        side = [
            (0.6, -1.72),
            (1.22, -1.15),
            (wide + 0.32, -0.2),
            (wide + 0.36, 0.9),
            (wide + 0.42, 2.0),
            (1.35, 2.9),
        ]
    elif style == "bob":
        side = [
            (0.6, -1.72),
            (1.2, -1.15),
            (wide + 0.32, -0.2),
            (wide + 0.34, 0.8),
            (wide + 0.18, 1.5),
            (0.5, 1.7),
        ]
    elif style == "bald":
        return
    else:
        side = [(0.6, -1.66), (1.08, -1.15), (wide + 0.10, -0.4), (wide + 0.02, 0.05), (0.8, 0.4)]
    outline = closed([(0, -1.86), *side, *mirror(side)[::-1]], 120)
    if style == "bun":
        knot = np.linspace(0, 2 * np.pi, 40)
        blend(
            image,
            canvas.fill(np.stack([0.42 * np.cos(knot), 0.34 * np.sin(knot) - 1.95], axis=1)),
            texture * 0.85,
        )
    blend(image, canvas.fill(outline, 0.012), texture * (0.72 if style in ("long", "bob") else 0.9))


def front_hair(canvas, person, texture):
    """Layers of hairline, parting or fringe over the forehead, and temples."""
    if person.hair_style == "bald":
        return []
    mask = canvas.fill(_front_outline(person), 0.014)
    shadow = canvas.soften(np.roll(mask, int(0.05 * canvas.scale) + 1, axis=0), 0.04) * (1 - mask)
    where, hair = trimmed(mask)
    return [(darken, *trimmed(shadow), 0.28), (blend, where, hair, texture[where])]


def _front_outline(person):
    style, wide = person.hair_style, person.cheek_width
    outer = [(0, -1.88), (0.62, -1.70), (1.12, -1.12), (wide + 0.12, -0.42)]
    if style in ("long", "bob"):
        outer += [(wide + 0.20, 0.2), (wide + 0.14, 0.85)]
        inner = [(wide - 0.03, 0.8), (wide - 0.10, 0.1), (wide - 0.16, -0.45), (0.68, -0.90), (0.25, -1.08)]
    elif style == "fringe":
        outer += [(wide + 0.06, 0.0)]
        inner = [(wide - 0.07, -0.05), (wide - 0.15, -0.40), (0.70, -0.52), (0.35, -0.56)]
    else:
        outer += [(wide + 0.03, 0.02)]
        inner = [(wide - 0.05, -0.02), (wide - 0.12, -0.45), (0.78, -0.86), (0.40, -1.02)]
    middle = {"side": -0.98, "fringe": -0.54, "bun": -1.12}.get(style, -1.06)
    left_inner = mirror(inner)[::-1]
    if style == "side":  # swept over to one side
        left_inner = left_inner + np.where(np.abs(left_inner[:, :1]) < 0.9, (0.0, 0.22), 0.0)
    return closed([*outer, *inner, (0, middle), *left_inner, *mirror(outer[1:])[::-1]], 160)


def hair_texture(c, person, rng):
    """Strands (size, size, 3) that run from a parting: noise along the angle around the crown."""
    part = rng.uniform(-0.35, 0.35)
    angle = np.arctan2(c.y + 1.55, (c.x - part) * 0.9)
    radius = np.hypot(c.y + 1.55, c.x - part)
    strands = rng.normal(0, 1, (4, 720)).astype(np.float32)
    strands = cv2.resize(cv2.GaussianBlur(strands, (0, 0), 1.1), (1440, 256), interpolation=cv2.INTER_CUBIC)
    column = ((angle + 0.08 * np.sin(radius * 3)) / (2 * np.pi) + 0.5) * 1439
    grain = cv2.remap(
        strands, column.astype(np.float32), np.clip(radius * 80, 0, 255).astype(np.float32), cv2.INTER_LINEAR
    )
    shine = np.exp(-(((radius - 0.62) / 0.22) ** 2)) * 0.55
    value = np.clip(0.72 + 0.30 * grain + shine * (0.6 + 0.6 * grain) + 0.1 * person.light[0] * c.x, 0.15, 2.2)
    return (person.hair * value[..., None] + 0.02 * shine[..., None]).astype(np.float32)
