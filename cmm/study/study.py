"""The user study as a tool: `study serve` shows the page to raters, `study export` writes what they said."""

import logging
from pathlib import Path
from typing import Annotated

from cmm.core.errors import UserError
from cmm.core.files import existing
from cmm.core.provenance import provenance
from cmm.core.servers import run_server
from cmm.core.tables import read_provenance, write_table
from cmm.study.database import Database
from cmm.study.prepare_study import read_pairs
from cmm.study.ratings import joined
from cmm.study.server import create_app

log = logging.getLogger("cmm")
EXAMPLES = (
    "cp -r results/actors/study study      # the workflow makes its own anew when weights change",
    "cmm study serve --study study --database study.sqlite",
    "cmm study export --database study.sqlite --out ratings.parquet",
)


def main(
    action: Annotated[str, "serve | export", "positional"],
    database: Annotated[Path, "SQLite file of the answers; made if it is not there"],
    study: Annotated[Path | None, "folder of the study, for serve"] = None,
    host: Annotated[str, "address to listen on; others than this machine reach it at 0.0.0.0"] = "127.0.0.1",
    port: Annotated[int, "port to listen on; 0 takes a free one"] = 8000,
    out: Annotated[Path | None, "ratings to write (Parquet), for export"] = None,
):
    """Serve the study until Ctrl-C, or export its ratings."""
    if action == "serve":
        if study is None:
            raise UserError("study serve: --study is missing: the folder of the study")
        pairs = read_pairs(study)
        if database.resolve().is_relative_to(study.resolve()):
            raise UserError(f"--database {database} lies in the study's folder, which the workflow may write anew")
        seed = read_provenance(study / "pairs.parquet").get("settings", {}).get("seed", 0)
        serve(study, Database(database, pairs, seed), host, port)
    elif action == "export":
        if out is None:
            raise UserError("study export: --out is missing: the table to write")
        answers = Database(existing(database, "database"))
        ratings = joined(answers.ratings(), answers.about)
        if ratings.empty:
            raise UserError(f"{database} has no answers yet: nothing to export")
        write_table(ratings, out, provenance(__name__, None, [database]))
        log.info("%d answers of %d raters", len(ratings), ratings["rater"].nunique())
    else:
        raise UserError(f"no action {action!r}: serve or export")


def serve(study, database, host, port):
    """Listen until the process is stopped."""
    run_server(create_app(study, database), host, port, f"{len(database.pairs)} pairs", "can rate")
