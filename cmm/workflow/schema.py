"""The schema of the workflow's configuration, assembled from the stages' Settings.

It is written to `workflow/schemas/config.schema.yaml` (`make schema`): Snakemake reads that file, so
that starting the workflow imports none of the stages.
"""

import importlib

import yaml

from cmm.commands import STAGES
from cmm.core.errors import UserError
from cmm.core.project import project
from cmm.core.settings import schema_of
from cmm.datasets import SPLITS
from cmm.datasets.layouts import LAYOUTS
from cmm.methods.registry import METHODS

NAME = "^[a-z][a-z0-9_]*$"  # of data sets and ablations: they become folder names
ABLATIONS = (
    "of each method its variants, each a name and the settings of its stages that it changes; see ablations.yaml"
)


def _fold_list(text, least=0):
    """JSON schema of `least` or more folds of a data set; `text` says what they are for."""
    number = {"type": "integer", "minimum": 1, "maximum": 1000}
    return {"description": text, "type": "array", "items": number, "minItems": least, "uniqueItems": True}


TOP = {
    "datasets": {
        "description": "data sets to run, each a key of sources",
        "type": "array",
        "items": {"type": "string", "pattern": NAME},
        "minItems": 1,
        "uniqueItems": True,
    },
    "folds": _fold_list("folds that are held out for the test, one run each; paper: 10", least=1),
    "methods": {
        "description": "methods to train and compare",
        "type": "array",
        "items": {"enum": list(METHODS)},
        "minItems": 1,
        "uniqueItems": True,
    },
    "main_method": {
        "description": "the one of the methods that comparisons and the user study hold against the others",
        "enum": list(METHODS),
    },
    "pretrained": {
        "description": "those of the methods that are not trained: they use the weights inside the package",
        "type": "array",
        "items": {"enum": [name for name, method in METHODS.items() if method.inside]},
        "uniqueItems": True,
    },
    "external": {
        "description": "methods that are trained elsewhere: of each the folder of what it made; see docs/methods.md",
        "type": "object",
        "propertyNames": {"pattern": NAME},
        "additionalProperties": {"type": "string", "minLength": 1},
    },
    "seeds": {
        "description": "random seeds, one run each",
        "type": "array",
        "items": {"type": "integer", "minimum": 0, "maximum": 2**32 - 1},
        "minItems": 1,
        "uniqueItems": True,
    },
    "state_seconds": {
        "description": "seconds between two states that a killed training resumes from; changes no result",
        "type": "integer",
        "minimum": 0,
    },
    "held_mb": {
        "description": "MiB of the training set that a training holds, over all processes; the rest is read as it is"
        " used; changes no result",
        "type": "integer",
        "minimum": 1,
    },
    "ratings": {
        "description": "tables that `cmm study export` has written: table 2 is made of them",
        "type": "array",
        "items": {"type": "string", "minLength": 1},
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
                    "folds": _fold_list(
                        "folds of this data set that are held out, instead of the folds above", least=1
                    ),
                    "reserved": _fold_list(
                        "folds of which nothing is used, neither to train nor to test: see search.yaml"
                    ),
                    "together": _fold_list("folds that are held out together, as the least of them: see compare.yaml"),
                    "split": {
                        "description": "what is dealt to the folds: people | videos, as the paper's DISFA: the"
                        " same people are in training and in test then",
                        "enum": list(SPLITS),
                    },
                    "table": {"description": "CSV of a folder data set", "type": "string", "minLength": 1},
                    "accept_license": {
                        "description": "true: you have agreed to the licence of this data set and keep to it",
                        "type": "boolean",
                    },
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
    return _assembled({name: schema_of(settings) for name, settings in blocks().items()})


def written_schema():
    """The schema that `make schema` has written, `completed`."""
    return completed(yaml.safe_load((project() / "workflow/schemas/config.schema.yaml").read_text()))


def completed(schema):
    """The written schema as if `make schema` had been run since a method's folder came or went.

    Of the stages, those alone are imported whose blocks it does not know.
    """
    parts = {}
    for stage in STAGES.values():
        if stage.block:
            known = schema["properties"].get(stage.block)
            parts[stage.block] = known or schema_of(importlib.import_module(stage.module).Settings)
    return _assembled(parts)


def _assembled(parts):
    top = TOP | {"ablations": ablations_schema(parts)}
    if taken := top.keys() & parts.keys():
        raise UserError(f"config: no stage can have the block {', '.join(sorted(taken))}: that is a key of its own")
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Configuration of the CMM-Net workflow",
        "type": "object",
        "additionalProperties": False,
        "required": [*top, *parts],
        "properties": {**top, **parts},
    }


def ablations_schema(parts):
    """JSON schema of the ablations: of each method the settings of its stages, each as in its own block."""

    def of(method):
        changes = {stage.name: parts[stage.name] for stage in method.stages}
        named = {"type": "object", "minProperties": 1, "additionalProperties": False, "properties": changes}
        return {"type": "object", "additionalProperties": False, "patternProperties": {NAME: named}}

    return {
        "description": ABLATIONS,
        "type": "object",
        "additionalProperties": False,
        "properties": {name: of(method) for name, method in METHODS.items()},
    }
