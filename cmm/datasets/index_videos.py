"""List a data set's videos, one row each, with status and reason.

Only the containers are opened, in a process of its own; a file that fails here (missing, empty, unreadable,
mislabelled) keeps its row. What turns out while decoding (damage, too few frames, no
face) is added by `gather_tracks`, which writes the final videos.parquet.
"""

import itertools
import logging
import os
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Annotated

import numpy as np
import pandas as pd

from cmm.core.errors import UserError
from cmm.core.files import existing, inside, stat_digest
from cmm.core.pictures import IMAGE_SUFFIXES
from cmm.core.progress import progress
from cmm.core.provenance import code_hash, provenance
from cmm.core.tables import write_table
from cmm.core.video import VIDEO_SUFFIXES, probe
from cmm.core.worker import Killed, Worker
from cmm.datasets import SPLITS
from cmm.datasets.layouts import LAYOUTS, reader

log = logging.getLogger("cmm")
COLUMNS = ["dataset", "subject", "video", "expression", "path", "fps", "frames", "width", "height"]
COLUMNS += ["fold", "status", "reason", "spans"]
SEED = 0  # of the shuffle of videos


def main(
    dataset: Annotated[str, "name of the data set, the first column of the table"],
    layout: Annotated[str, f"how the root is laid out: {' | '.join(LAYOUTS)}"],
    root: Annotated[Path, "the data set's folder; nothing outside of it is read"],
    out: Annotated[Path, "index.parquet to write"],
    labels: Annotated[Path, "table of the action units that people have coded to write; empty without any"],
    table: Annotated[Path | None, "CSV of a folder data set"] = None,
    reserved: Annotated[list[int], "folds of which nothing is used: kept for a later test"] = (),
    together: Annotated[list[int], "folds that are held out together, as the least of them"] = (),
    split: Annotated[str, "what is dealt to the folds: people | videos, which puts people into training and test"] = (
        "people"
    ),
):
    """Write the index of one data set."""
    if split not in SPLITS:
        raise UserError(f"--split {split}: choose one of {', '.join(SPLITS)}")
    if layout not in LAYOUTS:
        raise UserError(f"no layout {layout!r}: choose one of {', '.join(LAYOUTS)}")
    root = existing(root, f"root of data set {dataset}:")
    if not root.is_dir():
        raise UserError(f"root of data set {dataset}: {root} is not a folder")
    rows = reader(layout).list_files(root, table)
    if not rows:
        raise UserError(f"data set {dataset} in {root} lists no file")
    with Worker(probing) as worker:
        examined = [_examine(row, dataset, root, worker) for row in progress(rows, "videos listed")]
    _mark_repeated(examined)
    if split == "videos":
        _deal_videos(examined)
    else:
        _mark_leaks(examined)
    _mark_reserved(examined, set(reserved))
    _put_together(examined, set(together))
    coded = _read_labels(examined, root, reader(layout))
    frame = pd.DataFrame(examined)
    report_unusable(frame)
    files = stat_digest(_files(frame.loc[frame["status"] == "ok", "path"]))  # a replaced one must be tracked again
    about = provenance(
        __name__, None, [table] if table else [], layout=layout, reader=code_hash(reader(layout).__name__), files=files,
        reserved=list(reserved), together=list(together), split=split,
    )  # fmt: skip
    write_table(frame[COLUMNS].astype({"fold": "Int64"}), out, about)
    write_table(coded, labels, about)


def _files(paths):
    """Every file of the videos, the images of folders too."""
    for path in map(Path, paths):
        images = (one for one in path.iterdir() if one.suffix.lower() in IMAGE_SUFFIXES) if path.is_dir() else [path]
        yield from sorted(one for one in images if one.is_file())


def _read_labels(rows, root, layout):
    """Table {video, frame, AU06, AU12} (0-5) of what people have coded; a bad label file is its video's reason."""
    tables = [pd.DataFrame({"video": [], "frame": [], "AU06": [], "AU12": []})]
    for row in rows if hasattr(layout, "read_labels") else ():
        if row["status"] != "ok":
            continue
        try:
            table = layout.read_labels(root, row["file"])
        except UserError as error:
            row |= {"status": "mislabelled", "reason": str(error)}
            continue
        if table is not None:
            tables.append(table.assign(video=row["video"]))
    kinds = {"video": str, "frame": int, "AU06": float, "AU12": float}
    return pd.concat(tables, ignore_index=True)[list(kinds)].astype(kinds)


def report_unusable(frame):
    """Log a line for each unusable video and the counts by status."""
    for row in frame[~frame["status"].isin(["ok", "reserved"])].itertuples():
        log.warning("%s: %s (%s)", row.video, row.status, row.reason)
    counts = ", ".join(f"{n} {status}" for status, n in frame["status"].value_counts().items())
    log.info("%d videos: %s", len(frame), counts)


def _mark_repeated(rows):
    """A file listed twice, however it is spelled or linked to, counts once; two files of one name get names of their
    own."""
    files, names, own = set(), set(), {row["video"] for row in rows}
    for number, row in enumerate(rows, 1):
        file = os.path.realpath(row["path"]) if row["path"] else row["file"]
        if file in files and not row["reason"]:
            row |= {"status": "mislabelled", "reason": f"{row['file']} is listed twice"}
        if row["video"] in names:
            row["video"] = next(
                name for i in itertools.count(number) if (name := f"{row['video']}-{i}") not in names | own
            )
        files.add(file)
        names.add(row["video"])


def _deal_videos(rows):
    """Deal the videos of each expression to as many folds as the data set has, by a fixed shuffle, as the paper deals
    DISFA's: people are in training and in test then, and scores flatter."""
    usable = [row for row in rows if row["status"] == "ok"]
    folds, rng = max((row["fold"] for row in usable), default=1), np.random.default_rng(SEED)
    for expression in sorted({row["expression"] for row in usable}):
        mine = sorted((row for row in usable if row["expression"] == expression), key=lambda row: row["file"])
        for place, number in enumerate(rng.permutation(len(mine))):
            mine[number]["fold"] = place % folds + 1
    log.warning("split: videos: people of the test are in the training, too; scores say nothing of new people")


def _mark_leaks(rows):
    """Folds are subject-disjoint: a subject with two would be in training and in test."""
    folds = {}
    for row in rows:
        if row["status"] == "ok":
            folds.setdefault(row["subject"], set()).add(row["fold"])
    for row in rows:
        mine = folds.get(row["subject"], set())
        if row["status"] == "ok" and len(mine) > 1:
            reason = f"subject {row['subject']} is in folds {', '.join(map(str, sorted(mine)))}"
            row |= {"status": "mislabelled", "reason": reason}


def _mark_reserved(rows, folds):
    """The people of reserved folds are listed, and take no part."""
    _check_known("reserved", folds, rows)
    for row in rows:
        if row["status"] == "ok" and row["fold"] in folds:
            row |= {"status": "reserved", "reason": f"fold {row['fold']} takes no part in this run"}


def _put_together(rows, folds):
    """Several folds become one, the least of them: one training then has all their people to be tested on."""
    _check_known("together", folds, [row for row in rows if row["status"] != "reserved"])
    for row in rows:
        if row["fold"] in folds:
            row["fold"] = min(folds)


def _check_known(key, folds, rows):
    """Refuse folds that no video is in."""
    if unknown := sorted(folds - {row["fold"] for row in rows}):
        raise UserError(f"{key}: no video is in fold {', '.join(map(str, unknown))}")


@contextmanager
def probing():
    """Give (None, function that probes a video), for a Worker."""
    yield None, lambda path, alive: probe(path)


def _examine(row, dataset, root, worker):
    row = {"spans": "", **row, "dataset": dataset, "video": _name(row["file"]), "path": None}
    row |= {"fps": 0.0, "frames": 0, "width": 0, "height": 0}
    if row["reason"]:
        return {**row, "status": "mislabelled"}
    try:
        path = inside(root, row["file"])
    except UserError as error:
        return {**row, "status": "mislabelled", "reason": str(error)}
    row["path"] = str(root / row["file"])
    if not path.exists():
        return {**row, "status": "missing", "reason": "the listed file does not exist"}
    try:
        info = worker.do(path)
    except Killed:
        raise
    except UserError as error:
        return {**row, "status": "empty" if "empty" in str(error) else "unreadable", "reason": str(error)}
    row |= {"fps": info.fps, "frames": info.frames, "width": info.width, "height": info.height}
    return {**row, "status": "ok", "reason": ""}


def _name(file):
    """A video's name: its path below the root without videos/ and without the suffix of a video."""
    path = PurePosixPath(str(file))
    stem = path.with_suffix("") if path.suffix.lower() in VIDEO_SUFFIXES else path
    return stem.as_posix().removeprefix("videos/").removeprefix("Videos/").replace("/", "__")
