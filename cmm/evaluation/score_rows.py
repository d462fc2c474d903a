"""The rows that every score goes into, one a measured thing; all tables of scores are made from them.

dataset, fold, seed, method, expression; subject and smile, empty for the score of a set; mode:
`conditional`, a number, or `all`; metric, value, unit; replicates: of the score of a set, its
values on resampled people (see `statistics`), else null.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd

from cmm.core.errors import UserError
from cmm.core.provenance import provenance
from cmm.core.tables import read_table, write_table
from cmm.evaluation.catalogue import metric_of
from cmm.evaluation.statistics import replicates
from cmm.generation.generate_controls import OTHER_PERSON
from cmm.generation.generated_file import read_pair

KEYS = ["dataset", "fold", "seed", "method", "expression"]
COLUMNS = [*KEYS, "subject", "smile", "mode", "metric", "value", "unit", "replicates"]
ALL = "all"  # the modes together
CONTROLS = "controls"  # the run that holds them; in the rows each is a method of its own


@dataclass(frozen=True)
class ScoringRun:
    """What every command that scores is told besides its settings: the run, and where its rows go."""

    smiles: Annotated[Path, "smiles.h5"]
    generated: Annotated[Path, "generated.h5"]
    dataset: Annotated[str, "name of the data set, for the rows"]
    method: Annotated[str, "name of the method, for the rows"]
    fold: Annotated[int, "the test fold"]
    seed: Annotated[int, "the training's seed, for the rows"]
    out: Annotated[Path, "table of scores to write"]

    def read(self, *arrays):
        """(GeneratedSmiles, Smiles with `arrays`, empty Rows)."""
        made, data = read_pair(self.generated, self.smiles, self.fold, arrays)
        return made, data, Rows(made, self)

    def about(self, module, settings, *more, **words):
        """The record of a stage that read the run's files, and `more`."""
        inputs = [self.smiles, self.generated, *more]
        return provenance(module, settings, inputs, fold=self.fold, seed=self.seed, method=self.method, **words)


def read_scores(path):
    """The rows of scores.parquet; UserError where there are none, or one is of no score, or infinitely good or bad."""
    rows = read_table(path, COLUMNS)
    if rows.empty:
        raise UserError(f"{path} has no row: nothing was scored")
    try:
        finite = {name for name in set(rows["metric"]) if not metric_of(name).endless}
    except KeyError as error:
        raise UserError(f"{path}: {error} is no score that is known here") from error
    if (wrong := rows[np.isinf(rows["value"].astype(float)) & rows["metric"].isin(finite)]).size:
        row = wrong.iloc[0]
        raise UserError(f"{path}: {row['metric']} of {row['method']} is {row['value']}: measure it again")
    return rows


class Rows:
    """Collects the rows of one run."""

    def __init__(self, made, scored):
        self.made, self.method = made, scored.method
        self.run = {"dataset": scored.dataset, "fold": scored.fold, "seed": scored.seed}
        self.rows = []

    def name(self, mode):
        """The method that a row of this mode is about."""
        return mode if self.method == CONTROLS else self.method

    def video(self, i, mode, **values):
        """Add scores {metric: value} of test video i."""
        who = {"expression": self.made.expression[i], "subject": self.made.subject[i], "smile": self.made.smile[i]}
        self._add(mode, who | {"replicates": None}, values)

    def best(self, i, found, *metrics):
        """Add, of test video i, the best of the K modes, who may smile in many ways where the original did in one.

        found: {mode: {metric: value}}.
        """
        modes = [values for mode, values in found.items() if mode.isdigit()]
        for metric in metrics if modes else ():
            values = np.array([values[metric] for values in modes], float)
            choose = np.fmax if metric_of(metric).better == "higher" else np.fmin  # a lost face is not the best
            self.video(i, ALL, **{f"best_{metric}": float(choose.reduce(values))})

    def has_sets(self, mode):
        """Whether a mode has scores of sets: the control of other people is made of the originals,
        and would pass for perfect."""
        return self.name(mode) != OTHER_PERSON

    def sets(self, mode, **scores):
        """Add scores of the set of test videos of each expression.

        scores: {metric: function of an index array of test videos}.
        """
        if not self.has_sets(mode):
            return
        for expression in dict.fromkeys(self.made.expression):
            mine = np.flatnonzero(self.made.expression == expression)
            for metric, score in scores.items():
                drawn = replicates(lambda chosen: score(mine[chosen]), self.made.subject[mine], self.run["fold"])  # noqa: B023
                who = {"expression": expression, "subject": "", "smile": "", "replicates": drawn}
                self._add(mode, who, {metric: score(mine)})

    def judge(self, expression, **values):
        """Add what the judge of the AUs is worth, beside the originals, the first of the controls."""
        who = {"expression": expression, "subject": "", "smile": "", "replicates": None}
        self._add(self.made.modes[0], who, values)

    def _add(self, mode, who, values):
        for metric, value in values.items():
            row = {"method": self.name(mode), "mode": mode, "metric": metric, "value": value}
            self.rows.append(self.run | who | row | {"unit": metric_of(metric).unit})

    def write(self, path, about):
        write_table(pd.DataFrame(self.rows, columns=COLUMNS), path, about)
