"""Render the embedded data set `actors`: invented people who smile, posed and spontaneous."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated

import numpy as np

from cmm.core.errors import UserError
from cmm.core.provenance import provenance
from cmm.core.settings import setting
from cmm.datasets import FOLDS
from cmm.datasets.actors.dynamics import perform
from cmm.datasets.actors.people import draw_person
from cmm.datasets.actors.portrait import Portrait
from cmm.datasets.rendering import LABELS, Clip, render_dataset

CRF = 12  # keeps the sensor noise
MOST = 999  # people: UvA-NEMO's names have three digits for them
HEADER = "Invented people in UvA-NEMO's layout; rendered, no real person."


@dataclass(frozen=True)
class Settings:
    people: int = setting(40, "invented people; each gives a posed and a spontaneous clip", minimum=FOLDS, maximum=MOST)
    size: int = setting(256, "height and width of the videos [px]", minimum=128, maximum=1024)
    fps: int = setting(50, "frames per second, as in UvA-NEMO", minimum=10, maximum=120)
    seed: int = setting(7, "names the population: same seed, same pixels", minimum=0, maximum=2**32 - 1)


def main(
    out: Annotated[Path, "folder to write the data set into"],
    settings: Settings,
    threads: Annotated[int, "processes that render side by side"] = 1,
):
    """Write the whole data set; the folder appears when it is complete."""
    if settings.size % 2:
        raise UserError(f"--size {settings.size} is odd: H.264 videos have an even height and width")
    clips = []
    for person in range(settings.people):
        age = str(draw_person(settings.seed, person).age)
        clips += [clip_of(person, expression, age=age) for expression in LABELS]
    render = partial(_render, settings=settings)
    render_dataset(out, clips, render, settings.fps, CRF, HEADER, provenance(__name__, settings), threads)


def clip_of(person, expression, **more):
    """The Clip of person number `person` (from 0)."""
    return Clip(f"{person + 1:03d}", expression, **more)


def render_clip(person, expression, settings):
    """One clip: frames (n, size, size, 3) uint8 RGB and the Performance behind them."""
    rng = clip_of(person, expression).generator(settings.seed)
    who = draw_person(settings.seed, person)
    act = perform(who.style, expression, settings.fps, rng)
    portrait = Portrait(who, settings.size)
    return np.stack([portrait.frame(act, i, rng) for i in range(len(act.au12))]), act


def _render(clip, settings):
    return render_clip(int(clip.subject) - 1, clip.expression, settings)
