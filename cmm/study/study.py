"""The user study as a tool: `study serve` shows the page to raters, `study invite` prints links for them alone,
`study export` writes what they said."""

import logging
import re
import sqlite3
from pathlib import Path
from typing import Annotated

from cmm.core.errors import UserError
from cmm.core.files import existing
from cmm.core.provenance import provenance
from cmm.core.servers import run_server
from cmm.core.tables import read_provenance, write_table
from cmm.study.database import Database
from cmm.study.prepare_study import read_pairs
from cmm.study.raters import Raters
from cmm.study.ratings import joined
from cmm.study.server import create_app

MOST_INVITED = 10_000
log = logging.getLogger("cmm")
EXAMPLES = (
    "cp -r results/actors/study study      # the workflow makes its own anew when weights change",
    "cmm study serve --study study --database study.sqlite",
    "cmm study invite --study study --database study.sqlite --count 20 --url https://study.example.org",
    "cmm study export --database study.sqlite --out ratings.parquet",
)


def main(
    action: Annotated[str, "serve | invite | export", "positional"],
    database: Annotated[Path, "SQLite file of the answers; made if it is not there"],
    study: Annotated[Path | None, "folder of the study, for serve and invite"] = None,
    host: Annotated[str, "address to listen on; others than this machine reach it at 0.0.0.0"] = "127.0.0.1",
    port: Annotated[int, "port to listen on (8000); 0 takes a free one"] = 8000,
    out: Annotated[Path | None, "ratings to write (Parquet), for export"] = None,
    url: Annotated[str, "address at which raters reach the page, where a proxy stands before it"] = "",
    most_raters: Annotated[int, "raters that are let in"] = 1000,
    most_new: Annotated[int, "new raters that are let in within a minute"] = 60,
    count: Annotated[int, "invitations, for invite"] = 0,
):
    """Serve the study until Ctrl-C, invite raters to it, or export its ratings."""
    if url and not re.fullmatch(r"https?://[\w.:\[\]-]+/?", url):
        raise UserError(f"--url {url}: an address is like https://study.example.org, without a path")
    if action in ("serve", "invite"):
        if study is None:
            raise UserError(f"study {action}: --study is missing: the folder of the study")
        pairs = read_pairs(study)
        if database.resolve().is_relative_to(study.resolve()):
            raise UserError(f"--database {database} lies in the study's folder, which the workflow may write anew")
        seed = read_provenance(study / "pairs.parquet").get("settings", {}).get("seed", 0)
        answers = Database(database, pairs, seed)
        if action == "invite":
            invite(answers, count, url or f"http://localhost:{port}")
            return
        raters = Raters(answers, most_raters, most_new)
        serve(study, answers, raters, host, port, url)
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
        raise UserError(f"no action {action!r}: serve, invite or export")


def serve(study, database, raters, host, port, url):
    """Listen until the process is stopped."""
    invited = database.invitations()
    what = f"{len(database.pairs)} pairs" + (f", for {invited} who are invited" if invited else "")
    others = "who was invited can rate" if invited else "can rate"
    run_server(create_app(study, database, raters, url.startswith("https:")), host, port, what, others, url or None)


def invite(database, count, url):
    """Print the links of `count` new invitations: from now on, they alone let somebody in."""
    if not 1 <= count <= MOST_INVITED:
        raise UserError(f"study invite: --count {count}: how many, 1 to {MOST_INVITED}")
    try:
        tokens = database.invite(count)
    except sqlite3.Error as error:
        raise UserError(f"{database.path} cannot be written now ({error}): try again") from error
    for token in tokens:
        print(f"{url.rstrip('/')}/?invitation={token}")
