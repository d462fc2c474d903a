"""The workflow run for real, on miniature DAGs: a copy of it that tests may edit, and a finished run."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from filelock import FileLock

ROOT = Path(__file__).parent.parent.parent
SNAKEMAKE = Path(sys.executable).with_name("snakemake")
MILESTONES = {"dataset", "models", "videos", "tables", "figures", "report"}
PARTS = ("Snakefile", "cmm", "config", "envs", "rules", "workflow")


@dataclass(frozen=True)
class Workflow:
    """The workflow's files in `code`, run in `folder`."""

    code: Path
    folder: Path

    def command(self, *words, change=None):
        """The words that run Snakemake with the test's config and the config keys of `change`."""
        (self.folder / "change.yaml").write_text(yaml.safe_dump(change or {"seeds": [1]}))
        command = [SNAKEMAKE, "-s", self.code / "Snakefile", "-d", self.folder, "--cores", 2, "--show-failed-logs"]
        command += ["--workflow-profile", "none", "--rerun-incomplete", *words]
        command += ["--configfile", self.code / "config/test.yaml", self.folder / "change.yaml"]
        return [str(word) for word in command]

    @property
    def environment(self):
        return {**os.environ, "XDG_CACHE_HOME": str(self.folder / ".cache")}

    def run(self, *words, change=None, check=True):
        """Run Snakemake; returns what it printed."""
        done = subprocess.run(
            self.command(*words, change=change),
            capture_output=True, text=True, env=self.environment, cwd=self.folder, timeout=500,
        )  # fmt: skip
        if check:
            assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-6000:]
        return done.stdout + done.stderr

    def planned(self, *words, change=None):
        """Names of the rules that Snakemake would run, without the milestones."""
        out = self.run("-n", *words, change=change)
        assert "Job stats" in out or "Nothing to be done" in out
        return set(re.findall(r"^(\w+) +\d+$", out, re.MULTILINE)) - MILESTONES - {"total"}


@pytest.fixture(scope="session")
def finished(tmp_path_factory, worker_id):
    """A copy of the workflow, and a folder in which the miniature has run from end to end.

    It runs once for all workers of pytest-xdist; each has a copy that it may change.
    """
    code = tmp_path_factory.mktemp("code")
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, code / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, code / part)
    base = tmp_path_factory.getbasetemp()
    shared = (base if worker_id == "master" else base.parent) / "finished"
    with FileLock(f"{shared}.lock"):
        if not shared.exists():
            running = Workflow(code, shared.with_name("running"))
            shutil.rmtree(running.folder, ignore_errors=True)
            running.folder.mkdir()
            running.run()
            running.folder.rename(shared)
    mine = tmp_path_factory.mktemp("finished") / "copy"
    shutil.copytree(shared, mine)
    return Workflow(code, mine)


@pytest.fixture
def again(finished, tmp_path):
    """A folder of one's own with what has been finished in it."""
    shutil.copytree(finished.folder, tmp_path / "again")
    return Workflow(finished.code, tmp_path / "again")


@pytest.fixture
def fresh(finished, tmp_path):
    """An empty folder to run in."""
    (tmp_path / "fresh").mkdir()
    return Workflow(finished.code, tmp_path / "fresh")
