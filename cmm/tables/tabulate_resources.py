"""What every rule took, slowest first: the report's page of time and memory, of Snakemake's benchmarks."""

import json
import logging
from pathlib import Path
from typing import Annotated

import pandas as pd

from cmm.core.errors import UserError
from cmm.core.files import atomic
from cmm.core.html_tables import table_page
from cmm.core.progress import duration
from cmm.core.provenance import provenance
from cmm.core.tables import write_tsv

log = logging.getLogger(__name__)
SHORT = 1.0  # seconds: of a shorter job Snakemake sees the shell alone, before Python has begun
HEAD = ["rule", "jobs", "wall time", "share", "CPU time", "longest job", "most memory of a job"]


def main(
    logs: Annotated[Path, "folder of the logs, with the benchmarks beside them"],
    tsv: Annotated[Path, "table to write, TSV"],
    html: Annotated[Path, "table to write, HTML"],
):
    """Write the table and the page."""
    table = summarise(read_benchmarks(logs))
    about = provenance(__name__, None)
    write_tsv(table, tsv, about)
    whole = table["seconds"].sum()
    with atomic(html) as partial:
        partial.write_text(
            table_page("Time and memory of each rule", HEAD, [cells(row, whole) for row in table.itertuples()], about)
        )


def read_benchmarks(logs):
    """Table {rule, seconds, cpu_seconds, memory_mib} of the jobs whose benchmarks lie below a folder; a row each."""
    found = [(path.name.split(".")[0], benchmark_of(path)) for path in sorted(Path(logs).rglob("*.jsonl"))]
    rows = [{"rule": rule, **benchmark} for rule, benchmark in found if benchmark]  # called as the log is
    if not rows:
        raise UserError(f"no benchmark lies in {logs}: run the workflow first")
    return pd.DataFrame(rows)


def benchmark_of(path):
    """{seconds, cpu_seconds, memory_mib} of a job, from the file that Snakemake wrote; of another None, and a line."""
    try:
        record = json.loads(Path(path).read_text().splitlines()[-1])
        seconds = float(record["s"])
        memory = _number(record["max_rss"]) if seconds >= SHORT else float("nan")
        return {"seconds": seconds, "cpu_seconds": _number(record["cpu_time"]), "memory_mib": memory}
    except (IndexError, KeyError, TypeError, ValueError) as error:
        log.warning("%s is no benchmark of Snakemake (%s): left out", path, error)
        return None


def summarise(jobs):
    """Table {rule, jobs, seconds, cpu_seconds, longest_seconds, memory_mib} of jobs' rows, slowest rule first."""
    groups = jobs.groupby("rule")
    table = pd.DataFrame(
        {
            "jobs": groups.size(),
            "seconds": groups["seconds"].sum(),
            "cpu_seconds": groups["cpu_seconds"].sum(),
            "longest_seconds": groups["seconds"].max(),
            "memory_mib": groups["memory_mib"].max(),
        }
    )
    return table.sort_values("seconds", ascending=False, kind="stable").round(1).reset_index()


def cells(row, whole):
    """Cells of one rule; `whole` are the seconds of all."""
    memory = "too short to tell" if pd.isna(row.memory_mib) else f"{row.memory_mib:.0f} MiB"
    share = f"{100 * row.seconds / whole:.1f}%"
    longest, cpu = duration(row.longest_seconds), duration(row.cpu_seconds)
    return [row.rule, str(row.jobs), duration(row.seconds), share, cpu, longest, memory]


def _number(value):
    """A number of a benchmark; NaN where a job was over before it could be measured."""
    return float("nan") if value in (None, "NA", "-") else float(value)
