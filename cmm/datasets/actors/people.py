"""Invented people: the shape, colours and smiling style that one seed gives.

Lengths are in inter-ocular distances (IOD, eye centre to eye centre), the origin
lies midway between the eyes, x points to the picture's right and y down. Colours
are linear-light RGB in 0-1.
"""

from dataclasses import dataclass

import numpy as np

SKIN_TONES = np.array(  # sRGB 0-255, light to dark
    [
        (244, 212, 192),
        (235, 196, 168),
        (224, 178, 146),
        (205, 154, 118),
        (178, 126, 92),
        (146, 99, 70),
        (112, 74, 52),
        (82, 54, 40),
    ],
    dtype=float,
)
HAIR_COLOURS = np.array(
    [
        (24, 20, 19),
        (44, 31, 25),
        (74, 48, 33),
        (112, 74, 44),
        (168, 126, 76),
        (206, 172, 118),
        (134, 62, 34),
        (150, 148, 146),
    ],
    dtype=float,
)
IRIS_COLOURS = np.array(
    [(62, 40, 24), (88, 58, 34), (104, 92, 52), (74, 104, 84), (84, 122, 150), (112, 126, 136)],
    dtype=float,
)
HAIR_STYLES = ("short", "side", "long", "bob", "fringe", "bun", "bald")
SMILE_STYLES = ("mouth_open", "mouth_closed", "eyes_closing")


def linear(srgb):
    """Convert sRGB 0-255 to linear light 0-1."""
    value = np.asarray(srgb, dtype=float) / 255
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


@dataclass(frozen=True)
class Person:
    """One invented person; see the module's text for units."""

    seed: int
    age: int
    style: str
    # shape
    cheek_width: float
    jaw_width: float
    chin_y: float
    chin_width: float
    eye_width: float
    eye_open: float
    eye_tilt: float
    brow_y: float
    brow_arch: float
    brow_thickness: float
    nose_y: float
    nose_width: float
    nose_height: float
    mouth_y: float
    mouth_width: float
    upper_lip: float
    lower_lip: float
    # colours
    skin: np.ndarray
    lips: np.ndarray
    hair: np.ndarray
    iris: np.ndarray
    shirt: np.ndarray
    backdrop: np.ndarray
    # looks
    hair_style: str
    beard: float
    freckles: float
    glasses: str
    light: tuple
    warmth: float


def draw_person(seed, index):
    """Draw person number `index` (from 0) of the population that `seed` names.

    Styles and skin tones are dealt in turn, so a small population still holds them
    all; everything else is drawn at random.
    """
    rng = np.random.default_rng((seed, index))
    tone = (index * 3 % 8 + rng.uniform(-0.4, 0.4)) / 7 * (len(SKIN_TONES) - 1)
    skin = _between(SKIN_TONES, tone) * rng.uniform(0.97, 1.03, 3)
    darkness = np.clip(tone / (len(SKIN_TONES) - 1), 0, 1)
    hair_limit = 8 if darkness < 0.45 else 3
    nose_y = rng.uniform(0.66, 0.78)
    make_up = rng.uniform(0.4, 0.9) if rng.random() < 0.3 else 0.0
    hair_style = HAIR_STYLES[rng.permutation(len(HAIR_STYLES))[0]]
    beard = rng.uniform(0.25, 0.8) if make_up == 0 and rng.random() < 0.25 else 0.0
    lips = skin * (0.84, 0.60, 0.60) + np.array((12, 4, 6))
    lips = (1 - make_up) * lips + make_up * np.array((172, 46, 62)) * rng.uniform(0.75, 1.05)
    return Person(
        seed=int(rng.integers(2**31)),
        age=int(rng.integers(18, 66)),
        style=SMILE_STYLES[index % len(SMILE_STYLES)],
        cheek_width=rng.uniform(1.02, 1.15),
        jaw_width=rng.uniform(0.74, 0.92),
        chin_y=rng.uniform(1.74, 1.92),
        chin_width=rng.uniform(0.30, 0.42),
        eye_width=rng.uniform(0.225, 0.265),
        eye_open=rng.uniform(0.085, 0.112),
        eye_tilt=rng.uniform(-0.015, 0.03),
        brow_y=rng.uniform(-0.40, -0.32),
        brow_arch=rng.uniform(0.03, 0.09),
        brow_thickness=rng.uniform(0.045, 0.085),
        nose_y=nose_y,
        nose_width=rng.uniform(0.22, 0.31),
        nose_height=rng.uniform(0.28, 0.42),
        mouth_y=nose_y + rng.uniform(0.40, 0.47),
        mouth_width=rng.uniform(0.37, 0.44),
        upper_lip=rng.uniform(0.075, 0.115),
        lower_lip=rng.uniform(0.11, 0.16),
        skin=linear(np.clip(skin, 0, 255)),
        lips=linear(np.clip(lips, 0, 255)),
        hair=linear(HAIR_COLOURS[rng.integers(hair_limit)] * rng.uniform(0.85, 1.15)),
        iris=linear(IRIS_COLOURS[rng.integers(6 if darkness < 0.5 else 2)]),
        shirt=linear(rng.uniform(35, 200, 3)),
        backdrop=linear(np.array((120, 132, 142)) * rng.uniform(0.75, 1.3) + rng.uniform(-16, 16, 3)),
        hair_style=hair_style,
        beard=beard,
        freckles=rng.uniform(0.3, 1.0) if darkness < 0.35 and rng.random() < 0.4 else 0.0,
        glasses=str(rng.choice(["none", "none", "none", "round", "square"])),
        light=(rng.uniform(-0.55, 0.55), rng.uniform(-0.75, -0.25), 1.0),
        warmth=rng.uniform(-0.06, 0.06),
    )


def _between(palette, position):
    position = np.clip(position, 0, len(palette) - 1)
    low = min(int(position), len(palette) - 2)
    return palette[low] + (position - low) * (palette[low + 1] - palette[low])
