"""The workflow's configuration: defaults, validation in one line an error, and the flags that it becomes."""

import json
import math
import os
import re
import shlex
import sys
from pathlib import Path

import jsonschema
import yaml
from snakemake.utils import update_config

from cmm.core.errors import UserError
from cmm.datasets.layouts import most_folds, reader
from cmm.datasets.registry import lying_with
from cmm.faces.backends import MESH_BACKENDS, WITHOUT_UNITS
from cmm.methods.registry import METHODS

DEEPEST = 12  # of nested keys
LONGEST = 400  # letters of a message
TAKEN = ("controls", "original", "neutral_frame", "other_person")  # names that stand beside the methods' in the tables,
TAKEN += ("methods", "sequences")  # and beside their folders
LITERAL = re.compile(r"-?(0|[1-9]\d{0,18})(\.\d{1,18})?([eE][-+]?\d{1,2})?|true|false")  # numbers and truth values
# An integer is written as one: 2.0 would be refused later, as a flag.
Validator = jsonschema.validators.extend(
    jsonschema.Draft7Validator,
    type_checker=jsonschema.Draft7Validator.TYPE_CHECKER.redefine(
        "integer", lambda checker, value: isinstance(value, int) and not isinstance(value, bool)
    ),
)


def with_defaults(config, path):
    """`config` over the defaults in the YAML file `path`; nested keys are merged. UserError as `validate`."""
    _clipped(_check_scalars, config)
    merged = yaml.safe_load(Path(path).read_text())
    update_config(merged, config)
    return merged


def prefer_this_python():
    """Let `python` in jobs be the one that runs Snakemake, unless an environment of their own comes before it."""
    folder, others = str(Path(sys.executable).parent), os.environ.get("PATH", "").split(os.pathsep)
    os.environ["PATH"] = os.pathsep.join([folder, *(other for other in others if other != folder)])


def used_datasets(config):
    """The data sets that a run reads: those asked for, and the one that action units are learned from."""
    trained = "trained" in (config["tracks"]["action_units"], config["motion"]["action_units"])
    learned = [config["action_units"]["dataset"]] if trained else []
    return list(dict.fromkeys([*config["datasets"], *learned]))


def judge(config, dataset):
    """How the action units of a data set's sequences are measured, trained or proxies: `auto` made one of the two."""
    motion, learned = config["motion"], config["action_units"]
    if motion["action_units"] != "auto":
        return motion["action_units"]
    same = (learned["dataset"], learned["backend"]) == (dataset, motion["backend"])
    parted = config["sources"][dataset].get("split") != "videos"  # else it has seen the people
    return "trained" if same and parted else "proxies"


def _check_trackers(config):
    """Refuse trackers that cannot give what a later stage needs."""
    for block in ("tracks", "motion"):
        backend, units = config[block]["backend"], config[block]["action_units"]
        if units == "trained" and backend != config["action_units"]["backend"]:
            raise UserError(
                f"config: {block}.action_units: trained needs {block}.backend and action_units.backend to be the same:"
                f" {backend} is not {config['action_units']['backend']}"
            )
        learned = block == "motion" and all(judge(config, name) == "trained" for name in config["datasets"])
        if units == "trained" or backend not in WITHOUT_UNITS or learned or (block == "tracks" and _all_coded(config)):
            continue
        raise UserError(
            f"config: {block}.backend: {backend} gives no action units: set {block}.action_units: trained, and"
            f" action_units.backend: {backend}"
        )
    backend = config["tracks"]["backend"]
    for name in config["methods"]:
        if METHODS[name].needs_mesh and backend not in MESH_BACKENDS:
            raise UserError(
                f"config: methods: {name} needs a mesh of the face, which tracks.backend: {backend} does not give:"
                f" track with {' or '.join(MESH_BACKENDS)}, or leave it out"
            )
    if config["motion"]["action_units"] == "trained":
        _check_judge(config)


def _check_judge(config):
    """Refuse a judge of our own that would have learned from the people whom it judges."""
    learned = config["action_units"]["dataset"]
    known = "config: motion.action_units: trained: the judge would have learned from the people whom it judges"
    if config["sources"][learned].get("split") == "videos":
        raise UserError(f"{known}, where sources.{learned}.split is videos")
    for name in config["datasets"]:
        if name != learned and lying_with(name, config["sources"], [learned]):
            raise UserError(
                f"{known}: {name} has the videos of {learned}: set action_units.dataset: {name}, or"
                " motion.action_units: auto"
            )


def _all_coded(config):
    """Whether people have coded the action units of every data set that is asked for."""
    return all(hasattr(reader(config["sources"][name]["layout"]), "read_labels") for name in config["datasets"])


def folds_of(config, dataset):
    """Folds of a data set that are held out, one run each."""
    return config["sources"][dataset].get("folds", config["folds"])


def held_out_with(fold, source):
    """The folds of a data set that are held out where `fold` is: itself, or those held out together with it."""
    together = source.get("together", ())
    return together if fold in together else [fold]


def tested(config):
    """[(data set, fold)] of all folds that the config holds out."""
    return [(dataset, fold) for dataset in config["datasets"] for fold in folds_of(config, dataset)]


def validate(config, schema):
    """Check a configuration; UserError in one line with the key's path, however long a value is.

    What Snakemake's --config leaves as text in lists and mappings, as of `seeds=[1,2]`, becomes the number that the
    schema asks for, and so does a number in quotes in a file.
    """
    _clipped(_validate, config, schema)


def _clipped(check, *words):
    """Run a check; its message is no longer than people read."""
    try:
        check(*words)
    except UserError as error:
        text = str(error)
        raise UserError(text if len(text) <= LONGEST else f"{text[:LONGEST]}...") from None


def _validate(config, schema):
    _check_scalars(config)
    _read_words(config, schema)
    errors = Validator(schema).iter_errors(config)
    first = min(errors, key=lambda error: [str(part) for part in error.absolute_path], default=None)
    if first is not None:
        raise UserError(_explain(first))
    for name in config["datasets"]:
        if name not in config["sources"]:
            raise UserError(f"config: datasets names {name!r}, which is no key of sources")
    for name, source in config["sources"].items():
        for key in ("folds", "reserved", "together"):
            _check_folds(f"sources.{name}.{key}", source.get(key, ()), source["layout"])
        if both := sorted({*source.get("reserved", ())} & {*source.get("together", ())}):
            raise UserError(f"config: sources.{name}: fold {both[0]} is reserved, and cannot be held out together")
        if source["layout"] == "folder" and "table" not in source:
            raise UserError(f"config: key sources.{name}.table is missing: the CSV file,subject,expression[,fold]")
    for name in config["datasets"]:
        _check_held_out(name, config)
    if config["action_units"]["dataset"] not in config["sources"]:
        raise UserError(f"config: action_units.dataset: {config['action_units']['dataset']!r} is no key of sources")
    for name in used_datasets(config):
        _check_held_out(name, config)
    if config["main_method"] not in config["methods"]:
        raise UserError(f"config: main_method: {config['main_method']} is not among methods: name one of them")
    for name, variants in config["ablations"].items():
        if variants and name not in config["methods"]:
            raise UserError(
                f"config: ablations.{name} are of a method that is not among methods: add it, or empty them"
            )
    for name in config["external"]:
        if name in (*METHODS, *TAKEN):
            raise UserError(f"config: external.{name}: the workflow has that name itself: give it another")
    _check_trackers(config)


def _check_held_out(name, config):
    """Refuse folds of a data set that cannot be held out, and what leaves nobody to learn from."""
    source, folds = config["sources"][name], folds_of(config, name)
    _check_folds("folds", () if "folds" in source else folds, source["layout"], f" of {name}")
    reserved, together = source.get("reserved", ()), sorted(source.get("together", ()))
    for fold in folds:
        if fold in together[1:]:
            raise UserError(f"config: folds: {fold} of {name} is held out together with {together[0]}: name that")
        if fold in reserved:
            raise UserError(f"config: folds: {fold} of {name} is reserved: name another, or set sources.{name}.folds")
        if len({*reserved, *held_out_with(fold, source)}) >= most_folds(source["layout"]):
            raise UserError(f"config: sources.{name}: nobody is left to learn from where fold {fold} is held out")


def _read_words(config, schema):
    """Replace text by the number or truth value that it spells, where the schema asks for one."""
    for error in list(Validator(schema).iter_errors(config)):
        path = list(error.absolute_path)
        if error.validator == "type" and isinstance(error.instance, str) and path:
            value = json.loads(error.instance) if LITERAL.fullmatch(error.instance) else None
            if Validator({"type": error.validator_value}).is_valid(value):
                holder = config
                for key in path[:-1]:
                    holder = holder[key]
                holder[path[-1]] = value


def _check_folds(key, folds, layout, of=""):
    """Refuse folds that no data set of a layout has."""
    if wrong := [fold for fold in folds if fold > most_folds(layout)]:
        raise UserError(
            f"config: {key}: {str(wrong[0])[:20]}{of} is no fold: a {layout} data set has {most_folds(layout)}"
        )


def _check_scalars(value, path=()):
    """What YAML can say and a schema cannot refuse: keys that are no text, NaN, infinity, what contains itself."""
    if len(path) > DEEPEST:
        raise UserError(f"config: {'.'.join(path[:3])}: contains itself, or is nested more than {DEEPEST} deep")
    if isinstance(value, list):
        for number, item in enumerate(value):
            _check_scalars(item, (*path, str(number)))
    elif isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                raise UserError(f"config: {'.'.join([*path, str(key)])}: keys are text; put {key!r} in quotes")
            _check_scalars(item, (*path, key))
    elif isinstance(value, float) and not math.isfinite(value):
        raise UserError(f"config: {'.'.join(path)}: {value} is not a finite number")


def flags(block):
    """A config block as the command line of its stage, quoted for a shell, whatever the order of its keys."""
    words = []
    for key, value in sorted(block.items()):
        values = value if isinstance(value, list | tuple) else [value]
        words.append("--" + key.replace("_", "-"))
        words += [str(item).lower() if isinstance(item, bool) else str(item) for item in values]
    return shlex.join(words)


def _explain(error):
    path = [str(part) for part in error.absolute_path]
    if error.validator == "additionalProperties":
        known = error.schema.get("properties", {})
        unknown = sorted(str(key) for key in error.instance if key not in known)
        where = ".".join([*path, unknown[0]])
        return f"config: unknown key {where}; known here: {', '.join(known) or 'names like my_faces'}"
    if error.validator == "required":
        missing = [key for key in error.schema["required"] if key not in error.instance]
        return f"config: key {'.'.join([*path, missing[0]])} is missing"
    return f"config: {'.'.join(path) or 'the whole'}: {error.message}"
