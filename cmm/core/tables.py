"""Parquet tables with their provenance in the metadata, and every byte under a checksum.

Parquet has checksums of pages. What it says of itself, its footer, has none: ours lies before it, where no reader
looks.
"""

import hashlib
import json
import struct
import warnings
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from cmm.core.errors import ANEW, UserError, reason
from cmm.core.files import atomic
from cmm.core.provenance import until_now

KEY = b"cmm"
CHECKED = {"write_page_checksum": True, "compression": "zstd"}
SEAL = b"cmm sha256 of the footer: "
ENDING = struct.Struct("<I4s")  # of a Parquet file: bytes of the footer, PAR1
DAMAGED = f"it is damaged: {ANEW}"
GROUP = 8000  # rows that are read or written at a time where a table is too long for memory
HELD = 8  # such groups, and files, that stay open


def write_table(frame, path, provenance):
    """Write `frame` to `path` atomically, `provenance` (a JSON-able dict) in its metadata."""
    table = pa.Table.from_pandas(frame, preserve_index=False)
    metadata = {**(table.schema.metadata or {}), KEY: json.dumps(provenance).encode()}
    with atomic(path) as partial:
        pq.write_table(table.replace_schema_metadata(metadata), partial, **CHECKED)
        _seal(partial)


def write_tables(frames, path, provenance):
    """Write `frames`, an iterable of DataFrames, as one table, with a few of them in memory at a time.

    The first GROUP rows have all columns; what a later frame lacks is empty there. `provenance` as in
    `write_table`. Raises ValueError for a column that comes later.
    """
    with atomic(path) as partial:
        writer = None
        for frame in _groups(frames):
            if writer is None:
                writer = pq.ParquetWriter(partial, pa.Schema.from_pandas(frame, preserve_index=False), **CHECKED)
            if late := set(frame) - set(writer.schema.names):
                raise ValueError(f"{path}: no column for {', '.join(sorted(late))}: the first rows have none")
            whole = frame.reindex(columns=writer.schema.names)
            writer.write_table(pa.Table.from_pandas(whole, writer.schema, preserve_index=False))
        writer.add_key_value_metadata({KEY: json.dumps(until_now(provenance)).encode()})
        writer.close()
        _seal(partial)


def _seal(path):
    """Put the footer's sha256 before the footer of the Parquet file at `path`."""
    with open(path, "r+b") as file:
        footer = _footer(file)
        file.seek(-len(footer), 2)
        file.write(SEAL + hashlib.sha256(footer).digest() + footer)


def _check_seal(path):
    """UserError if the footer of a table is not what was written; tables of version 0.1 do not say."""
    with open(path, "rb") as file:
        footer = _footer(file)
        long = len(SEAL) + hashlib.sha256().digest_size
        file.seek(max(0, file.seek(0, 2) - len(footer) - long))
        seal = file.read(long)
    if seal.startswith(SEAL) and seal != SEAL + hashlib.sha256(footer).digest():
        raise UserError(f"{path}: {DAMAGED}")


def _footer(file):
    """The last bytes of an open Parquet file: its footer, the footer's length, PAR1; b"" where there is none."""
    size = file.seek(0, 2)
    if size < ENDING.size:
        return b""
    file.seek(-ENDING.size, 2)
    length = ENDING.unpack(file.read())[0] + ENDING.size
    if length > size:
        return b""
    file.seek(-length, 2)
    return file.read()


def _groups(frames):
    """The rows of DataFrames in DataFrames of about GROUP rows."""
    held, rows = [], 0
    for frame in frames:
        held.append(frame)
        rows += len(frame)
        if rows >= GROUP:
            yield pd.concat(held, ignore_index=True)
            held, rows = [], 0
    if held:
        yield pd.concat(held, ignore_index=True)


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
    frame = _read(path, lambda path: pq.read_table(path, page_checksum_verification=True).to_pandas())
    _require(columns, frame.columns, path)
    return frame


def read_csv(path, **how):
    """A DataFrame of somebody's CSV file; UserError for one that is none, and for lines longer than its head.

    `how` are words of pandas.read_csv, which takes the first cells of such lines for names of rows.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)
            return pd.read_csv(path, index_col=False, **how)
    except pd.errors.ParserWarning:
        raise UserError(f"{path} is not a CSV table: its lines have more cells than its head") from None
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError, OSError) as error:
        raise UserError(f"{path} is not a CSV table: {reason(error)}") from error


def by_video(paths, columns):
    """Function that reads the rows of one video, by frame, from tables of ours that are too long for memory.

    `paths` is a table, or the list of its parts. UserError if one is no table or lacks `columns`,
    and where no row is of the video that is asked for. Fast where videos are asked for in the order of the tables.
    """
    paths = paths if isinstance(paths, list) else [paths]
    opened = lru_cache(HELD)(lambda path: pq.ParquetFile(path, page_checksum_verification=True))

    def look(path):
        schema = opened(path).schema_arrow
        _require(["video", *columns], schema.names, path)
        return schema.remove_metadata(), list(_stretches(opened(path)))

    schemas, places = [], {}  # {video: [(path, row group, its first row there, one past its last)]}
    for path in paths:
        schema, stretches = _read(path, look)
        schemas.append(schema)
        for video, *place in stretches:
            places.setdefault(video, []).append((path, *place))
    whole = pa.unify_schemas(schemas)

    @lru_cache(HELD)
    def group(path, number):
        try:
            table = opened(path).read_row_group(number)
            for field in whole:
                if field.name not in table.column_names:
                    table = table.append_column(field, pa.nulls(len(table), field.type))
            return table.select(whole.names).cast(whole).to_pandas()
        except (pa.ArrowException, OSError) as error:
            raise UserError(f"{path}: {DAMAGED}") from error

    def rows(video):
        if video not in places:
            raise UserError(f"{paths[0]} has no rows of video {video!r}: the tables are not of one run")
        parts = [group(path, number).iloc[start:stop] for path, number, start, stop in places[video]]
        return pd.concat(parts).sort_values("frame", ignore_index=True)

    return rows


def _stretches(file):
    """(video, row group, first row there, one past the last) of every stretch of rows of one video in a table."""
    for number in range(file.num_row_groups):
        videos = file.read_row_group(number, ["video"])["video"].to_numpy()
        edges = [0, *(np.flatnonzero(videos[1:] != videos[:-1]) + 1), len(videos)]
        for start, stop in pairwise(edges):
            if stop > start:
                yield str(videos[start]), number, int(start), int(stop)


def _read(path, read):
    """What `read` gives of the table at `path`; UserError if there is none."""
    path = Path(path)
    if not path.is_file():
        raise UserError(f"table {path} does not exist: run the stage that makes it")
    try:
        _check_seal(path)
        return read(path)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise UserError(f"{path} is not a Parquet table, or damaged ({reason(error)})") from error


def _require(columns, present, path):
    """UserError unless all `columns` are present in the table at `path`."""
    if missing := [name for name in columns if name not in present]:
        raise UserError(f"{path} has no column {', '.join(missing)}: it is not the expected table")


def read_provenance(path):
    """The provenance dict that `write_table` put into a table's metadata ({} if none)."""
    metadata = _read(path, pq.read_metadata).metadata or {}  # of the file: a schema lacks what comes after the rows
    return json.loads(metadata.get(KEY, b"{}"))
