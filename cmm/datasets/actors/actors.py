"""Render the embedded data set `actors`: invented people who smile, posed and spontaneous.

The folder has UvA-NEMO's layout (videos/, a details file, fold lists), so that one
reader serves both. `truth.parquet` beside them holds the true curves (AU06, AU12,
AU25, blink, 0-1) and phase of every frame; only tests and evaluation may read it.
"""

import multiprocessing
import os
import threading
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated

import cv2
import numpy as np
import pandas as pd

from cmm.datasets.actors.dynamics import PHASES, perform
from cmm.datasets.actors.people import draw_person
from cmm.datasets.actors.portrait import Portrait
from cmm.errors import UserError
from cmm.files import atomic
from cmm.progress import progress
from cmm.provenance import provenance
from cmm.settings import setting
from cmm.tables import write_table
from cmm.video import write_video

LABELS = {"posed": "deliberate", "spontaneous": "spontaneous"}
FOLDS = 10
CRF = 12  # keeps the sensor noise
DETAILS = "UvA-NEMO_Smile_Database_File_Details.txt"


@dataclass(frozen=True)
class Settings:
    people: int = setting(40, "invented people; each gives a posed and a spontaneous clip", minimum=FOLDS)
    size: int = setting(256, "height and width of the videos [px]", minimum=128, maximum=1024)
    fps: int = setting(50, "frames per second, as in UvA-NEMO", minimum=10, maximum=120)
    seed: int = setting(7, "names the population: same seed, same pixels", minimum=0)


def main(
    out: Annotated[Path, "folder to write the data set into"],
    settings: Settings,
    threads: Annotated[int, "processes that render side by side"] = 1,
):
    """Write the whole data set; the folder appears when it is complete."""
    if settings.size % 2:
        raise UserError(f"--size {settings.size} is odd: H.264 videos have an even height and width")
    with atomic(out) as folder:
        (folder / "videos").mkdir(parents=True)
        clips = [(person, expression) for person in range(settings.people) for expression in LABELS]
        work = partial(_render, folder=folder, settings=settings)
        context = multiprocessing.get_context("spawn")  # a fork would copy the locks of threads that it does not copy
        with ProcessPoolExecutor(threads, context, _start_worker) as pool:
            truth = list(progress(pool.map(work, clips), "clips rendered", len(clips)))
        _write_lists(folder, settings)
        table = pd.concat(truth, ignore_index=True)
        write_table(table, folder / "truth.parquet", provenance(__name__, settings))


def clip_name(person, expression):
    """UvA-NEMO's file name of a clip of person number `person` (from 0)."""
    return f"{person + 1:03d}_{LABELS[expression]}_smile_1.mp4"


def render_clip(person, expression, settings):
    """One clip: frames (n, size, size, 3) uint8 RGB and the Performance behind them."""
    rng = np.random.default_rng((settings.seed, person, list(LABELS).index(expression), 1))
    who = draw_person(settings.seed, person)
    act = perform(who, expression, settings.fps, rng)
    portrait = Portrait(who, settings.size)
    return np.stack([portrait.frame(act, i, rng) for i in range(len(act.au12))]), act


def fold_of(person):
    """Fold 1-10 of a person; folds are subject-disjoint."""
    return person % FOLDS + 1


def _start_worker():
    cv2.setNumThreads(1)

    def end_with_parent():
        multiprocessing.parent_process().join()
        os._exit(1)

    threading.Thread(target=end_with_parent, daemon=True).start()


def _render(clip, folder, settings):
    person, expression = clip
    frames, act = render_clip(person, expression, settings)
    name = clip_name(person, expression)
    write_video(folder / "videos" / name, frames, settings.fps, crf=CRF)
    return pd.DataFrame(
        {
            "video": Path(name).stem,
            "frame": np.arange(1, len(frames) + 1),
            "AU06": act.au06,
            "AU12": act.au12,
            "AU25": act.au25,
            "blink": act.blink,
            "phase": np.array(PHASES)[act.phase],
        }
    )


def _write_lists(folder, settings):
    lines = [
        "Invented people in UvA-NEMO's layout; rendered, no real person.",
        "filename\tsubject_code\tgender\tage\tlabel",
    ]
    folds = {}
    for person in range(settings.people):
        for expression, label in LABELS.items():
            name = clip_name(person, expression)
            age = draw_person(settings.seed, person).age
            lines.append(f"{name}\t{person + 1:03d}\tunknown\t{age}\t{label}")
            folds.setdefault((expression[0].upper(), fold_of(person)), []).append(name)
    (folder / DETAILS).write_text("\n".join(lines) + "\n")
    for (letter, fold), names in folds.items():
        (folder / f"{letter}_fold_all_{fold}.txt").write_text("\n".join(names) + "\n")
