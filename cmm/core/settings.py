"""Settings: one frozen dataclass a stage, the single source of defaults and ranges.

From the same dataclass come the stage's command-line flags, its block of
`config/config.yaml` and that block's schema (`workflow/schemas/config.schema.yaml`).
"""

import dataclasses
import math
import types
import typing

from cmm.core.errors import UserError

LARGEST = 4096  # size of a network or a sequence: weights of a larger one are not read
MOST = 1_000_000  # of a whole number of which nobody says how much is too much
JSON_TYPES = {int: "integer", float: "number", str: "string", bool: "boolean"}


def setting(default, text, *, minimum=None, maximum=None, choices=None, before=None):
    """A field of a Settings dataclass: default, one-line help, closed range or choices.

    `before` is what the code did, in the setting's terms, until the setting came or its default was changed, where the
    default is another: published scores of before and after are told apart by it (benchmarks/published.py).
    """
    if maximum is None and type(default) is int:
        maximum = MOST
    limits = {"minimum": minimum, "maximum": maximum, "enum": choices}
    metadata = {"help": text, "limits": {k: v for k, v in limits.items() if v is not None}, "before": before}
    if isinstance(default, list | dict):
        raise TypeError("a setting's default must be immutable: use a tuple")
    return dataclasses.field(default=default, metadata=metadata)


def schema_of(settings):
    """JSON schema (draft 7) of one Settings class; unknown keys are refused."""
    properties = {}
    for field in dataclasses.fields(settings):
        kind, many, optional = _kind(field.type)
        entry = {"type": JSON_TYPES[kind], **field.metadata["limits"]}
        if many:
            entry = {"type": "array", "items": entry, "minItems": 1}
        if optional:
            entry["type"] = [entry["type"], "null"]
        properties[field.name] = {"description": field.metadata["help"], **entry}
    return {"type": "object", "additionalProperties": False, "properties": properties}


def add_flags(parser, settings):
    """Add one flag a field to an argparse parser."""
    group = parser.add_argument_group("settings (config block of the same name)")
    for field in dataclasses.fields(settings):
        kind, many, _ = _kind(field.type)
        group.add_argument(
            "--" + field.name.replace("_", "-"),
            type=_boolean if kind is bool else kind,
            nargs="+" if many else None,
            choices=field.metadata["limits"].get("enum"),
            default=field.default,
            metavar=None if "enum" in field.metadata["limits"] else kind.__name__.upper(),
            help=(field.metadata["help"] + " (default: %(default)s)" * (field.default is not None)).replace(
                "% ", "%% "
            ),
        )


def from_flags(settings, args):
    """Build and range-check Settings from parsed arguments; raises UserError."""
    values = {}
    for field in dataclasses.fields(settings):
        value = getattr(args, field.name)
        many = _kind(field.type)[1]
        for item in value if many else [value]:
            _check(field, item)
        values[field.name] = tuple(value) if many else value
    return settings(**values)


def _check(field, value):
    limits = field.metadata["limits"]
    flag = "--" + field.name.replace("_", "-")
    if value is None:
        return
    if isinstance(value, float) and not math.isfinite(value):
        raise UserError(f"{flag} {value} is not a finite number")
    if "minimum" in limits and value < limits["minimum"]:
        raise UserError(f"{flag} {value} is too small: the least is {limits['minimum']}")
    if "maximum" in limits and value > limits["maximum"]:
        raise UserError(f"{flag} {value} is too large: the most is {limits['maximum']}")


def _kind(annotation):
    """(item type, is a tuple, may be None) of a field's annotation."""
    optional = isinstance(annotation, types.UnionType)
    if optional:
        annotation = next(t for t in typing.get_args(annotation) if t is not type(None))
    if typing.get_origin(annotation) is tuple:
        return typing.get_args(annotation)[0], True, optional
    return annotation, False, optional


def _boolean(text):
    if text.lower() not in ("true", "false"):
        raise ValueError(text)
    return text.lower() == "true"
