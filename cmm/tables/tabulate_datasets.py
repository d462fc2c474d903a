"""The registry of data sets as a page of the report."""

from pathlib import Path
from typing import Annotated

from cmm.core.files import atomic
from cmm.core.html_tables import table_page
from cmm.core.provenance import provenance
from cmm.datasets.registry import COLUMNS, registry

SHOWN = [name for name in COLUMNS if name != "checksums"]


def main(
    used: Annotated[list[str], "data sets that this run used: marked"],
    html: Annotated[Path, "page to write"],
):
    """Write the registry as a table."""
    rows = [
        ["yes" if entry.name in used else "", *(getattr(entry, name) for name in SHOWN)]
        for entry in registry().values()
    ]
    with atomic(html) as partial:
        partial.write_text(table_page("Data sets", ["used here", *SHOWN], rows, provenance(__name__, None, [])))
