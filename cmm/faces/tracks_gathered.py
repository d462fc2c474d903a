"""Join the shards: tracks.parquet, and videos.parquet with what tracking found out.

Frames of videos that turned out unusable are left out of the tracks; the video keeps
its row, its status and its reason.
"""

from pathlib import Path
from typing import Annotated

import pandas as pd

from cmm.datasets.videos import report_unusable
from cmm.files import existing
from cmm.tables import read_provenance, read_table, write_table


def main(
    index: Annotated[Path, "index.parquet of the data set"],
    shards: Annotated[list[Path], "tables of tracked frames"],
    outcomes: Annotated[list[Path], "tables of outcomes"],
    tracks: Annotated[Path, "tracks.parquet to write"],
    videos: Annotated[Path, "videos.parquet to write"],
):
    """Gather all shards of one data set."""
    table = read_table(index, ["video", "status", "reason", "frames"]).set_index("video")
    outcome = pd.concat([read_table(path) for path in outcomes]).set_index("video")
    table.loc[outcome.index, "frames"] = outcome["decoded"]
    bad = outcome[outcome["status"] != "ok"]
    table.loc[bad.index, ["status", "reason"]] = bad[["status", "reason"]]
    order = read_table(index).columns
    table = table.reset_index()[order]
    report_unusable(table)
    about = read_provenance(existing(shards[0], "table"))
    frames = pd.concat([frame for path in shards if len(frame := read_table(path))], ignore_index=True)
    frames = frames[~frames["video"].isin(bad.index)].sort_values(["video", "frame"])
    write_table(frames, tracks, about)
    write_table(table, videos, {**read_provenance(index), "tracking": about})
