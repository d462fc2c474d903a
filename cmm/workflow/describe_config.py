"""Write the config's schema and the table of its keys from the stages' Settings."""

import dataclasses
from pathlib import Path
from typing import Annotated

import yaml

from cmm.commands import STAGES
from cmm.core.files import atomic
from cmm.workflow.config import ABLATIONS, TOP, blocks, config_schema

MARK = "<!-- everything below is written by `make schema` -->"


def main(
    schema: Annotated[Path, "workflow/schemas/config.schema.yaml"],
    readme: Annotated[Path, "config/README.md; what stands above its mark is kept"],
):
    """Write both files."""
    head = readme.read_text().split(MARK)[0]
    with atomic(schema) as partial:
        partial.write_text(schema_text())
    with atomic(readme) as partial:
        partial.write_text(head + MARK + "\n\n" + keys_text())


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
    for block, settings in blocks().items():
        lines += ["", f"## `{block}`", ""]
        lines += [f"`{verb}`: {stage.summary}.\n" for verb, stage in STAGES.items() if stage.block == block]
        lines += ["| key | default | range | meaning |", "| --- | --- | --- | --- |"]
        lines += [_row(field) for field in dataclasses.fields(settings)]
    return "\n".join(lines) + "\n"


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
