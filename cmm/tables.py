"""Parquet tables with their provenance in the metadata."""

import json
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from cmm.errors import UserError
from cmm.files import atomic

KEY = b"cmm"


def write_table(frame, path, provenance):
    """Write `frame` to `path` atomically, `provenance` (a JSON-able dict) in its metadata."""
    table = pa.Table.from_pandas(frame, preserve_index=False)
    metadata = {**(table.schema.metadata or {}), KEY: json.dumps(provenance).encode()}
    with atomic(path) as partial:
        pq.write_table(table.replace_schema_metadata(metadata), partial, compression="zstd")


def write_tsv(frame, path, provenance):
    """Write `frame` as tab-separated text, its provenance beside it in `{path}-metadata.json`.

    TSV has no place for it; the name is that of the W3C's "CSV on the Web".
    """
    with atomic(Path(f"{path}-metadata.json")) as partial:
        partial.write_text(json.dumps({"url": Path(path).name, "cmm": provenance}, indent=1) + "\n")
    with atomic(path) as partial:
        frame.to_csv(partial, sep="\t", index=False)


def read_table(path, columns=()):
    """Read a table of ours into a DataFrame; UserError if it is none or lacks `columns`."""
    path = Path(path)
    if not path.is_file():
        raise UserError(f"table {path} does not exist: run the stage that makes it")
    try:
        frame = pd.read_parquet(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise UserError(f"{path} is not a Parquet table ({error})") from error
    missing = [name for name in columns if name not in frame]
    if missing:
        raise UserError(f"{path} has no column {', '.join(missing)}: it is not the expected table")
    return frame


def by_video(frame, path):
    """Function that gives the rows of one video of `frame`; UserError naming `path` without any."""
    groups = dict(list(frame.groupby("video")))

    def rows(video):
        if video not in groups:
            raise UserError(f"{path} has no rows of video {video!r}: the tables are not of one run")
        return groups[video]

    return rows


def read_provenance(path):
    """The provenance dict that `write_table` put into a table's metadata ({} if none)."""
    metadata = pq.read_schema(path).metadata or {}
    return json.loads(metadata.get(KEY, b"{}"))
