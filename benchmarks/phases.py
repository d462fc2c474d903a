"""find_smiles on a data set of millions of frames: seconds and memory, in a process of its own.

`phases.py --frames 1000000` takes fewer than six million.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from itertools import count
from pathlib import Path

import pandas as pd
from machine import measured, write

from cmm.core.tables import read_table, write_table, write_tables
from cmm.core.video import write_video
from cmm.datasets.actors.make_actors import Settings, render_clip
from cmm.faces.trackers import load
from cmm.sequences.measure_tracks import track_video

ROOT = Path(__file__).parent.parent
KINDS = 5


def tracked(folder):
    """Tables of the tracks of a few rendered videos."""
    found = []
    with load("mediapipe") as tracker:
        for i in range(KINDS):
            write_video(folder / "a.mp4", render_clip(i, "posed", Settings())[0], 50)
            found.append(track_video("a", folder / "a.mp4", tracker)[0])
    return found


def make(folder, tracks, frames):
    """The tables that find_smiles reads, of so many frames, the same few videos again and again; how many videos."""
    rows, left = [], frames
    for i in count():
        if left <= 0:
            break
        track = tracks[i % KINDS]
        rows.append({"video": f"{i:06d}", "subject": f"p{i // 3}", "expression": "smile", "fold": i % 10 + 1,
                     "fps": 50.0, "status": "ok", "spans": ""})  # fmt: skip
        left -= len(track)
    write_table(pd.DataFrame(rows), folder / "videos.parquet", {})
    named = (tracks[i % KINDS].assign(video=row["video"]) for i, row in enumerate(rows))
    write_tables(named, folder / "tracks.parquet", {})
    nobody = pd.DataFrame({"video": pd.Series(dtype=str), "frame": pd.Series(dtype=int)})
    write_table(nobody.assign(AU06=0.0, AU12=0.0), folder / "labels.parquet", {})
    return len(rows)


def run(folder):
    """(Seconds, CPU seconds, most memory [MiB]) of the stage."""
    words = ["--videos", folder / "videos.parquet", "--tracks", folder / "tracks.parquet"]
    words += ["--labels", folder / "labels.parquet", "--out", folder / "smiles.parquet", "--tsv", folder / "smiles.tsv"]
    command = [sys.executable, "-m", "cmm", "find_smiles", *words]
    return measured(command, env={**os.environ, "PYTHONPATH": str(ROOT)}, stderr=subprocess.DEVNULL)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, nargs="+", default=[100_000, 6_000_000])
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tracks = tracked(folder)
        for frames in parser.parse_args().frames:
            videos = make(folder, tracks, frames)
            seconds, cpu, memory = run(folder)
            found = len(read_table(folder / "smiles.parquet"))
            rows.append({"frames": frames, "videos": videos, "phases": found, "seconds": round(seconds),
                         "CPU seconds": round(cpu), "most memory [MiB]": round(memory)})  # fmt: skip
    write("phases", rows)


if __name__ == "__main__":
    main()
