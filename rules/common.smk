# Config validation, wildcard constraints and input functions. No rules.

import os
import sys
from pathlib import Path

import yaml

ROOT = Path(workflow.current_basedir).parent
sys.path.insert(0, str(ROOT))
# Jobs call `python -m cmm`: by the Python that runs Snakemake, unless an environment of
# the job's own comes before it, and with the package that lies beside these rules.
for variable, folder in (("PATH", Path(sys.executable).parent), ("PYTHONPATH", ROOT)):
    others = [part for part in os.environ.get(variable, "").split(os.pathsep) if part not in ("", str(folder))]
    os.environ[variable] = os.pathsep.join([str(folder), *others])

from cmm.config import flags, validate
from cmm.errors import UserError
from cmm.files import stat_digest
from cmm.provenance import code_hash
from cmm.stages import STAGES
from snakemake.exceptions import WorkflowError

# One trained method: data set, held-out fold, method, seed.
RUN = "results/{dataset}/fold{fold}/{method}/seed{seed}"
RUNS = {
    "dataset": config["datasets"],
    "fold": config["folds"],
    "method": config["methods"],
    "seed": config["seeds"],
}
EMBEDDED = "actors"  # the data set that the workflow makes itself
RUN_LOG = RUN.replace("results", "logs", 1)
CMM_NET = RUN.replace("{method}", "cmm_net")
CMM_NET_LOG = RUN_LOG.replace("{method}", "cmm_net")


wildcard_constraints:
    dataset=r"[a-z][a-z0-9_]*",
    fold=r"\d+",
    method=r"[a-z][a-z0-9_]*",
    seed=r"\d+",
    shard=r"\d+",


def check_config():
    """Stop with one line if the config has a mistake or a data set is not there."""
    schema = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text())
    try:
        validate(config, schema)
    except UserError as error:
        raise WorkflowError(str(error)) from None
    for name in config["datasets"]:
        root = Path(config["sources"][name]["root"])
        if name == EMBEDDED and root.exists() and not (root / "truth.parquet").is_file():
            # Snakemake empties the folder before it renders into it.
            raise WorkflowError(f"sources.{name}.root: {root} exists and was not rendered; name a new folder")
        if name != EMBEDDED and not root.is_dir():
            raise WorkflowError(
                f"data set {name}: its root {root} does not exist; put the data there or set sources.{name}.root"
            )


def settings(verb):
    """The flags of a stage, from its config block: a change reruns that stage."""
    return flags(config[STAGES[verb].block])


def code(verb):
    """Hash of the code that a stage runs: an edit reruns the stages it can affect."""
    return code_hash(STAGES[verb].module)


def dataset_files(wildcards):
    """What must exist before a data set can be listed."""
    source = config["sources"][wildcards.dataset]
    if wildcards.dataset == EMBEDDED:
        return {"made": source["root"]}
    return {"table": source["table"]} if "table" in source else {}


def dataset_digest(wildcards):
    """Names, sizes and times of a data set's files: what changes there is listed anew."""
    root = Path(config["sources"][wildcards.dataset]["root"])
    if wildcards.dataset == EMBEDDED or not root.is_dir():
        return ""
    return stat_digest(sorted(path for path in root.rglob("*") if path.is_file()))


def dataset_source(wildcards):
    """Flags that say where a data set lies."""
    return flags(config["sources"][wildcards.dataset])


def shards(pattern):
    """All shards of a data set's tracks."""
    return collect(pattern, shard=range(config["tracks"]["shards"]), allow_missing=True)


check_config()
