"""HDF5 files of ours: every byte under a checksum, and nothing believed that a file says of itself.

Arrays and texts lie in chunks with HDF5's own checksum (fletcher32), the structure in the format of
HDF5 1.10, which has checksums of its own: a flipped bit is an error of the one who reads it. Texts are
of a fixed length and the record is an array, since HDF5's texts of any length and its long attributes have none.
"""

import io
import json
import math
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np

from cmm.core.errors import UserError, reason
from cmm.core.files import atomic
from cmm.core.provenance import until_now

CHECKED = {"fletcher32": True}
RECORD = "provenance"
MOST_ARRAYS = 64  # of a file
MOST_BYTES = 2**30  # of an entry


@contextmanager
def write_h5(path, kind, provenance):
    """Give an open file of a `kind` to fill, complete or not there at all; `provenance` is its record."""
    with atomic(path) as partial, _Patient(partial, "w+") as disk:
        try:
            with h5py.File(disk, "w", libver=("v110", "v110")) as file:
                file.attrs["kind"] = np.bytes_(kind.encode())
                yield file
                write_texts(file, RECORD, [json.dumps(until_now(provenance))])
        finally:
            if disk.failure is not None:
                raise disk.failure


class _Patient(io.FileIO):
    """A file that does not tell HDF5 when the disk is full, and keeps it for us.

    HDF5 cannot let go of a file that it cannot write: it tries again with every array, and at the end of the process
    falls.
    """

    failure = None

    def write(self, data):
        left = memoryview(data).cast("B")
        try:
            while len(left) and self.failure is None:
                left = left[super().write(left) :]
        except OSError as error:
            self.failure = error
        return len(data)

    def truncate(self, size=None):
        try:
            return super().truncate(size)
        except OSError as error:
            self.failure = error
            return size


def write_array(file, name, values):
    """Write an array (n, ...), an entry a chunk."""
    values = np.asarray(values)
    new_array(file, name, values.shape, values.dtype)[:] = values


def new_array(file, name, shape, kind, fill=0):
    """Make room for an array (n, ...) of entries that are written one by one; those that are not read as `fill`."""
    chunks = {"chunks": (1, *shape[1:]) if len(shape) > 1 else (max(1, shape[0]),), "maxshape": (None, *shape[1:])}
    packed = {"compression": "gzip", "compression_opts": 4} if len(shape) > 1 else {}
    return file.create_dataset(name, shape, kind, **chunks, **packed, **CHECKED, fillvalue=fill)


def write_texts(file, name, texts):
    """Write texts (n)."""
    data = [str(text).encode() for text in texts]
    kind = h5py.string_dtype("utf-8", max([1, *map(len, data)]))
    file.create_dataset(name, data=np.array(data, kind), maxshape=(None,), chunks=(max(1, len(data)),), **CHECKED)


def read_texts(file, name):
    """Texts (n) as an array of str."""
    return file[name].asstr()[:]


def record_of(file):
    """The record of an open file, {} without; files of version 0.1 have it in an attribute."""
    if RECORD in file:
        return json.loads(file[RECORD].asstr()[0])
    return json.loads(_text(file.attrs.get(RECORD, "{}")))


@contextmanager
def open_h5(path, kind, what):
    """Open one of our HDF5 files for reading; UserError if it is missing, not `kind`, or damaged, now or while read.

    A file that leads elsewhere, by links or by data outside of it, is refused.
    """
    path = Path(path)
    if not path.is_file():
        raise UserError(f"{what} {path} does not exist: run the stage that makes it")
    try:
        file = h5py.File(path, "r")
    except OSError as error:
        raise UserError(f"{path} is not an HDF5 file, or damaged: make it anew") from error
    with file:
        try:
            if _text(file.attrs.get("kind", "")) != kind:
                raise UserError(f"{path} is not a {what} of this project")
            _check_inside(file, path)
            yield file
        except (OSError, KeyError, RuntimeError, ValueError, TypeError, MemoryError) as error:
            raise UserError(
                f"{path} is damaged ({reason(error)}): delete it, and run the stage that makes it"
            ) from error


def check_layout(file, layout, optional=()):
    """UserError unless an open file has the arrays of `layout`, {name: (dtype, sizes)}, and they fit each other.

    sizes: "n t s s 3": a letter is the same number everywhere, a number is itself. dtype: a numpy name, or "text".
    Returns {letter: number}.
    """
    known, path = {}, file.filename
    if missing := [name for name in layout if name not in file and name not in optional]:
        raise UserError(f"{path} has no {', '.join(missing)}: delete it, and run the stage that makes it")
    for name, (kind, sizes) in layout.items():
        if name not in file:
            continue
        array = file[name]
        is_kind = array.dtype.kind in "SO" if kind == "text" else array.dtype == np.dtype(kind)
        wanted = sizes.split()
        fits = is_kind and len(wanted) == array.ndim
        for size, word in zip(array.shape, wanted, strict=False):
            fits &= size == (int(word) if word.isdigit() else known.setdefault(word, size))
        if not fits:
            shape = " x ".join(map(str, array.shape))
            raise UserError(f"{path}: {name} is {array.dtype} {shape}, not {kind} ({sizes}), with {known}")
        entry = math.prod(array.shape[1:]) * array.dtype.itemsize
        if entry > MOST_BYTES:
            raise UserError(f"{path}: an entry of {name} has {entry} bytes: at most {MOST_BYTES} are read")
    return known


def _check_inside(file, path):
    """UserError for anything but arrays that lie in the file itself, each entry of which has been written."""
    if len(file) > MOST_ARRAYS:
        raise UserError(f"{path} holds {len(file)} arrays: at most {MOST_ARRAYS} are read")
    for name in file:
        if not isinstance(file.get(name, getlink=True), h5py.HardLink):
            raise UserError(f"{path}: {name} is a link: such a file is not read")
        array = file[name]
        if isinstance(array, h5py.Group):
            _check_inside(array, f"{path}: {name}")
        elif not isinstance(array, h5py.Dataset) or array.is_virtual or array.external:
            raise UserError(f"{path}: {name} lies outside of the file: such a file is not read")


def check_written(file, names):
    """UserError unless every entry of the arrays has been written: a header alone may claim any size."""
    for name in names:
        array = file[name]
        if array.chunks is None or array.chunks[0] != 1:  # of one piece: as many bytes as it says
            whole = array.chunks is not None or array.id.get_storage_size() >= array.nbytes
        else:
            whole = array.id.get_num_chunks() == len(array)
        if not whole:
            raise UserError(f"{file.filename}: {name} is not complete: delete it, and run the stage that makes it")


def _text(value):
    return value.decode(errors="replace") if isinstance(value, bytes) else value
