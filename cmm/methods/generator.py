"""What every method's generator takes and gives."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import NamedTuple, Protocol

import numpy as np

from cmm.core.errors import UserError

STRENGTHS = (0.0, 1.5)
FRAMES = (2, 1024)
INTENSITIES = (0.0, 5.0)  # as people code action units
ACTION_UNITS = ("AU6", "AU12")


@dataclass(frozen=True)
class Condition:
    """What a generator is told of one sequence; a method honours `expression`, and of the rest what it declares.

    expression: one that the method has learned.
    strength: of the sequence's end: 0 the input face, 1 the expression as it was learned, 0-1.5.
    frames: length, 2-1024; None for that of the training sequences.
    action_units: intensities at the end, 0-5, of AU6 and AU12, 0 of the one that is not named, whatever the
        strength; None as the expression has them.
    seed: names one of the method's variations, 0 or more; None for the method as it was learned.
    """

    expression: str
    strength: float = 1.0
    frames: int | None = None
    action_units: Mapping[str, float] | None = None
    seed: int | None = None

    def __post_init__(self):
        """Refuse what no method can mean; UserError names the field and what is allowed."""
        _within("strength", self.strength, STRENGTHS)
        if self.frames is not None:
            _within("frames", self.frames, FRAMES)
        if self.seed is not None and self.seed < 0:
            raise UserError(f"condition: seed {self.seed} is less than 0")
        for name, value in (self.action_units or {}).items():
            if name not in ACTION_UNITS:
                raise UserError(f"condition: no action unit {name!r}: choose {', '.join(ACTION_UNITS)}")
            _within(name, value, INTENSITIES)

    def check(self, name, honours, expressions):
        """Refuse what the method `name`, which `honours` these fields and has learned these expressions, cannot do."""
        if self.expression not in expressions:
            raise UserError(f"{name} has not learned {self.expression!r}: it has learned {', '.join(expressions)}")
        for field in fields(self):
            if field.name not in ("expression", *honours) and getattr(self, field.name) != field.default:
                known = ", ".join(["expression", *honours])
                raise UserError(f"{name} knows no {field.name}: it is told {known}")


def _within(name, value, limits):
    if not limits[0] <= value <= limits[1]:
        raise UserError(f"condition: {name} {value} is not between {limits[0]} and {limits[1]}")


class Neutral(NamedTuple):
    """Neutral faces of b people, as generators see them.

    landmarks: (b, s, s) uint8 {0, 1}.
    faces: (b, s, s, 3) uint8 RGB.
    mesh: (b, 478, 3) float32, pixels of the faces, z away from the camera; NaN where the tracker gives none.
    """

    landmarks: np.ndarray
    faces: np.ndarray
    mesh: np.ndarray


@dataclass(frozen=True)
class Generated:
    """What one call of a Generator gives; the first of the 1 + k sequences is the conditional one.

    faces: (b, 1 + k, t, s, s, 3) uint8 RGB.
    landmarks: (b, 1 + k, t, s, s) uint8, 255 where a line is certain; None for a method without.
    """

    faces: np.ndarray
    landmarks: np.ndarray | None = None


class Generator(Protocol):
    """A trained method, ready for use.

    One that works on whole photographs has `photograph(picture, mesh, matrix, condition, modes=True, blinks=False)`,
    too: it gives, for each sequence, a function without arguments that makes its frames (t, h, w, 3) uint8; these may
    run side by side. The face of the picture (h, w, 3) uint8 has a mesh (478, 3) in its pixels and comes to lie at the
    generator's size by the similarity `matrix` (2, 3).
    """

    about: dict  # how its weights were made
    size: int  # side of its pictures [px]
    modes: int  # k, sequences that it gives beside the conditional one
    expressions: tuple[str, ...]  # that it has learned

    def __call__(self, neutral: Neutral, conditions: Sequence[Condition], modes: bool = True) -> Generated:
        """Generate from b people's neutral faces of the generator's size and b conditions of one length.

        Without `modes`, the conditional sequence alone.
        """


def labels_of(conditions, expressions):
    """Numbers (b,) int64 of the conditions' expressions among those that a network has learned."""
    return np.array([expressions.index(condition.expression) for condition in conditions], np.int64)
