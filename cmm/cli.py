"""The command line: one verb a stage, its flags read from the stage's own signature.

A stage is a module with a `Settings` dataclass and a function `main`, whose keyword
parameters are files and numbers annotated `Annotated[type, "help"]` (or dataclasses of
such fields) and `settings`.
Modules are imported only when their verb is asked for.
"""

import argparse
import dataclasses
import difflib
import gc
import inspect
import logging
import os
import re
import shlex
import signal
import sys
import threading
import typing
from importlib import import_module
from pathlib import Path

import cmm
from cmm.core.errors import UserError
from cmm.core.progress import begin_log
from cmm.core.settings import add_flags, from_flags

log = logging.getLogger("cmm")
CODES = "exit codes: 0 done, 1 bad input, which a line names, 2 bad usage, 130 stopped, 141 nobody reads the output"
SAMPLES = {"tsv": "table.tsv", "html": "table.html", "markdown": "table.md", "figure": "figure.svg"}
STOPPED = 130
PIPE_CLOSED = 141  # as a shell says it of a process that SIGPIPE ended


def script():
    """The console script `cmm`."""
    code = main()
    if code == STOPPED and not all(thread.daemon for thread in threading.enumerate()[1:]):
        # One that waits for a server would hold the process.
        sys.stdout.flush()
        os._exit(code)
    gc.freeze()  # else Python looks for garbage among all that it holds before it ends, which takes half a second
    sys.exit(code)


def main(words=None):
    """Run one verb; returns the exit code, one of CODES."""
    words = sys.argv[1:] if words is None else list(words)
    try:
        code = run(words)
        sys.stdout.flush()
        return code
    except BrokenPipeError:  # as of `cmm datasets | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python flushes once more when it ends
        return PIPE_CLOSED


def run(words):
    """As `main`, of a list of words."""
    verb = words[0] if words else "--help"
    try:
        from cmm.commands import STAGES  # reads the declarations of all methods, of which one may be wrong
    except UserError as error:
        print(f"cmm: error: {error}", file=sys.stderr)
        return 1
    if verb in ("-h", "--help"):
        print(overview())
        return 0
    if verb == "--version":
        print(version())
        return 0
    if verb not in STAGES:
        near = difflib.get_close_matches(verb, STAGES, 1)
        hint = f"did you mean {near[0]!r}?" if near else "'cmm --help' lists them"
        print(f"cmm: error: no verb {verb!r}: {hint}", file=sys.stderr)
        return 2
    begin_log()
    # Threads that wait for work sleep soon: by default OpenMP's spin, and two jobs on two cores slow each
    # other tenfold. Read when torch, or another library that brings an OpenMP, is loaded.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    module = load(STAGES[verb].module)
    args = parse(verb, module, words[1:])
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a polite kill cleans up as Ctrl-C does
    if not sys.stderr.isatty():
        log.info("$ python -m cmm %s", shlex.join(words))
    try:
        parameters = _parameters(module)
        given = {name: getattr(args, name) for name in parameters}
        _check(given, {name: name.upper() for name in parameters if _marked(parameters[name], "positional")})
        return module.main(**_grouped(module, given, args)) or 0
    except UserError as error:
        print(f"cmm {verb}: error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"cmm {verb}: stopped", file=sys.stderr)
        return STOPPED


def load(name):
    """A module, by its name, imported without looking for garbage in between: a fifth less time for a large library."""
    collects = gc.isenabled()
    gc.disable()
    try:
        return import_module(name)
    finally:
        if collects:
            gc.enable()


def version():
    """`cmm 0.2.0`, and behind it the commit where the code lies in a checkout."""
    commit = import_module("cmm.core.provenance").commit()
    return f"cmm {cmm.__version__}" + (f" ({commit})" if commit else "")


def _check(given, positional):
    """Refuse one path under two flags, and numbers that no stage takes; `positional`: {name: what help calls it}."""
    called = {name: positional.get(name, f"--{name.replace('_', '-')}") for name in given}
    seen = {}
    for name, value in given.items():
        for path in value if isinstance(value, list) else [value]:
            if isinstance(path, Path):
                if not _is_text(path):
                    raise UserError(
                        f"{called[name]} {str(path).encode(errors='replace').decode()}: no UTF-8; rename it"
                    )
                other = seen.setdefault(path.absolute(), name)
                if other != name or (isinstance(value, list) and value.count(path) > 1):
                    raise UserError(f"{called[name]} and {called[other]} both name {path}")
    for name, least in (("threads", 1), ("seed", 0), ("processes", 0), ("state_seconds", 0), ("held_mb", 1)):
        if given.get(name) is not None and given[name] < least:
            raise UserError(f"{called[name]} {given[name]} is too small: the least is {least}")


def _is_text(path):
    """Whether a file's name can be written down, as records and pages do."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return False
    return True


def overview():
    """The list of verbs: what a person runs, then the workflow's stages in the order in which data flows."""
    from cmm.commands import STAGES, TOOLS

    width = max(map(len, STAGES)) + 2
    listed = {verb: f"  {verb:{width}}{stage.summary}" for verb, stage in STAGES.items()}
    lines = ["usage: cmm VERB ...   (cmm VERB --help for its flags and an example; cmm --version)", ""]
    lines += [listed[verb] for verb in TOOLS]
    lines += ["", "stages of the workflow, each of which Snakemake runs by itself (cmm run):", ""]
    lines += [listed[verb] for verb in STAGES if verb not in TOOLS]
    return "\n".join([*lines, "", CODES])


def parse(verb, module, words):
    """The arguments of a verb; one that hands its words on to another program takes them all."""
    parser = build_parser(verb, module)
    rest = [name for name, parameter in _parameters(module).items() if _marked(parameter, "rest")]
    if rest and not {"-h", "--help"} & set(words[:1]):
        return argparse.Namespace(**{rest[0]: words})
    args, unknown = parser.parse_known_args(words)
    if unknown:
        known = [flag for action in parser._actions for flag in action.option_strings]
        near = difflib.get_close_matches(unknown[0].partition("=")[0], known, 1)
        hint = f": did you mean {near[0]}?" if near else f": 'cmm {verb} --help' lists the flags"
        parser.error(f"unrecognized arguments: {' '.join(unknown)}{hint}")
    return args


def _marked(parameter, mark):
    return mark in typing.get_args(parameter.annotation)[2:]


def build_parser(verb, module):
    """argparse parser of one stage."""
    parser = argparse.ArgumentParser(
        prog=f"cmm {verb}", description=inspect.getdoc(module), epilog=examples(verb, module), allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    group = parser.add_argument_group("files and choices")
    for name, parameter in _parameters(module).items():
        kind, text, *marks = typing.get_args(parameter.annotation)
        given = typing.get_args(kind)[0] if type(None) in typing.get_args(kind) else kind  # x | None
        many = typing.get_origin(given) is list
        plain = typing.get_args(given)[0] if many else given
        required = parameter.default is inspect.Parameter.empty
        if "positional" in marks or "rest" in marks:
            group.add_argument(
                name, type=plain, metavar=name.upper(), help=text, nargs="*" if "rest" in marks else None
            )
            continue
        flag = "--" + name.replace("_", "-")
        if plain is bool:
            group.add_argument(flag, action="store_true", help=text)
            continue
        group.add_argument(
            flag,
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


def examples(verb, module):
    """Command lines to start from: the module's own EXAMPLES, else one with every flag that must be there."""
    lines = getattr(module, "EXAMPLES", None) or [example(verb, module)]
    return "\n".join(["example:" if len(lines) == 1 else "examples:", *(f"  {line}" for line in lines)])


def example(verb, module):
    """A command line of a stage, with the files that its help names."""
    words = ["cmm", verb]
    for name, parameter in _parameters(module).items():
        if parameter.default is not inspect.Parameter.empty:
            continue
        kind, text, *marks = typing.get_args(parameter.annotation)
        words += [] if "positional" in marks else ["--" + name.replace("_", "-")]
        words.append(_sample(name, kind, text))
    return " ".join(words)


def _sample(name, kind, text):
    """A value to show for a flag."""
    if kind in (int, float, list[int]):
        return {"fold": "10", "shard": "0", "seed": "1", "folds": "10"}.get(name, "1")
    if file := re.search(r"\b[\w]+\.(parquet|h5|tsv|csv)\b", text):
        return file[0]
    if name in SAMPLES:
        return SAMPLES[name]
    for word, suffix in (("TSV", "tsv"), ("tab-separated", "tsv"), ("HTML", "html"), ("SVG", "svg"), ("PNG", "png"),
                         ("Markdown", "md"), ("safetensors", "safetensors"), ("weights", "safetensors"),
                         ("table", "parquet"), ("scores", "parquet")):  # fmt: skip
        if word in text:
            return f"{name}.{suffix}"
    return name


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
