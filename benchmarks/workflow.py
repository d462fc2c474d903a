"""What the workflow itself costs: planning studies of several sizes, a run that does nothing, time outside of jobs.

The last two look at what `make demo` has left behind, where it has been run.
"""

import json
import re
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path

import yaml
from machine import measured, spread, write

from cmm.methods.registry import METHODS

ROOT = Path(__file__).parent.parent
SNAKEMAKE = Path(sys.executable).with_name("snakemake")
DEMO = ROOT / "results/report.html"
ROUNDS = 3


def study(folder, sets, folds, seeds, videos=0, shards=4):
    """Write data sets of one's own and a config that asks for all of them; its path."""
    sources = {}
    for i in range(sets):
        (folder / f"videos{i}").mkdir()
        for video in range(videos):
            (folder / f"videos{i}/{video}.mp4").touch()
        (folder / f"table{i}.csv").write_text("file,subject,expression\n")
        sources[f"set{i}"] = {"layout": "folder", "root": f"videos{i}", "table": f"table{i}.csv"}
    config = {"datasets": list(sources), "sources": sources, "folds": list(range(1, folds + 1))}
    config |= {"methods": list(METHODS), "seeds": list(range(1, seeds + 1))}
    config |= {"tracks": {"shards": shards}, "rasters": {"shards": shards}}
    (folder / "study.yaml").write_text(yaml.safe_dump(config))
    return folder / "study.yaml"


def seconds_of(*words):
    """(seconds of each of some runs of a command, what the last one printed)."""
    seconds = []
    for _ in range(ROUNDS):
        start = time.monotonic()
        out = subprocess.run([str(word) for word in words], capture_output=True, text=True, check=True, cwd=ROOT).stdout
        seconds.append(time.monotonic() - start)
    return seconds, out


def command_of(folder, config):
    """Snakemake's command line for a study in a folder."""
    return [SNAKEMAKE, "-s", ROOT / "Snakefile", "-d", folder, "--workflow-profile", "none", "--configfile", config]


def plan(sets, folds, seeds):
    """The row of one study."""
    with tempfile.TemporaryDirectory() as name:
        command = command_of(name, study(Path(name), sets, folds, seeds))
        seconds, out = seconds_of(*command, "-n", "-q", "rules")
    jobs = re.search(r"^total +(\d+)$", out, re.MULTILINE)[1]
    what = f"plan {sets} data sets, {folds} folds, {len(METHODS)} methods, {seeds} seeds ({jobs} jobs) [s]"
    return {"what": what, "value": spread(seconds)}


def large(videos=40_000, shards=1000, folds=10):
    """The rows of a large data set: planning it, and a second run, which does nothing."""
    with tempfile.TemporaryDirectory() as name:
        command = command_of(name, study(Path(name), 1, folds, 1, videos, shards))
        planned, _, most = measured([*command, "-n", "-q", "rules"], cwd=ROOT, stdout=subprocess.DEVNULL)
        listed = subprocess.run([*command, "--summary"], capture_output=True, text=True, check=True).stdout
        for line in listed.splitlines()[1:]:
            path = Path(name, line.split("\t")[0])
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch() if path.suffix else path.mkdir(exist_ok=True)
        subprocess.run([*command, "--cores", "1", "--touch", "-q", "all"], capture_output=True, check=True)
        again, _, more = measured([*command, "--cores", "1"], cwd=ROOT, stderr=subprocess.DEVNULL)
    what = f"{videos} videos in {shards} shards, {folds} folds, {len(METHODS)} methods"
    return [
        {"what": f"plan {what} [s]", "value": f"{planned:.3g}"},
        {"what": f"a second run of {what}, which does nothing [s]", "value": f"{again:.3g}"},
        {"what": "most memory of either [MiB]", "value": round(max(most, more))},
    ]


def outside_of_jobs(folder):
    """Share of the last run's wall time in which no job was running, 0-1, and that time [s]."""
    jobs = []
    for path in (folder / "metadata").rglob("*"):
        record = json.loads(path.read_text()) if path.is_file() else {}
        if record.get("starttime"):
            jobs.append((record["starttime"], record["endtime"]))
    jobs.sort()
    logs = sorted((folder / "log").glob("*.snakemake.log"))
    for log in reversed(logs):  # the last run that had jobs
        start = datetime.strptime(log.name.split(".")[0], "%Y-%m-%dT%H%M%S").timestamp()
        end = log.stat().st_mtime
        mine = [job for job in jobs if start <= job[0] <= end]
        if mine:
            busy, until = 0.0, start
            for begun, ended in mine:
                busy += max(0.0, ended - max(begun, until))
                until = max(until, ended)
            return 1 - busy / (end - start), end - start
    raise SystemExit("no run has left its log in .snakemake: run make demo first")


def main():
    rows = [plan(1, folds, 1) for folds in (1, 10, 100)]
    rows.append(plan(3, 10, 3))
    rows += large()
    if DEMO.is_file():
        share, wall = outside_of_jobs(ROOT / ".snakemake")
        rows.append({"what": f"share of the last run's {wall:.0f} s outside of jobs", "value": f"{share:.1%}"})
        again, _ = seconds_of(SNAKEMAKE, "--configfile", "config/demo.yaml", "--cores", "all")
        rows.append({"what": "a second demo, which does nothing [s]", "value": spread(again)})
    write("workflow", rows)


if __name__ == "__main__":
    main()
