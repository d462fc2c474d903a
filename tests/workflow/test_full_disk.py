"""A disk that is full under each stage: one line, the old files still there, and the next attempt succeeds.

With `--faults 100` every stage of the miniature, else three of them.
"""

import os
import resource
import shlex
import shutil
import subprocess
import sys
from itertools import pairwise

import pytest

from cmm.core.files import file_digest

pytestmark = pytest.mark.workflow
FEW = {"gather_rasters", "render_films", "gather_scores"}
ROOM = 200  # bytes that a file may have


def commands(folder):
    """{verb: the words that the workflow has run it with}, of one job of each."""
    found = {}
    for log in sorted((folder / "logs").rglob("*.log")):
        first = log.read_text().partition("\n")[0]
        if " $ python -m cmm " in first:
            words = shlex.split(first.partition(" -m cmm ")[2])
            found.setdefault(words[0], words)
    return found


def contents(folder):
    """{path: digest} of everything but logs."""
    parts = [folder / "results", folder / "data"]
    return {path: file_digest(path) for part in parts for path in sorted(part.rglob("[!.]*")) if path.is_file()}


def folders(workflow, words):
    """Folders that a command writes."""
    flags = {"--out", "--films", "--sequences"} if words[0] == "render_films" else {"--out"}
    paths = [workflow.folder / value for flag, value in pairwise(words) if flag in flags]
    return [path for path in paths if path.is_dir()]


def limit():
    resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM, ROOM))


def run(workflow, words, preexec_fn=None):
    environment = {**workflow.environment, "PYTHONPATH": str(workflow.code), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "cmm", *words]
    return subprocess.run(command, cwd=workflow.folder, env=environment, capture_output=True, text=True, timeout=300,
                          preexec_fn=preexec_fn)  # fmt: skip


def test_a_full_disk_under_a_stage_is_one_line(again, request):
    every = commands(again.folder)
    whole = request.config.getoption("--faults") >= 100
    assert len(every) > 20
    for verb, words in every.items() if whole else [(verb, every[verb]) for verb in sorted(FEW)]:
        whole_again = contents(again.folder).keys()
        for folder in folders(again, words):  # Snakemake removes them before a job
            shutil.rmtree(folder)
        before = contents(again.folder)
        full = run(again, words, limit)
        lines = [line for line in full.stderr.splitlines() if f"cmm {verb}: " in line]
        assert full.returncode == 1, f"{verb}: {full.returncode} {full.stderr[-1500:]}"
        assert len(lines) == 1, f"{verb}: {full.stderr[-1500:]}"
        assert "cannot write" in lines[0], verb
        assert "File too large" in lines[0], verb
        assert "Traceback" not in full.stderr, verb
        assert contents(again.folder) == before, f"{verb}: what was there is not there any more"
        once_more = run(again, words)
        assert once_more.returncode == 0, f"{verb}: {once_more.stderr[-1500:]}"
        assert contents(again.folder).keys() == whole_again, verb
    assert not [name for name in os.listdir(again.folder) if name.startswith(".cmm")]
