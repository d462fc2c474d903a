"""Speed and memory from a video to its landmark images, on one core, at 640 x 480.

The clips of ../shared where they are, else rendered ones. `make bench` runs it.
"""

import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np

from cmm.datasets.actors.actors import Settings, render_clip
from cmm.faces import rasters, smiles, tracks
from cmm.faces.trackers import load
from cmm.video import read_frames, write_video

SHARED = Path(__file__).parents[2] / "shared/clips"
SIZE = 640, 480
LONG = 6000  # frames of the long video


def main():
    if len(sys.argv) > 1:
        return measure(Path(sys.argv[1]))
    with tempfile.TemporaryDirectory() as folder:
        speeds = []
        for path in clips(Path(folder)):
            done = subprocess.run([sys.executable, __file__, path], capture_output=True, text=True, check=True)
            print(done.stdout, end="", flush=True)
            speeds.append(float(done.stdout.split()[2]))
    print(f"median of the short ones {np.median(speeds[:-1]):.0f} frames/s on one core")


def clips(folder):
    """Videos of 640 x 480, the last one long."""
    sources = {path.stem: [image for _, _, image in read_frames(path)] for path in sorted(SHARED.glob("*.mp4"))}
    sources = sources or {f"actor {i}": render_clip(i, "posed", Settings(size=480))[0] for i in range(3)}
    for name, frames in sources.items():
        write_video(folder / f"{name}.mp4", [fit(frame) for frame in frames], 25)
        yield folder / f"{name}.mp4"
    frames = [fit(frame) for frame in frames[:200]]
    write_video(folder / "long.mp4", (frames * (LONG // len(frames) + 1))[:LONG], 25)
    yield folder / "long.mp4"


def fit(frame):
    """The frame in the middle of 640 x 480, its sides kept in proportion."""
    scale = min(SIZE[0] / frame.shape[1], SIZE[1] / frame.shape[0])
    small = cv2.resize(frame, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    spare = SIZE[0] - small.shape[1], SIZE[1] - small.shape[0]
    left, top = spare[0] // 2, spare[1] // 2
    return cv2.copyMakeBorder(small, top, spare[1] - top, left, spare[0] - left, cv2.BORDER_REPLICATE)


def measure(path):
    """Print frames per second and peak memory of tracking, segmentation, alignment and rasters of one video."""
    os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])
    cv2.setNumThreads(1)
    settings = smiles.Settings()
    with load("mediapipe") as tracker:
        start = time.perf_counter()
        table, _ = tracks.track_video(path.stem, path, tracker)
        curves = smiles.smooth_curves(table, settings.smoothing)
        phases = smiles.find_phases(curves, settings) or smiles.find_faint_phase(curves, settings)
        rows = [{"onset_frame": onset, "apex_frame": apex} for onset, apex in phases]
        list(rasters.cut_sequences(rows, table, path, rasters.Settings()))
        seconds = time.perf_counter() - start
    status = Path("/proc/self/status").read_text()  # getrusage would count the process that started this one
    peak = int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024
    name = path.stem.replace(" ", "_")
    print(f"{name} {len(table)} {len(table) / seconds:.1f} frames/s, {len(phases)} smiles, peak memory {peak:.0f} MiB")
    return None


if __name__ == "__main__":
    main()
