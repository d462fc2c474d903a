"""The command line: one verb a stage, its flags read from the stage's own signature.

A stage is a module with a `Settings` dataclass and a function `main`, whose keyword
parameters are files and numbers annotated `Annotated[type, "help"]` (or dataclasses of
such fields) and `settings`.
Modules are imported only when their verb is asked for.
"""

import argparse
import dataclasses
import inspect
import logging
import os
import shlex
import signal
import sys
import typing
from importlib import import_module
from pathlib import Path

import cmm
from cmm.core.errors import UserError
from cmm.core.settings import add_flags, from_flags

log = logging.getLogger("cmm")


def main(words=None):
    """Run one verb; returns the exit code: 0, 1 for bad input, 2 for bad usage."""
    words = sys.argv[1:] if words is None else list(words)
    verb = words[0] if words else "--help"
    try:
        from cmm.commands import STAGES  # reads the declarations of all methods, of which one may be wrong
    except UserError as error:
        print(f"cmm: error: {error}", file=sys.stderr)
        return 1
    if verb in ("-h", "--help", "--version"):
        print(f"cmm {cmm.__version__}" if verb == "--version" else overview(STAGES))
        return 0
    if verb not in STAGES:
        print(f"cmm: error: no verb {verb!r}: 'python -m cmm --help' lists them", file=sys.stderr)
        return 2
    first = os.environ.get("RANK", "0") == "0"  # of the processes that torchrun started: they all say the same
    level = logging.INFO if first else logging.WARNING
    logging.basicConfig(format="%(asctime)s %(message)s", datefmt="%H:%M:%S", level=level)
    # Threads that wait for work sleep soon: by default OpenMP's spin, and two jobs on two cores slow each
    # other tenfold. Read when torch, or another library that brings an OpenMP, is loaded.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    module = import_module(STAGES[verb].module)
    args = build_parser(verb, module).parse_args(words[1:])
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a polite kill cleans up as Ctrl-C does
    log.info("$ python -m cmm %s", shlex.join(words))
    try:
        given = {name: getattr(args, name) for name in _parameters(module)}
        _check(given)
        module.main(**_grouped(module, given, args))
    except UserError as error:
        print(f"cmm {verb}: error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"cmm {verb}: stopped", file=sys.stderr)
        return 130
    return 0


def _check(given):
    """Refuse one path under two flags, and numbers that no stage takes."""
    seen = {}
    for name, value in given.items():
        for path in value if isinstance(value, list) else [value]:
            if isinstance(path, Path):
                other = seen.setdefault(path.absolute(), name)
                if other != name or (isinstance(value, list) and value.count(path) > 1):
                    raise UserError(f"--{name} and --{other} both name {path}")
    for name, least in (("threads", 1), ("seed", 0), ("processes", 0), ("state_seconds", 0)):
        if given.get(name) is not None and given[name] < least:
            raise UserError(f"--{name.replace('_', '-')} {given[name]} is too small: the least is {least}")


def overview(stages):
    """The list of verbs, in the order in which data flows."""
    lines = ["usage: python -m cmm VERB ...   (python -m cmm VERB --help for its flags)", ""]
    width = max(map(len, stages)) + 2
    lines += [f"  {verb:{width}}{stage.summary}" for verb, stage in stages.items()]
    return "\n".join(lines)


def build_parser(verb, module):
    """argparse parser of one stage."""
    parser = argparse.ArgumentParser(
        prog=f"python -m cmm {verb}", description=inspect.getdoc(module), allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    group = parser.add_argument_group("files and choices")
    for name, parameter in _parameters(module).items():
        kind, text, *marks = typing.get_args(parameter.annotation)
        given = typing.get_args(kind)[0] if type(None) in typing.get_args(kind) else kind  # x | None
        many = typing.get_origin(given) is list
        plain = typing.get_args(given)[0] if many else given
        required = parameter.default is inspect.Parameter.empty
        if "positional" in marks:
            group.add_argument(name, type=plain, metavar=name.upper(), help=text)
            continue
        group.add_argument(
            "--" + name.replace("_", "-"),
            type=plain,
            nargs="+" if many else None,
            required=required,
            default=None if required else parameter.default,
            metavar=plain.__name__.upper(),
            help=text.replace("%", "%%"),
        )
    if hasattr(module, "Settings"):
        add_flags(parser, module.Settings)
    return parser


def _parameters(module):
    """{flag: inspect.Parameter} of a stage's `main`; a dataclass among them gives its fields."""
    flat = {}
    for name, parameter in inspect.signature(module.main).parameters.items():
        if dataclasses.is_dataclass(parameter.annotation):
            flat |= {} if name == "settings" else inspect.signature(parameter.annotation).parameters
        else:
            flat[name] = parameter
    return flat


def _grouped(module, given, args):
    """The arguments of a stage's `main` from the values of its flags."""
    grouped = {}
    for name, parameter in inspect.signature(module.main).parameters.items():
        if name == "settings":
            grouped[name] = from_flags(module.Settings, args)
        elif dataclasses.is_dataclass(parameter.annotation):
            fields = dataclasses.fields(parameter.annotation)
            grouped[name] = parameter.annotation(**{field.name: given[field.name] for field in fields})
        else:
            grouped[name] = given[name]
    return grouped
