"""Begin with somebody's own videos: a folder with a list of them, a config and a README.

With --videos, the videos of that folder are listed; person and expression are read off the names, for somebody to
check: PERSON/..., PERSON_... or PERSON-..., and the words posed, deliberate or spontaneous. People are dealt to as many
folds as there are people, ten at most; the last fold is held out.
"""

import csv
import io
import logging
import re
from pathlib import Path
from typing import Annotated

import yaml

from cmm.core.errors import UserError
from cmm.core.files import atomic
from cmm.core.project import project
from cmm.core.video import VIDEO_SUFFIXES
from cmm.datasets import FOLDS
from cmm.datasets.registry import registry
from cmm.methods.registry import METHODS, inside_of

log = logging.getLogger("cmm")
EXAMPLES = (
    "cmm init my_study --videos ~/films      # then read my_study/README.md",
    "cmm init my_study                       # an example to fill in",
)
EXPRESSIONS = {"posed": "posed", "deliberate": "posed", "spontaneous": "spontaneous"}
NOBODY = ("smile", "smiles", "smiling", "video", "videos", "clips")  # words of folders that name no person
OTHER = "smile"  # an expression that no name tells
LEAST = 2  # people: one to learn from, one held out
README = """\
# {name}

`videos.csv` lists {videos} videos of {people} people: file, person (`subject`), expression, fold. Check it: a person
must have one name throughout, and an expression is any name of yours. A file is relative to `{root}`.

Held out for the test: fold {held_out}{who}. All others train. Whoever is in two folds is left out.

    cmm run -n --configfile config.yaml                 # what would run
    cmm run dataset --configfile config.yaml            # up to the training set: {results}/smiles.h5
    cmm run --configfile config.yaml quick.yaml         # every stage once, briefly: minutes; its smiles are no good yet
    cmm estimate --configfile config.yaml               # what the paper's schedule takes
    cmm run --configfile config.yaml --report results/report.html --report-after-run

After that, `results/tables/videos.html` says which videos were not used, and why;
`results/figures/{name}/contact_sheet.png` shows smiles that were found. The method is {method}; with others beside
it in config.yaml, `methods: [{methods}]`, a user study is prepared, too. A few people are enough to see the path; a
method learns little from them. Photographs instead of videos: `cmm generate PHOTOGRAPH`.
"""


def main(
    folder: Annotated[Path, "folder to make; its name is that of the data set", "positional"],
    videos: Annotated[Path | None, "folder of videos to list"] = None,
):
    """Write videos.csv, config.yaml and README.md."""
    name = folder.name
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise UserError(f"{folder}: the name becomes that of a data set: small letters, digits and _")
    defaults = yaml.safe_load((project() / "config/config.yaml").read_text())
    if name in {*registry(), *defaults["sources"]}:
        raise UserError(f"{folder}: {name} is a data set that the workflow knows: take another name")
    if folder.exists():
        raise UserError(f"{folder} exists already: name a new folder")
    if videos is not None and not videos.is_dir():
        raise UserError(f"--videos {videos} is no folder")
    rows = listed(videos) if videos else example()
    root = str(videos.resolve()) if videos else "videos"
    people = sorted({row["subject"] for row in rows})
    if len(people) < LEAST:
        raise UserError(f"{videos} shows {len(people)} person by the names of its videos: call them PERSON_1.mp4, ...")
    folds = {person: i * min(len(people), FOLDS) // len(people) + 1 for i, person in enumerate(people)}
    last = max(folds.values())
    held = [person for person in people if folds[person] == last]
    source = {"layout": "folder", "root": root, "table": "videos.csv", "folds": [last]}
    config = {"datasets": [name], "sources": {name: source}}
    quick = {stage.name: {"epochs": 1} for stage in METHODS[defaults["main_method"]].stages}
    words = {
        "name": name, "videos": len(rows), "people": len(people), "root": root, "held_out": last,
        "who": f" ({', '.join(held)})", "results": f"results/{name}", "method": METHODS[defaults["main_method"]].title,
        "methods": ", ".join(name for name in METHODS if not inside_of(name)),
    }  # fmt: skip
    with atomic(folder) as made:
        made.mkdir()
        (made / "videos.csv").write_text(table([row | {"fold": folds[row["subject"]]} for row in rows]))
        (made / "config.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
        (made / "quick.yaml").write_text(yaml.safe_dump(quick, sort_keys=False))
        (made / "README.md").write_text(README.format(**words))
        if videos is None:
            (made / "videos").mkdir()
    log.info("wrote %s: %d videos of %d people; held out: %s", folder, len(rows), len(people), ", ".join(held))
    log.info("next: cd %s; look at videos.csv; cmm run -n --configfile config.yaml", folder)


def listed(videos):
    """Rows {file, subject, expression} of the videos in a folder and those below it; UserError without any."""
    found = [path for path in videos.rglob("*") if path.suffix.lower() in VIDEO_SUFFIXES and path.is_file()]
    files = sorted(path.relative_to(videos) for path in found)
    files = [file for file in files if not any(part.startswith(".") for part in file.parts)]
    if not files:
        raise UserError(f"{videos} holds no video: {', '.join(sorted(VIDEO_SUFFIXES))} are read")
    return [{"file": str(file), "subject": person(file), "expression": expression(file)} for file in files]


def person(file):
    """Whom a video shows, by its folder, unless that names an expression, else by the beginning of its name."""
    folders = [part for part in file.parts[:-1] if not words_of(part) or words_of(part) - {*EXPRESSIONS, *NOBODY}]
    name = folders[0] if folders else re.split(r"[_\-. ]", file.stem)[0]
    name = re.sub(r"[^\w.-]", "_", name).lstrip(".-")
    if not name:
        raise UserError(f"{file} begins with no name of a person: call it PERSON_1{file.suffix}")
    return name


def expression(file):
    """Which expression a video shows, by a word in its path."""
    return next((name for word, name in EXPRESSIONS.items() if word in words_of(str(file))), OTHER)


def words_of(text):
    """The words of a path: what stands between all that is no letter."""
    return {*re.split(r"[\W\d_]+", text.lower())} - {""}


def example():
    """Rows to be replaced."""
    return [
        {"file": f"{who}_{name}.mp4", "subject": who, "expression": name}
        for who in ("anna", "ben", "chen")
        for name in ("posed", "spontaneous")
    ]


def table(rows):
    """Rows as CSV text."""
    text = io.StringIO()
    writer = csv.DictWriter(text, ["file", "subject", "expression", "fold"], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
