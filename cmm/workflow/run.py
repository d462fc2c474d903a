"""The workflow: Snakemake, told where the rules of this package lie. All words are Snakemake's own.

Results go to the working directory, or to Snakemake's `--directory`. A `--configfile` that is not there is looked
for among the package's: `config/demo.yaml` is the demo wherever it is started.

A target is a file, or a milestone: dataset, models, videos, tables, figures, report; without one, everything.
"""

import difflib
import itertools
import logging
import os
import re
import sys
from pathlib import Path
from typing import Annotated

from cmm.core.errors import UserError
from cmm.core.project import project

log = logging.getLogger("cmm")
EXAMPLES = (
    "cmm run --configfile config/demo.yaml --report results/report.html --report-after-run",
    "cmm run -n --configfile config/demo.yaml     # what would run, and why",
    "cmm run videos --configfile my.yaml          # up to a milestone, with settings of your own",
    "cmm run --workflow-profile profiles/slurm --sdm env-modules    # on a cluster, with this .venv",
)
OWN = "config.yaml"
CORES = ("--cores", "-c", "--profile", "--executor", "-e")  # where one is, it says how many
JOBS = re.compile(r"(-j|--jobs)(\d*)")


def main(words: Annotated[list[str], "words for Snakemake; `snakemake --help` explains them", "rest"]):
    """Become Snakemake."""
    words = parted(words)
    command = command_of(words, Path.cwd())
    warn_of_config(words, Path.cwd())
    try:
        os.execv(command[0], command)
    except OSError as error:
        raise UserError(f"{command[0]} does not start ({error.strerror}): install snakemake beside cmm") from error


def parted(words):
    """Words in which no flag and its value are one, as in --configfile=my.yaml."""
    return [part for word in words for part in (word.split("=", 1) if re.match(r"--[\w-]+=", word) else [word])]


def command_of(words, folder):
    """Snakemake's command line for `words`, parted, given in `folder`."""
    home = project()
    for word in config_files(words):
        config_file(word, folder, home)
    command = [str(Path(sys.executable).with_name("snakemake")), "--snakefile", str(home / "Snakefile")]
    words = in_cores(words)
    profile = words[words.index("--workflow-profile") + 1 :][:1] if "--workflow-profile" in words else None
    if profile is None:
        command += ["--workflow-profile", str(home / "profiles/default")]
    if profile in (None, ["none"]) and not {*CORES} & {*words}:
        command += ["--cores", "all"]
    return command + [located(word, folder, home) for word in words]


def in_cores(words):
    """Words in which -j, on this machine, says how many cores: the profile's own would count else."""
    if {*CORES, "--workflow-profile"} & {*words}:
        return words
    found = []
    for word in words:
        match = JOBS.fullmatch(word)
        found += ["--cores", *filter(None, [match[2]])] if match else [word]
    return found


def warn_of_config(words, folder):
    """Warn of a config of the folder's own, as `cmm init` writes it, that nobody has named."""
    if not {"--configfile", "--configfiles", "--profile"} & {*words} and (folder / OWN).is_file():
        log.warning("%s of this folder is not read: say --configfile %s if it is meant", OWN, OWN)


def config_files(words):
    """What stands behind --configfile among Snakemake's words."""
    behind = words[words.index("--configfile") + 1 :] if "--configfile" in words else []
    return [*itertools.takewhile(lambda word: not word.startswith("-"), behind)]


def config_file(word, folder, home):
    """Path of a --configfile; UserError for one that is nowhere, with the package's that is called alike."""
    path = Path(folder, located(word, folder, home))
    if not path.exists() or path.is_dir():
        near = difflib.get_close_matches(word, [f"config/{ours.name}" for ours in (home / "config").glob("*.yaml")], 1)
        raise UserError(f"--configfile {word} does not exist" + (f": did you mean {near[0]}?" if near else ""))
    return path


def located(word, folder, home):
    """A word; of a file of the package's config or profiles that is not in the folder, its path."""
    below = word.startswith(("config/", "profiles/")) and not (folder / word).exists()
    return str(home / word) if below and (home / word).exists() else word
