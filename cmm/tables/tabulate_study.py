"""Table 2: which video raters find more realistic, with Wilson's intervals and the raters' agreement."""

from pathlib import Path
from typing import Annotated

import pandas as pd

from cmm.core.errors import UserError
from cmm.core.html_tables import Section, write_pages
from cmm.core.provenance import provenance
from cmm.core.tables import read_table, write_tsv
from cmm.evaluation.statistics import fleiss_kappa, wilson
from cmm.study.ratings import RATINGS

NOTE = (
    "Shares of the ratings with Wilson's 95 percent intervals, which take ratings as independent of each other."
    " Agreement: Fleiss' kappa over the answers first, second, similar; of pairs that two raters or more have rated."
)
PAIR = ["study", "pair"]  # names of pairs come again where a study is made of other weights


def main(
    ratings: Annotated[list[Path], "ratings, exported from each study"],
    tsv: Annotated[Path, "table to write, tab-separated"],
    markdown: Annotated[Path, "table to write, Markdown"],
    html: Annotated[Path, "table to write, HTML"],
):
    """Write table 2 in three formats."""
    rows = pd.concat([read_table(path, RATINGS) for path in ratings], ignore_index=True)
    if rows.empty:
        raise UserError(f"{ratings[0]} has no ratings: nobody has answered yet")
    keys = ["database", "rater", "pair"]
    if rows.duplicated(keys).any():
        raise UserError(f"{ratings[-1]}: an answer comes twice: give each study's last export alone")
    table = tabulate(rows)
    about = provenance(__name__, None, ratings)
    write_tsv(table, tsv, about)
    write_pages("The paper's table 2: user study", [section(table)], about, html, markdown)


def tabulate(rows):
    """A line for each data set, comparison and expression (and all of them): counts, shares, intervals, kappa."""
    lines = []
    for (dataset, comparison), mine in rows.groupby(["dataset", "comparison"], sort=False):
        parts = [*mine.groupby("expression"), ("all", mine)]
        for expression, part in parts:
            first, second = part["first"].iloc[0], part["second"].iloc[0]
            line = {"dataset": dataset, "comparison": comparison, "expression": expression}
            raters = len(part[["database", "rater"]].drop_duplicates())
            line |= {"ratings": len(part), "raters": raters, "pairs": len(part[PAIR].drop_duplicates())}
            for name, answer in (("first", first), ("second", second), ("similar", "similar")):
                count = int((part["preferred"] == answer).sum())
                low, high = wilson(count, len(part))
                line |= {name: count / len(part), f"{name}_low": low, f"{name}_high": high}
            counts = pd.crosstab([part[name] for name in PAIR], part["preferred"])
            counts = counts.reindex(columns=[first, second, "similar"], fill_value=0)
            lines.append(line | {"kappa": fleiss_kappa(counts.to_numpy())})
    return pd.DataFrame(lines)


def section(table):
    """The table for people."""
    head = ["data set", "comparison (first / second)", "expression", "first is more realistic"]
    head += ["second is more realistic", "similar", "ratings, raters, pairs", "agreement (kappa)"]
    rows = []
    for row in table.to_dict("records"):
        shares = [
            f"{100 * row[n]:.1f}% [{100 * row[f'{n}_low']:.1f}, {100 * row[f'{n}_high']:.1f}]"
            for n in ("first", "second", "similar")
        ]
        best = 0 if row["first"] > row["second"] else 1
        if row["first"] != row["second"]:
            shares[best] = f"**{shares[best]}**"
        counts = f"{row['ratings']}, {row['raters']}, {row['pairs']}"
        kappa = "-" if pd.isna(row["kappa"]) else f"{row['kappa']:.2f}"
        rows.append([row["dataset"], row["comparison"], row["expression"], *shares, counts, kappa])
    return Section("", head, rows, NOTE)
