"""Data sets that are made here: clips rendered side by side into a folder in UvA-NEMO's layout.

`videos/`, a details file and fold lists, so that one reader serves all. `truth.parquet`
beside them holds the true curves (AU06, AU12, AU25, blink, 0-1) and phase of every frame;
only tests, evaluation and the training of action units may read it.
"""

import multiprocessing
import os
import threading
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import chain, groupby
from operator import attrgetter

import cv2
import numpy as np
import pandas as pd

from cmm.core.errors import UserError
from cmm.core.files import atomic
from cmm.core.interrupts import interrupts_later
from cmm.core.progress import progress
from cmm.core.provenance import until_now
from cmm.core.tables import write_table
from cmm.core.video import write_video
from cmm.datasets import deal
from cmm.datasets.actors.dynamics import PHASES

LABELS = {"posed": "deliberate", "spontaneous": "spontaneous"}
DETAILS = "UvA-NEMO_Smile_Database_File_Details.txt"


@dataclass(frozen=True)
class Clip:
    subject: str  # three digits
    expression: str  # posed | spontaneous
    number: int = 1
    age: str = "unknown"

    @property
    def name(self):
        """UvA-NEMO's file name of the clip."""
        return f"{self.subject}_{LABELS[self.expression]}_smile_{self.number}.mp4"

    def generator(self, seed):
        """The clip's own stream of random numbers."""
        return np.random.default_rng((seed, int(self.subject) - 1, list(LABELS).index(self.expression), self.number))


def render_dataset(out, clips, render, fps, crf, header, about, threads=1):
    """Render `clips` in `threads` processes; the folder `out` appears when it is complete.

    `render(clip)` gives (frames (n, h, w, 3) uint8 RGB, Performance), or None for a clip
    that cannot be made: it stays in the lists without a file.
    """
    with atomic(out) as folder:
        (folder / "videos").mkdir(parents=True)
        work = partial(_render, render=render, folder=folder, fps=fps, crf=crf)
        context = multiprocessing.get_context("spawn")  # a fork would copy the locks of threads that it does not copy
        with ProcessPoolExecutor(threads, context, _start_worker) as pool:
            try:
                with interrupts_later():  # a worker that is not told what to do would print where it fails
                    # Clips of one person go to one worker: what it knows of the person is used again.
                    people = [pool.submit(work, list(of_one)) for _, of_one in groupby(clips, attrgetter("subject"))]
                rendered = chain.from_iterable(person.result() for person in people)
                truth = list(progress(rendered, "clips rendered", len(clips)))
            except BaseException:
                for worker in multiprocessing.active_children():
                    worker.kill()  # else the pool waits for their clips, and a second Ctrl-C, then, hangs it
                raise
        if not any(made is not None for made in truth):
            raise UserError(f"none of the {len(clips)} clips for {out} could be made")
        _write_lists(folder, clips, header)
        write_table(pd.concat(truth, ignore_index=True), folder / "truth.parquet", until_now(about))


def _start_worker():
    cv2.setNumThreads(1)

    def end_with_parent():
        multiprocessing.parent_process().join()
        os._exit(1)

    threading.Thread(target=end_with_parent, daemon=True).start()


def _render(clips, **how):
    return [_render_one(clip, **how) for clip in clips]


def _render_one(clip, render, folder, fps, crf):
    made = render(clip)
    if made is None:
        return None
    frames, act = made
    write_video(folder / "videos" / clip.name, frames, fps, crf=crf)
    return pd.DataFrame(
        {
            "video": clip.name.removesuffix(".mp4"),
            "frame": np.arange(1, len(frames) + 1),
            "AU06": act.au06,
            "AU12": act.au12,
            "AU25": act.au25,
            "blink": act.blink,
            "phase": np.array(PHASES)[act.phase],
        }
    )


def _write_lists(folder, clips, header):
    lines = [header, "filename\tsubject_code\tgender\tage\tlabel"]
    dealt, folds = deal(clip.subject for clip in clips), {}
    for clip in clips:
        lines.append(f"{clip.name}\t{clip.subject}\tunknown\t{clip.age}\t{LABELS[clip.expression]}")
        folds.setdefault((clip.expression[0].upper(), dealt[clip.subject]), []).append(clip.name)
    (folder / DETAILS).write_text("\n".join(lines) + "\n")
    for (letter, fold), names in folds.items():
        (folder / f"{letter}_fold_all_{fold}.txt").write_text("\n".join(names) + "\n")
