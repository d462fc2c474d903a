"""The workflow's configuration: its schema, and validation in one line an error.

The schema is assembled from the stages' Settings and written to
`workflow/schemas/config.schema.yaml` (`make schema`): Snakemake reads that file, so
that starting the workflow imports none of the stages.
"""

import importlib
import math
import shlex

import jsonschema

from cmm.datasets import LAYOUTS
from cmm.errors import UserError
from cmm.settings import schema_of
from cmm.stages import STAGES

NAME = "^[a-z][a-z0-9_]*$"  # of data sets: they become folder names
METHODS = ("cmm_net",)
# An integer is written as one: 2.0 would be refused later, as a flag.
Validator = jsonschema.validators.extend(
    jsonschema.Draft7Validator,
    type_checker=jsonschema.Draft7Validator.TYPE_CHECKER.redefine(
        "integer", lambda checker, value: isinstance(value, int) and not isinstance(value, bool)
    ),
)
TOP = {
    "datasets": {
        "description": "data sets to run, each a key of sources",
        "type": "array",
        "items": {"type": "string", "pattern": NAME},
        "minItems": 1,
        "uniqueItems": True,
    },
    "folds": {
        "description": "folds that are held out for the test, one run each; paper: 10",
        "type": "array",
        "items": {"type": "integer", "minimum": 1},
        "minItems": 1,
        "uniqueItems": True,
    },
    "methods": {
        "description": "methods to train and compare",
        "type": "array",
        "items": {"enum": list(METHODS)},
        "minItems": 1,
        "uniqueItems": True,
    },
    "seeds": {
        "description": "random seeds, one run each",
        "type": "array",
        "items": {"type": "integer", "minimum": 0, "maximum": 2**32 - 1},
        "minItems": 1,
        "uniqueItems": True,
    },
    "sources": {
        "description": "where each data set lies",
        "type": "object",
        "minProperties": 1,
        "additionalProperties": False,
        "patternProperties": {
            NAME: {
                "type": "object",
                "additionalProperties": False,
                "required": ["layout", "root"],
                "properties": {
                    "layout": {"description": "how the folder is laid out", "enum": list(LAYOUTS)},
                    "root": {
                        "description": "the folder; nothing outside of it is read",
                        "type": "string",
                        "minLength": 1,
                    },
                    "table": {"description": "CSV of a folder data set", "type": "string", "minLength": 1},
                },
            }
        },
    },
}


def blocks():
    """{config block: Settings class} of all stages that have one."""
    found = {}
    for stage in STAGES.values():
        if stage.block:
            found[stage.block] = importlib.import_module(stage.module).Settings
    return found


def config_schema():
    """JSON schema (draft 7) of the whole configuration."""
    parts = {name: schema_of(settings) for name, settings in blocks().items()}
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Configuration of the CMM-Net workflow",
        "type": "object",
        "additionalProperties": False,
        "required": [*TOP, *parts],
        "properties": {**TOP, **parts},
    }


def validate(config, schema):
    """Check a configuration; UserError in one line with the key's path."""
    _check_scalars(config)
    errors = Validator(schema).iter_errors(config)
    first = min(errors, key=lambda error: [str(part) for part in error.absolute_path], default=None)
    if first is not None:
        raise UserError(_explain(first))
    for name in config["datasets"]:
        if name not in config["sources"]:
            raise UserError(f"config: datasets names {name!r}, which is no key of sources")
    for name, source in config["sources"].items():
        if source["layout"] == "folder" and "table" not in source:
            raise UserError(f"config: key sources.{name}.table is missing: the CSV file,subject,expression[,fold]")


def _check_scalars(value, path=()):
    """What YAML can say and a schema cannot refuse: keys that are no text, NaN, infinity."""
    if isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                raise UserError(f"config: {'.'.join([*path, str(key)])}: keys are text; put {key!r} in quotes")
            _check_scalars(item, (*path, key))
    elif isinstance(value, float) and not math.isfinite(value):
        raise UserError(f"config: {'.'.join(path)}: {value} is not a finite number")


def flags(block):
    """A config block as the command line of its stage, quoted for a shell."""
    words = []
    for key, value in block.items():
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
