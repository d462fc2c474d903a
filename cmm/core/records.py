"""Print how a result was made: command, settings, code, inputs, versions, time.

The record lies in the file itself: the metadata of tables, weights, HDF5 files, videos
and pictures, the head of a page, a comment of Markdown, or beside a TSV file in
`FILE-metadata.json`. Of a folder, the first file that has one is taken.
"""

import re
import xml.etree.ElementTree as ElementTree
from html import unescape
from json import dumps, loads
from pathlib import Path
from typing import Annotated

import yaml
from PIL import Image
from safetensors import SafetensorError, safe_open

from cmm.core.errors import UserError, reason
from cmm.core.files import existing
from cmm.core.hdf5 import open_h5
from cmm.core.video import read_comment

EXAMPLES = (
    "cmm provenance results/overview.html",
    "cmm provenance results/actors/smiles.h5 --json | jq .versions",
)


def main(
    file: Annotated[Path, "a result: a file, or a folder of files", "positional"],
    json: Annotated[bool, "as JSON, for a program"] = False,
):
    """Print the record of one result as YAML."""
    if json:
        print(dumps(read_record(file), indent=2))
        return
    print(yaml.safe_dump(read_record(file), sort_keys=False, width=110), end="")


def read_record(path):
    """The provenance dict of a result; UserError if it has none."""
    path = existing(path, "result")
    if path.is_dir():
        return _first_record(path)
    reader = READERS.get(path.suffix)
    try:
        record = reader(path) if reader else None
    except (OSError, ValueError, KeyError, TypeError, SyntaxError, SafetensorError, UserError) as error:
        raise UserError(f"{path} cannot be read: {reason(error)}") from error
    if not isinstance(record, dict) or "stage" not in record:
        raise UserError(f"{path} does not say how it was made: try its folder, or the report's page Provenance")
    return record


def dataset_of(about):
    """Name of the data set that weights were trained on, "" if their record does not say."""
    paths = [Path(path) for path in about["inputs"] if Path(path).name == "smiles.h5"]
    return paths[0].parent.name if paths else ""


def _first_record(folder):
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        try:
            return read_record(path)
        except UserError:
            continue
    raise UserError(f"{folder} holds no file that says how it was made")


def _of_table(path):
    from cmm.core.tables import read_provenance  # pandas, which takes a third of a second to load

    return read_provenance(path)


def _of_hdf5(path):
    with open_h5(path, None, "result") as reader:
        return reader.record()


def _of_weights(path):
    with safe_open(path, "np") as file:
        return loads((file.metadata() or {}).get("about", "{}"))


def _of_picture(key):
    def read(path):
        with Image.open(path) as image:
            return loads(image.info.get(key, "{}"))

    return read


def _of_svg(path):
    found = ElementTree.parse(path).find(".//{http://purl.org/dc/elements/1.1/}description")
    return loads(found.text) if found is not None else None


def _of_text(pattern):
    def read(path):
        found = re.search(pattern, path.read_text(errors="replace"))
        return loads(unescape(found[1])) if found else None

    return read


READERS = {
    ".parquet": _of_table,
    ".h5": _of_hdf5,
    ".safetensors": _of_weights,
    ".mp4": lambda path: loads(read_comment(path) or "{}"),
    ".png": _of_picture("Description"),
    ".gif": _of_picture("comment"),
    ".webp": _of_picture("xmp"),
    ".svg": _of_svg,
    ".html": _of_text(r"<meta name='cmm' content='([^']*)'>"),
    ".md": _of_text(r"<!-- cmm: (.*) -->\s*$"),
    ".tsv": lambda path: loads(Path(f"{path}-metadata.json").read_text())["cmm"],
}
