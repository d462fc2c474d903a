"""Train the action-unit regressors on videos whose intensities are known, and measure them on other people.

Human labels (DISFA, DISFA+) where they are there; else the true curves of rendered people,
which teach how *drawn* faces move. Who judges small faces learns from small faces: with `size`, frames
are aligned, made so small and enlarged again. Every face counts as it is and mirrored. Every value
reported is of a person whom the regressor had not seen: of the folds of a subject-wise
cross-validation, and of the people held out.
"""

import logging
import warnings
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GroupKFold
from sklearn.svm import LinearSVR

from cmm.core.agreement import icc31, mean_absolute_error, pearson
from cmm.core.errors import UserError
from cmm.core.figure_file import save_figure
from cmm.core.progress import progress
from cmm.core.provenance import provenance
from cmm.core.settings import setting
from cmm.core.tables import read_table, write_tsv
from cmm.core.video import Unreadable, read_frames
from cmm.core.worker import Died, Worker
from cmm.faces.action_units import (
    FULL_SCALE,
    GEOMETRY,
    UNITS,
    Regressors,
    features,
    mirrored_features,
    neutral_frames,
    write_regressors,
)
from cmm.faces.backends import IMAGE_BACKENDS
from cmm.faces.landmarks import lip_corners
from cmm.faces.small_faces import enlarged, small_face
from cmm.faces.trackers import load

log = logging.getLogger("cmm")
FOLDS = 5  # of the cross-validation
MOST_STEPS = 20000
PROXIES = {f"{unit}_proxy": unit for unit in UNITS}


@dataclass(frozen=True)
class Settings:
    dataset: str = setting("actors", "data set whose known intensities are learned: human labels, or a rendered one's")
    backend: str = setting("mediapipe", "face tracker whose points are used", choices=IMAGE_BACKENDS)
    frame_step: int = setting(5, "frames from one that is learned from to the next", minimum=1)
    penalty: float = setting(0.01, "C of the support-vector regressors", minimum=1e-6)


def main(
    index: Annotated[Path, "index.parquet of the data set"],
    labels: Annotated[Path, "table {video, frame, AU06, AU12} of known intensities"],
    full_scale: Annotated[float, "value of the labels that stands for the highest intensity, 5"],
    out: Annotated[Path, "regressors to write (safetensors)"],
    tsv: Annotated[Path, "table of the agreement on unseen people to write"],
    figure: Annotated[Path, "figure of the agreement to write (SVG)"],
    held_out: Annotated[int, "fold whose people are only measured on; 0: none"],
    settings: Settings,
    size: Annotated[
        int | None, "side of small aligned faces to learn from [px]; without, the frames as they are"
    ] = None,
):
    """Train on one data set."""
    videos = read_table(index, ["dataset", "video", "subject", "path", "fold", "status"])
    known = read_table(labels, ["video", "frame", *UNITS])
    videos = videos[(videos["status"] == "ok") & videos["video"].isin(known["video"])]
    folds = sorted(videos["fold"].dropna().unique().tolist())
    if held_out and held_out not in folds:
        raise UserError(f"--held-out {held_out}: no video with known intensities is in that fold: there are {folds};"
                        " 0 holds nobody out")  # fmt: skip
    _check_people(videos, held_out, labels)
    table, inputs = collect(videos, known, full_scale, size, settings)
    _check_people(table, held_out, labels)
    seen = (table["fold"] != held_out).to_numpy()
    estimates = {"cross-validation": cross_validate(table[seen], inputs[:, seen], settings.penalty)}
    weights, intercepts = fit(table[seen], inputs[:, seen], settings.penalty)
    if not seen.all():
        estimates["held-out people"] = predict(table[~seen], inputs[0, ~seen], weights, intercepts)
    scores = agreement(estimates, table)
    for row in scores.itertuples():
        log.info("%s, %s %s: ICC %.3f, r %.3f, MAE %.2f", row.people, row.unit, row.estimate, row.icc, row.r, row.mae)
    about = provenance(
        __name__, settings, [index, labels], people=int(table["subject"].nunique()), frames=len(table),
        held_out=held_out, size=size, learned_from=people_of(table[seen]), held_out_people=people_of(table[~seen]),
        agreement=scores.round(4).to_dict("records"),
    )  # fmt: skip
    write_regressors(out, Regressors(weights, intercepts, about))
    write_tsv(scores.round(4), tsv, about)
    plot_agreement(estimates, table, figure, about)


def people_of(table):
    """Names of the people in a table, with their data set: two data sets may call two people the same."""
    return sorted({f"{row.dataset}/{row.subject}" for row in table.itertuples()})


def _check_people(table, held_out, labels):
    """Raise UserError unless there are people enough to learn from."""
    people = table.loc[table["fold"] != held_out, "subject"].nunique()
    if people < FOLDS:
        raise UserError(f"{labels}: intensities of {people} people to learn from; {FOLDS} are needed")


def collect(videos, known, full_scale, size, settings):
    """Every n-th frame: (table {video, subject, fold, AU06, AU12 in 0-5, proxies}, features above neutral (2, n, d) of
    the faces as they are and mirrored)."""
    intensities = dict(list(known.groupby("video")))
    tables, inputs = [], []
    with Worker(seeing, settings.backend, size, settings.frame_step) as worker:
        for row in progress(list(videos.itertuples()), "videos learned from"):
            truth = intensities[row.video].set_index("frame")
            try:
                frames, points, proxies, found = worker.do(row.video, row.path, truth.index)
            except Died as error:
                log.warning("%s: %s; left out", row.video, error)
                continue
            if len(frames) < 3:
                log.warning("%s: a face in only %d of its frames, left out", row.video, len(frames))
                continue
            found = np.swapaxes(found, 0, 1)
            neutral = neutral_frames(lip_corners(points))
            inputs.append(found - found[:, neutral].mean(axis=1, keepdims=True))
            table = truth.loc[frames, list(UNITS)] / full_scale * FULL_SCALE
            proxies = proxies[[name for name in proxies if name in PROXIES]] * FULL_SCALE
            table = pd.concat([table.reset_index(), proxies], axis=1)
            tables.append(table.assign(video=row.video, subject=row.subject, fold=row.fold, dataset=row.dataset))
    if not tables:
        raise UserError("no video gives frames to learn from: look at the log, or lower action_units.frame_step")
    return pd.concat(tables, ignore_index=True), np.concatenate(inputs, axis=1)


@contextmanager
def seeing(backend, size, frame_step):
    """Give (None, function of a video: numbers of its frames, points (n, 68, 2), proxies, features), for a Worker."""
    with load(backend) as tracker:

        def seen(video, path, known, alive):
            frames, faces, found = see(video, path, known, tracker, size, frame_step, alive)
            proxies = tracker.action_units(pd.DataFrame([face.measures for face in faces]))
            return frames, np.array([face.points for face in faces]), proxies, found

        yield None, seen


def see(video, path, known, tracker, size, frame_step, alive):
    """Frames of a video that are learned from: (their numbers from 1, Faces, [features, mirrored features] of each).

    known: the numbers of those whose intensities are.
    """
    frames, faces, found = [], [], []
    first = None
    try:
        for number, _, image in read_frames(path):
            alive()
            if number % frame_step or number + 1 not in known:
                continue
            face = tracker.track(image)
            if face is not None and size is not None:
                first = face.points if first is None else first
                image = enlarged(small_face(image, face.points, first, size))
                face = tracker.track(image)
            if face is not None:
                frames.append(number + 1)
                faces.append(replace(face, mesh=None))  # as in measure_tracks, for the heap's sake
                found.append([features(image, face.points), mirrored_features(image, face.points)])
    except Unreadable as error:
        log.warning("%s: %s; what came before is used", video, error)
    return frames, faces, np.array(found)


def fit(table, inputs, penalty):
    """(weights (AUs, d), intercepts (AUs,)) of linear support-vector regressors on features above neutral, `inputs`
    (2, n, d) of faces and their mirror images.

    Geometry and appearance are given the same mean spread.
    """
    inputs, table = np.concatenate(inputs), pd.concat([table, table])
    spread = [max(part.std(axis=0).mean(), 1e-9) for part in (inputs[:, :GEOMETRY], inputs[:, GEOMETRY:])]
    scale = np.repeat(spread, [GEOMETRY, inputs.shape[1] - GEOMETRY]).astype(np.float32)
    weights, intercepts = [], []
    for unit in UNITS:
        machine = LinearSVR(C=penalty, epsilon=0.1, loss="squared_epsilon_insensitive", dual=False, max_iter=MOST_STEPS)
        with warnings.catch_warnings():
            warnings.simplefilter("error", ConvergenceWarning)
            machine.fit(inputs / scale, table[unit])
        weights.append(machine.coef_ / scale)
        intercepts.append(float(np.squeeze(machine.intercept_)))
    return np.array(weights, np.float32), np.array(intercepts, np.float32)


def predict(table, inputs, weights, intercepts):
    """Intensities 0-5 as a table {AU06, AU12} with the index of `table`."""
    values = np.clip(inputs @ weights.T + intercepts, 0, FULL_SCALE)
    return pd.DataFrame(values, columns=list(UNITS), index=table.index)


def cross_validate(table, inputs, penalty):
    """Intensities of every frame by regressors that have not seen its person."""
    parts = []
    for train, test in GroupKFold(FOLDS).split(table, groups=table["subject"]):
        machine = fit(table.iloc[train], inputs[:, train], penalty)
        parts.append(predict(table.iloc[test], inputs[0, test], *machine))
    return pd.concat(parts).loc[table.index]


def agreement(estimates, table):
    """Table {people, unit, estimate, icc, r, mae, persons, frames}: regressors, the tracker's proxies beside them."""
    rows = []
    for people, values in estimates.items():
        truth = table.loc[values.index]
        columns = {(unit, "regressor"): values[unit] for unit in UNITS}
        columns |= {(unit, "proxy"): truth[name] for name, unit in PROXIES.items() if name in truth}
        for (unit, estimate), value in sorted(columns.items()):
            known = truth[unit].to_numpy()
            scores = {"icc": icc31(known, value), "r": pearson(known, value), "mae": mean_absolute_error(known, value)}
            rows.append({"people": people, "unit": unit, "estimate": estimate, **scores}
                        | {"persons": truth["subject"].nunique(), "frames": len(truth)})  # fmt: skip
    return pd.DataFrame(rows)


def plot_agreement(estimates, table, path, about):
    """Estimated against known intensity of unseen people, an AU a panel."""
    figure, axes = plt.subplots(1, len(UNITS), figsize=(4 * len(UNITS), 3.8), constrained_layout=True)
    people, values = list(estimates.items())[-1]
    truth = table.loc[values.index]
    for axis, unit in zip(axes, UNITS, strict=True):
        axis.scatter(truth[unit], values[unit], s=3, alpha=0.25, color="#0072b2", linewidths=0, rasterized=True)
        axis.plot([0, FULL_SCALE], [0, FULL_SCALE], color="black", linewidth=0.8)
        name = unit.replace("AU0", "AU")
        axis.set(xlabel=f"known {name} [0-5]", ylabel=f"estimated {name} [0-5]", xlim=(-0.1, 5.1), ylim=(-0.1, 5.1))
        axis.set_title(f"ICC(3,1) {icc31(truth[unit], values[unit]):.2f}", fontsize=10)
    figure.suptitle(f"{people}: {truth['subject'].nunique()} people, {len(truth)} frames", fontsize=10)
    save_figure(figure, path, about)
