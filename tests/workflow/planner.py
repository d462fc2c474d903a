"""Snakemake's plans, one request after the other in one process: a plan takes a tenth of Snakemake's start.

Reads a JSON object a line, {code, folder, configs, targets}, and answers with one: {planned:
names of the rules that would run} or {error: what Snakemake said}.
"""

import json
import os
import sys
from pathlib import Path

from snakemake.api import SnakemakeApi
from snakemake.settings.types import ConfigSettings, DAGSettings, OutputSettings, ResourceSettings


def plan(code, folder, configs, targets):
    """Names of the rules that the workflow in `code` would run in `folder`, with the files `configs`."""
    forget_code()
    configs = ConfigSettings(configfiles=[Path(path) for path in configs])
    with SnakemakeApi(OutputSettings(dryrun=True)) as api:
        workflow = api.workflow(ResourceSettings(cores=2), configs, snakefile=code / "Snakefile", workdir=folder)
        workflow.dag(DAGSettings(targets=set(targets), force_incomplete=True)).execute_workflow(executor="dryrun")
        dag = workflow._workflow.dag
        return sorted({job.rule.name for job in dag.jobs if dag.needrun(job)})


def forget_code():
    """Hashes of code are remembered; a test may have edited it."""
    if provenance := sys.modules.get("cmm.core.provenance"):
        provenance.code_hash.cache_clear()
        provenance._meaning.cache_clear()


def main():
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what Snakemake prints
    for line in sys.stdin:
        request = json.loads(line)
        try:
            planned = plan(Path(request["code"]), Path(request["folder"]), request["configs"], request["targets"])
            words = {"planned": planned}
        except BaseException as error:  # SystemExit among them
            words = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(words), file=answers, flush=True)


if __name__ == "__main__":
    main()
