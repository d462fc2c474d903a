"""The data path at 640 x 480, on one core: each step alone and all together, and other trackers.

The clips of ../shared where they are, else rendered ones; and one long video with many smiles.
"The obvious way" opens the video anew for every frame that it wants, as a call a frame does.
"""

import os
import re
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
from machine import spread, write

from cmm.core.errors import UserError
from cmm.core.video import read_frames, write_video
from cmm.datasets.actors.make_actors import Settings, render_clip
from cmm.faces.trackers import load
from cmm.sequences import draw_rasters, find_smiles, measure_tracks
from cmm.sequences.au_curves import smooth_curves

SHARED = Path(__file__).parents[2] / "shared/clips"
SIZE = 640, 480
LONG = 6000  # frames of the long video
OBVIOUS = 12  # frames that the obvious way is timed on
TRACKED = 60  # frames that every tracker is timed on


def clips(folder):
    """Videos of 640 x 480, the last one long."""
    sources = {path.stem: [image for _, _, image in read_frames(path)] for path in sorted(SHARED.glob("*.mp4"))}
    sources = sources or {f"actor {i}": render_clip(i, "posed", Settings(size=480))[0] for i in range(3)}
    for name, frames in sources.items():
        write_video(folder / f"{name}.mp4", [fit(frame) for frame in frames], 25)
        yield folder / f"{name}.mp4"
    frames = [fit(frame) for frame in max(sources.values(), key=len)[:200]]
    write_video(folder / "long.mp4", (frames * (LONG // len(frames) + 1))[:LONG], 25)
    yield folder / "long.mp4"


def fit(frame):
    """The frame in the middle of 640 x 480, its sides kept in proportion."""
    scale = min(SIZE[0] / frame.shape[1], SIZE[1] / frame.shape[0])
    small = cv2.resize(frame, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    spare = SIZE[0] - small.shape[1], SIZE[1] - small.shape[0]
    left, top = spare[0] // 2, spare[1] // 2
    return cv2.copyMakeBorder(small, top, spare[1] - top, left, spare[0] - left, cv2.BORDER_REPLICATE)


def memory():
    """Memory of this process now [MiB]."""
    return int(re.search(r"VmRSS:\s+(\d+)", Path("/proc/self/status").read_text())[1]) / 1024


def timed(function, *words):
    """(what a function gives, seconds)."""
    start = time.perf_counter()
    found = function(*words)
    return found, time.perf_counter() - start


def measure(path, tracker):
    """The row of one video."""
    before = memory()
    count, decoding = timed(lambda: sum(1 for _ in read_frames(path)))
    (table, _), tracking = timed(measure_tracks.track_video, path.stem, path, tracker)

    def find():
        settings = find_smiles.Settings()
        curves = smooth_curves(table, settings.smoothing)
        found = find_smiles.find_phases(curves, settings) or find_smiles.find_faint_phase(curves, settings)
        level = curves["AU12"].to_numpy()
        return [(*phase, find_smiles.held_until(curves, level, *phase, settings.held_share)) for phase in found]

    phases, finding = timed(find)
    rows = [{"onset_frame": onset, "apex_frame": apex, "held_frame": held} for onset, apex, held in phases]
    sequences, cutting = timed(
        lambda: sum(1 for _ in draw_rasters.cut_sequences(rows, table, path, draw_rasters.Settings()))
    )
    return {
        "video": path.stem,
        "frames": count,
        "smiles": sequences,
        "decoding [frames/s]": round(count / decoding),
        "tracking, decoding included": round(count / tracking),
        "finding smiles": round(count / finding),
        "cutting and drawing": round(count / cutting) if sequences else None,
        "end to end": round(count / (tracking + finding + cutting), 1),
        "memory gained [MiB]": round(memory() - before, 1),
    }


def obvious(path, tracker):
    """Frames a second of a call a frame: the video is opened and read up to the frame that is wanted."""
    count = sum(1 for _ in read_frames(path))
    wanted = np.linspace(0, count - 1, OBVIOUS).astype(int)

    def one(index):
        for number, _, image in read_frames(path):
            if number == index:
                return tracker.track(image)
        return None

    _, seconds = timed(lambda: [one(index) for index in wanted])
    return OBVIOUS / seconds


def trackers(path):
    """Frames a second of every tracker that runs here, on the same frames."""
    frames = [image for _, _, image in read_frames(path)][:TRACKED]
    rows = []
    for name in ("mediapipe", "dlib", "face_alignment"):
        try:
            with load(name) as tracker:
                tracker.track(frames[0])
                seconds = [timed(tracker.track, frame)[1] for frame in frames]
        except (UserError, ImportError, OSError) as error:
            rows.append({"tracker": name, "frames a second": f"does not run here ({type(error).__name__})"})
            continue
        rows.append({"tracker": name, "frames a second": spread(1 / np.array(seconds))})
    return rows


def main():
    os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory() as folder, load("mediapipe") as tracker:
        paths = list(clips(Path(folder)))
        rows = [measure(path, tracker) for path in paths]
        rows.append({"video": f"{paths[0].stem}, the obvious way", "end to end": round(obvious(paths[0], tracker), 1)})
        write("faces", rows)
        write("trackers", trackers(paths[0]))


if __name__ == "__main__":
    main()
