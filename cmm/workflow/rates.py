"""How long a run's stages took, per unit of work: what `cmm estimate` forecasts other runs from.

Read off the logs of a run and the benchmarks that Snakemake leaves beside them. A run on the machine or cluster that is
to do the work tells most: config/pilot.yaml is a short one that goes through every stage of every method.
"""

import logging
import re
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
from scipy.optimize import nnls

from cmm.core.errors import UserError
from cmm.core.project import project
from cmm.core.provenance import provenance
from cmm.core.tables import read_csv, write_tsv
from cmm.tables.tabulate_resources import benchmark_of
from cmm.workflow.sizes import counted
from cmm.workflow.work import amount, growth, modes_of, read_job, unit

log = logging.getLogger("cmm")
EXAMPLES = ("cmm rates                              # of the run in this folder: rates.tsv",)
MINE = project() / "config/rates.tsv"  # of our machine
COMMAND = re.compile(r"python -m cmm .*")  # in a log, the first line but for what a library says before
RESUMED = "going on after epoch"  # in the log of a training that was measured in part
OUTPUTS = {"gather_tracks": "tracks", "render_films": "films"}  # flags of what a verb writes, where it is not "out"
ON_GPU = "training on cuda"
NUMBERS = ("jobs", "start_seconds", "unit_seconds", "unit_bytes")
SPREAD = 1.5  # of the largest amount over the smallest, from which a start can be told from the work


@dataclass(frozen=True)
class Rate:
    """What jobs of a verb take: a start, and so much for every unit of work."""

    verb: str
    unit: str
    jobs: int  # that were measured
    start_seconds: float
    unit_seconds: float
    gpu: bool
    memory_mib: float  # the most of a job; NaN where all were too short to tell
    unit_bytes: float  # of its main output; of a training's, which does not grow, of a job


def main(
    folder: Annotated[Path, "folder of the run, with results/ and logs/"] = Path("."),
    out: Annotated[Path, "table to write, TSV"] = Path("rates.tsv"),
):
    """Write the table of rates."""
    rates = fit(measured(folder))
    write_tsv(pd.DataFrame(rates), out, provenance(__name__, None))
    log.info("wrote %s: the rates of %d stages, of %d jobs", out, len(rates), sum(rate.jobs for rate in rates))


def read_rates(path=MINE):
    """{verb: Rate} of a table of rates; UserError if it is none."""
    table = read_csv(path, sep="\t")
    names = [field.name for field in fields(Rate)]
    numbers = table[[name for name in NUMBERS if name in table]].apply(pd.to_numeric, errors="coerce")
    if list(table) != names or table.empty or not np.isfinite(numbers).all(axis=None) or (numbers < 0).any(axis=None):
        raise UserError(f"{path} is no table of rates: `cmm rates` writes one")
    return {row[0]: Rate(*row) for row in table.itertuples(index=False, name=None)}


def measured(folder):
    """Table {verb, unit, amount, seconds, cpu_seconds, memory_mib, bytes, gpu} of the jobs of a run, a row each.

    UserError if none was measured. Trainings that were resumed are left out: only their last part was timed.
    """
    found = []
    for path in sorted(Path(folder, "logs").rglob("*.jsonl")):
        text = path.with_suffix(".log").read_text(errors="replace") if path.with_suffix(".log").is_file() else ""
        command = COMMAND.search(text)
        job = read_job(command[0], path.relative_to(folder)) if command else None
        if job is None or RESUMED in text or (benchmark := benchmark_of(path)) is None:
            continue
        found.append((job, benchmark, ON_GPU in text))
    jobs = [job for job, *_ in found]
    sizes, modes = measured_sizes(jobs, folder), modes_of(jobs)
    rows = []
    for job, benchmark, gpu in found:
        written = job.flags.get(OUTPUTS.get(job.verb, "out"), [])
        row = {"verb": job.verb, "unit": unit(job, sizes), "amount": amount(job, sizes, modes), "gpu": gpu}
        rows.append(row | benchmark | {"bytes": sum(_bytes(Path(folder, name)) for name in written)})
    rows = [row for row in rows if row["amount"] > 0]
    if not rows:
        raise UserError(f"no job of a run was measured in {folder}/logs: run the workflow there first")
    return pd.DataFrame(rows)


def measured_sizes(jobs, folder):
    """{data set: Size} of those that a run cut sequences from."""
    sizes = {}
    for job in jobs:
        if job.verb != "draw_rasters" or job.dataset in sizes:
            continue
        shape = {"length": int(job.number("frames")), "side": int(job.number("image-size"))}
        if size := counted(job.dataset, folder, **shape):
            sizes[job.dataset] = size
    return sizes


def fit(table):
    """The Rates of the jobs of a table as `measured` gives it, in the order of their first job.

    Where jobs of a verb differ enough in what they had to do, start and rate are told apart by least squares without
    negative numbers; else every job is taken to start as the shortest job of the run did: of work that grows, that
    forecasts rather too much than too little.
    """
    shortest = float(table["seconds"].min())
    known = table[table["unit"] != "jobs"]["verb"]  # of another data set, of the same verb, the size may not be known
    table = table[(table["unit"] != "jobs") | ~table["verb"].isin(known)]
    return [_fit(verb, jobs, shortest) for verb, jobs in table.groupby("verb", sort=False)]


def _fit(verb, jobs, shortest):
    amounts, seconds = jobs["amount"].to_numpy(float), jobs["seconds"].to_numpy(float)
    size = jobs["bytes"].sum() / sum(growth(verb, amount) for amount in amounts)
    kind = jobs["unit"].iloc[0]
    start, each = 0.0, seconds.mean() if kind == "jobs" else 0.0
    if kind != "jobs" and len(jobs) > 2 and amounts.max() > SPREAD * amounts.min():
        start, each = nnls(np.stack([np.ones_like(amounts), amounts], axis=1), seconds)[0]
    if not each:
        start = min(shortest, seconds.min() / 2)  # none does nothing but start: work that grows must take more
        each = (seconds - start).sum() / amounts.sum()
    return Rate(
        verb, kind, len(jobs), round(float(start), 2), float(f"{each:.4g}"), bool(jobs["gpu"].any()),
        round(jobs["memory_mib"].max(), 1), float(f"{size:.4g}"),
    )  # fmt: skip


def _bytes(path):
    """Bytes of a file, or of all files in a folder; 0 where nothing lies."""
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())
