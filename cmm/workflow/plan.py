"""What Snakemake would run, job by job, without running anything."""

import logging
import os
import tempfile
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

from snakemake.api import SnakemakeApi
from snakemake.cli import parse_config
from snakemake.common.configfile import load_configfile
from snakemake.settings.types import ConfigSettings, DAGSettings, OutputSettings, Quietness, ResourceSettings
from snakemake.utils import update_config

from cmm.core.errors import UserError, reason
from cmm.core.project import project
from cmm.datasets.registry import made_here
from cmm.workflow.config import tested, validate, with_defaults
from cmm.workflow.missing import external_folder, missing_external
from cmm.workflow.run import config_file
from cmm.workflow.schema import written_schema
from cmm.workflow.work import Job, read_job


@dataclass(frozen=True)
class Planned:
    """A job of a plan, what it asks for, and the numbers of the jobs that come before it."""

    job: Job
    threads: int
    gpu: int
    mem_mb: int
    runtime: float  # minutes; 0 where the rule asks for none
    before: tuple[int, ...]


def read_config(configfiles, words):
    """(paths, config, all of it) of Snakemake's --configfile and --config; UserError for what cannot be read."""
    files = [config_file(str(file), Path.cwd(), project()) for file in configfiles]
    over = {}
    try:
        for file in files:
            update_config(over, load_configfile(file))
        said = parse_config(words)
        update_config(over, said)
    except Exception as error:  # of Snakemake, YAML or the file system
        raise UserError(f"the config cannot be read: {reason(error)}") from None
    config = with_defaults(over, project() / "config/config.yaml")
    validate(config, written_schema())
    return files, said, config


def plan(files, said, config, targets, cores):
    """[Planned] of what Snakemake would run in this folder, jobs before those that need them.

    A data set that is not here, or not agreed to, is planned as if it were, and so is what an external method will
    make. UserError with what Snakemake says.
    """
    with tempfile.TemporaryDirectory() as empty:
        update_config(said, {"sources": absent_of(config["sources"], empty)})
        update_config(said, {"external": awaited(config, Path(empty, "external"))})
        output = OutputSettings(dryrun=True, quiet={Quietness.ALL})
        try:
            with silence(), SnakemakeApi(output) as api:
                resources, given = ResourceSettings(cores=cores), ConfigSettings(config=said, configfiles=files)
                workflow = api.workflow(resources, given, snakefile=project() / "Snakefile")
                workflow.dag(DAGSettings(targets=set(targets), force_incomplete=True)).execute_workflow("dryrun")
                return _in_order(workflow._workflow.dag)  # the plan has no other door
        except (Exception, SystemExit) as error:
            raise UserError(f"Snakemake makes no plan: {reason(error)}") from error


def absent_of(sources, empty):
    """What to say of sources so that Snakemake plans with those whose root is away: `empty`, a folder, in its place."""
    made = {sources[name]["root"] for name in made_here(sources)}
    said = {}
    for name, source in sources.items():
        if source["root"] not in made:
            here = Path(source["root"]).is_dir()
            said[name] = {"accept_license": True, "root": source["root"] if here else empty}
    return said


def awaited(config, empty):
    """What to say of external methods so that Snakemake plans with those that lack a folder: `empty`, which gets it."""
    said = dict.fromkeys(missing_external(config), str(empty))
    for name in said:
        for run in tested(config):
            external_folder({"external": said}, name, *run).mkdir(parents=True, exist_ok=True)
    return said


@contextmanager
def silence():
    """Nothing that Snakemake says is printed."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with open(os.devnull, "w") as nowhere, redirect_stdout(nowhere), redirect_stderr(nowhere):
            yield
    finally:
        logging.disable(before)


def _in_order(dag):
    """The Planned jobs of Snakemake's DAG that need to run and have a command, the same order every time."""

    def name(job):
        return job.rule.name, sorted(job.wildcards_dict.items())

    levels = [sorted(level, key=name) for level in dag.toposorted()]
    jobs = [job for level in levels for job in level if dag.needrun(job) and job.is_shell]
    numbers = {job: number for number, job in enumerate(jobs)}
    return [
        Planned(
            read_job(job.shellcmd, next(iter(job.log), "")),
            job.threads,
            job.resources.get("gpu", 0),
            job.resources.get("mem_mb", 0),
            job.resources.get("runtime", 0),
            tuple(sorted(numbers[other] for other in dag.dependencies[job] if other in numbers)),
        )
        for job in jobs
    ]
