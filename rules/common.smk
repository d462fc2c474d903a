# Config validation, wildcard constraints and input functions. No rules.

import json
import shlex
import sys
from pathlib import Path

try:
    BESIDE = Path(workflow.current_basedir).parent  # in a clone, the package lies there, too
except TypeError:  # rules that Snakemake itself fetches, as of `module: github(...)`, are no folder
    BESIDE = None
if BESIDE is not None and (BESIDE / "cmm").is_dir():
    sys.path.insert(0, str(BESIDE))
try:
    from cmm.core.project import package_path, project
except ImportError:
    raise ImportError("these rules need the package cmm of the same version: pip install it, or clone it") from None
ROOT = project()
# Jobs call `python -m cmm` with the package of these rules, whatever lies in the working
# directory. (Snakemake hides PYTHONPATH from jobs in conda environments; a prefix comes later.)
shell.prefix(
    f"export PYTHONSAFEPATH=1 PYTHONPATH={shlex.quote(package_path())}${{{{PYTHONPATH:+:$PYTHONPATH}}}};"
    " set -euo pipefail; "
)
LONGEST_CLIP = 5  # seconds, of those that are rendered

from cmm.datasets.registry import listing_digest, lying_with, registry
from cmm.core.errors import UserError
from cmm.evaluation.image_networks import chosen_network
from cmm.faces.backends import FILES_BACKEND, MESH_BACKENDS, OWN_ENVIRONMENT
from cmm.core.files import file_digest, stat_digest
from cmm.core.provenance import code_hash
from snakemake.exceptions import WorkflowError

try:
    from cmm.commands import STAGES
    from cmm.workflow.config import (
        flags,
        folds_of,
        judge,
        prefer_this_python,
        used_datasets,
        validate,
        with_defaults,
    )
    from cmm.workflow.missing import missing_data
    from cmm.workflow.schema import written_schema
except UserError as error:  # in the declaration of a method
    raise WorkflowError(str(error)) from None

prefer_this_python()
# config/config.yaml, below what the command line or an embedding workflow says.
try:
    config = with_defaults(config, ROOT / "config/config.yaml")
except UserError as error:
    raise WorkflowError(str(error)) from None

DOWNLOADS = "data/downloads/{dataset}"
DOWNLOADABLE = [entry.name for entry in registry().values() if entry.access == "open"]
OTHERS = 1000  # jobs that may run beside those of an array
LONGEST_ARRAY = 50  # tasks whose commands fit into a word of a command line, 128 KiB
RENDERED = {"actors": "make_actors", "london": "animate_photographs"}  # data sets that a rule renders


wildcard_constraints:
    dataset=r"[a-z][a-z0-9_]*",
    fold=r"\d+",
    method=r"[a-z][a-z0-9_]*(-[a-z][a-z0-9_]*)?",
    seed=r"\d+",
    shard=r"\d+",


def check_config():
    """Stop with one line a mistake in the config, and one a data set that is not there."""
    try:
        validate(config, written_schema())
        made = [name for name in config["sources"] if rendering_of(name) or is_downloaded(name)]
        missing = missing_data(config, made)
    except UserError as error:
        raise WorkflowError(str(error)) from None
    for name in filter(rendering_of, used_datasets(config)):
        root = Path(config["sources"][name]["root"])
        if root.exists() and not (root / "truth.parquet").is_file():
            # Snakemake empties the folder before it renders into it.
            raise WorkflowError(f"sources.{name}.root: {root} exists and was not rendered; name a new folder")
    if missing:
        raise WorkflowError("\n".join(missing))


def check_arrays():
    """Stop where Slurm's job arrays would wait for ever, or fail (plugin 2.8.0).

    The plugin submits an array when all jobs of a rule that are ready were handed to it, or as many as an array holds;
    fewer it keeps and forgets. So all must be allowed to run at a time, whatever else does. The commands of an array go
    into one word of a command line; of one that does not fit, it makes a script that is broken.
    """
    if not getattr(workflow.executor_settings, "array_jobs", None):
        return
    if workflow.executor_settings.array_limit > LONGEST_ARRAY:
        raise WorkflowError(f"with slurm-array-jobs, say --slurm-array-limit {LONGEST_ARRAY}: longer arrays fail")
    shards = sum(config[block]["shards"] for block in ("tracks", "rasters")) * len(used_datasets(config))
    if (workflow.resource_settings.nodes or 0) < shards + OTHERS:
        raise WorkflowError(f"with slurm-array-jobs, jobs must be at least {shards + OTHERS}: --jobs {shards + OTHERS}")


def rendering_of(dataset):
    """The rendered data set that lies in the root of `dataset`, which is itself or shares its videos; or None."""
    return lying_with(dataset, config["sources"], RENDERED)


def is_downloaded(dataset):
    """Whether a data set lies where the workflow downloads it to."""
    return (
        dataset in DOWNLOADABLE
        and dataset in config["sources"]
        and Path(config["sources"][dataset]["root"]) == Path(DOWNLOADS.format(dataset=dataset))
    )


def growing(amount):
    """Memory or time of a job: so much more with every attempt. Profiles say how many attempts."""
    return lambda wildcards, attempt: amount * attempt


def rendering(block):
    """Memory of a job that renders clips, by its threads and its pictures: a worker holds a clip twice."""
    clip = LONGEST_CLIP * config[block]["fps"] * config[block]["size"] ** 2 * 3 / 1e6
    return lambda wildcards, attempt, threads: round(attempt * (500 + threads * (250 + 2 * clip)))


def settings(verb):
    """The flags of a stage, from its config block: a change reruns that stage."""
    return flags(config[STAGES[verb].block])


def code(verb, *plugins):
    """Hash of the code that a stage runs: an edit reruns the stages it can affect.

    `plugins` are the modules that the stage loads by a name from the config.
    """
    return " ".join(code_hash(module) for module in [STAGES[verb].module, *plugins])


def tracker(block):
    """Modules of the face tracker that a config block names, and of its action units."""
    units = ["cmm.faces.action_units"] if config[block].get("action_units", "proxies") != "proxies" else []
    return [f"cmm.faces.trackers.{config[block]['backend']}_tracker", *units]


def mesh_tracker():
    """Modules of the tracker of meshes: none where the backend of the tracks gives none."""
    backend = config["tracks"]["backend"]
    return [f"cmm.faces.trackers.{backend}_tracker"] if backend in MESH_BACKENDS else []


def picture_network():
    """The network that scores pictures: weights that come or go change `auto`, and rerun what it measures."""
    return chosen_network(config["pictures"]["network"])


def tracking_minutes(block):
    """Time limit of a job that tracks: networks on a CPU take a second a frame."""
    return 2880 if config[block]["backend"] in OWN_ENVIRONMENT else 240


def environment(block, usual="faces"):
    """The environment file of a stage that runs the face tracker of a config block."""
    backend = config[block]["backend"]
    return f"../envs/{backend if backend in OWN_ENVIRONMENT else usual}.yaml"


def learned_from(dataset):
    """Whether our action units are learned from a data set."""
    return dataset == config["action_units"]["dataset"]


def regressors(block, pictures):
    """Input function of a stage that may use action units of our own: the regressors, of `pictures`.

    They have not seen the people who are scored; where they cannot know them, those that are held out first.
    """

    def files(wildcards):
        asked = judge(config, wildcards.dataset) if block == "motion" else config[block]["action_units"]
        scored = block == "motion" and learned_from(wildcards.dataset)
        fold = wildcards.fold if scored else folds_of(config, config["action_units"]["dataset"])[0]
        path = f"{ACTION_UNITS}/action_units.safetensors".format(pictures=pictures, fold=fold)
        return {"regressors": path} if asked == "trained" else {}

    return files


def flag_of(name):
    """Input function of params: the flag of an input that some jobs of a rule have."""
    return lambda wildcards, input: f"--{name} {shlex.quote(str(getattr(input, name)))}" if name in input.keys() else ""


def motion_settings(wildcards):
    """The flags of measure_motion, `auto` made one of the two."""
    return flags({**config["motion"], "action_units": judge(config, wildcards.dataset)})


def known_intensities(wildcards):
    """What the action units are trained on: the human labels of a data set, or a rendered one's true curves."""
    dataset = config["action_units"]["dataset"]
    files = {"index": f"results/{dataset}/index.parquet", "labels": f"results/{dataset}/labels.parquet"}
    if rendering_of(dataset):
        files["made"] = config["sources"][dataset]["root"]
    return files


def known_intensities_flags(wildcards, input):
    """The labels and their full scale: people code 0-5, a renderer 0-1."""
    if "made" in input.keys():
        return flags({"labels": f"{input.made}/truth.parquet", "full_scale": 1})
    return flags({"labels": str(input.labels), "full_scale": 5})


def tracked_files(block, run="."):
    """Input function: names, sizes and times of the files that the openface backend reads, of a `run` below its folder."""

    def digest(wildcards):
        asked = config[block]["backend"] == FILES_BACKEND
        return files_digest(Path(config[block]["openface"], run.format(**wildcards))) if asked else ""

    return digest


def files_digest(folder):
    """Names, sizes and times of the files in a folder; "" without it."""
    return stat_digest(sorted(path for path in folder.rglob("*") if path.is_file())) if folder.is_dir() else ""


def index_videos_code(wildcards):
    """Hash of the code that lists a data set: its own layout's alone."""
    return code("index_videos", f"cmm.datasets.layouts.{config['sources'][wildcards.dataset]['layout']}")


def dataset_files(wildcards):
    """What must exist before a data set can be listed."""
    source = config["sources"][wildcards.dataset]
    if rendering_of(wildcards.dataset):
        return {"made": source["root"]}
    if is_downloaded(wildcards.dataset):
        return {"downloaded": f"{source['root']}/SHA256SUMS"}
    return {"table": source["table"]} if "table" in source else {}


def dataset_digest(wildcards):
    """Names, sizes and times of a data set's files: what changes there is listed anew."""
    root = Path(config["sources"][wildcards.dataset]["root"])
    made = rendering_of(wildcards.dataset) or is_downloaded(wildcards.dataset)
    return "" if made else files_digest(root)


def dataset_source(wildcards):
    """Flags that say where a data set lies, and which of its people take part."""
    source = config["sources"][wildcards.dataset]
    said = ("layout", "root", "table", "reserved", "together", "split")
    return flags({key: source[key] for key in said if source.get(key)})


def shards(block, pattern):
    """All shards of a stage whose config block says how many there are."""
    return collect(pattern, shard=range(config[block]["shards"]), allow_missing=True)


check_config()
