"""The workflow run for real: a copy of it, in a folder of its own."""

import functools
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import yaml

ROOT = Path(__file__).parent.parent.parent
SNAKEMAKE = Path(sys.executable).with_name("snakemake")
MILESTONES = {"dataset", "models", "videos", "tables", "figures", "report", "all"}
PARTS = ("Snakefile", "cmm", "config", "envs", "rules", "workflow")


@dataclass(frozen=True)
class Workflow:
    """The workflow's files in `code`, run in `folder`."""

    code: Path
    folder: Path

    def command(self, *words, change=None):
        """The words that run Snakemake with the test's config and the config keys of `change`."""
        command = [SNAKEMAKE, "-s", self.code / "Snakefile", "-d", self.folder, "--cores", 2, "--show-failed-logs"]
        command += ["--workflow-profile", "none", "--rerun-incomplete", *words]
        command += ["--configfile", *self.configs(change)]
        return [str(word) for word in command]

    def configs(self, change):
        """The test's config, and a file with the config keys of `change` on top of it."""
        (self.folder / "change.yaml").write_text(yaml.safe_dump(change or {"seeds": [1]}))
        return [str(self.code / "config/test.yaml"), str(self.folder / "change.yaml")]

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

    def dry_run(self, *words, change=None):
        """Names of the rules that `snakemake -n` says it would run, without the milestones."""
        out = self.run("-n", *words, change=change)
        assert "Job stats" in out or "Nothing to be done" in out
        return set(re.findall(r"^(\w+) +\d+$", out, re.MULTILINE)) - MILESTONES - {"total"}

    def planned(self, *targets, change=None):
        """As `dry_run`, from a Snakemake that has been started once for all of a worker's tests."""
        request = {"code": str(self.code), "folder": str(self.folder), "targets": targets}
        request["configs"] = self.configs(change)
        process = planner()
        process.stdin.write(json.dumps(request) + "\n")
        process.stdin.flush()
        answer = json.loads(process.stdout.readline())
        assert "error" not in answer, answer["error"]
        return set(answer["planned"]) - MILESTONES


@functools.cache
def planner():
    """The process of planner.py; it ends with this one, whose pipe it reads."""
    command = [sys.executable, Path(__file__).with_name("planner.py")]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    return subprocess.Popen([str(word) for word in command], text=True, **pipes)
