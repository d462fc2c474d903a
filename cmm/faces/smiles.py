"""Neutral-to-smile phases (paper section 4.1, figure 4).

A phase runs from the onset of the lip corner puller (AU12), supported by the cheek
raiser (AU6), to its apex. Both curves are smoothed first; AU6, which trackers read
off the eyes, is bridged over blinks.
"""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
from scipy.ndimage import gaussian_filter1d, label, median_filter

from cmm.errors import UserError
from cmm.provenance import provenance
from cmm.settings import setting
from cmm.tables import by_video, read_provenance, read_table, write_table

log = logging.getLogger("cmm")
COLUMNS = ["smile", "video", "subject", "expression", "onset_frame", "apex_frame", "fold"]
BLINK = 0.35  # closure (0-1) above which the eyes say nothing about AU6
LONGEST_BLINK = 0.45  # seconds; a longer closure is an expression, not a blink


@dataclass(frozen=True)
class Settings:
    smoothing: float = setting(0.06, "sigma of the curves' smoothing [s]", minimum=0.0, maximum=1.0)
    au6_weight: float = setting(0.15, "weight of AU6 beside AU12's 1 in the activation", minimum=0.0, maximum=1.0)
    min_rise: float = setting(0.25, "least rise of the activation above neutral [0-1]", minimum=0.01, maximum=1.0)
    neutral_level: float = setting(0.15, "a phase must start below this [0-1]", minimum=0.0, maximum=1.0)
    onset_share: float = setting(0.05, "share of the rise at which the onset is", minimum=0.0, maximum=0.5)
    apex_share: float = setting(0.95, "share of the rise at which the apex begins", minimum=0.5, maximum=1.0)
    max_seconds: float = setting(3.0, "a longer rise is no smile's onset [s]", minimum=0.1)


def main(
    videos: Annotated[Path, "videos.parquet of the data set"],
    tracks: Annotated[Path, "tracks.parquet of the data set"],
    out: Annotated[Path, "smiles.parquet to write"],
    settings: Settings,
):
    """Find the neutral-to-smile phases of every usable video."""
    usable = read_table(videos, ["video", "subject", "expression", "fold", "fps", "status"])
    usable = usable[usable["status"] == "ok"]
    frames = by_video(read_table(tracks, ["video", "frame"]), tracks)
    rows = []
    for video in usable.itertuples():
        curves = smooth_curves(frames(video.video), settings.smoothing)
        phases = find_phases(curves, settings)
        if not phases:
            log.info("%s: no neutral-to-smile phase", video.video)
        for number, (onset, apex) in enumerate(phases, 1):
            name = f"{video.video}@{number}"
            rows.append((name, video.video, video.subject, video.expression, onset, apex, video.fold))
    log.info("%d phases in %d videos", len(rows), len(usable))
    if not rows:
        raise UserError(f"no neutral-to-smile phase in the usable videos ({len(usable)}) of {videos}: see its reasons")
    table = pd.DataFrame(rows, columns=COLUMNS)
    write_table(table, out, provenance(__name__, settings, [videos, tracks], tracking=read_provenance(tracks)))


def au_columns(frame):
    """Names of the AU6 and AU12 columns of a tracks table: intensities first, else proxies."""
    for suffix in ("_r", "_proxy"):
        if f"AU12{suffix}" in frame:
            return f"AU06{suffix}", f"AU12{suffix}"
    raise UserError("the tracks hold neither AU12_r nor AU12_proxy: track with a backend that gives one")


def smooth_curves(frame, smoothing):
    """Table {frame, timestamp, AU06, AU12 in 0-1, raw_AU06, raw_AU12} of one video.

    `smoothing` is in seconds. Frames without a face are interpolated; intensities
    on the 0-5 scale are divided by 5; AU6 is bridged over blinks.
    """
    frame = frame.sort_values("frame")
    au6_name, au12_name = au_columns(frame)
    scale = 5.0 if au12_name.endswith("_r") else 1.0
    rate = _frame_rate(frame["timestamp"].to_numpy())
    au6, au12 = (_fill(frame[name].to_numpy(float) / scale) for name in (au6_name, au12_name))
    table = pd.DataFrame({"frame": frame["frame"], "timestamp": frame["timestamp"], "raw_AU06": au6, "raw_AU12": au12})
    if "AU45_proxy" in frame:
        au6 = _bridge_blinks(au6, _fill(frame["AU45_proxy"].to_numpy(float)), rate)
    sigma = max(smoothing * rate, 1e-6)
    width = max(1, int(round(smoothing * rate))) // 2 * 2 + 1
    table["AU06"], table["AU12"] = (
        gaussian_filter1d(median_filter(curve, width, mode="nearest"), sigma, mode="nearest") for curve in (au6, au12)
    )
    return table.reset_index(drop=True)


def find_phases(curves, settings):
    """[(onset frame, apex frame)] of one video, in the numbering of its `frame` column.

    A phase is the rise from the lowest activation since the last smile to the first
    frame that reaches `apex_share` of the following smile's level.
    """
    activation = (curves["AU12"] + settings.au6_weight * curves["AU06"]).to_numpy() / (1 + settings.au6_weight)
    time, frame = curves["timestamp"].to_numpy(), curves["frame"].to_numpy()
    phases, free_from = [], 0
    for start, stop in _smiles(activation, settings.min_rise):
        peak = activation[start:stop].max()
        lowest = free_from + int(np.argmin(activation[free_from : start + 1]))
        neutral = activation[lowest]
        free_from = stop
        rise = peak - neutral
        if neutral > settings.neutral_level or rise < settings.min_rise:
            continue  # cut by the clip's start, or a change between two smiles
        apex = start + int(np.argmax(activation[start:stop] >= min(peak, neutral + settings.apex_share * rise)))
        below = np.flatnonzero(activation[lowest:apex] <= neutral + settings.onset_share * rise)
        onset = lowest + int(below[-1])
        if time[apex] - time[onset] <= settings.max_seconds:
            phases.append((int(frame[onset]), int(frame[apex])))
    return phases


def _smiles(activation, min_rise):
    """Stretches above half of `min_rise` that somewhere exceed it: one smile each."""
    low = activation.min()
    regions, count = label(activation > low + 0.5 * min_rise)
    for number in range(1, count + 1):
        where = np.flatnonzero(regions == number)
        if activation[where].max() >= low + min_rise:
            yield where[0], where[-1] + 1


def _bridge_blinks(au6, closure, rate):
    regions, count = label(closure > BLINK)
    hidden = np.zeros(len(au6), dtype=bool)
    for number in range(1, count + 1):
        where = np.flatnonzero(regions == number)
        if len(where) <= LONGEST_BLINK * rate:
            margin = max(1, int(round(0.04 * rate)))
            hidden[max(0, where[0] - margin) : where[-1] + 1 + margin] = True
    return _fill(np.where(hidden, np.nan, au6))


def _fill(curve):
    """Linear interpolation over NaN; zeros where nothing is known."""
    known = ~np.isnan(curve)
    if not known.any():
        return np.zeros_like(curve)
    return np.interp(np.arange(len(curve)), np.flatnonzero(known), curve[known])


def _frame_rate(timestamps):
    steps = np.diff(timestamps)
    step = np.median(steps) if len(steps) else 0
    return 1 / step if step > 0 else 25.0
