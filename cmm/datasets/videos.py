"""List a data set's videos, one row each, with status and reason.

Only the containers are opened; a file that fails here (missing, empty, unreadable,
short, mislabelled) keeps its row. What turns out while decoding (damage, no face)
is added by `gather_tracks`, which writes the final videos.parquet.
"""

import logging
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path, PurePosixPath
from typing import Annotated

import pandas as pd

from cmm.datasets import LAYOUTS
from cmm.errors import UserError
from cmm.files import existing, inside
from cmm.progress import progress
from cmm.provenance import provenance
from cmm.settings import setting
from cmm.tables import write_table
from cmm.video import Unreadable, probe

log = logging.getLogger("cmm")
COLUMNS = ["dataset", "subject", "video", "expression", "path", "fps", "frames", "width", "height"]
COLUMNS += ["fold", "status", "reason"]


@dataclass(frozen=True)
class Settings:
    min_frames: int = setting(16, "a video of fewer frames is 'short'", minimum=2)


def main(
    dataset: Annotated[str, "name of the data set, the first column of the table"],
    layout: Annotated[str, f"how the root is laid out: {' | '.join(LAYOUTS)}"],
    root: Annotated[Path, "the data set's folder; nothing outside of it is read"],
    out: Annotated[Path, "index.parquet to write"],
    settings: Settings,
    table: Annotated[Path | None, "CSV of a folder data set"] = None,
):
    """Write the index of one data set."""
    if layout not in LAYOUTS:
        raise UserError(f"no layout {layout!r}: choose one of {', '.join(LAYOUTS)}")
    root = existing(root, f"root of data set {dataset}:")
    rows = import_module(LAYOUTS[layout]).list_files(root, table)
    if not rows:
        raise UserError(f"data set {dataset} in {root} lists no file")
    examined = [_examine(row, dataset, root, settings) for row in progress(rows, "videos listed")]
    frame = pd.DataFrame(_mark_repeated(examined))
    report_unusable(frame)
    write_table(frame[COLUMNS].astype({"fold": "Int64"}), out, provenance(__name__, settings, layout=layout))


def report_unusable(frame):
    """Log a line for each unusable video and the counts by status."""
    for row in frame[frame["status"] != "ok"].itertuples():
        log.warning("%s: %s (%s)", row.video, row.status, row.reason)
    counts = ", ".join(f"{n} {status}" for status, n in frame["status"].value_counts().items())
    log.info("%d videos: %s", len(frame), counts)


def _mark_repeated(rows):
    """The first row of a video stands; a repeated one gets a name of its own and a reason."""
    seen = set()
    for number, row in enumerate(rows, 1):
        if row["video"] in seen:
            row |= {"status": "mislabelled", "reason": f"{row['video']} is listed twice"}
            row["video"] += f"#{number}"
        seen.add(row["video"])
    return rows


def _examine(row, dataset, root, settings):
    row = {
        **row,
        "dataset": dataset,
        "video": PurePosixPath(row["file"]).with_suffix("").as_posix().removeprefix("videos/").replace("/", "__"),
        "path": None,
        "fps": 0.0,
        "frames": 0,
        "width": 0,
        "height": 0,
    }
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
        info = probe(path)
    except Unreadable as error:
        return {**row, "status": "empty" if "empty" in str(error) else "unreadable", "reason": str(error)}
    row |= {"fps": info.fps, "frames": info.frames, "width": info.width, "height": info.height}
    if 0 < info.frames < settings.min_frames:
        reason = f"{info.frames} frames, at least {settings.min_frames} are needed"
        return {**row, "status": "short", "reason": reason}
    return {**row, "status": "ok", "reason": ""}
