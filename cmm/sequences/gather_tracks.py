"""Join the shards: tracks.parquet, and videos.parquet with what tracking found out.

Frames of videos that turned out unusable are left out of the tracks; the video keeps
its row, its status and its reason.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import pandas as pd

from cmm.core.errors import UserError
from cmm.core.provenance import provenance, until_now
from cmm.core.settings import setting
from cmm.core.tables import by_video, read_provenance, read_table, write_table, write_tables
from cmm.datasets.index_videos import report_unusable


@dataclass(frozen=True)
class Settings:
    min_frames: int = setting(16, "a video of fewer frames is 'short'", minimum=2)
    min_tracked: float = setting(0.5, "least share of frames with a face, else 'no_face'", minimum=0.0, maximum=1.0)


def main(
    index: Annotated[Path, "index.parquet of the data set"],
    shards: Annotated[list[Path], "tables of tracked frames"],
    outcomes: Annotated[list[Path], "tables of outcomes"],
    tracks: Annotated[Path, "tracks.parquet to write"],
    videos: Annotated[Path, "videos.parquet to write"],
    settings: Settings,
):
    """Gather all shards of one data set."""
    table = read_table(index, ["video", "status", "reason", "frames"])
    order = table.columns
    outcome = pd.concat(
        [read_table(path, ["video", "decoded", "tracked", "status", "reason", "sha256"]) for path in outcomes]
    ).set_index("video")
    table = table.set_index("video")
    wanted = table.index[table["status"] == "ok"]
    if not outcome.index.is_unique or set(outcome.index) != set(wanted):
        odd = sorted({*outcome.index[outcome.index.duplicated()], *outcome.index.symmetric_difference(wanted)})
        raise UserError(f"the shards are not those of {index}: {odd[0]!r} is missing, foreign or in two of them")
    table.loc[outcome.index, "frames"] = outcome["decoded"]
    table["sha256"] = outcome["sha256"].reindex(table.index)
    for video, row in outcome.iterrows():
        table.loc[video, ["status", "reason"]] = judge(row, settings)
    table = table.reset_index()[[*order, "sha256"]]
    report_unusable(table)
    usable = sorted(table.loc[table["status"] == "ok", "video"])
    about = provenance(__name__, settings, [index, *shards, *outcomes], tracking=read_provenance(shards[0]))
    if usable:
        frames = map(by_video(shards, ["frame"]), usable)
    else:
        frames = [read_table(shards[0], ["video", "frame"]).iloc[:0]]  # the columns, without rows
    write_tables(frames, tracks, about)
    write_table(table, videos, until_now(about))


def judge(outcome, settings):
    """[status, reason] of a tracked video, from its row of outcomes."""
    if outcome["status"] != "ok":
        return [outcome["status"], outcome["reason"]]
    if outcome["decoded"] < settings.min_frames:
        return ["short", f"{outcome['decoded']} frames, at least {settings.min_frames} are needed"]
    if outcome["tracked"] == 0:
        return ["no_face", "no face in any frame"]
    if outcome["tracked"] < settings.min_tracked * outcome["decoded"]:
        return ["no_face", f"a face in only {outcome['tracked']} of {outcome['decoded']} frames"]
    return ["ok", ""]
