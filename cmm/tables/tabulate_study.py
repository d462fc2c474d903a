"""Table 2: which video raters find more realistic, with intervals over raters and the raters' agreement.

Where the data set is the paper's, its own shares stand beside ours.
"""

from pathlib import Path
from typing import Annotated

import pandas as pd
import scipy  # scipy.stats is loaded when it is used first

from cmm.core.errors import UserError
from cmm.core.html_tables import Section, write_pages
from cmm.core.provenance import provenance
from cmm.core.tables import read_table, write_tsv
from cmm.evaluation.statistics import FEW, RESAMPLES, fleiss_kappa, interval, replicates, span
from cmm.study.ratings import RATINGS
from cmm.tables.paper_numbers import PRINTED, printed_numbers

NOTE = (
    "Shares of the ratings. In brackets: 95 percent intervals of the bootstrap over raters, with all their answers;"
    f" of fewer than {FEW} raters, in parentheses, the range of their shares."
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
                chosen = part["preferred"] == answer
                low, high = over_raters(chosen, part[["database", "rater"]])
                line |= {name: chosen.mean(), f"{name}_low": low, f"{name}_high": high}
            counts = pd.crosstab([part[name] for name in PAIR], part["preferred"])
            counts = counts.reindex(columns=[first, second, "similar"], fill_value=0)
            lines.append(line | {"kappa": fleiss_kappa(counts.to_numpy())})
    return pd.DataFrame(lines)


def over_raters(chosen, raters):
    """(low, high) of a share of answers: `chosen` (n,) bool by `raters` (n,), whose answers are alike; NaN of one.

    Where all answer alike there is nothing to resample: Wilson's interval of as many answers as there are raters.
    """
    hits, number = chosen.to_numpy(float), raters.groupby(list(raters)).ngroup().to_numpy()
    count = number.max() + 1
    if 1 < count < FEW:
        return span(pd.Series(hits).groupby(number).mean())
    if count > 1 and hits.mean() in (0, 1):
        found = scipy.stats.binomtest(int(hits[0]) * count, count).proportion_ci(method="wilson")
        return found.low, found.high
    return interval(replicates(lambda drawn: hits[drawn].mean(), number, resamples=RESAMPLES), count)


def section(table, printed=PRINTED):
    """The table for people."""
    known = printed_numbers(printed, 2)
    head = ["data set", "comparison (first / second)", "expression", "first is more realistic"]
    head += ["second is more realistic", "similar", "ratings, raters, pairs", "agreement (kappa)"]
    rows = []
    for row in table.to_dict("records"):
        answers = dict(zip(("first", "second", "similar"), (*row["comparison"].split(" / "), "similar"), strict=True))
        shares = [share(row, name, paper(known, row, answer)) for name, answer in answers.items()]
        best = 0 if row["first"] > row["second"] else 1
        if row["first"] != row["second"] and row["raters"] >= FEW:
            shares[best] = f"**{shares[best]}**"
        counts = f"{row['ratings']}, {row['raters']}, {row['pairs']}"
        kappa = "-" if pd.isna(row["kappa"]) else f"{row['kappa']:.2f}"
        rows.append([row["dataset"], row["comparison"], row["expression"], *shares, counts, kappa])
    return Section("", head, rows, NOTE)


def share(row, name, printed):
    """A share in percent with its interval or range, and the paper's where there is one."""
    value, low, high = (100 * row[column] for column in (name, f"{name}_low", f"{name}_high"))
    beside = f" ({low:.1f} to {high:.1f})" if row["raters"] < FEW else f" [{low:.1f}, {high:.1f}]"
    said = "" if printed is None else f" (paper: {printed:g}%)"
    return f"{value:.1f}%{'' if pd.isna(low) else beside}{said}"


def paper(known, row, answer):
    """The paper's share, in percent, of an answer to a comparison of its method (first) with another; None without."""
    main, _, other = row["comparison"].partition(" / ")
    kind = {main: main, other: "other"}.get(answer, answer)
    return known.get((row["dataset"], row["expression"], other, f"preferred_{kind}_percent"))
