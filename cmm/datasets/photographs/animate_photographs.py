"""Smile videos from pairs of photographs, a neutral and a smiling one of each person.

Real photographs, simulated motion: the way from one to the other is a morph of their
meshes, timed as the embedded data set's posed and spontaneous smiles are. Read from the
Face Research Lab London Set's folders (DeBruine & Jones 2017):

    neutral_front/001_03.jpg    smiling_front/001_08.jpg
"""

import atexit
import logging
import re
from contextlib import ExitStack
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Annotated

import cv2
import numpy as np

from cmm.core.errors import UserError
from cmm.core.files import existing, inside
from cmm.core.provenance import provenance
from cmm.core.settings import setting
from cmm.core.video import read_image
from cmm.datasets.actors.dynamics import STYLES, perform
from cmm.datasets.photographs.morph import Amounts, Morph
from cmm.datasets.rendering import LABELS, Clip, render_dataset
from cmm.faces.mesh import POINTS
from cmm.faces.trackers.mediapipe_tracker import load

log = logging.getLogger("cmm")
CRF = 16
HEADER = "Face Research Lab London Set, CC BY 4.0: real photographs with simulated motion, in UvA-NEMO's layout."
NAME = re.compile(r"^(\d{3})_\d{2}\.jpe?g$", re.IGNORECASE)
CHECKSUMS = "SHA256SUMS"


@dataclass(frozen=True)
class Settings:
    clips: int = setting(1, "clips of each person and expression", minimum=1, maximum=9)
    size: int = setting(360, "height and width of the videos [px]", minimum=128, maximum=1350)
    fps: int = setting(50, "frames per second, as in UvA-NEMO", minimum=10, maximum=120)
    seed: int = setting(7, "names the performances: same seed, same pixels", minimum=0, maximum=2**32 - 1)


def main(
    photographs: Annotated[Path, "folder with neutral_front/ and smiling_front/"],
    out: Annotated[Path, "folder to write the videos into"],
    settings: Settings,
    threads: Annotated[int, "processes that render side by side"] = 1,
):
    """Write videos of every person; the folder appears when it is complete."""
    if settings.size % 2:
        raise UserError(f"--size {settings.size} is odd: H.264 videos have an even height and width")
    pairs = find_pairs(photographs)
    clips = [
        Clip(subject, expression, number + 1)
        for subject in pairs
        for expression in LABELS
        for number in range(settings.clips)
    ]
    log.info("%d people with a neutral and a smiling photograph", len(pairs))
    sums = photographs / CHECKSUMS
    about = provenance(__name__, settings, [sums] if sums.is_file() else [])
    render = partial(render_clip, pairs=pairs, settings=settings)
    render_dataset(out, clips, render, settings.fps, CRF, HEADER, about, threads)


def find_pairs(root):
    """{subject: (neutral, smiling) photograph}. Raises UserError where a folder is missing or no pair is there."""
    found = []
    for name in ("neutral_front", "smiling_front"):
        folder = existing(inside(root, name), "folder of photographs")
        matches = {NAME.match(path.name): path for path in sorted(folder.iterdir())}
        found.append({match[1]: path for match, path in matches.items() if match})
    neutral, smiling = found
    if "000" in neutral.keys() | smiling.keys():
        raise UserError(f"{root} has photographs of a person 000: people are numbered from 001")
    for subject in sorted(neutral.keys() ^ smiling.keys()):
        log.warning("%s: no %s photograph, left out", subject, "smiling" if subject in neutral else "neutral")
    pairs = {subject: (neutral[subject], smiling[subject]) for subject in sorted(neutral.keys() & smiling.keys())}
    if not pairs:
        raise UserError(f"{root} has no pair of photographs neutral_front/NNN_03.jpg and smiling_front/NNN_08.jpg")
    return pairs


def render_clip(clip, pairs, settings):
    """One clip: frames (n, size, size, 3) uint8 RGB and the Performance behind them; None without a face."""
    _tracker()  # what hinders it is nobody's missing face
    try:
        morph = _morph(*pairs[clip.subject], settings.size)
    except UserError as error:
        log.warning("%s: %s; its videos are missing", clip.subject, error)
        return None
    rng = clip.generator(settings.seed)
    style = list(STYLES)[rng.integers(len(STYLES))]
    act = perform(style, clip.expression, settings.fps, rng)
    return np.stack([morph.frame(amounts(act, i)) for i in range(len(act.au12))]), act


def amounts(act, i):
    """Amounts of frame `i` of a Performance: the mouth follows AU12, cheeks AU6, the lids both AU6 and the squint.

    The lips part late, as AU25 does. How far is up to the smiling photograph.
    """
    eyes = act.au06[i] * (0.7 + 0.3 * act.squint[i])
    return Amounts(act.au12[i], act.au12[i] ** 1.3, act.au06[i], eyes, act.asymmetry)


@lru_cache(maxsize=1)  # the clips of a person come one after the other
def _morph(neutral, smiling, size):
    small, points = zip(*(_small(path, size) for path in (neutral, smiling)), strict=True)
    return Morph(*small, *points)


def _small(path, size):
    """The middle square of a photograph as (size, size, 3) uint8 RGB, and its face's mesh (468, 2) there."""
    image = read_image(path)
    face = _tracker().track(image)
    if face is None:
        raise UserError(f"no face in {path.name}")
    side = min(image.shape[:2])
    top, left = ((length - side) // 2 for length in image.shape[:2])
    square = image[top : top + side, left : left + side]
    small = cv2.resize(square, (size, size), interpolation=cv2.INTER_AREA)
    return small, (face.mesh[:POINTS, :2] - (left, top) + 0.5) * (size / side) - 0.5


_OPEN = ExitStack()  # what this process, a worker of the pool, holds until it ends


@lru_cache(maxsize=1)
def _tracker():
    """The tracker of this process, loaded once."""
    atexit.register(_OPEN.close)  # before the interpreter takes apart what closing needs
    return _OPEN.enter_context(load())


def close_tracker():
    """Free the tracker, for a process that goes on to other things."""
    _tracker.cache_clear()
    _OPEN.close()
