"""How long Snakemake takes to plan a big study: 3 data sets, 10 folds, every method, 3 seeds (`make bench`)."""

import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

from cmm.config import METHODS

ROOT = Path(__file__).parent.parent
SETS, FOLDS, SEEDS, ROUNDS = 3, 10, 3, 3


def study(folder):
    """Write three data sets of one's own and a config that asks for all of them; its path."""
    sources = {}
    for i in range(SETS):
        (folder / f"videos{i}").mkdir()
        (folder / f"table{i}.csv").write_text("file,subject,expression\n")
        sources[f"set{i}"] = {"layout": "folder", "root": f"videos{i}", "table": f"table{i}.csv"}
    config = {"datasets": list(sources), "sources": sources, "folds": list(range(1, FOLDS + 1))}
    config |= {"methods": list(METHODS), "seeds": list(range(1, SEEDS + 1))}
    (folder / "study.yaml").write_text(yaml.safe_dump(config))
    return folder / "study.yaml"


def main():
    with tempfile.TemporaryDirectory() as name:
        folder, times = Path(name), []
        command = [Path(sys.executable).with_name("snakemake"), "-n", "-s", ROOT / "Snakefile", "-d", folder]
        command += ["--workflow-profile", "none", "--configfile", study(folder)]
        for _ in range(ROUNDS):
            start = time.monotonic()
            out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
            times.append(time.monotonic() - start)
        jobs = re.search(r"^total +(\d+)$", out, re.MULTILINE)[1]
        runs = SETS * FOLDS * len(METHODS) * SEEDS
        print(
            f"snakemake -n: {runs} runs, {jobs} jobs planned in {statistics.median(times):.1f} s (median of {ROUNDS})"
        )


if __name__ == "__main__":
    main()
