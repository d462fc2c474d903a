"""Download an open data set: resumed where it broke off, and checked before it gets its name.

A file that is there already, with the right checksum, is not fetched again, wherever it
comes from. The videos of archives are unpacked beside them. SHA256SUMS, written last,
says that all is there.
"""

import csv
import logging
from pathlib import Path
from typing import Annotated

from cmm.core.downloads import RemoteFile, Settings, fetch_all
from cmm.core.errors import UserError
from cmm.core.files import atomic, file_digest
from cmm.core.unpacking import unpack
from cmm.datasets.layouts import reader
from cmm.datasets.registry import CONFIG, registry

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
    unpacked = {item: _unpacked(folder, item) for item in items if item.file.endswith(".zip")}

    def unpack_it(item, digest):
        if item not in unpacked:
            return {item.file: digest}
        return _unpack(folder, item, digest, reader(dataset).MEMBER, settings)

    wanted = [item for item in items if not unpacked.get(item)]
    digests = fetch_all(wanted, dataset, folder, settings, unpack_it)
    for known in filter(None, unpacked.values()):
        digests |= known
    with atomic(out) as partial:
        partial.write_text("".join(f"{digest}  {file}\n" for file, digest in sorted(digests.items())))
    log.info("%d files of %s in %s", len(digests), dataset, folder)


def read_items(dataset):
    """The files of an open data set, a list of RemoteFile. Raises UserError for another one."""
    known = {name: entry for name, entry in registry().items() if entry.access == "open"}
    if dataset not in known:
        raise UserError(f"{dataset!r} is no open data set: choose one of {', '.join(known)}")
    entry = known[dataset]
    with open(CONFIG / "checksums" / entry.checksums, newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    size = lambda row: int(row["bytes"]) if row["bytes"] else None  # noqa: E731
    return [RemoteFile(row["file"], entry.where + row["file"], row["sha256"] or None, size(row)) for row in rows]


def _unpacked(folder, item):
    """{file: sha256} of what an archive gave, if it has been unpacked and all of that is still the same; else {}."""
    record = _record(folder, item)
    lines = record.read_text().splitlines()[1:] if record.is_file() else []
    known = {file: digest for digest, file in (line.split("  ", 1) for line in lines)}
    same = all((folder / file).is_file() and file_digest(folder / file) == known[file] for file in known)
    return known if same else {}


def _unpack(folder, item, digest, member, settings):
    """{file: sha256} of the members of an archive; the archive goes once they are there."""
    record, archive = _record(folder, item), folder / item.file
    # No checksum of these archives is published: the first one that came is the one to expect.
    if record.is_file() and (first := record.read_text().split()[0]) != digest:
        raise UserError(f"{item.file} has the sha256 {digest}; when it was first unpacked it was {first}")
    files = unpack(archive, folder / "videos", member)
    known = {f"videos/{path.name}": file_digest(path) for path in files}
    with atomic(record) as partial:
        partial.write_text("".join(f"{d}  {file}\n" for file, d in [(item.file, digest), *known.items()]))
    log.info("%s: %d videos unpacked", item.file, len(files))
    if not settings.keep_archives:
        archive.unlink()
    return known


def _record(folder, item):
    return folder / f"{item.file}.contents"
