"""Which jobs of a run have failed, and what they said last: the end of a run that may have had thousands."""

import re
from pathlib import Path

MOST = 20  # jobs that are listed
LONGEST = 200  # letters of what a job said
EVENT = re.compile(
    r"^Error in (?:group|rule) (?P<rule>\w+).*?^ +jobid: (?P<failed>\d+)(?:.*?^ +log: (?P<log>.+?) \(check)?"
    r"|^Finished jobid: (?P<done>\d+)",
    re.MULTILINE | re.DOTALL,
)
JOB = re.compile(r"\n(?=\[\w{3} \w{3} |Error in |Finished jobid)")  # where Snakemake begins with something else


def summary(logs):
    """Lines about the jobs that failed and were not done after all, of Snakemake's log files; [] where there are none.

    What a job said last is in its own log, which lies where the run's folder is the working directory.
    """
    failed = failures("".join(Path(log).read_text(errors="replace") for log in logs))
    lines = [f"  {rule}: {last_words(file)}" for rule, file in failed[:MOST]]
    if not failed:
        return []
    more = [f"  and {len(failed) - MOST} more: {logs[-1]} names them"] if len(failed) > MOST else []
    jobs = "1 job" if len(failed) == 1 else f"{len(failed)} jobs"
    return [f"{jobs} failed; what is done stays done, and the same command goes on from there:", *lines, *more]


def failures(text):
    """[(rule, its log files or None)] of the jobs that failed last, in the order in which they did."""
    found = {}
    for part in JOB.split(text):
        for event in EVENT.finditer(part):
            if event["done"]:
                found.pop(event["done"], None)
            else:
                found.pop(event["failed"], None)
                found[event["failed"]] = event["rule"], event["log"]
    return list(found.values())


def last_words(files):
    """The first of a job's log files that says something, and its last line; Slurm's own comes behind the job's."""
    if files is None:
        return "it has no log of its own"
    for file in files.split(", "):
        try:
            lines = [line.strip() for line in Path(file).read_text(errors="replace").splitlines() if line.strip()]
        except OSError:
            continue
        if lines:
            return f"{file}: {lines[-1][:LONGEST]}"
    return f"{files}: nothing is written there, it was ended before"
