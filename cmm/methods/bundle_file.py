"""A bundle: a trained method in one file, which `generate --model` takes.

A zip archive, not compressed, of exactly these members; nothing in it is executed or unpickled.

bundle.json          format, method, its version of this package, sha256 of the others, how it was made
STAGE.safetensors    weights of the stages that the method generates from
config.yaml          the settings that they were trained with
MODEL_CARD.md        for people
"""

import json
import tempfile
import zipfile
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import cmm
from cmm.core.errors import UserError
from cmm.core.files import atomic
from cmm.methods.registry import METHODS, declaration_of

FORMAT = "cmm bundle 1"
SUFFIX = ".cmm"
RECORD, CONFIG, CARD = "bundle.json", "config.yaml", "MODEL_CARD.md"
MOST_BYTES = 4 * 2**30  # of a member
CLOCK = (1980, 1, 1, 0, 0, 0)  # of every member: the same bundle has the same bytes


def write_bundle(path, method, weights, texts, about):
    """Write a bundle: `weights` {stage: path of its file}, `texts` {CONFIG or CARD: text}, `about` (JSON-able)."""
    members = {f"{stage}.safetensors": Path(file).read_bytes() for stage, file in weights.items()}
    members |= {name: text.encode() for name, text in texts.items()}
    record = {"format": FORMAT, "method": method, "cmm": cmm.__version__, "about": about}
    record["sha256"] = {name: sha256(data).hexdigest() for name, data in members.items()}
    with atomic(path) as partial, zipfile.ZipFile(partial, "w") as archive:
        for name, data in {RECORD: json.dumps(record, indent=1).encode(), **members}.items():
            archive.writestr(zipfile.ZipInfo(name, CLOCK), data)


@contextmanager
def opened(path):
    """(method, paths of its weights files, for as long as the block runs) of a bundle.

    Raises UserError for a file that is no bundle, is damaged, holds more or less than it should, or is of a method that
    this version does not have.
    """
    path = Path(path)
    with _reading(path) as (archive, record):
        method = record["method"]
        versions = f"{path} was made by cmm {record['cmm']}, this is cmm {cmm.__version__}"
        if method not in METHODS:
            raise UserError(f"{versions}, which has no method {method!r}")
        wanted = [f"{stage}.safetensors" for stage in declaration_of(method).weights]
        if missing := {*wanted} - record["sha256"].keys():
            raise UserError(f"{versions}: it holds no {', '.join(sorted(missing))}, which {method} needs")
        with tempfile.TemporaryDirectory(prefix="cmm_bundle_") as folder:
            for name in wanted:
                (Path(folder) / name).write_bytes(_member(path, archive, record, name))
            yield method, [Path(folder) / name for name in wanted]


def read_record(path):
    """The record of a bundle; UserError as `opened`."""
    with _reading(Path(path)) as (_, record):
        return record


def read_card(path):
    """The text of a bundle's model card; UserError as `opened`."""
    with _reading(Path(path)) as (archive, record):
        text = _member(path, archive, record, CARD).decode(errors="replace")
        return "".join(c for c in text if c == "\n" or c.isprintable())  # no escapes of a stranger's to the terminal


@contextmanager
def _reading(path):
    """(open archive, its record)."""
    if not path.is_file():
        raise UserError(f"bundle {path} does not exist")
    archive = _careful(path, lambda: zipfile.ZipFile(path))
    with archive:
        record = _careful(path, lambda: json.loads(_bounded(path, archive, RECORD)))
        kinds = {"format": str, "method": str, "cmm": str, "sha256": dict}
        if not isinstance(record, dict) or not all(isinstance(record.get(key), kind) for key, kind in kinds.items()):
            raise UserError(f"{path} is no bundle of this project, or is damaged: its record is not what it should be")
        if record["format"] != FORMAT:
            raise UserError(f"{path} is a bundle of another format, {record['format']!r}: {FORMAT!r} is read")
        yield archive, record


def _careful(path, read):
    """What `read()` gives; UserError for whatever is wrong with the file."""
    try:
        return read()
    except UserError:
        raise
    except (zipfile.BadZipFile, KeyError, EOFError, RecursionError, RuntimeError, ValueError, OSError) as error:
        raise UserError(f"{path} is no bundle of this project, or is damaged ({type(error).__name__})") from error


def _member(path, archive, record, name):
    data = _careful(path, lambda: _bounded(path, archive, name))
    if sha256(data).hexdigest() != record["sha256"].get(name):
        raise UserError(f"{path} is damaged: {name} is not what was written; get the bundle anew")
    return data


def _bounded(path, archive, name):
    """A member's bytes; UserError for one that is packed, so that its size is a claim, or too large."""
    info = archive.getinfo(name)
    if info.compress_type != zipfile.ZIP_STORED or info.file_size > min(MOST_BYTES, path.stat().st_size):
        raise UserError(f"{path} is no bundle of this project: {name} is packed, or too large")
    return archive.read(info)
