"""All scores of all methods: TSV with a line a score, Markdown and HTML with a table a family.

Means over people with their intervals or ranges, and n.
"""

from pathlib import Path
from typing import Annotated

import pandas as pd

from cmm.core.html_tables import Section, write_pages
from cmm.core.provenance import provenance
from cmm.core.tables import write_tsv
from cmm.evaluation.catalogue import BETTER, FAMILIES, JUDGED, NOTES, in_order, metric_of, shown, spreads, title_of
from cmm.evaluation.judges import judges_of
from cmm.evaluation.score_rows import ALL, read_scores
from cmm.evaluation.summary import MODES, summarise, title_of_method, without_ablations
from cmm.evaluation.summary import in_order as methods_in_order
from cmm.generation.generated_file import CONDITIONAL
from cmm.methods.declaration import STILL
from cmm.methods.registry import METHODS, declaration_of, split


def main(
    scores: Annotated[Path, "scores.parquet"],
    size: Annotated[int, "side of the faces that were compared [px]"],
    tsv: Annotated[Path, "table to write, tab-separated"],
    markdown: Annotated[Path, "table to write, Markdown"],
    html: Annotated[Path, "table to write, HTML"],
):
    """Write the table in three formats."""
    rows = without_ablations(read_scores(scores))
    table = summarise(rows)
    about = provenance(__name__, None, [scores])
    write_tsv(table, tsv, about)
    write_pages(
        f"Scores of all methods, of faces of {size} px",
        [*sections(table, rows), *lost(rows), sources(table)],
        about,
        html,
        markdown,
    )


def sections(table, rows):
    """A Section for each data set and family of scores; rows: those that the table sums up."""
    judges = judges_of(rows)
    of_family = table["metric"].map(lambda name: metric_of(name).family)
    parts = {
        (dataset, family): mine[of_family[mine.index] == family]
        for dataset, mine in table.groupby("dataset", sort=False)
        for family in FAMILIES
    }
    return [family_section(*key, part, judges[key[0]]) for key, part in parts.items() if len(part)]


def family_section(dataset, family, table, judge):
    """One table: a line a method, mode and expression; a column a score."""
    metrics = in_order(set(table["metric"]))
    head = ["method", "sequence", "expression", "people, videos, runs"]
    head += [title_of(name) + better(name) for name in metrics]
    keys = ["method", "mode", "expression"]
    groups = {key: group.set_index("metric") for key, group in table.groupby(keys)}
    rows = []
    for method, mode, expression in sorted(groups, key=lambda key: line_order(key, set(table["method"]))):
        group = groups[method, mode, expression]
        n = ", ".join(str(group[name].max()) for name in ("people", "videos", "runs"))
        line = [title_of_method(method), sequence(method, mode), expression, n]
        rows.append(line + [cell(group, name) for name in metrics])
    said = spreads(table["range"]), NOTES.get(family), judge if family in JUDGED else None
    return Section(f"{dataset}: {FAMILIES[family]}", head, rows, " ".join(filter(None, said)))


def better(metric):
    """Which way a score is better, behind its title; nothing where neither is."""
    way = BETTER[metric_of(metric).better]
    return f" ({way} is better)" if way else ""


def line_order(key, methods):
    """Place of a line: by method, then expression, then conditional, modes, their mean, what is of all."""
    method, mode, expression = key
    rank = {CONDITIONAL: 0, MODES: 2, ALL: 3}.get(mode, 1)
    return methods_in_order(methods).index(method), expression, rank, mode


def sequence(method, mode):
    """What a mode is called in a table."""
    if mode == method:
        return ""
    if mode == CONDITIONAL and split(method)[0] in METHODS and declaration_of(method).still:
        return STILL
    return {MODES: "modes, mean", ALL: "of all modes"}.get(mode, f"mode {mode}" if mode.isdigit() else mode)


def cell(group, metric):
    """A score with its interval; empty where it was not measured, a dash where it cannot be said."""
    if metric not in group.index:
        return ""
    row = group.loc[metric]
    if pd.isna(row["value"]):
        return "-"
    text = shown(metric, row["value"], row["low"], row["high"], row["range"])
    return text if row["people"] == group["people"].max() else f"{text} (n = {row['people']})"


def sources(table):
    """A Section of the methods' publications."""
    names = [name for name in methods_in_order(set(table["method"])) if name in METHODS]
    lines = [[name, METHODS[name].title, METHODS[name].source] for name in names]
    return Section("Methods", ["method", "title", "publication"], lines, "")


def lost(rows):
    """A Section of how many sequences the tracker lost, if it lost any."""
    tracked = rows[rows["metric"] == "tracked"]
    lines = []
    for (dataset, method), mine in tracked.groupby(["dataset", "method"], sort=False):
        if (mine["value"] < 1).any():
            lines.append(
                [
                    dataset,
                    title_of_method(method),
                    str(len(mine)),
                    str((mine["value"] < 1).sum()),
                    str((mine["value"] == 0).sum()),
                ]
            )
    head = ["data set", "method", "sequences", "lost in some frames", "lost in all"]
    note = "Lost frames of a curve are bridged; a sequence without any face is no part of the curves' means."
    return [Section("Faces that the tracker lost", head, lines, note)] if lines else []
