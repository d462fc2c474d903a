"""What a run will cost, before anything is started: hours, memory and disk of each stage, and when it would be done.

The jobs are those that Snakemake would run now, in this folder; how long each takes comes from an earlier run, whose
rates `cmm rates` has written. Without any, it is a run on two cores of ours without a GPU: a forecast for your own
machine or cluster needs a run there (config/pilot.yaml is made for that).
"""

import os
from dataclasses import asdict, dataclass
from json import dumps
from math import ceil, isnan
from pathlib import Path
from typing import Annotated

from cmm.commands import STAGES
from cmm.core.errors import UserError
from cmm.core.progress import duration
from cmm.workflow.plan import plan, read_config
from cmm.workflow.rates import MINE, Rate, read_rates
from cmm.workflow.run import warn_of_config
from cmm.workflow.schedule import Task, wall_seconds
from cmm.workflow.sizes import EXAMPLE, size_of, told
from cmm.workflow.work import amount, growth, modes_of, unit

EXAMPLES = (
    "cmm estimate --configfile config/demo.yaml",
    "cmm estimate --configfile config/compare.yaml --nodes 1 8 --cores 16 --gpus 4",
    "cmm estimate --config 'datasets=[celebv_hq]' --size celebv_hq=9000,1700000",
)
HOUR = 3600
SHOWN = 0.01  # a stage of less of the time and the disk is one of the others
UNITS_OF_BYTES = ("B", "kB", "MB", "GB", "TB")
NOTHING = Rate("", "", 0, 0.0, 0.0, False, 0.0, 0.0)


@dataclass
class Cost:
    """What the jobs of a stage take together; memory is what one of them asks for."""

    stage: str
    jobs: int = 0
    hours: float = 0.0
    core_hours: float = 0.0  # time on cores that a job holds, busy or not
    gpu_hours: float = 0.0
    mem_mb: int = 0
    longest: float = 0.0  # hours of its longest job
    runtime: float = 0.0  # hours that its rule asks for, of the first attempt; 0 where it asks for none
    bytes: float = 0.0


def main(
    configfile: Annotated[list[Path], "Snakemake's: settings over those of config/config.yaml"] = (),
    config: Annotated[list[str], "Snakemake's: KEY=VALUE over those"] = (),
    targets: Annotated[list[str], "milestones or files, as for `cmm run`; everything without"] = (),
    rates: Annotated[Path, "rates of an earlier run, from `cmm rates`"] = MINE,
    size: Annotated[list[str], f"how large data sets are, whatever was counted: {EXAMPLE}"] = (),
    nodes: Annotated[list[int], "numbers of nodes to forecast the wall time for"] = (1, 2, 4, 8),
    cores: Annotated[int, "cores of a node; 0: of this machine"] = 0,
    gpus: Annotated[int, "trainings that a node runs at a time, on a GPU each"] = 1,
    json: Annotated[bool, "as JSON, for a program"] = False,
):
    """Print the forecast."""
    if not configfile:
        warn_of_config((), Path.cwd())
    cores = cores or len(os.sched_getaffinity(0))
    if min(nodes) < 1 or gpus < 1 or cores < 1:
        raise UserError("--nodes, --cores and --gpus are 1 or more")
    known = read_rates(rates)
    files, said, merged = read_config(configfile, config)
    planned = plan(files, said, merged, targets, cores)
    if not planned and not json:
        print("nothing is left to run")
        return
    names = {one.job.dataset for one in planned} & set(merged["sources"])
    given = told(size, merged["sources"])
    sizes = {name: size_of(name, merged, given) for name in sorted(names)}
    costs, tasks, unknown = forecast(planned, {name: found for name, (found, _) in sizes.items()}, known)
    walls = {count: wall_seconds(tasks, count, cores, gpus) for count in nodes}
    if json:
        print(dumps({
            "stages": [asdict(cost) for cost in costs], "wall_seconds": walls, "cores": cores, "gpus": gpus,
            "sizes": {name: asdict(found) for name, (found, _) in sizes.items()}, "not_counted": unknown,
        }, indent=2))  # fmt: skip
        return
    for name, (found, whence) in sizes.items():
        counts = f"{found.videos:,.0f} videos, {found.frames:,.0f} frames, {found.sequences:,.0f} sequences"
        print(f"{name}: {counts} ({whence})")
    ours = "times as on two AVX-512 cores of ours without a GPU; `cmm estimate --help` says how to forecast yours"
    print(ours if rates == MINE else f"times as in {rates}")
    print(*lines(costs), "", sep="\n")
    for count, seconds in walls.items():
        nodes_of = f"{count} node{'s' * (count > 1)} of {cores} cores"
        print(f"done after {duration(seconds)} on {nodes_of}, {gpus} network{'s' * (gpus > 1)} at a time on each")
    for cost in costs:
        if 0 < cost.runtime < cost.longest:
            minutes = f"{cost.stage}:runtime={ceil(cost.longest * 60)}"
            print(
                f"{cost.stage}: a job takes {duration(cost.longest * HOUR)}, for which its rule asks a cluster for"
                f" {duration(cost.runtime * HOUR)}: --set-resources {minutes}, or more retries of a training"
            )
    if unknown:
        print(f"not counted, since {rates} says nothing of them: {', '.join(unknown)}")


def forecast(planned, sizes, rates):
    """([Cost] of each stage, [Task] of each job, verbs of which `rates` says nothing) of planned jobs."""
    costs, tasks, unknown, modes = {}, [], set(), modes_of(one.job for one in planned)
    for one in planned:
        rate, work = rates.get(one.job.verb), amount(one.job, sizes, modes)
        if rate is None or rate.unit != unit(one.job, sizes) or isnan(work):
            unknown.add(one.job.verb)
            rate, work = NOTHING, 0.0
        seconds = rate.start_seconds + rate.unit_seconds * work
        cost = costs.setdefault(one.job.verb, Cost(one.job.verb))
        cost.jobs += 1
        cost.hours += seconds / HOUR
        cost.core_hours += seconds * one.threads / HOUR
        cost.gpu_hours += seconds / HOUR * bool(one.gpu and rate.gpu)
        cost.mem_mb = max(cost.mem_mb, one.mem_mb)
        cost.longest = max(cost.longest, seconds / HOUR)
        cost.runtime = one.runtime / 60
        cost.bytes += rate.unit_bytes * growth(one.job.verb, work)
        tasks.append(Task(seconds, one.threads, one.gpu, one.before))
    order = list(STAGES)
    return sorted(costs.values(), key=lambda cost: order.index(cost.stage)), tasks, sorted(unknown)


def lines(costs):
    """The forecast as a table of text: the stages that take most, the others together, and the sum."""
    whole = together("all", costs)
    large = [cost for cost in costs if cost.hours >= SHOWN * whole.hours or cost.bytes >= SHOWN * whole.bytes]
    small = [cost for cost in costs if cost not in large]
    rows = [["stage", "jobs", "time", "core time", "GPU time", "memory of a job", "disk"]]
    for cost in [*large, *([together(f"{len(small)} other stages", small)] if small else []), whole]:
        times = [duration(hours * HOUR) for hours in (cost.hours, cost.core_hours)]
        gpu = duration(cost.gpu_hours * HOUR) if cost.gpu_hours else "-"
        memory = f"{cost.mem_mb / 1000:.1f} GB" if cost.mem_mb else "-"
        rows.append([cost.stage, str(cost.jobs), *times, gpu, memory, size_in_words(cost.bytes)])
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]) for row in rows]


def together(name, costs):
    """The Cost of some stages together."""
    total = Cost(name)
    for cost in costs:
        total.jobs += cost.jobs
        total.hours += cost.hours
        total.core_hours += cost.core_hours
        total.gpu_hours += cost.gpu_hours
        total.mem_mb = max(total.mem_mb, cost.mem_mb)
        total.bytes += cost.bytes
    return total


def size_in_words(number):
    """Bytes as people say them: 3.4 GB."""
    for name in UNITS_OF_BYTES:
        if number < 1000 or name == UNITS_OF_BYTES[-1]:
            return f"{number:.3g} {name}" if name != "B" else f"{number:.0f} B"
        number /= 1000
