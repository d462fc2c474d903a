"""The table of a folder of photographs: which are done, with what, and why others are not."""

import json
import logging
import time
from pathlib import Path

import pandas as pd

from cmm.core.errors import UserError
from cmm.core.files import file_digest
from cmm.core.tables import write_tsv

log = logging.getLogger("cmm")

TABLE = "photographs.tsv"
SAME = ("settings", "condition", "method", "models", "generator")  # of records of one album


class Album:
    """Results in a folder, one a photograph, made with one `record`; goes on with what is there already.

    Of `names`, the photographs: one that failed and is gone since is forgotten. With `again`, what is there is made
    anew. UserError where the folder holds something else, or was made otherwise.
    """

    def __init__(self, folder, record, names, again=False):
        self.folder, self.record = Path(folder), record
        begun = {name: row for name, row in self._begun(again).items() if row["status"] == "done" or name in names}
        self.rows = {} if again else begun

    def _begun(self, again):
        """{name: row} of an earlier command's table; with `again`, however that was made."""
        table = self.folder / TABLE
        if not table.is_file():
            if self.folder.exists() and (not self.folder.is_dir() or any(self.folder.iterdir())):
                raise UserError(f"{self.folder} exists already and has no {TABLE}: name a new folder")
            return {}
        try:
            old = json.loads(Path(f"{table}-metadata.json").read_text())["cmm"]
            rows = pd.read_csv(table, sep="\t", dtype={"photograph": str}).to_dict("records")
            rows = [{name: None if pd.isna(value) else value for name, value in row.items()} for row in rows]
            rows = {Path(row["photograph"]).stem: row | {"reason": row["reason"] or ""} for row in rows}
        except (OSError, ValueError, KeyError) as error:
            raise UserError(f"{table} is damaged ({error}): name a new folder") from error
        new = json.loads(json.dumps(self.record))
        if not again and (differ := [name for name in SAME if old.get(name) != new[name]]):
            what = ", ".join(differ)
            raise UserError(f"{self.folder} was made differently ({what}): name a new folder, or say --overwrite")
        return rows

    def enter(self, name, path, make):
        """Have `make()` make the result of a photograph and give what is measured on it, unless that is done."""
        row = {"photograph": path.name, "status": "done", "reason": "", "sha256": file_digest(path)}
        known = self.rows.get(name, {})
        same = all(known.get(what) == row[what] for what in ("status", "sha256"))
        if same and (self.folder / name).is_dir():
            return
        start = time.monotonic()
        try:
            measured = make()
        except UserError as error:
            log.warning("%s", error)
            row |= {"status": "failed", "reason": str(error)}
            measured = {}
        self.rows[name] = row | {"seconds": round(time.monotonic() - start, 2)} | measured
        self._write()

    def _write(self):
        write_tsv(pd.DataFrame(self.rows.values()).round(3), self.folder / TABLE, self.record)

    def close(self):
        """Say what is done; UserError if something failed."""
        self._write()
        failed = sum(row["status"] != "done" for row in self.rows.values())
        if failed:
            raise UserError(f"{failed} of {len(self.rows)} photographs failed: {self.folder / TABLE} says why")
        log.info("wrote %s: a folder a photograph, and %s", self.folder, TABLE)
