"""Neutral-to-smile phases (paper section 4.1, figure 4).

A phase runs from the onset of the lip corner puller (AU12), supported by the cheek
raiser (AU6), to its apex; after that the smile is held for a while. Both curves are
smoothed first; AU6, which trackers read off the eyes, is bridged over blinks. Where a
video shows no such phase, a faint smile counts if it stands out from an otherwise still
face.
"""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
from scipy.ndimage import label

from cmm.core.errors import UserError
from cmm.core.provenance import provenance
from cmm.core.settings import setting
from cmm.core.tables import by_video, read_provenance, read_table, write_table, write_tsv
from cmm.sequences.au_curves import read_coded, smooth_curves, with_coded

log = logging.getLogger("cmm")
COLUMNS = ["smile", "video", "subject", "expression", "onset_frame", "apex_frame", "onset_seconds", "apex_seconds"]
COLUMNS += ["held_frame", "fold", "found_by"]
SLACK = 0.2  # seconds by which people's spans may miss a phase's ends
FAINT_HOLD = 0.3  # seconds that a faint smile lasts at least


@dataclass(frozen=True)
class Settings:
    per_video: str = setting(
        "all",
        "phases used of a video; the first, as the paper has them of UvA-NEMO, or all",
        choices=("first", "all"),
    )
    smoothing: float = setting(0.06, "sigma of the curves' smoothing [s]", minimum=0.0, maximum=1.0)
    au6_weight: float = setting(0.15, "weight of AU6 beside AU12's 1 in the activation", minimum=0.0, maximum=1.0)
    min_rise: float = setting(0.25, "least rise of the activation above neutral [0-1]", minimum=0.01, maximum=1.0)
    neutral_level: float = setting(0.15, "a phase must start below this [0-1]", minimum=0.0, maximum=1.0)
    onset_share: float = setting(0.05, "share of the rise at which the onset is", minimum=0.0, maximum=0.5)
    apex_share: float = setting(0.95, "share of the rise at which the apex begins", minimum=0.5, maximum=1.0)
    held_share: float = setting(
        0.8,
        "share of the rise that a smile keeps while it is held; 0: to the video's end",
        minimum=0.0,
        maximum=1.0,
    )
    max_seconds: float = setting(3.0, "a longer rise is no smile's onset [s]", minimum=0.1)
    max_lost: float = setting(0.25, "most of a phase's frames that may lack a face, a share", minimum=0.0, maximum=1.0)
    faint_rise: float = setting(
        0.04, "least rise of a faint smile, AU12 [0-1] plus the lip corners' way [IOD]; 1 turns it off", minimum=0.0
    )
    faint_ratio: float = setting(5.0, "a faint smile's rise over the spread of the rest of the video", minimum=1.0)


def main(
    videos: Annotated[Path, "videos.parquet of the data set"],
    tracks: Annotated[Path, "tracks.parquet of the data set"],
    labels: Annotated[Path, "table of the action units that people have coded: where there are any, they count"],
    out: Annotated[Path, "smiles.parquet to write"],
    tsv: Annotated[Path, "the same list to write, for reading"],
    settings: Settings,
):
    """Find the neutral-to-smile phases of every usable video."""
    usable = read_table(videos, ["video", "subject", "expression", "fold", "fps", "status"])
    usable = usable[usable["status"] == "ok"]
    place = {video: i for i, video in enumerate(usable["video"])}
    frames = by_video(tracks, ["frame"])
    coded = read_coded(labels)
    rows = []
    for video in usable.sort_values("video").itertuples():  # the tracks' order, in which they are read fast
        table = frames(video.video)
        found_by = "AU12 and AU6"
        if video.video in coded:
            table, found_by = with_coded(table, coded[video.video]), "human labels"
        curves = smooth_curves(table, settings.smoothing)
        phases, level = find_phases(curves, settings), _activation(curves, settings)
        if not phases and video.video not in coded and (phases := find_faint_phase(curves, settings)):
            found_by, level = "faint smile", _faint_activation(curves)
        if spans := getattr(video, "spans", ""):  # tables of version 0.1 have none
            phases, found_by = inside_spans(phases, curves, spans), f"{found_by}, in a labelled span"
        if not phases:
            log.info("%s: no neutral-to-smile phase", video.video)
        seconds = curves.set_index("frame")["timestamp"]
        used = phases[:1] if settings.per_video == "first" else phases
        if len(used) < len(phases):
            log.info("%s: %d later phases are left out: smiles.per_video", video.video, len(phases) - 1)
        for number, (onset, apex) in enumerate(used, 1):
            name = f"{video.video}@{number}"
            who = name, video.video, video.subject, video.expression
            held = held_until(curves, level, onset, apex, settings.held_share)
            rows.append((*who, onset, apex, seconds[onset], seconds[apex], held, video.fold, found_by))
    if not rows:
        raise UserError(f"no neutral-to-smile phase in the usable videos ({len(usable)}) of {videos}: see its reasons")
    table = pd.DataFrame(sorted(rows, key=lambda row: place[row[1]]), columns=COLUMNS)
    counts = ", ".join(f"{count} by {name}" for name, count in table["found_by"].value_counts().items())
    log.info("%d phases in %d of %d videos: %s", len(table), table["video"].nunique(), len(usable), counts)
    about = provenance(__name__, settings, [videos, tracks, labels], tracking=read_provenance(tracks))
    write_table(table, out, about)
    write_tsv(table.round({"onset_seconds": 3, "apex_seconds": 3}), tsv, about)


def inside_spans(phases, curves, spans):
    """Those of the phases that lie in one of the spans, `begin-end;...` in seconds, give or take SLACK."""
    seconds = curves.set_index("frame")["timestamp"] - curves["timestamp"].iloc[0]
    limits = [tuple(map(float, span.split("-"))) for span in spans.split(";")]

    def lies_in(phase, begin, end):
        return begin - SLACK <= seconds[phase[0]] and seconds[phase[1]] <= end + SLACK

    return [phase for phase in phases if any(lies_in(phase, *limit) for limit in limits)]


def find_phases(curves, settings):
    """[(onset frame, apex frame)] of one video, in the numbering of its `frame` column.

    A phase is the rise from the lowest activation since the last smile to the first
    frame that reaches `apex_share` of the following smile's level.
    """
    activation, phases, free_from = _activation(curves, settings), [], 0
    for start, stop in _smiles(activation, settings.min_rise):
        neutral = activation[free_from : start + 1].min()
        rise = activation[start:stop].max() - neutral
        if neutral <= settings.neutral_level and rise >= settings.min_rise:
            phases += _phase(curves, activation, free_from, start, stop, settings)
        free_from = stop  # what was left out was cut by the clip's start, or a change between two smiles
    return phases


def held_until(curves, level, onset, apex, share):
    """The last frame in which a smile is held after its apex: its level (t,), by which it was found, keeps `share` of
    its rise, and there is a face. With a share of 0 the video's last frame.
    """
    frames = curves["frame"].to_numpy()
    if not share:
        return int(frames[-1])
    first, top = np.searchsorted(frames, (onset, apex))
    kept = (level >= level[first] + share * (level[top] - level[first])) & curves["success"].to_numpy(bool)
    over = np.flatnonzero(~kept[top + 1 :])
    return int(frames[top + over[0] if len(over) else -1])


def find_faint_phase(curves, settings):
    """The phase of the largest rise of a video as [(onset frame, apex frame)], [] if it is no smile.

    AU12 and the lip corners together must rise by `faint_rise`, by `faint_ratio` times the
    standard deviation of what they do before and after, and stay up for FAINT_HOLD: a face
    that talks moves all the time.
    """
    if next(_smiles(_activation(curves, settings), settings.min_rise), None):
        return []  # a smile that is not faint, and was refused
    activation = _faint_activation(curves)
    activation = activation - np.median(np.sort(activation)[: max(3, len(activation) // 4)])  # above neutral
    peak = int(np.argmax(activation))
    rise = activation[peak]
    start, stop = _around(activation >= 0.5 * rise, peak)
    first, last = _around(activation > 0.1 * rise, peak)
    rest = np.concatenate([activation[:first], activation[last:]])
    time = curves["timestamp"].to_numpy()
    if rise < settings.faint_rise or first == 0 or time[stop - 1] - time[start] < FAINT_HOLD:
        return []
    if rise < settings.faint_ratio * rest.std() or curves["AU12"].iloc[first] > settings.neutral_level:
        return []
    return _phase(curves, activation, max(0, first - 1), start, stop, settings)


def _activation(curves, settings):
    """AU12 supported by AU6, 0-1."""
    return (curves["AU12"] + settings.au6_weight * curves["AU06"]).to_numpy() / (1 + settings.au6_weight)


def _faint_activation(curves):
    """AU12 and the way of the lip corners together, by which a faint smile shows."""
    return (curves["AU12"] + curves["corners"]).to_numpy()


def _phase(curves, activation, free_from, start, stop, settings):
    """The phase of the smile start..stop - 1, which began after `free_from`, in a list; [] if it cannot be used."""
    time, frame = curves["timestamp"].to_numpy(), curves["frame"].to_numpy()
    lowest = free_from + int(np.argmin(activation[free_from : start + 1]))
    neutral, peak = activation[lowest], activation[start:stop].max()
    rise = peak - neutral
    apex = start + int(np.argmax(activation[start:stop] >= min(peak, neutral + settings.apex_share * rise)))
    below = np.flatnonzero(activation[lowest : max(apex, lowest + 1)] <= neutral + settings.onset_share * rise)
    onset = lowest + int(below[-1])
    lost = 1 - curves["success"].to_numpy()[onset : apex + 1].mean()
    if time[apex] - time[onset] > settings.max_seconds or lost > settings.max_lost:
        return []
    return [(int(frame[onset]), int(frame[apex]))]


def _smiles(activation, min_rise):
    """Stretches above half of `min_rise` that somewhere exceed it: one smile each."""
    low = activation.min()
    regions, count = label(activation > low + 0.5 * min_rise)
    for number in range(1, count + 1):
        where = np.flatnonzero(regions == number)
        if activation[where].max() >= low + min_rise:
            yield where[0], where[-1] + 1


def _around(flags, i):
    """First and one past the last index of the stretch of True around `i`."""
    off = np.flatnonzero(~flags)
    before, after = off[off < i], off[off > i]
    return (before[-1] + 1 if len(before) else 0), (after[0] if len(after) else len(flags))
