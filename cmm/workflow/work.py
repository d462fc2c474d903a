"""What a job does, read off its command line, and how much of it there is to do. Nothing here runs anything.

The log of a job begins with its command, and Snakemake says the commands of jobs that it plans: what was measured and
what is forecast are read alike.
"""

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf, nan
from types import MappingProxyType

from cmm.datasets import FOLDS
from cmm.methods.registry import METHODS, split

PIXELS = 64  # side of the faces whose training is the unit, the paper's
CLIP = (256, 50)  # side [px] and frames per second of the rendered clips that are the unit
NUMBER = re.compile(r"\d+(\.\d+)?(e[-+]?\d+)?")
MODES = 3  # K of the paper
CONTROLS = 3  # originals, frozen frames, other people
UNITS = {  # what a verb's time grows with; all others take as long as they take
    **dict.fromkeys(("make_actors", "animate_photographs"), "clips"),
    **dict.fromkeys(("index_videos", "tabulate_videos"), "videos"),
    **dict.fromkeys(("train_action_units", "measure_tracks", "gather_tracks", "find_smiles"), "frames"),
    **dict.fromkeys(("draw_rasters", "gather_rasters", "export_sequences"), "sequences"),
    "train_expression_classifier": "sequences trained on",
    "generate_conditions": "sequences held out",
    **dict.fromkeys(("generate_controls", "generate_smiles", "import_sequences", "render_films"), "sequences made"),
    **dict.fromkeys(("measure_pictures", "measure_motion", "measure_identity", "measure_expression"), "sequences made"),
    **{f"train_{stage.name}": "images trained on" for method in METHODS.values() for stage in method.stages},
}
PER_MODE = {f"train_{stage.name}" for method in METHODS.values() for stage in method.stages if stage.per_mode}


@dataclass(frozen=True)
class Size:
    """How large a data set is: its usable videos, their frames, the sequences cut from them and what is held out."""

    videos: float
    frames: float
    sequences: float
    folds: int = FOLDS
    held_out: Mapping[int, int] = field(default_factory=dict)  # {fold: sequences}, where it is known
    length: int = 32  # frames of a sequence
    side: int = PIXELS  # of a face [px]

    def tests(self, fold):
        """Sequences that are held out with a fold."""
        return self.held_out.get(fold, self.sequences / self.folds)


@dataclass(frozen=True)
class Job:
    """A job of the workflow: its verb and flags ({"epochs": ["7"]}), and to which run it belongs."""

    verb: str
    flags: Mapping[str, list]
    dataset: str | None
    fold: int | None = None
    method: str | None = None

    def number(self, flag, default=1.0):
        """The number behind a flag; `default` where there is none."""
        values = self.flags.get(flag, [])
        return float(values[0]) if len(values) == 1 and NUMBER.fullmatch(values[0]) else default


def read_job(command, log):
    """The Job of a command line, whose log is `logs/...`; None of a line that runs no verb of ours."""
    try:
        words = shlex.split(command)
    except ValueError:
        return None
    if "cmm" not in words[:-1]:
        return None
    verb, *words = words[words.index("cmm") + 1 :]
    flags, values = {}, []
    for word in words:
        if word == ">":
            break
        if re.match(r"--[a-z]", word):
            values = flags.setdefault(word[2:], [])
        else:
            values.append(word)
    place = re.search(r"logs/(?P<dataset>[^/]+)/(fold(?P<fold>\d+)/((?P<method>[^/]+)/seed)?)?", str(log))
    place = place.groupdict() if place else {}
    index = re.match(r"results/([^/]+)/", "".join(flags.get("index", [])))  # of a log that lies elsewhere
    fold = place.get("fold") or "".join(flags.get("held-out", []))
    dataset = index[1] if index else place.get("dataset")
    return Job(verb, flags, dataset, int(fold) if fold else None, place.get("method"))


def unit(job, sizes):
    """What the time of a job grows with, one of UNITS' values, or "jobs"."""
    return UNITS.get(job.verb, "jobs") if job.dataset in sizes else "jobs"


def modes_of(jobs):
    """{method: K} of the methods whose modes some of these jobs train."""
    return {job.method: int(job.number("modes")) for job in jobs if job.verb in PER_MODE and "modes" in job.flags}


def amount(job, sizes, modes=MappingProxyType({})):
    """How many units of work a job has, with `sizes` {data set: Size} and `modes` {method: K}, the paper's where it is
    not known; NaN where its flags do not say.
    """
    kind = unit(job, sizes)
    if kind == "jobs":
        return 1.0
    size, shards = sizes[job.dataset], job.number("shards")
    if kind == "clips":
        side, fps = job.number("size", CLIP[0]), job.number("fps", CLIP[1])
        clips = 2 * job.number("people") if "people" in job.flags else size.videos  # posed and spontaneous
        return clips * (side / CLIP[0]) ** 2 * fps / CLIP[1]
    if kind == "videos":
        return size.videos
    if kind == "frames":
        return size.frames / shards / job.number("frame-step")
    if kind == "sequences":
        return size.sequences / shards
    tests = size.tests(job.fold)
    if kind == "sequences held out":
        return tests
    if kind == "sequences made":
        return tests * made_of(job.method, modes)
    trained = min(size.sequences - tests, job.number("sequences-drawn", inf))
    if kind == "sequences trained on":
        return trained
    if "epochs" not in job.flags:
        return nan
    images = trained * (job.number("frames-drawn", 0) or size.length) + job.number("composites", 0)
    times = job.number("modes") if job.verb in PER_MODE else 1
    return images * job.number("epochs") * times * (size.side / PIXELS) ** 2


def growth(verb, amount):
    """What the size of a job's output grows with: its work, but for trained weights."""
    return 1.0 if verb.startswith("train_") else amount


def made_of(method, modes):
    """Sequences that a method, or the controls, make of one that is held out."""
    if method in (None, "controls"):
        return CONTROLS
    base, _ = split(method)
    if base not in METHODS:  # of what was made elsewhere nobody knows beforehand
        return 1
    return 1 + modes.get(method, modes.get(base, MODES)) * bool(METHODS[base].modes)
