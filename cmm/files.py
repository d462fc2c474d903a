"""Files: atomic writing, paths that stay inside their root, plain-language failures."""

import errno
import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path

from cmm.errors import UserError

DISK_ERRORS = (errno.ENOSPC, errno.EROFS, errno.EDQUOT, errno.EACCES, errno.EPERM)


@contextmanager
def atomic(path):
    """Yield a temporary path beside `path`; rename it when the block succeeds.

    After a failure neither the temporary nor a half-written `path` exists. The
    temporary keeps the suffix, since writers choose their format by it. Works for a
    file and for a folder that the block makes. Raises UserError where the disk
    cannot be written.
    """
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        holder = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror}; choose a writable folder") from error
    try:
        partial = holder / path.name
        yield partial
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        os.replace(partial, path)
    except OSError as error:
        if error.errno in DISK_ERRORS:
            raise UserError(f"cannot write {path}: {error.strerror}") from error
        raise
    finally:
        shutil.rmtree(holder, ignore_errors=True)


def inside(root, name):
    """`root / name` as a resolved path; UserError if it leaves `root`, by links too."""
    root = Path(root).resolve()
    path = (root / str(name)).resolve()
    if not path.is_relative_to(root):
        raise UserError(f"{name!r} points outside of {root}: only files below it are read")
    return path


def existing(path, what):
    """`path` as a Path if it exists, else UserError naming `what` it should be."""
    path = Path(path)
    if not path.exists():
        raise UserError(f"{what} {path} does not exist")
    return path
