"""Download an open data set: resumed where it broke off, and checked before it gets its name.

A file that is there already, with the right checksum, is not fetched again, wherever it
comes from. The videos of archives are unpacked beside them. SHA256SUMS, written last,
says that all is there.
"""

import csv
import logging
from pathlib import Path
from typing import Annotated

from cmm.datasets.fetching import Item, Settings, fetch_all
from cmm.datasets.layouts import reader
from cmm.datasets.registry import CONFIG, registry
from cmm.datasets.unpacking import unpack
from cmm.errors import UserError
from cmm.files import atomic, file_digest

log = logging.getLogger("cmm")
__all__ = ["Settings", "main"]
CHECKSUMS = "SHA256SUMS"


def main(
    dataset: Annotated[str, "name of the data set in the registry"],
    out: Annotated[Path, "SHA256SUMS to write, in the folder that the files go to"],
    settings: Settings,
):
    """Fetch every file of one data set."""
    items = read_items(dataset)
    folder = out.parent
    log.info("%s, %s: %s", dataset, registry()[dataset].licence, registry()[dataset].citation)
    archives = [item for item in items if item.file.endswith(".zip")]
    wanted = [item for item in items if item not in archives or not _unpacked(folder, item)]
    digests = dict(fetch_all(wanted, dataset, folder, settings))
    for item in archives:
        digests.pop(item.file, None)
        digests |= _unpack(folder, item, reader(dataset).MEMBER, settings)
    with atomic(out) as partial:
        partial.write_text("".join(f"{digest}  {file}\n" for file, digest in sorted(digests.items())))
    log.info("%d files of %s in %s", len(digests), dataset, folder)


def read_items(dataset):
    """The files of an open data set, a list of Item. Raises UserError for another one."""
    known = {name: entry for name, entry in registry().items() if entry.access == "open"}
    if dataset not in known:
        raise UserError(f"{dataset!r} is no open data set: choose one of {', '.join(known)}")
    entry = known[dataset]
    with open(CONFIG / "checksums" / entry.checksums, newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    size = lambda row: int(row["bytes"]) if row["bytes"] else None  # noqa: E731
    return [Item(row["file"], entry.where + row["file"], row["sha256"] or None, size(row)) for row in rows]


def _contents(folder, item):
    return folder / f"{item.file}.contents"


def _unpacked(folder, item):
    """Whether an archive has been unpacked, and what came out is still the same."""
    record = _contents(folder, item)
    if not record.is_file():
        return False
    for line in record.read_text().splitlines()[1:]:
        digest, file = line.split("  ", 1)
        if not (folder / file).is_file() or file_digest(folder / file) != digest:
            return False
    return True


def _unpack(folder, item, member, settings):
    """{file: sha256} of the members of an archive; the archive goes once they are there."""
    record, archive = _contents(folder, item), folder / item.file
    if archive.is_file() and not _unpacked(folder, item):
        digest = file_digest(archive)
        # No checksum of these archives is published: the first one that came is the one to expect.
        if record.is_file() and (first := record.read_text().split()[0]) != digest:
            raise UserError(f"{item.file} has the sha256 {digest}; when it was first unpacked it was {first}")
        files = unpack(archive, folder / "videos", member)
        lines = [f"{digest}  {item.file}", *(f"{file_digest(path)}  videos/{path.name}" for path in files)]
        with atomic(record) as partial:
            partial.write_text("\n".join(lines) + "\n")
        log.info("%s: %d videos unpacked", item.file, len(files))
    if archive.is_file() and not settings.keep_archives:
        archive.unlink()
    lines = [line.split("  ", 1) for line in record.read_text().splitlines()[1:]]
    return {file: digest for digest, file in lines}
