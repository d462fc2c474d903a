"""The paper's tables 1 and 3 (section 4.3): methods down, data sets and expressions across, best in bold.

Table 1: SSIM to the original sequences, Inception Score and its difference to the originals'; and,
since a frozen face has a high SSIM, that of the mouth at the apex. Table 3: distance of the
mean AU6 curves to the originals', and of AU12's beside it.

The paper's own numbers stand beside ours where the data set is the paper's and they have been
entered into `config/paper_numbers.tsv`.
"""

from pathlib import Path
from typing import Annotated

import pandas as pd

from cmm.core.errors import UserError
from cmm.core.html_tables import Section, write_pages
from cmm.core.provenance import provenance
from cmm.core.tables import write_tsv
from cmm.evaluation.catalogue import metric_of, shown, split_name, spreads, title_of
from cmm.evaluation.judges import judge_of
from cmm.evaluation.score_rows import read_scores
from cmm.evaluation.summary import CONTROL_TITLES, MODES, seeds_of, summarise, title_of_method, without_ablations
from cmm.generation.generate_controls import CONTROLS
from cmm.generation.generated_file import CONDITIONAL, ORIGINAL
from cmm.methods.declaration import STILL
from cmm.methods.registry import METHODS
from cmm.tables.paper_numbers import PRINTED, printed_numbers

OTHER_SCALE = ("au6_curve_distance",)  # of which the paper's are of intensities 0-5, ours of 0-1
UNSIGNED = ("inception_score_difference",)  # of which the paper prints the absolute value
CONTROL_LINES = {  # (method, mode): what the line is called
    (name, name): title + " (control)" * (name != ORIGINAL) for name, title in CONTROL_TITLES.items()
}
TABLES = {
    1: ["ssim", "inception_score", "inception_score_difference", "ssim_mouth_apex"],
    3: ["au6_curve_distance", "au12_curve_distance"],
}


def main(
    scores: Annotated[Path, "scores.parquet"],
    number: Annotated[int, "the paper's table: 1 or 3"],
    size: Annotated[int, "side of the faces that were compared [px]"],
    tsv: Annotated[Path, "table to write, tab-separated, a line a number"],
    markdown: Annotated[Path, "table to write, Markdown"],
    html: Annotated[Path, "table to write, HTML"],
):
    """Write one of the two tables in three formats."""
    if number not in TABLES:
        raise UserError(f"--number {number}: the paper's tables made of scores are {', '.join(map(str, TABLES))}")
    section, table = layout(read_scores(scores), TABLES[number], number)
    about = provenance(__name__, None, [scores])
    write_tsv(table, tsv, about)
    write_pages(f"The paper's table {number}, of faces of {size} px", [section], about, html, markdown)


def lines_of(measured):
    """{(method, mode): what the line is called} of the methods: those of the paper, and what else was `measured`, the
    (method, mode) of all scores.
    """
    lines, run = {}, {method for method, _ in measured}
    for name, method in METHODS.items():
        if method.line is not None or name in run:
            beyond = "" if method.line is not None else " (beyond the paper)"
            kind = STILL if method.still else method.sequence
            lines[name, CONDITIONAL] = ", ".join(filter(None, (method.title, kind))) + beyond
            if method.modes:
                lines[name, MODES] = f"{method.title}, {method.modes}{beyond}"
    unknown = run - {*METHODS, *CONTROLS}  # trained elsewhere, or scored before its folder was taken away
    for name in sorted(unknown):
        lines[name, CONDITIONAL] = f"{title_of_method(name)} (beyond the paper)"
        if (name, MODES) in measured:
            lines[name, MODES] = f"{title_of_method(name)}, mean of the modes (beyond the paper)"
    return lines


def layout(rows, bases, number, printed=PRINTED):
    """(Section, long table) of the paper's table `number`, with the scores `bases` in its columns.

    rows: of scores.parquet. A score that networks measure becomes a column a network. A method
    that was not run keeps its line, saying so; one that the paper does not have gets a line at
    the end.
    """
    table = summarise(without_ablations(rows))
    run, measured = set(table["method"]), set(zip(table["method"], table["mode"], strict=True))
    table = table[table["metric"].map(lambda name: split_name(name)[0] in bases)]
    lines = CONTROL_LINES | lines_of(measured)
    table = table.loc[[key in lines for key in zip(table["method"], table["mode"], strict=True)]]
    columns = sorted(
        {tuple(row) for row in table[["dataset", "expression", "metric"]].itertuples(index=False)},
        key=lambda c: (c[0], c[1], bases.index(split_name(c[2])[0]), c[2]),
    )
    values = {(r.method, r.mode, r.dataset, r.expression, r.metric): r for r in table.itertuples()}
    best = {column: best_line(values, column, lines) for column in columns}
    known = printed_numbers(printed, number)
    head = ["method", *(f"{dataset}, {expression}: {title_of(metric)}" for dataset, expression, metric in columns)]
    body = []
    for (method, mode), name in lines.items():
        if method not in run:
            body.append([name, *(["not run"] * len(columns))])
            continue
        cells = [text(values.get((method, mode, *c)), c, (method, mode) == best[c], known) for c in columns]
        body.append([name, *cells])
    judged = f"{judge_of(rows)} " if any(metric_of(base).family == "motion" for base in bases) else ""
    return Section("", head, body, judged + note(rows, table["range"])), table


def best_line(values, column, lines):
    """(method, mode) of the best line of a column, controls aside; None unless two methods were measured."""
    found = {}
    for key in lines:
        row = None if key in CONTROL_LINES else values.get((*key, *column))
        if row is not None and not pd.isna(row.value):
            found[key] = row.value
    if len({method for method, _ in found}) < 2:
        return None
    better = metric_of(column[2]).better
    original = values.get(("original", "original", *column))
    if better == "original" and original is None:
        return None
    distance = {"higher": lambda v: -v, "lower": lambda v: v, "original": lambda v: abs(v - original.value)}[better]
    return min(found, key=lambda key: distance(found[key]))


def text(row, column, best, known):
    """A cell: value with interval, bold if it is the best; beside it the paper's number, if it is of the same thing."""
    if row is None or pd.isna(row.value):
        return "-"
    cell = shown(column[2], row.value, row.low, row.high, row.range)
    score, network = split_name(column[2])
    printed = None if score in OTHER_SCALE else known.get((column[0], column[1], row.method, score))
    if printed is not None and row.mode in (CONDITIONAL, row.method) and network in ("", "inception_v3"):
        cell += f" (paper: {printed:g}{', without its sign' if score in UNSIGNED else ''})"
    return f"**{cell}**" if best else cell


def note(rows, ranges):
    """How many people, videos, runs the table rests on; `ranges`: which of its values have one."""
    parts = []
    for dataset, mine in rows[rows["smile"] != ""].groupby("dataset", sort=False):
        folds = sorted(set(mine["fold"]))
        people, videos = mine["subject"].nunique(), mine["smile"].nunique()
        parts.append(
            f"{dataset}: {people} people, {videos} videos, folds {_list(folds)}, seeds {_list(seeds_of(mine))}"
        )
    return "; ".join(parts) + (
        f". {spreads(ranges)} Of few people those of Inception Scores and AU curves lean to"
        " one side, since resamples hold people twice. Bold: best of the methods, controls aside. Another person's"
        " sequences are the originals of others, so that as a set they are no control. Paired tests: comparisons.html."
    )


def _list(values):
    return ", ".join(map(str, values))
