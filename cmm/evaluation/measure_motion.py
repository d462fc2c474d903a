"""Scores of motion: what a face tracker sees in a sequence, beside what it sees in the original.

Generated and original sequences go through the same measurement, enlarged; action units are
measured from the input face. A face that the tracker loses is counted, and said in the log.
"""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd

from cmm.core.errors import UserError
from cmm.core.files import inside
from cmm.core.progress import progress
from cmm.core.settings import setting
from cmm.core.tables import write_table
from cmm.evaluation.metrics.au_curve import curve_correlation, curve_distance
from cmm.evaluation.metrics.cues import LAST, smile_cues
from cmm.evaluation.metrics.diversity import beyond_amplitude, landmark_distance, mode_diversity
from cmm.evaluation.retracking import look, retrack
from cmm.evaluation.score_rows import ALL, CONTROLS, ScoringRun
from cmm.faces.backends import ACTION_UNITS, BACKENDS, FILES_BACKEND
from cmm.faces.trackers import load_for
from cmm.generation.generated_file import ORIGINAL, OTHER_LABEL, mode_names, video_of

log = logging.getLogger("cmm")
STILL = 0.003  # a way of the 68 points, on average, that is a tracker's noise [IOD]
NEAR = 0.5  # share of the original's way: so near to its end a mode must come to count as near


@dataclass(frozen=True)
class Settings:
    backend: str = setting("mediapipe", "face tracker that measures the AUs", choices=BACKENDS)
    action_units: str = setting(
        "auto",
        "trained: by regressors of ours that have not seen the fold; proxies: the tracker's; auto: trained on the data"
        " set that they learn from",
        choices=("auto", *ACTION_UNITS),
    )
    openface: str = setting(
        "data/openface_generated", "folder with the CSV files of generated videos that the openface backend reads"
    )


def main(
    run: ScoringRun,
    curves: Annotated[Path, "table of the AU curves of each sequence to write"],
    settings: Settings,
    regressors: Annotated[Path | None, "trained action units, for action_units: trained"] = None,
    sequences: Annotated[Path | None, "folder of the sequences' videos, for the openface backend"] = None,
):
    """Measure every test video, and the set."""
    made, data, rows = run.read("faces")
    files = settings.backend == FILES_BACKEND
    if files and sequences is None:
        raise UserError("--sequences: the openface backend reads files of videos: name the folder of these")
    with load_for(settings, regressors, read_back(settings, run)) as tracker:
        description = tracker.description
        videos = []
        for i in progress(range(len(made.smile)), "test videos tracked"):
            folder = inside(sequences, made.smile[i]) if files else None
            videos.append(Tracked(tracker, made, i, data.faces[i], folder))
        if run.method == CONTROLS and not files:  # of a program's files there is no second look
            for i, video in enumerate(videos):
                again = video.track("perturbed", perturb(data.faces[i])).points
                noise = {"tracker_noise": landmark_distance(video.original.points, again)}
                noise["tracker_noise_beyond_amplitude"] = beyond_amplitude([video.original.points, again])
                rows.video(i, made.modes[0], **noise)
    for i, video in enumerate(videos):
        score_video(rows, made, i, video)
    people = [f"{run.dataset}/{subject}" for subject in made.subject]
    agreement = agreement_of(description, people) if run.method == CONTROLS else {}
    for expression in dict.fromkeys(made.expression):
        rows.judge(expression, **agreement)
    for mode in made.modes:
        rows.sets(mode, **of_set([video.modes[mode] for video in videos], [video.original for video in videos]))
    say_what_was_lost(rows)
    about = run.about(__name__, settings, *([regressors] if regressors else []), tracker=description)
    rows.write(run.out, about)
    write_table(curves_of(rows, made, videos), curves, about)


class Tracked:
    """One test video's sequences, tracked: the original, what was made, the contrast if there is one.

    In `folder` lie the videos of the sequences, for a tracker of another program's files; else None.
    """

    def __init__(self, tracker, made, i, original, folder):
        def faces_of(name, frames):
            return look(tracker, frames, folder and video_of(folder, name))

        first = faces_of(ORIGINAL, original)
        if first[0] is None:
            log.warning("%s: the tracker found no face in the input picture: no action units", made.smile[i])

        def track(name, frames):
            return retrack(tracker, faces_of(name, frames), first[0])

        self.track = track
        self.original = retrack(tracker, first, first[0])
        names = mode_names(made.modes)
        self.modes = {
            mode: track(name, faces) for mode, name, faces in zip(made.modes, names, made.faces[i], strict=True)
        }
        self.contrast = None if made.contrast_faces is None else track(OTHER_LABEL, made.contrast_faces[i])


def read_back(settings, run):
    """Folder of the files that another program has made of a run's videos."""
    return Path(settings.openface, run.dataset, f"fold{run.fold}", run.method, f"seed{run.seed}")


def perturb(faces):
    """The same faces with noise that no one sees, one grey level: what the tracker makes of
    it is the floor under every landmark distance."""
    noise = np.random.default_rng(0).integers(-1, 2, faces.shape)
    return np.clip(faces.astype(int) + noise, 0, 255).astype(np.uint8)


def score_video(rows, made, i, video):
    """Add the scores of test video i."""
    found = {}
    for mode, track in video.modes.items():
        found[mode] = {
            "landmark_error": landmark_distance(video.original.points, track.points),
            "au6_video_distance": curve_distance([track.au06], [video.original.au06]),
            "au12_video_distance": curve_distance([track.au12], [video.original.au12]),
        }
        rows.video(i, mode, tracked=track.tracked, au12_at_end=_mean(track.au12[-LAST:]), **found[mode])
        rows.video(i, mode, **smile_cues(track.au06, track.au12, track.points))
    rows.best(i, found, "landmark_error", "au12_video_distance")
    if modes := [video.modes[mode].points for mode in made.modes if mode.isdigit()]:
        rows.video(i, ALL, coverage=covered(video.original.points, modes))
    if len(modes) > 1:
        rows.video(i, ALL, mode_diversity=mode_diversity(modes), diversity_beyond_amplitude=beyond_amplitude(modes))
    if video.contrast is not None:
        apart = landmark_distance(video.modes[made.modes[0]].points, video.contrast.points)
        rows.video(i, ALL, expression_contrast=apart)


def covered(original, modes):
    """1.0 if the end of one of the modes (k, t, 68, 2) is nearer to the original's (t, 68, 2) than half of the way that
    the original has gone, else 0.0, as where all modes lost the face; NaN where the original did, or hardly moves."""
    start, end = original[:1], original[-1:]
    way, left = landmark_distance(end, start), [landmark_distance(end, mode[-1:]) for mode in modes]
    return float(any(distance < NEAR * way for distance in left)) if way > STILL else float("nan")


def of_set(tracks, originals):
    """Scores of a set, {metric: function of an index array of videos}: table 3's distances, figure 8's curves."""

    def compared(function, unit):
        fake, real = (np.array([getattr(track, unit) for track in every]) for every in (tracks, originals))
        return lambda chosen: function(fake[chosen], real[chosen])

    scores = {
        "au6_curve_distance": compared(curve_distance, "au06"),
        "au12_curve_distance": compared(curve_distance, "au12"),
        "au12_curve_correlation": compared(curve_correlation, "au12"),
    }
    if any(np.isfinite(track.proxy12).any() for track in originals):
        scores["au6_proxy_curve_distance"] = compared(curve_distance, "proxy06")
        scores["au12_proxy_curve_distance"] = compared(curve_distance, "proxy12")
    return scores


def agreement_of(tracker, people):
    """{score: ICC} of trained regressors with what is known of the `people` that they judge; {} where nothing is.

    tracker: a tracker's description. UserError if the regressors have learned from one of these people.
    """
    units = tracker.get("action_units", {})
    if seen := {*units.get("learned_from", ())} & {*people}:
        raise UserError(f"the action units were learned from {', '.join(sorted(seen))}, who are judged here")
    if not {*people} <= {*units.get("held_out_people", ())}:
        return {}
    names = {"AU06": "au6_judge_agreement", "AU12": "au12_judge_agreement"}
    return {
        names[row["unit"]]: row["icc"]
        for row in units.get("agreement", [])
        if (row["people"], row["estimate"]) == ("held-out people", "regressor")
    }


def say_what_was_lost(rows):
    """Warn of every sequence in which the tracker lost the face."""
    for row in rows.rows:
        if row["metric"] == "tracked" and row["value"] < 1:
            found = 100 * row["value"]
            log.warning("%s, %s %s: the tracker found %.0f%%", row["smile"], row["method"], row["mode"], found)


def curves_of(rows, made, videos):
    """Table {run, subject, smile, mode, frame, AU06, AU12} of every sequence, for figure 8."""
    parts = []
    for i, video in enumerate(videos):
        who = rows.run | {name: getattr(made, name)[i] for name in ("expression", "subject", "smile")}
        for mode, track in video.modes.items():
            values = {"frame": np.arange(1, len(track.au12) + 1), "AU06": track.au06, "AU12": track.au12}
            parts.append(pd.DataFrame(who | {"method": rows.name(mode), "mode": mode} | values))
    return pd.concat(parts, ignore_index=True)


def _mean(values):
    return float(np.nanmean(values)) if not np.isnan(values).all() else float("nan")
