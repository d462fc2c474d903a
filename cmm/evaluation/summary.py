"""From rows of scores to means with intervals, and to paired comparisons of methods.

Scores of videos are averaged for each person over seeds, videos and modes, then over people;
scores of sets over runs. Intervals are 95 percent, of the bootstrap over people, to whom they
speak and not to seeds; a set's score has none if one of its runs rests on one person alone. Of fewer than six people
the range is given instead: of the people, or of a set's score on resampled people.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from cmm.evaluation.catalogue import METRICS
from cmm.evaluation.score_rows import ALL, COLUMNS
from cmm.evaluation.statistics import bootstrap, few, interval, paired_test, replicate_test, span
from cmm.generation.generate_controls import CONTROLS
from cmm.generation.generated_file import CONDITIONAL
from cmm.methods.registry import METHODS, split

CONTROL_TITLES = dict(zip(CONTROLS, ("original", "frozen face", "another person"), strict=True))
GROUP = ["dataset", "method", "mode", "expression", "metric"]
MODES = "modes"  # of the modes 1..K on average


@dataclass(frozen=True)
class Estimate:
    """A score of one method: its value, its replicates (r,), one value a person (empty for a set's score), and how many
    people were drawn together: all, or those of each fold."""

    value: float
    replicates: np.ndarray
    people: pd.Series
    groups: tuple[int, ...]

    @property
    def n(self):
        return sum(self.groups)

    @property
    def few(self):
        return few(self.groups)

    @property
    def interval(self):
        if self.few:
            return span(self.people if self.n > 1 and len(self.people) else self.replicates)
        return interval(self.replicates, self.groups)

    @property
    def spread(self):
        """{low, high, range}: whether it is a range of few people; None where there is neither."""
        low, high = self.interval
        return {"low": low, "high": high, "range": self.few if np.isfinite([low, high]).any() else None}


def without_ablations(table):
    """The lines of a table that are not about an ablation, which has a table of its own."""
    return table[~table["method"].str.contains("-")]


def with_modes(rows):
    """The rows, and once more those of the modes 1..K under the name of all of them."""
    modes = rows[rows["mode"].str.isdigit()]
    return pd.concat([rows, modes.assign(mode=MODES)], ignore_index=True)[COLUMNS]


def estimate(rows, groups):
    """Estimate of the rows of one method, mode, expression and score; groups: people of each of the method's folds."""
    if rows["replicates"].isna().all() and not rows["subject"].any():  # of nobody, as what a judge is worth
        return Estimate(float(rows["value"].mean()), np.full(1, np.nan), pd.Series(dtype=float), ())
    if rows["replicates"].isna().all():
        people = rows.groupby("subject")["value"].mean().dropna()
        if people.empty:
            return Estimate(float("nan"), np.full(1, np.nan), people, groups)
        return Estimate(float(people.mean()), bootstrap(people.to_numpy()), people, (len(people),))
    drawn = np.stack(rows["replicates"].to_list()).astype(float)
    return Estimate(float(rows["value"].mean(skipna=False)), drawn.mean(axis=0), pd.Series(dtype=float), groups)


def estimates(rows, known):
    """{(dataset, method, mode, expression, metric): Estimate}; known: the `counts` of the rows."""
    return {
        key: estimate(group, known.get((key[0], key[1], key[3]), Counts()).groups)
        for key, group in with_modes(rows).groupby(GROUP, sort=False)
    }


class Counts(NamedTuple):
    """What the scores of a method rest on: people of each fold, videos, runs."""

    groups: tuple[int, ...] = ()
    videos: int = 0
    runs: int = 0


def counts(rows):
    """{(dataset, method, expression): Counts} of rows."""
    videos = rows[rows["smile"] != ""]
    keys = ["dataset", "method", "expression"]
    return {
        key: Counts(
            tuple(group.groupby("fold")["subject"].nunique()),
            group["smile"].nunique(),
            group[["fold", "seed"]].drop_duplicates().shape[0],
        )
        for key, group in videos.groupby(keys)
    }


def summarise(rows):
    """Table of every score: GROUP, value, low, high, range (they are no interval, or None), people, videos, runs."""
    known, lines = counts(rows), []
    for key, found in estimates(rows, known).items():
        _, videos, runs = known.get((key[0], key[1], key[3]), Counts())
        line = dict(zip(GROUP, key, strict=True)) | {"value": found.value} | found.spread
        lines.append(line | {"people": found.n, "videos": videos, "runs": runs})
    return pd.DataFrame(lines, columns=[*GROUP, "value", "low", "high", "range", "people", "videos", "runs"])


def compare(rows, method, modes=None, default=CONDITIONAL):
    """Paired comparisons of one method with every other, controls too, on the same people.

    modes: {metric: of which mode}; where it does not say, of `default`. Another method that has no such mode is taken
    by its conditional sequence, which is also the best of its sequences.
    Table {dataset, expression, metric, method, mode, other, other_mode, difference, low, high, range, p, people}: the
    difference is method - other; p from sign permutations over people, of a set's score from its
    replicates; both NaN where there is nothing to pair.
    """
    found, lines = estimates(rows, counts(rows)), []
    if modes:
        found = with_the_best_of_one(found)
    for (dataset, other, other_mode, expression, metric), theirs in found.items():
        mode = (modes or {}).get(metric, default)
        mine = found.get((dataset, method, mode, expression, metric))
        has_it = (dataset, other, mode, expression, metric) in found
        if mine is None or other == method or other_mode not in (mode if has_it else CONDITIONAL, other):
            continue
        apart, p = _difference(mine, theirs)
        keys = {"dataset": dataset, "expression": expression, "metric": metric, "method": method, "mode": mode}
        values = {"difference": apart.value} | apart.spread | {"p": p, "people": apart.n}
        lines.append(keys | {"other": other, "other_mode": other_mode} | values)
    columns = ["dataset", "expression", "metric", "method", "mode", "other", "other_mode"]
    return pd.DataFrame(lines, columns=[*columns, "difference", "low", "high", "range", "p", "people"])


def with_the_best_of_one(found):
    """Estimates, and of methods without modes the scores of their one sequence as those of the best."""
    one = {
        (dataset, method, mode, expression, f"best_{metric}"): estimate
        for (dataset, method, mode, expression, metric), estimate in found.items()
        if f"best_{metric}" in METRICS and mode in (CONDITIONAL, method)
    }
    return {key: estimate for key, estimate in one.items() if (*key[:2], ALL, *key[3:]) not in found} | found


def _difference(mine, theirs):
    """(Estimate of mine - theirs, p)."""
    if len(mine.people) or len(theirs.people):
        both = pd.concat([mine.people, theirs.people], axis=1, join="inner")
        first, second = both.to_numpy(float).T if len(both) else (np.array([]), np.array([]))
        apart = first - second
        if not len(both) or not np.isfinite(apart).all():
            return Estimate(float("nan"), np.full(1, np.nan), pd.Series(dtype=float), (len(both),)), float("nan")
        found = Estimate(float(apart.mean()), bootstrap(apart), pd.Series(apart), (len(apart),))
        return found, paired_test(first, second)
    paired = len(mine.replicates) == len(theirs.replicates)
    drawn = mine.replicates - theirs.replicates if paired else np.full(1, np.nan)
    found = Estimate(mine.value - theirs.value, drawn, mine.people, min(mine.groups, theirs.groups, key=sum))
    return found, replicate_test(drawn, found.groups)


def seeds_of(rows):
    """Seeds of the methods that were trained here, ascending: controls and what was made elsewhere have none."""
    return sorted(set(rows["seed"][rows["method"].map(lambda name: split(name)[0] in METHODS)]))


def title_of_method(name):
    """What tables and figures call a method, or a control."""
    return METHODS[name].title if name in METHODS else CONTROL_TITLES.get(name, name.replace("_", " "))


def in_order(methods):
    """Methods in the order of tables: controls, those of the paper as it lists them, others, ablations."""
    known = [name for name in (*CONTROLS, *METHODS) if name in methods]
    return known + sorted(set(methods) - set(known))
