"""The scores behind the pages' tables: benchmarks/results/scores.tsv, a line a sequence, and one of each set of them.

Several seeds of a comparison take days, and are trained as machines are free. The scores of each run are put here by
`make results`, in place of what is here of the same data set, fold, seed and method; tables and proofs are of all.
Ablations stay out, and so does a method that was trained or judged with other settings than for what is here.
"""

import hashlib
import json
from dataclasses import fields
from importlib import import_module
from pathlib import Path

import pandas as pd

from cmm.core.errors import UserError
from cmm.core.files import atomic
from cmm.core.records import read_record
from cmm.core.tables import read_csv
from cmm.evaluation.catalogue import metric_of
from cmm.evaluation.score_rows import COLUMNS, KEYS, read_scores
from cmm.evaluation.summary import without_ablations

PUBLISHED = Path(__file__).parent / "results/scores.tsv"
SEQUENCE = [*KEYS, "subject", "smile", "mode", "commit", "settings"]
SCORES = (
    "ssim", "ssim_mouth_apex", "au6_video_distance", "au12_video_distance", "identity_distance_dlib_resnet",
    "au12_at_end", "expression_accuracy", "best_ssim", "best_ssim_mouth_apex",
    "best_au12_video_distance", "coverage", "diversity_beyond_amplitude", "tracker_noise_beyond_amplitude",
    "au12_curve_correlation", "au6_judge_agreement", "au12_judge_agreement",
)  # fmt: skip
RUN = ["dataset", "fold", "method", "seed"]


def publish(scores, path=PUBLISHED):
    """Put a run's scores, its results/tables/scores.parquet, among the published ones; the set of data sets that
    there are then.

    UserError where they do not go together.
    """
    rows = without_ablations(read_scores(scores))
    runs = [*rows[RUN].itertuples(index=False, name=None)]
    digests = {run: settings_of(scores.parent.parent, *run) for run in set(runs)}
    commit = read_record(scores).get("commit") or "unknown"
    new = _wide(rows.assign(commit=commit, settings=[digests[run] for run in runs]))
    if path.is_file():
        old = _read(path)
        replaced = old.set_index(RUN).index.isin(new.set_index(RUN).index)
        new = pd.concat([old[~replaced], new])
    _check_smiles(new)
    _check_settings(new)
    with atomic(path) as partial:
        new.sort_values(SEQUENCE).to_csv(partial, sep="\t", index=False, float_format="%.5g")
    return set(new["dataset"])


def published(dataset=None, path=PUBLISHED):
    """(rows of scores as `read_scores` gives them, of one data set or of all; the commits that they were made at)."""
    wide = _read(path) if path.is_file() else pd.DataFrame({"dataset": []})
    wide = wide if dataset is None else wide[wide["dataset"] == dataset]
    if wide.empty:
        raise UserError(
            f"{path} has no scores of {dataset or 'anything'}: run config/compare.yaml or config/modes.yaml, then make"
            " results"
        )
    rows = wide.melt(SEQUENCE, SCORES, "metric").dropna(subset="value")
    rows = rows.assign(unit=[metric_of(name).unit for name in rows["metric"]], replicates=None)
    return rows[COLUMNS].reset_index(drop=True), sorted(set(wide["commit"]))


def settings_of(results, dataset, fold, method, seed):
    """Digest of the settings by which a method in a folder of results was trained and its motion judged; "" without.

    Only of those that are not the defaults, or not what was `before` them: one that did not exist yet was so.
    """
    run = results / dataset / f"fold{fold}" / method / f"seed{seed}"
    judge = [run / "scores/motion.parquet", results / f"action_units/faces/fold{fold}/action_units.safetensors"]
    files = [*sorted(run.glob("*.safetensors")), *(file for file in judge if file.is_file())]
    made = {record["stage"]: own_settings(record) for record in map(read_record, files)}
    return hashlib.sha256(json.dumps(made, sort_keys=True).encode()).hexdigest()[:8] if made else ""


def own_settings(record):
    """{name: value} of a record's settings that are not their stage's defaults, or not what was before those."""
    usual = {
        field.name: field.default if field.metadata["before"] is None else field.metadata["before"]
        for field in fields(import_module(record["stage"]).Settings)
    }
    told = json.loads(json.dumps(usual))  # a record's tuples have become lists
    return {name: value for name, value in record["settings"].items() if value != told.get(name)}


def _wide(rows):
    """A line a sequence or set, a column a score."""
    wide = rows[rows["metric"].isin(SCORES)].pivot(index=SEQUENCE, columns="metric", values="value")
    return wide.reindex(columns=SCORES).reset_index()


def _read(path):
    texts = dict.fromkeys(set(SEQUENCE) - {"fold", "seed"}, str)
    return read_csv(path, sep="\t", dtype=texts, keep_default_na=False, na_values={name: [""] for name in SCORES})


def _check_smiles(wide):
    """All methods of a fold were tested on the same smiles, and no smile is in two folds."""
    sequences = wide[wide["smile"] != ""]
    for (dataset, fold), mine in sequences.groupby(["dataset", "fold"]):
        if mine.groupby(["seed", "method"])["smile"].agg(frozenset).nunique() > 1:
            raise UserError(
                f"{dataset}, fold {fold}: methods and seeds were tested on different smiles: take the older lines"
                f" out of {PUBLISHED.name}"
            )
    for (dataset, smile), folds in sequences.groupby(["dataset", "smile"])["fold"]:
        if folds.nunique() > 1:
            raise UserError(
                f"{dataset}: {smile} is in folds {' and '.join(map(str, sorted(set(folds))))}, in runs of two kinds:"
                f" take the older lines out of {PUBLISHED.name}"
            )


def _check_settings(wide):
    """A method on a data set was trained with the same settings for all lines that say so."""
    for (dataset, method), mine in wide[wide["settings"] != ""].groupby(["dataset", "method"]):
        if mine["settings"].nunique() > 1:
            raise UserError(
                f"{dataset}: {method} was trained or judged with other settings than before: take its older lines out"
                f" of {PUBLISHED.name}, or publish a run of the same config"
            )
