"""How time and memory grow with the number of videos, from the list of a data set to smiles.h5.

10, 100 and 1000 videos in one process and in two, each stage a process of its own, as the
workflow runs them. `growth.py --videos 10 100 --processes 1` measures fewer.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from machine import measured, write

from cmm.core.video import probe, write_video
from cmm.datasets.actors.make_actors import Settings, render_clip

ROOT = Path(__file__).parent.parent
KINDS = 5
CLIP = Settings(size=480, fps=25)


def make(folder, count):
    """A folder data set of `count` videos of 480 x 480: a few renderings, copied."""
    made = folder / "made"
    if not made.exists():
        made.mkdir()
        for i in range(KINDS):
            write_video(made / f"{i}.mp4", render_clip(i, "posed", CLIP)[0], CLIP.fps)
    root = folder / f"videos{count}"
    root.mkdir()
    lines = ["file,subject,expression,fold"]
    for i in range(count):
        shutil.copy(made / f"{i % KINDS}.mp4", root / f"{i}.mp4")
        lines.append(f"{i}.mp4,p{i},posed,{i % 10 + 1}")
    (root / "table.csv").write_text("\n".join(lines) + "\n")
    return root


def cmm(*words):
    """Run one stage on one core's worth of threads; (its most memory [MiB], its CPU seconds)."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    _, cpu, memory = measured([sys.executable, "-m", "cmm", *words], env=environment, stderr=subprocess.DEVNULL)
    return memory, cpu


def run(root, out, processes):
    """All stages of the data path with two shards, in as many processes; (seconds, CPU seconds, most memory [MiB])."""
    out.mkdir()
    index, labels, videos, tracks = (out / f"{name}.parquet" for name in ("index", "labels", "videos", "tracks"))
    smiles, shards = out / "smiles.parquet", range(2)
    tracked, outcomes, drawn = zip(
        *((out / f"{i}.parquet", out / f"{i}.outcomes.parquet", out / f"{i}.h5") for i in shards), strict=True
    )

    def track(i):
        where = ["--shard", i, "--shards", 2, "--out", tracked[i], "--outcomes", outcomes[i]]
        return cmm("measure_tracks", "--index", index, *where)

    def draw(i):
        where = ["--shard", i, "--shards", 2, "--out", drawn[i]]
        return cmm("draw_rasters", "--videos", videos, "--tracks", tracks, "--smiles", smiles, *where)

    start = time.perf_counter()
    listed = ["--root", root, "--table", root / "table.csv", "--out", index, "--labels", labels]
    used = [cmm("index_videos", "--dataset", "mine", "--layout", "folder", *listed)]
    with ThreadPoolExecutor(processes) as pool:
        used += pool.map(track, shards)
        parts = ["--shards", *tracked, "--outcomes", *outcomes]
        used.append(cmm("gather_tracks", "--index", index, *parts, "--tracks", tracks, "--videos", videos))
        made = ["--labels", labels, "--out", smiles, "--tsv", out / "smiles.tsv"]
        used.append(cmm("find_smiles", "--videos", videos, "--tracks", tracks, *made))
        used += pool.map(draw, shards)
    used.append(cmm("gather_rasters", "--smiles", smiles, "--shards", *drawn, "--out", out / "smiles.h5"))
    memory, cpu = zip(*used, strict=True)
    return time.perf_counter() - start, sum(cpu), max(memory)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--videos", type=int, nargs="+", default=[10, 100, 1000])
    parser.add_argument("--processes", type=int, nargs="+", default=[1, 2])
    asked, rows = parser.parse_args(), []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for count in asked.videos:
            root = make(folder, count)
            frames = sum(probe(root / f"{i}.mp4").frames for i in range(count))
            for processes in asked.processes:
                seconds, cpu, most = run(root, folder / f"out{count}-{processes}", processes)
                rows.append({"videos": count, "processes": processes, "seconds": round(seconds, 1),
                             "CPU seconds": round(cpu, 1), "frames/s": round(frames / seconds, 1),
                             "most memory [MiB]": round(most)})  # fmt: skip
                print(rows[-1], flush=True)
            shutil.rmtree(root)
    write("growth", rows)


if __name__ == "__main__":
    main()
