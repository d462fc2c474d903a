"""The model card of a bundle: what the weights are, what they learned from, how good they are and what they are for."""

from pathlib import Path

import pandas as pd

import cmm
from cmm.core.html_tables import Section, markdown_page
from cmm.core.records import dataset_of
from cmm.core.tables import read_table
from cmm.datasets.registry import entry_of
from cmm.evaluation.catalogue import shown, spreads, title_of
from cmm.evaluation.score_rows import COLUMNS
from cmm.evaluation.summary import ALL, MODES, summarise
from cmm.generation.generated_file import CONDITIONAL
from cmm.methods.registry import declaration_of

SHOWN = ("ssim", "ssim_mouth_apex", "au12_at_end", "identity_distance_dlib_resnet", "expression_accuracy")
CARD = """\
# {title}

{source}

Made by cmm {version}. Meant for research on facial expressions and for trying out how a face might smile, with
photographs of people who agree. What it makes is synthetic, and its files say so: do not show it as something that
happened, do not use it to deceive, to identify people or to judge what they feel.

## What it makes

{sequences} sequences of a face of {size} x {size} pixels{shown}; expressions: {expressions}.

## What it learned from

{learned}. Fold {fold} was held out; the seed was {seed}.

## Licence

{licence}

## Limits

It moves a face as the people smiled whom it learned from. Whom it has not seen may get a smile that is not theirs.
Heads that are turned, faces that are covered, and light or skin far from what it has seen come out worse.

## Scores on the people held out

{scores}

## How it was made

{made}
"""
NO_LICENCE = "Of the weights: not stated. They may be bound by that of the data above."


def card_of(run, method, generator, records, licence=None):
    """Markdown of a run's method, with its Generator and the records {stage: about} of its weights."""
    declared, first = declaration_of(method), next(iter(records.values()))
    return CARD.format(
        title=declared.title,
        source=declared.source,
        version=cmm.__version__,
        sequences=1 + generator.modes,
        size=generator.size,
        shown=", shown in the photograph at its own size" if hasattr(generator, "photograph") else "",
        expressions=", ".join(generator.expressions),
        learned=learned_from(dataset_of(first)),
        fold=first["fold"],
        seed=first["seed"],
        licence=licence or NO_LICENCE,
        scores=scores_of(run),
        made="\n".join(
            f"- `{stage}`: commit {about['commit']}, code {about['code']}, {about['seconds']:.0f} s"
            for stage, about in records.items()
        ),
    )


def learned_from(dataset):
    """What a card says of a data set, by its name."""
    if not dataset:
        return "A data set whose name the weights do not say"
    entry = entry_of(dataset, dataset)
    known = f": {entry.holds}; {entry.size}; {entry.licence}. {entry.citation}" if entry else ""
    return f"The data set `{dataset}`{known}".rstrip(".")


def scores_of(run):
    """A table of the scores that lie beside a run, with intervals; a sentence where there are none."""
    files = sorted((Path(run) / "scores").glob("*.parquet"))
    if not files:
        return "Not measured."
    rows = pd.concat([read_table(path, COLUMNS) for path in files])
    table = summarise(rows[rows["metric"].isin(SHOWN)])
    lines = []
    for (mode, expression), mine in table[~table["mode"].str.isdigit()].groupby(["mode", "expression"], sort=False):
        values = {row.metric: shown(row.metric, row.value, row.low, row.high, row.range) for row in mine.itertuples()}
        name = {CONDITIONAL: "first sequence", MODES: "modes, mean", ALL: "of all modes"}.get(mode, mode)
        lines.append([name, expression, str(mine["people"].max()), *(values.get(metric, "") for metric in SHOWN)])
    head = ["sequence", "expression", "people", *map(title_of, SHOWN)]
    return markdown_page([Section("", head, lines, spreads(table["range"]))], {}).split("\n<!--")[0].strip()
