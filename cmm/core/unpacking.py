"""Unpack the wanted files of a ZIP archive, and nothing outside of one folder."""

import shutil
import stat
import zipfile
import zlib
from pathlib import PurePosixPath

from cmm.core.errors import UserError
from cmm.core.files import atomic

LARGEST = 2 << 30  # bytes of one file
MOST = 16 << 30  # bytes of all
DAMAGED = (zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError)


def unpack(archive, folder, member, largest=LARGEST, most=MOST):
    """Write the files whose names match `member`, a compiled pattern, into `folder`; their sorted paths.

    Folders inside of the archive are left away. Raises UserError, having written nothing,
    for a damaged archive, one with a path that leads out of it, a link, two wanted files of
    one name, or one that would grow beyond `largest` or `most` bytes.
    """
    written = []
    try:
        with zipfile.ZipFile(archive) as file:
            for name, info in _wanted(file, archive, member, largest, most).items():
                _write(file, info, folder / name)
                written.append(folder / name)
    except DAMAGED as error:
        for path in written:
            path.unlink()
        raise UserError(f"{archive} is a damaged archive ({error}): remove it and run again") from error
    return sorted(written)


def _wanted(file, archive, member, largest, most):
    """{name: ZipInfo} of the wanted files."""
    found = {}
    for info in file.infolist():
        path = PurePosixPath(info.filename.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts or ":" in "".join(path.parts[:1]):
            raise UserError(f"{archive} holds {info.filename!r}, which leads out of the archive: not unpacked")
        if stat.S_ISLNK(info.external_attr >> 16):
            raise UserError(f"{archive} holds the link {info.filename!r}: not unpacked")
        if info.is_dir() or not member.match(path.name):
            continue
        if path.name in found:
            raise UserError(f"{archive} holds {path.name!r} twice: not unpacked")
        if info.file_size > largest:
            raise UserError(f"{archive}: {info.filename!r} would have {info.file_size} bytes, more than {largest}")
        found[path.name] = info
    total = sum(info.file_size for info in found.values())
    if total > most:
        raise UserError(f"{archive} would unpack to {total} bytes, more than {most}")
    if not found:
        raise UserError(f"{archive} holds none of the expected files: not unpacked")
    return found


def _write(file, info, path):
    """Write one member; zipfile reads no more than the size in its head, and checks its CRC."""
    with atomic(path) as partial, file.open(info) as source, open(partial, "wb") as target:
        shutil.copyfileobj(source, target, 1 << 20)
