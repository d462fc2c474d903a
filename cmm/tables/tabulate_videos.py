"""How many videos and sequences are used, and why the others are not."""

from pathlib import Path
from typing import Annotated

import pandas as pd

from cmm.core.files import atomic
from cmm.core.html_tables import table_page
from cmm.core.provenance import provenance
from cmm.core.tables import read_table, write_tsv

COLUMNS = ["dataset", "expression", "status", "reason", "videos", "sequences"]


def main(
    videos: Annotated[list[Path], "videos.parquet of each data set"],
    smiles: Annotated[list[Path], "smiles.parquet of each data set, in the same order"],
    tsv: Annotated[Path, "table to write, tab-separated"],
    html: Annotated[Path, "table to write, HTML"],
):
    """Count the videos of all data sets."""
    counts = [count_videos(read_table(v), read_table(s)) for v, s in zip(videos, smiles, strict=True)]
    table = pd.concat(counts, ignore_index=True)
    about = provenance(__name__, None, [*videos, *smiles])
    write_tsv(table, tsv, about)
    rows = table.astype(str).values.tolist()
    with atomic(html) as partial:
        partial.write_text(table_page("Videos used and not used", COLUMNS, rows, about))


def count_videos(videos, smiles):
    """One row a data set, expression, status and reason, with videos and sequences."""
    found = smiles.groupby("video").size()
    videos = videos.assign(sequences=videos["video"].map(found).fillna(0).astype(int))
    without = (videos["status"] == "ok") & (videos["sequences"] == 0)
    videos.loc[without, "reason"] = "no neutral-to-smile phase found"
    keys = ["dataset", "expression", "status", "reason"]
    videos[keys] = videos[keys].fillna("")
    counted = videos.groupby(keys, sort=True).agg(videos=("video", "size"), sequences=("sequences", "sum"))
    return counted.reset_index()[COLUMNS]
