"""Track the faces of one shard of a data set's videos: 68 points and action units.

Each video is decoded once and the model is loaded once, in a process of its own. A video that breaks off,
shows no face or ends that process is not lost: what happened to it goes into the shard's outcomes.
"""

import logging
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd

from cmm.core.progress import progress
from cmm.core.provenance import provenance, until_now
from cmm.core.settings import setting
from cmm.core.shards import portion
from cmm.core.tables import read_table, write_table, write_tables
from cmm.core.video import Unreadable, probe, video_digest
from cmm.core.worker import Died, Worker
from cmm.faces.backends import ACTION_UNITS, BACKENDS
from cmm.faces.landmarks import POINTS, X_COLUMNS, Y_COLUMNS
from cmm.faces.trackers import load_for, read_faces

log = logging.getLogger("cmm")
LONGEST = 2 * 86400  # seconds between the first frame and the last: more is no time of a video
SHORTEST_STEP = 1e-3  # seconds between two frames, usually: less is no camera's
UNKNOWN_FPS = 25.0  # frames per second of a video that does not say
OUTCOMES = {"video": str, "decoded": int, "tracked": int, "status": str, "reason": str, "sha256": str}


@dataclass(frozen=True)
class Settings:
    backend: str = setting("mediapipe", "face tracker", choices=BACKENDS)
    action_units: str = setting(
        "proxies",
        "trained: intensities 0-5 by regressors of ours; proxies: what the tracker gives",
        choices=ACTION_UNITS,
    )
    openface: str = setting("data/openface", "folder with the CSV files that the openface backend reads")
    shards: int = setting(4, "jobs that share the videos", minimum=1)


def main(
    index: Annotated[Path, "index.parquet of the data set"],
    shard: Annotated[int, "number of this shard, from 0"],
    out: Annotated[Path, "table of tracked frames to write"],
    outcomes: Annotated[Path, "table of what happened to each video to write"],
    settings: Settings,
    regressors: Annotated[Path | None, "trained action units, for action_units: trained"] = None,
):
    """Track this part of the videos that can be used: they follow each other by name, as in the tables."""
    videos = read_table(index, ["video", "path", "status"])
    mine = portion(videos[videos["status"] == "ok"].sort_values("video"), shard, settings.shards)
    results = []
    with Worker(tracking, settings, regressors) as worker:
        description, nothing = worker.greeting
        inputs = [index] if regressors is None else [index, regressors]
        about = provenance(__name__, settings, inputs, shard=shard, tracker=description)

        def tracked():
            for row in progress(list(mine.itertuples()), "videos tracked"):
                try:
                    table, result = worker.do(row.video, row.path)
                except Died as error:
                    log.warning("%s: %s", row.video, error)
                    reason = {"status": "unreadable", "reason": str(error), "sha256": digest_of(row.path)}
                    table, result = nothing, {"video": row.video, "decoded": 0, "tracked": 0, **reason}
                results.append(result)
                yield table
            if mine.empty:
                yield nothing

        write_tables(after_a_face(tracked()), out, about)
    write_table(pd.DataFrame(results, columns=list(OUTCOMES)).astype(OUTCOMES), outcomes, until_now(about))


@contextmanager
def tracking(settings, regressors):
    """Give ((the tracker's description, a table of no frame), function that tracks a video), for a Worker."""
    with load_for(settings, regressors, settings.openface) as tracker:

        def track(video, path, alive):
            return track_video(video, path, tracker, alive)

        yield (tracker.description, _frame_table("", [], [], np.zeros(0, bool), tracker)), track


def after_a_face(tables):
    """The tables of videos, those without any face joined to the next one: action units have no columns there."""
    held = []
    for table in tables:
        held.append(table)
        if table["success"].any():
            yield pd.concat(held, ignore_index=True)
            held = []
    if held:
        yield pd.concat(held, ignore_index=True)


def track_video(video, path, tracker, alive=lambda: None):
    """Track one video: (table of its frames, dict of its outcome); calls `alive()` with every frame."""
    times, faces, status, reason = [], [], "ok", ""
    try:
        for time, face in read_faces(tracker, path):
            alive()
            times.append(time)
            faces.append(face and replace(face, mesh=None))  # kept, meshes among freed pictures cost 0.8 MB a frame
        times = rising(times, probe(path).fps)
        digest = video_digest(path, alive)
    except Unreadable as error:
        status, reason = "unreadable", str(error)
        times, digest = rising(times), digest_of(path)
    found = np.array([face is not None for face in faces], dtype=bool)
    several = Counter(face.faces > 1 for face in faces if face)[True]
    if several:
        log.info("%s: several faces in %d frames; the one that was the largest at first is followed", video, several)
    table = _frame_table(video, times, faces, found, tracker)
    outcome = {"video": video, "decoded": len(times), "tracked": int(found.sum())}
    return table, {**outcome, "status": status, "reason": reason, "sha256": digest}


def rising(times, fps=0.0):
    """Times [s] of frames in their order, each later than the one before; `fps` where the file's own make no sense.

    Frames of AVI files come in order, but under each other's times; some files have none, or ticks of a clock that
    were meant as frames.
    """
    ordered = np.sort(times)
    steps = np.diff(ordered)
    if len(steps) and (steps.min() <= 0 or np.median(steps) < SHORTEST_STEP or steps.sum() > LONGEST):
        return np.arange(len(times)) / (fps or UNKNOWN_FPS)
    return ordered


def digest_of(path):
    """As video_digest; "" of what cannot be read."""
    try:
        return video_digest(path)
    except Unreadable:
        return ""


def _frame_table(video, times, faces, found, tracker):
    points = np.full((len(faces), POINTS, 2), np.nan, np.float32)
    points[found] = [face.points for face in faces if face] or np.empty((0, POINTS, 2))
    table = pd.DataFrame(
        {
            "video": pd.Series([video] * len(faces), dtype=str),
            "frame": np.arange(1, len(faces) + 1),
            "timestamp": np.array(times, float),
            "success": found,
            "confidence": np.array([face.confidence if face else 0.0 for face in faces], np.float32),
        }
    )
    coordinates = pd.DataFrame(np.hstack([points[..., 0], points[..., 1]]), columns=X_COLUMNS + Y_COLUMNS)
    units = tracker.action_units(pd.DataFrame([face.measures for face in faces if face]))
    units.index = np.flatnonzero(found)
    return pd.concat([table, coordinates, units.reindex(range(len(faces))).astype(np.float32)], axis=1)
