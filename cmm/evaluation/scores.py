"""Scores of one method on one test fold: scores.parquet, one row a measured thing.

Two controls stand beside the method: `original`, the true sequences themselves, and
`neutral_frame`, the input face held still. A method that does not beat the latter in
the AU curves has done nothing, whatever its SSIM.
"""

import logging
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd

from cmm.evaluation.au_curve import curve_distance
from cmm.evaluation.diversity import landmark_distance, mode_diversity
from cmm.evaluation.retracking import retrack, track_small
from cmm.evaluation.ssim import ssim
from cmm.faces.backends import ACTION_UNITS, PLAIN_BACKENDS
from cmm.faces.trackers import load_for
from cmm.generation.store import read_pair
from cmm.progress import progress
from cmm.provenance import provenance
from cmm.settings import setting
from cmm.tables import write_table

log = logging.getLogger("cmm")
COLUMNS = ["dataset", "fold", "seed", "method", "expression", "subject", "smile", "mode", "metric", "value"]
COLUMNS += ["unit"]
UNITS = {
    "ssim": "1",
    "au12_at_end": "AU12, 0-1",
    "au6_curve_distance": "AU6 x frames",
    "au12_curve_distance": "AU12 x frames",
    "mode_diversity": "IOD",
    "expression_contrast": "IOD",
    "tracker_noise": "IOD",
    "tracked": "share of frames",
}
LAST = 3  # frames at the end of a sequence that "at the end" averages


@dataclass(frozen=True)
class Settings:
    backend: str = setting("mediapipe", "face tracker that measures the AUs", choices=PLAIN_BACKENDS)
    action_units: str = setting(
        "proxies", "own: intensities by regressors of ours; proxies: what the tracker gives", choices=ACTION_UNITS
    )


def main(
    smiles: Annotated[Path, "smiles.h5"],
    generated: Annotated[Path, "generated.h5"],
    dataset: Annotated[str, "name of the data set, for the rows"],
    method: Annotated[str, "name of the method, for the rows"],
    fold: Annotated[int, "the test fold"],
    seed: Annotated[int, "the training's seed, for the rows"],
    out: Annotated[Path, "scores.parquet to write"],
    curves: Annotated[Path, "table of the AU curves of each sequence to write"],
    settings: Settings,
    regressors: Annotated[Path | None, "trained action units, for action_units: own"] = None,
):
    """Measure every test video and its controls."""
    made, data = read_pair(generated, smiles, fold, ("faces",))
    rows, au = [], []
    with load_for(settings, regressors) as tracker:
        description = tracker.description
        for i in progress(range(len(made.smile)), "test videos scored"):
            who = {"expression": made.expression[i], "subject": made.subject[i], "smile": made.smile[i]}
            scored, measured = score_video(made, data.faces[i], i, method, tracker)
            rows += [{**who, **row} for row in scored]
            au += [{**who, **row} for row in measured]
    about = provenance(
        __name__, settings, [smiles, generated], fold=fold, seed=seed, method=method, tracker=description
    )
    rows += set_scores(au)
    table = pd.DataFrame(rows).assign(dataset=dataset, fold=fold, seed=seed)
    table["unit"] = table["metric"].map(UNITS)
    lost = table[(table["metric"] == "tracked") & (table["value"] < 1)]
    for row in lost.itertuples():
        log.warning(
            "%s, %s %s: the tracker found %.0f%% of the frames",
            row.smile,
            row.method,
            row.mode,
            100 * row.value,
        )
    write_table(table[COLUMNS], out, about)
    write_table(pd.DataFrame(au).explode(["frame", "AU06", "AU12"], ignore_index=True), curves, about)


def score_video(made, original, i, method, tracker):
    """Rows of one test video, and the AU curves that they come from."""
    neutral = track_small(tracker, original[0])
    still = np.repeat(original[:1], len(original), axis=0)
    sequences = [("original", "original", original), ("neutral_frame", "neutral_frame", still)]
    sequences += [(method, mode, faces) for mode, faces in zip(made.modes, made.faces[i], strict=True)]
    rows, curves, points = [], [], {}
    for name, mode, faces in sequences:
        track = retrack(tracker, faces, neutral)
        points[name, mode] = track.points
        values = {"ssim": ssim(faces, original), "au12_at_end": _mean(track.au12[-LAST:]), "tracked": track.tracked}
        rows += [{"method": name, "mode": mode, "metric": m, "value": v} for m, v in values.items()]
        number = np.arange(1, len(faces) + 1)
        curves.append({"method": name, "mode": mode, "frame": number, "AU06": track.au06, "AU12": track.au12})
    noise = landmark_distance(points["original", "original"], retrack(tracker, perturb(original), neutral).points)
    rows.append({"method": "original", "mode": "original", "metric": "tracker_noise", "value": noise})
    modes = [points[method, mode] for mode in made.modes[1:]]
    contrast = retrack(tracker, made.contrast_faces[i], neutral).points
    pair = {
        "mode_diversity": mode_diversity(modes),
        "expression_contrast": landmark_distance(points[method, made.modes[0]], contrast),
    }
    rows += [{"method": method, "mode": "all", "metric": m, "value": v} for m, v in pair.items()]
    return rows, curves


def perturb(faces):
    """The same faces with noise that no one sees, one grey level: what the tracker makes of
    it is the floor under every landmark distance."""
    noise = np.random.default_rng(0).integers(-1, 2, faces.shape)
    return np.clip(faces.astype(int) + noise, 0, 255).astype(np.uint8)


def set_scores(curves):
    """Rows of the scores that are defined on the whole test set: table 3's distances."""
    rows = []
    key = lambda row: (row["expression"], row["method"], row["mode"])  # noqa: E731
    groups = {k: list(g) for k, g in groupby(sorted(curves, key=key), key)}
    for (expression, method, mode), group in groups.items():
        truth = groups[expression, "original", "original"]
        for unit, metric in (("AU06", "au6_curve_distance"), ("AU12", "au12_curve_distance")):
            distance = curve_distance([row[unit] for row in group], [row[unit] for row in truth])
            row = {
                "expression": expression,
                "method": method,
                "mode": mode,
                "metric": metric,
                "value": distance,
            }
            rows.append({**row, "subject": "", "smile": ""})
    return rows


def _mean(values):
    return float(np.nanmean(values)) if not np.isnan(values).all() else float("nan")
