"""The registry of data sets, `config/datasets.tsv`, and its printing.

What each data set is, under which licence, and where it comes from. `access` is one of
embedded (rendered here), open (downloaded by the workflow) or licensed (asked for by you).
"""

import csv
import hashlib
import textwrap
from dataclasses import asdict, dataclass, fields
from functools import lru_cache
from json import dumps
from pathlib import Path
from typing import Annotated

from cmm.core.project import project

CONFIG = project() / "config"
EXAMPLES = ("cmm datasets", "cmm datasets --json | jq -r '.[] | select(.access == \"open\") | .name'")
ACCESS = ("embedded", "open", "licensed")


@dataclass(frozen=True)
class Entry:
    """A row of the registry; all text, "" where there is nothing to say."""

    name: str
    version: str
    access: str
    licence: str
    where: str  # URL of an open set's files; where to ask for a licensed one
    size: str
    checksums: str  # file in config/checksums
    fps: str
    holds: str
    citation: str
    videos: str  # how many there are, and their frames: for forecasts, about
    frames: str


def main(json: Annotated[bool, "as JSON, for a program"] = False):
    """Print the data sets that the workflow knows."""
    if json:
        print(dumps([asdict(entry) for entry in registry().values()], indent=2))
        return
    for entry in registry().values():
        print(f"{entry.name} {entry.version} ({entry.access}; {entry.licence})")
        lines = [entry.holds, f"{entry.size}; {entry.fps} frames per second", entry.where, entry.citation]
        for line in lines:
            print(textwrap.indent(textwrap.fill(line, 100, break_long_words=False, break_on_hyphens=False), "    "))
        print()


@lru_cache
def registry():
    """{name: Entry} of all data sets in the registry."""
    with open(CONFIG / "datasets.tsv", newline="") as file:
        entries = [Entry(**row) for row in csv.DictReader(file, delimiter="\t")]
    assert all(entry.access in ACCESS for entry in entries), ACCESS
    return {entry.name: entry for entry in entries}


def listing_digest(dataset):
    """Hash of what is to be downloaded of an open data set: names, checksums, sizes and where they lie."""
    entry = registry()[dataset]
    listing = (CONFIG / "checksums" / entry.checksums).read_bytes()
    return hashlib.sha256(entry.where.encode() + b"\0" + listing).hexdigest()[:16]


def entry_of(dataset, layout):
    """The Entry of a data set of the config, by its own name, else by its layout's; None if it is somebody's own."""
    return registry().get(dataset) or registry().get(layout)


def made_here(names):
    """Those of some names of data sets that the workflow renders or downloads itself."""
    return [name for name, entry in registry().items() if entry.access != "licensed" and name in names]


def lying_with(dataset, sources, names):
    """Which of `names`, data sets, lies in the same root: `dataset` itself, or one whose videos it shares; or None."""
    root = Path(sources[dataset]["root"])
    return next((name for name in names if name in sources and Path(sources[name]["root"]) == root), None)


COLUMNS = [field.name for field in fields(Entry)]
