"""How many videos and sequences are used, and why the others are not; on the page, which those are."""

from pathlib import Path
from typing import Annotated

import pandas as pd

from cmm.core.html_tables import Section, write_pages
from cmm.core.provenance import provenance
from cmm.core.tables import read_table, write_tsv

NO_PHASE = "no neutral-to-smile phase found"
MOST = 500  # videos of a data set that are listed on the page
KEYS = ["dataset", "expression", "status", "reason"]
SHOWN = ["video", "subject", "status", "reason"]  # of those
COLUMNS = [*KEYS, "videos", "sequences"]


def main(
    videos: Annotated[list[Path], "videos.parquet of each data set"],
    smiles: Annotated[list[Path], "smiles.parquet of each data set, in the same order"],
    tsv: Annotated[Path, "table to write, tab-separated"],
    html: Annotated[Path, "table to write, HTML"],
):
    """Count the videos of all data sets."""
    listed = [with_sequences(read_table(v), read_table(s)) for v, s in zip(videos, smiles, strict=True)]
    table = pd.concat([count_videos(found) for found in listed], ignore_index=True)
    about = provenance(__name__, None, [*videos, *smiles])
    write_tsv(table, tsv, about)
    rests = [found[found["sequences"] == 0] for found in listed]
    sections = [Section("", COLUMNS, table.astype(str).values.tolist()), *(unused(rest) for rest in rests if len(rest))]
    write_pages("Videos used and not used", sections, about, html)


def with_sequences(videos, smiles):
    """The table of a data set's videos with how many sequences were cut from each, and why from some none."""
    found = smiles.groupby("video").size()
    videos = videos.assign(sequences=videos["video"].map(found).fillna(0).astype(int))
    videos.loc[(videos["status"] == "ok") & (videos["sequences"] == 0), "reason"] = NO_PHASE
    return videos.fillna(dict.fromkeys([*KEYS, "subject"], ""))


def count_videos(videos):
    """One row a data set, expression, status and reason, with videos and sequences."""
    counted = videos.groupby(KEYS, sort=True).agg(videos=("video", "size"), sequences=("sequences", "sum"))
    return counted.reset_index()[COLUMNS]


def unused(rest):
    """Section of the videos of a data set that no sequence was cut from."""
    more = f"The first {MOST} of {len(rest)}." if len(rest) > MOST else ""
    rows = rest[SHOWN][:MOST].values.tolist()
    return Section(f"Not used of {rest['dataset'].iloc[0]}", SHOWN, rows, more)
