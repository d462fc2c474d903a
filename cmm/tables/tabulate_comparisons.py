"""One method against every other, in pairs on the same people: differences, intervals, p-values."""

from pathlib import Path
from typing import Annotated

import pandas as pd

from cmm.core.html_tables import Section, write_pages
from cmm.core.provenance import provenance
from cmm.core.tables import write_tsv
from cmm.evaluation.catalogue import BETTER, METRICS, in_order, metric_of, shown, split_name, spreads, title_of
from cmm.evaluation.judges import judges_of
from cmm.evaluation.score_rows import read_scores
from cmm.evaluation.summary import ALL, MODES, compare, title_of_method, without_ablations
from cmm.methods.registry import declaration_of

NOTE = (
    "Difference: {title}'s sequence minus the other, mean over people. {spreads}"
    " p: sign permutations over people, two-sided; of scores of sets (Inception Score, FID, video distance, AU curves),"
    " from the bootstrap's replicates. Both are at least 2 / 2^n of n people, and not corrected for the number of"
    " comparisons. The originals are left out where they are what is measured against."
)
CHOSEN = (
    "The best of K is chosen with the original known, and held against another method's only sequence where that has no"
    " modes: this is in favour of the method with more."
)

LEFT_OUT = ("inception_score_difference",)  # a constant less than the score itself


def main(
    scores: Annotated[Path, "scores.parquet"],
    method: Annotated[str, "the one that is held against the others"],
    tsv: Annotated[Path, "table to write, tab-separated"],
    html: Annotated[Path, "table to write, HTML"],
):
    """Write the table in both formats."""
    title = declaration_of(method).title
    rows = without_ablations(read_scores(scores))
    best = {metric: ALL for metric in METRICS if metric.startswith("best_")}
    parts = [compare(rows, method), compare(rows, method, best, MODES)]
    table = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
    about = provenance(__name__, None, [scores])
    write_tsv(table, tsv, about)
    write_pages(f"{title} against each other method", sections(table, title, judges_of(rows)), about, html)


def sections(table, title, judges):
    """A Section for each data set, and for the conditional sequence and the mean of the modes: a line a score and
    expression, a column a method. `title`: the compared one's; judges: {data set: who measured the action units}."""
    found = []
    for (dataset, mode), mine in table.groupby(["dataset", "mode"], sort=False):
        others = list(dict.fromkeys(mine["other"]))
        head = ["score", "better", "expression", *(f"difference to {title_of_method(name)}; p; n" for name in others)]
        rows = []
        known = mine[mine["difference"].notna()]
        for metric in in_order({name for name in known["metric"] if split_name(name)[0] not in LEFT_OUT}):
            for expression, group in mine[mine["metric"] == metric].groupby("expression"):
                cells = group.set_index("other")
                better = metric_of(metric).better
                said = [name for name in cells.index if name != "original" or better == "original"]
                row = [title_of(metric), BETTER[better], expression]
                rows.append(row + [cell(cells.loc[name], metric) if name in said else "" for name in others])
        which = {MODES: "mean of the K modes", ALL: "best of the K modes"}.get(mode, f"{mode} sequence")
        note = [NOTE.format(title=title, spreads=spreads(known["range"])), *[CHOSEN] * (mode == ALL), judges[dataset]]
        found.append(Section(f"{dataset}: {title}, {which}", head, rows, " ".join(note)))
    return found or [Section("", ["nothing to compare"], [], f"{title} is not among the methods that were run.")]


def cell(row, metric):
    """Difference with its interval, p-value, and the number of people."""
    if pd.isna(row["difference"]):
        return "-"
    text = shown(metric, row["difference"], row["low"], row["high"], row["range"])
    p = "" if pd.isna(row["p"]) else f"; p = {row['p']:.3f}"
    return f"{text}{p}; n = {row['people']}"
