"""The results table from scores.parquet rows alone: TSV, Markdown and HTML.

One line a data set, method, mode and expression; means over test videos, with n.
"""

from pathlib import Path
from typing import Annotated

import pandas as pd

from cmm.evaluation.pages import comment, table_page
from cmm.files import atomic
from cmm.provenance import provenance
from cmm.tables import read_table, write_tsv

KEYS = ["dataset", "method", "mode", "expression"]
METRICS = {  # metric: (column, digits, which way is better)
    "ssim": ("SSIM", 3, "higher"),
    "au6_curve_distance": ("AU6 curve distance", 2, "lower"),
    "au12_curve_distance": ("AU12 curve distance", 2, "lower"),
    "au12_at_end": ("AU12 at end", 2, "as the original's"),
    "au12_end_ratio": ("AU12 at end / original's", 2, "1"),
    "mode_diversity": ("mode diversity [IOD]", 3, "higher"),
    "expression_contrast": ("posed/spontaneous contrast [IOD]", 3, "above noise"),
    "tracker_noise": ("tracker noise [IOD]", 3, "floor of the two before"),
    "tracked": ("tracked", 2, "1"),
}
FIRST = ["original", "neutral_frame"]


def main(
    scores: Annotated[list[Path], "scores.parquet files"],
    tsv: Annotated[Path, "table to write, tab-separated"],
    markdown: Annotated[Path, "table to write, Markdown"],
    html: Annotated[Path, "table to write, HTML"],
):
    """Write the table in three formats."""
    columns = [*KEYS, "metric", "value", "smile"]
    table = tabulate(pd.concat([read_table(path, columns) for path in scores]))
    about = provenance(__name__, None, scores)
    write_tsv(table, tsv, about)
    with atomic(markdown) as partial:
        partial.write_text(to_markdown(table) + comment(about))
    with atomic(html) as partial:
        partial.write_text(to_html(table, about))


def tabulate(rows):
    """Wide table of means over videos; a score that was not measured is an empty cell."""
    wide = rows.pivot_table(index=KEYS, columns="metric", values="value", aggfunc="mean", sort=False)
    wide = wide.reindex(columns=list(METRICS))
    wide["au12_end_ratio"] = wide["au12_at_end"] / _of_original(wide)
    count = rows[rows["smile"] != ""].groupby(KEYS)["smile"].nunique()
    wide.insert(0, "n", count.reindex(wide.index))
    wide = wide.reset_index()
    order = wide["method"].map({name: i for i, name in enumerate(FIRST)}).fillna(len(FIRST))
    modes = wide["mode"].map(lambda mode: (mode == "all", mode.isdigit(), mode))
    wide = wide.assign(_order=order, _mode=modes).sort_values(["dataset", "_order", "method", "expression", "_mode"])
    return wide.drop(columns=["_order", "_mode"]).reset_index(drop=True)


def _of_original(wide):
    """AU12 at the end of the originals of each row's data set and expression."""
    values = wide["au12_at_end"].to_dict()
    return [values.get((dataset, "original", "original", expression)) for dataset, _, _, expression in wide.index]


def to_markdown(table):
    """GitHub table."""
    head = [*KEYS, "n", *(name for name, _, _ in METRICS.values())]
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in _cells(table)]) + "\n"


def to_html(table, about):
    """A page of its own; the head says which way is better."""
    names = [f"{name} ({better})" for name, _, better in METRICS.values()]
    return table_page("Scores: means over the test videos", [*KEYS, "n", *names], _cells(table), about)


def _cells(table):
    for row in table.to_dict("records"):
        count = "" if pd.isna(row["n"]) else str(int(row["n"]))
        values = [
            "" if pd.isna(row[metric]) else f"{row[metric]:.{digits}f}" for metric, (_, digits, _) in METRICS.items()
        ]
        yield [*(str(row[key]) for key in KEYS), count, *values]
