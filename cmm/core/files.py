"""Files: atomic writing, paths that stay inside their root, plain-language failures."""

import errno
import glob
import hashlib
import os
import re
import shutil
import socket
import tempfile
from contextlib import contextmanager
from pathlib import Path

from cmm.core.errors import UserError

BEFORE = "before"  # what is being replaced, in the temporary
DISK_ERRORS = (errno.ENOSPC, errno.EROFS, errno.EDQUOT, errno.EFBIG, errno.EACCES, errno.EPERM)


@contextmanager
def atomic(path, replace=None):
    """Yield a temporary path beside `path`; rename it when the block succeeds.

    After a failure neither the temporary nor a half-written `path` exists, and a file
    that was there before still is. The temporary keeps the suffix, since writers choose
    their format by it. Works for a file, and for a folder that the block makes; a folder
    that holds something is replaced only if `replace(path)` says that it may be. What a
    killed process left behind is swept by the next one. Raises UserError where `path` cannot be written.
    """
    path = Path(path)
    full = path.is_dir() and any(path.iterdir())
    if full and not (replace and not path.is_symlink() and replace(path)):
        raise UserError(f"cannot write {path}: it is a folder that holds something; remove it or name another place")
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise UserError(f"cannot write {path}: it is neither a file nor a folder; name another place")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _sweep(path)
        holder = Path(tempfile.mkdtemp(prefix=f"{_holder_prefix(path)}{os.getpid()}.", dir=path.parent))
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror}; choose a writable folder") from error
    try:
        partial = holder / path.name
        yield partial
        if full and not replace(path):
            raise UserError(f"cannot write {path}: meanwhile something else came into it; name another place")
        if full:
            os.replace(path, holder / BEFORE)  # goes with the holder
        elif path.is_dir():
            path.rmdir()
        if partial.is_file():
            _to_disk(partial)
        os.replace(partial, path)
    except OSError as error:
        # HDF5 gives the number of a disk error in its text alone.
        number = error.errno or int((re.search(r"errno = (\d+)", str(error)) or [0, 0])[1])
        if number in DISK_ERRORS:
            raise UserError(f"cannot write {path}: {os.strerror(number)}") from error
        raise
    finally:
        _drop(holder, path)


def _drop(holder, path):
    """Remove a temporary; if it holds what was at `path` and nothing has taken its place, put that back first."""
    if (holder / BEFORE).exists() and not path.exists():
        os.replace(holder / BEFORE, path)
    shutil.rmtree(holder, ignore_errors=True)


def _to_disk(path):
    """Have the system write a file out: after a power cut, a renamed file could be empty otherwise."""
    with open(path, "rb") as file:
        os.fsync(file.fileno())


def _holder_prefix(path):
    return f".{path.name}.{socket.gethostname()}."


def _sweep(path):
    """Remove the temporaries of processes that ended on this host without doing so."""
    prefix = _holder_prefix(path)
    for holder in path.parent.glob(f"{glob.escape(prefix)}*.*"):
        pid = holder.name.removeprefix(prefix).split(".")[0]
        if pid.isdigit() and not _alive(int(pid)):
            _drop(holder, path)


def _alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def inside(root, name):
    """`root / name` as a resolved path; UserError if it leaves `root`, by links too."""
    try:
        root = Path(root).resolve()
        path = (root / str(name)).resolve()
        path.exists()
    except (OSError, ValueError, RuntimeError) as error:  # a loop of links, a name too long, a NUL
        raise UserError(f"{str(name)[:80]!r} is no file name that can be used ({error})") from error
    if not path.is_relative_to(root):
        raise UserError(f"{name!r} points outside of {root}: only files below it are read")
    return path


def file_digest(path):
    """sha256 of a file's bytes, as hexadecimal text."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def stat_digest(paths):
    """Hash of names, sizes and times of files: what changes when one is replaced."""
    digest = hashlib.sha256()
    for path in paths:
        status = os.stat(path)
        digest.update(f"{path}\0{status.st_size}\0{status.st_mtime_ns}\0".encode())
    return digest.hexdigest()


def existing(path, what):
    """`path` as a Path if it exists, else UserError naming `what` it should be."""
    path = Path(path)
    if not path.exists():
        raise UserError(f"{what} {path} does not exist")
    return path
