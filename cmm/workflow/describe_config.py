"""Write what is told once, in the code: the config's schema, the table of its keys, the page of the command line."""

import dataclasses
import importlib
from pathlib import Path
from typing import Annotated

import yaml

from cmm.cli import CODES, build_parser, examples
from cmm.commands import STAGES, TOOLS
from cmm.core.files import atomic
from cmm.workflow.schema import ABLATIONS, NAME, TOP, blocks, config_schema

MARK = "<!-- everything below is written by `make schema` -->"


def main(
    schema: Annotated[Path, "workflow/schemas/config.schema.yaml"],
    readme: Annotated[Path, "config/README.md; what stands above its mark is kept"],
    commands: Annotated[Path, "docs/command_line.md"],
):
    """Write all three files."""
    head = readme.read_text().split(MARK)[0]
    with atomic(schema) as partial:
        partial.write_text(schema_text())
    with atomic(readme) as partial:
        partial.write_text(head + MARK + "\n\n" + keys_text())
    with atomic(commands) as partial:
        partial.write_text(commands_text())


def schema_text():
    """The schema as YAML."""
    return "# Written by `make schema` from the stages' Settings.\n" + yaml.safe_dump(
        config_schema(), sort_keys=False, width=110
    )


def keys_text():
    """Markdown tables of every key: default, range, meaning."""
    lines = ["## Which runs", "", "| key | meaning |", "| --- | --- |"]
    lines += [f"| `{key}` | {entry['description']} |" for key, entry in TOP.items()]
    lines += [f"| `ablations` | {ABLATIONS} |"]
    lines += ["", "## `sources.NAME`", "", "| key | meaning |", "| --- | --- |"]
    for key, entry in TOP["sources"]["patternProperties"][NAME]["properties"].items():
        choices = ": " + ", ".join(f"`{one}`" for one in entry["enum"]) if key == "layout" else ""
        lines.append(f"| `{key}` | {entry['description'].replace('|', 'or')}{choices} |")
    for block, settings in blocks().items():
        lines += ["", f"## `{block}`", ""]
        lines += [f"`{verb}`: {stage.summary}.\n" for verb, stage in STAGES.items() if stage.block == block]
        lines += ["| key | default | range | meaning |", "| --- | --- | --- | --- |"]
        lines += [_row(field) for field in dataclasses.fields(settings)]
    return "\n".join(lines) + "\n"


def commands_text():
    """Markdown of every verb: what it does, an example, its flags but those that are settings."""
    lines = ["# Command line", "", "<!-- written by `make schema` -->", ""]
    lines += ["`cmm VERB --help` says all of this, and a stage's settings, which are those of its config block.", ""]
    lines += [f"{CODES[0].upper()}{CODES[1:]}. Completion: `cmm completion bash`.", ""]
    for verb, stage in STAGES.items():
        module = importlib.import_module(stage.module)
        parser = build_parser(verb, module)
        own = dataclasses.fields(module.Settings) if stage.block else ()  # a tool's settings have no other page
        settings = {field.name for field in own}
        lines += [f"## {verb}", "", f"{stage.summary[0].upper()}{stage.summary[1:]}."]
        lines += [f"Settings: [`{stage.block}`](../config/README.md#{stage.block})."] if stage.block else []
        lines += ["", *(f"    {line.strip()}" for line in shown_examples(verb, module)), ""]
        rows = [action for action in parser._actions if action.dest not in {"help", *settings}]
        lines += ["| | |", "| --- | --- |"] if rows else []
        lines += [f"| `{(action.option_strings or [action.dest.upper()])[0]}` | {_text(action)} |" for action in rows]
        lines += [""]
    return "\n".join(lines)


def shown_examples(verb, module):
    """Examples that somebody would type: of a stage that Snakemake alone runs, only where its module has some."""
    return examples(verb, module).splitlines()[1:] if verb in TOOLS or hasattr(module, "EXAMPLES") else []


def _text(action):
    """What a flag is for, as Markdown in a table."""
    return (action.help % vars(action)).replace("|", "\\|").replace("<", "&lt;")


def _row(field):
    limits = field.metadata["limits"]
    if "enum" in limits:
        span = ", ".join(f"`{choice}`" for choice in limits["enum"])
    elif "maximum" in limits:
        span = f"{limits['minimum']} to {limits['maximum']}"
    else:
        span = f"from {limits['minimum']}" if "minimum" in limits else ""
    default = str(field.default).lower() if isinstance(field.default, bool) else field.default
    return f"| `{field.name}` | {default} | {span} | {field.metadata['help']} |"
