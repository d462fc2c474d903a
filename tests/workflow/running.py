"""The workflow run for real: a copy of it, in a folder of its own."""

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import yaml

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
