"""The search for a method's settings: each try's scores on validation people, and the one to take.

A try is an ablation of config/search.yaml, judged beside the method's own settings by the same few
scores, whatever the method. Tries are ranked by each score; the least mean rank wins, and in a tie
what the method has already. Reserved folds are not in these rows: nobody is scored twice.
"""

import json
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd

from cmm.core.errors import UserError
from cmm.core.html_tables import Section, write_pages
from cmm.core.provenance import provenance
from cmm.core.tables import write_tsv
from cmm.evaluation.catalogue import metric_of, shown, title_of
from cmm.evaluation.judges import judge_of
from cmm.evaluation.score_rows import read_scores
from cmm.evaluation.summary import ALL, in_order
from cmm.generation.generated_file import CONDITIONAL
from cmm.methods.registry import declaration_of

OWN = "as it is"
SCORES = ("ssim", "ssim_mouth_apex", "au12_video_distance")  # of the conditional sequence, and of the best of K modes
BEST = tuple(f"best_{score}" for score in SCORES)
NOTE = (
    "Means over data sets, expressions, people and seeds. rank: of the tries of this method, averaged over the scores;"
    " the least is taken. The best of K is the one sequence itself where a method has no modes."
)


def main(
    scores: Annotated[Path, "scores.parquet of the validation people"],
    ablations: Annotated[str, "the config's ablations, as JSON"],
    tsv: Annotated[Path, "table to write, tab-separated"],
    html: Annotated[Path, "table to write, HTML"],
):
    """Rank the tries of every method."""
    rows = read_scores(scores)
    tried = json.loads(ablations)
    bases = in_order({base for base, variants in tried.items() if variants})
    if not bases:
        raise UserError(f"{scores}: nothing was tried: name ablations in the config (config/search.yaml)")
    table = pd.concat([rank(rows, base, tried[base]) for base in bases], ignore_index=True)
    about = provenance(__name__, None, [scores], tries=tried)
    write_tsv(table, tsv, about)
    write_pages("Search on validation people", sections(table, judge_of(rows)), about, html)


def rank(rows, base, tries):
    """Table {method, try, changes, SCORES..., BEST..., runs, rank, taken} of a method's tries, in their order.

    tries: {name: {stage: {setting: value}}}.
    """
    lines = []
    for name in (OWN, *tries):
        mine = rows[rows["method"] == (base if name == OWN else f"{base}-{name}")]
        if mine.empty:
            raise UserError(f"{base}, {name}: the scores have no row of this try")
        runs = len(mine[["dataset", "fold", "seed"]].drop_duplicates())
        line = {"method": base, "try": name, "changes": words(tries.get(name, {}))}
        lines.append(line | {score: value(mine, score) for score in (*SCORES, *BEST)} | {"runs": runs})
    table = pd.DataFrame(lines)
    ranks = [
        table[score].rank(ascending=metric_of(score).better == "lower", method="average", na_option="bottom")
        for score in (*SCORES, *BEST)
    ]
    table["rank"] = np.mean(ranks, axis=0)
    table["taken"] = table.index == table["rank"].idxmin()  # of equal ranks the first, which is the method's own
    return table


def value(rows, score):
    """Mean of a score over the people of each data set, seed and expression, and then over these; NaN without any."""
    mode = ALL if score in BEST else CONDITIONAL
    found = rows[(rows["metric"] == score) & (rows["mode"] == mode)]
    if found.empty and score in BEST:
        return value(rows, score.removeprefix("best_"))
    people = found.groupby(["dataset", "expression", "subject"])["value"].mean()
    return float(people.groupby(["dataset", "expression"]).mean().mean())


def words(changes):
    """Settings of a try in words: `translation: l1_weight 100`."""
    parts = [f"{stage}: " + ", ".join(f"{k} {v}" for k, v in block.items()) for stage, block in changes.items()]
    return "; ".join(parts)


def sections(table, judged):
    """A Section for each method: a line a try, the one that is taken in bold. judged: who measured the action units."""
    head = ["try", "settings", *map(title_of, (*SCORES, *BEST)), "runs", "rank"]
    found = []
    for base, mine in table.groupby("method", sort=False):
        body = []
        for line in mine.to_dict("records"):
            cells = [line["try"], line["changes"]]
            cells += [shown(score, line[score], np.nan, np.nan, False) for score in (*SCORES, *BEST)]
            cells += [str(line["runs"]), f"{line['rank']:.2f}"]
            body.append([f"**{cell}**" if line["taken"] and cell else cell for cell in cells])
        found.append(Section(declaration_of(base).title, head, body, f"{NOTE} {judged}"))
    return found
