"""Two face trackers on the same videos: where they put the points, what they say of AU12, how fast they are.

Frames that one of them loses are counted, and left out of what is compared.
"""

import logging
import time
from pathlib import Path
from typing import Annotated

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from cmm.core.agreement import pearson
from cmm.core.errors import UserError
from cmm.core.figure_file import save_figure
from cmm.core.files import atomic, existing
from cmm.core.provenance import provenance
from cmm.core.tables import write_tsv
from cmm.core.video import video_digest
from cmm.faces.backends import BACKENDS, au_columns
from cmm.faces.landmarks import CONTOURS, interocular_distance, points_of
from cmm.faces.trackers import load
from cmm.sequences.au_curves import SMOOTHING, smooth_curves
from cmm.sequences.measure_tracks import track_video

log = logging.getLogger("cmm")
EXAMPLES = ("cmm compare_trackers --backends mediapipe dlib --videos a.mp4 b.mp4 --out comparison",)
COLOURS = ("#0072b2", "#d55e00")
MOST_SHOWN = 6  # videos of the figure


def main(
    videos: Annotated[list[Path], "videos to track"],
    backends: Annotated[list[str], f"two of {' | '.join(BACKENDS)}"],
    out: Annotated[Path, "folder to write: comparison.tsv, comparison.svg"],
    regressors: Annotated[Path | None, "trained action units, given to both"] = None,
    openface: Annotated[Path | None, "folder with the CSV files that the openface backend reads"] = None,
):
    """Compare two backends."""
    if len(set(backends)) != 2 or len(backends) != 2 or set(backends) - set(BACKENDS):
        raise UserError(f"--backends takes two of {', '.join(BACKENDS)}")
    videos = [existing(path, "video") for path in videos]
    if out.exists():
        raise UserError(f"{out} exists already: name a new folder")
    tables, speeds = {}, {}
    for backend in backends:
        with load(backend, regressors, openface) as tracker:
            for path in videos:
                start = time.perf_counter()
                table, outcome = track_video(path.stem, path, tracker)
                speeds[backend, path] = len(table) / (time.perf_counter() - start)
                tables[backend, path] = table
                if outcome["status"] != "ok":
                    log.warning("%s, %s: %s", backend, path.name, outcome["reason"])
    rows = [compare(path, *(tables[backend, path] for backend in backends)) for path in videos]
    table = pd.DataFrame(rows)
    for place, backend in enumerate(backends, 1):
        table.insert(1 + place, f"lost_{backend}", table.pop(f"lost_{place}"))
        table[f"frames_per_second_{backend}"] = [round(speeds[backend, path], 1) for path in videos]
    print(table.round(4).to_string(index=False))
    about = provenance(__name__, None, [], backends=backends, videos={str(p): video_digest(p) for p in videos})
    with atomic(out) as folder:
        folder.mkdir(parents=True)
        write_tsv(table.round(4), folder / "comparison.tsv", about)
        plot(tables, backends, videos, rows, folder / "comparison.svg", about)


def compare(path, one, two):
    """What two tracks tables of one video agree on.

    Point errors are mean distances of the points in IOD; correlations are Pearson's.
    """
    frames = min(len(one), len(two))
    tables = [table.iloc[:frames] for table in (one, two)]
    found = [table["success"].to_numpy() for table in tables]
    both = found[0] & found[1]
    row = {"video": path.stem, "frames": frames, "lost_1": int((~found[0]).sum()), "lost_2": int((~found[1]).sum())}
    points = [points_of(table[both]) for table in tables]
    distance = np.linalg.norm(points[0] - points[1], axis=-1) / interocular_distance(points[0])[:, None]
    row["point_error"] = float(distance.mean()) if both.any() else float("nan")
    for name, (start, stop, _) in {key: CONTOURS[key] for key in ("jaw", "left_eye", "outer_lips")}.items():
        row[f"error_{name}"] = float(distance[:, start:stop].mean()) if both.any() else float("nan")
    for place, unit in enumerate(("AU06", "AU12")):
        curves = [_curve(table[both], place) for table in tables]
        row[f"{unit}_correlation"] = pearson(*curves) if both.any() and None not in curves else float("nan")
    return row


def _curve(table, place):
    """AU6 (place 0) or AU12 (1) of a table as a list, None without that column."""
    try:
        return table[au_columns(table)[place]].tolist()
    except UserError:
        return None


def plot(tables, backends, videos, rows, path, about):
    """AU12 over time by both backends, a video a panel; the lip corners' way where one gives no AU12."""
    shown = videos[:MOST_SHOWN]
    figure, axes = plt.subplots(len(shown), 1, figsize=(8, 1.9 * len(shown) + 0.6), squeeze=False)
    for axis, video, row in zip(axes[:, 0], shown, rows, strict=False):
        for colour, backend in zip(COLOURS, backends, strict=True):
            table = tables[backend, video]
            if not table["success"].any():
                continue
            name = "AU12"
            if _curve(table, 1) is None:
                name, table = "corners", table.assign(AU06_proxy=0.0, AU12_proxy=0.0)
            curves = smooth_curves(table, SMOOTHING)
            values = curves[name] - curves[name].min()
            label = f"{backend}: AU12 [0-1]" if name == "AU12" else f"{backend}: lip corners [IOD]"
            axis.plot(curves["timestamp"], values, color=colour, linewidth=1, label=label)
        axis.set_title(f"{row['video']}: points apart by {row['point_error']:.3f} IOD", fontsize=9, loc="left")
        if axis.lines:
            axis.legend(fontsize=7, frameon=False, loc="upper right")
        axis.spines[["top", "right"]].set_visible(False)
    axes[-1, 0].set_xlabel("time [s]")
    figure.tight_layout()
    save_figure(figure, path, about)
