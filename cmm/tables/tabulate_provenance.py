"""How every result was made, a line each: the report's page of provenance."""

from itertools import pairwise
from pathlib import Path
from typing import Annotated

from cmm.core.files import atomic
from cmm.core.html_tables import table_page
from cmm.core.progress import duration
from cmm.core.provenance import provenance
from cmm.core.records import read_record

HEAD = ["result", "command", "settings", "fold, seed", "code", "commit", "time", "made from (sha256)", "versions"]


def main(
    results: Annotated[list[Path], "results to list, files or folders"],
    html: Annotated[Path, "table to write, HTML"],
):
    """Write the page."""
    rows = [row(path, read_record(path)) for path in results]
    for before, this in reversed(list(pairwise(rows))):
        if this[-1] == before[-1]:
            this[-1] = "as above"
    about = provenance(__name__, None, [path for path in results if path.is_file()])
    with atomic(html) as partial:
        partial.write_text(table_page("How every result was made", HEAD, rows, about))


def row(path, record):
    """Cells of one result."""
    return [
        str(path),
        record["command"].split()[1] if " " in record["command"] else record["command"],
        _pairs(record["settings"]),
        ", ".join(str(record[key]) for key in ("fold", "seed") if key in record),
        record["code"],
        record["commit"] or "no git checkout",
        duration(record["seconds"]),
        ", ".join(f"{Path(name).name} {digest[:8]}" for name, digest in record["inputs"].items()),
        _pairs(record["versions"]),
    ]


def _pairs(values):
    return ", ".join(f"{key} {value}" for key, value in values.items() if value is not None)
