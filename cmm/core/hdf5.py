"""HDF5 files of ours: every byte under a checksum, and nothing believed that a file says of itself.

Arrays and texts lie in chunks with HDF5's own checksum (fletcher32), the structure in the format of
HDF5 1.10, which has checksums of its own: a flipped bit is an error of the one who reads it. Texts are
of a fixed length and the record is an array, since HDF5's texts of any length and its long attributes have none.
"""

import io
import json
import math
import signal
import threading
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np

from cmm.core.errors import ANEW, UserError, reason
from cmm.core.files import atomic
from cmm.core.provenance import until_now

CHECKED = {"fletcher32": True}
RECORD = "provenance"
MOST_ARRAYS = 64  # of a file
MOST_BYTES = 2**30  # of an entry
DAMAGES = (OSError, KeyError, RuntimeError, ValueError, TypeError, AttributeError, IndexError)


@contextmanager
def write_h5(path, kind, provenance):
    """Give the Writer of a file of a `kind`, complete or not there at all; `provenance` is its record."""
    with atomic(path) as partial, _Patient(partial, "w+") as disk:
        try:
            with _later(disk), h5py.File(disk, "w", libver=("v110", "v110")) as file:
                file.attrs["kind"] = np.bytes_(kind.encode())
                writer = Writer(file, disk)
                yield writer
                writer.texts(RECORD, [json.dumps(until_now(provenance))])
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


@contextmanager
def _later(disk):
    """Ctrl-C and SIGTERM wait until an entry is written: in the midst of HDF5 they would be swallowed, or end it."""

    def note(number, frame):
        disk.failure = disk.failure or KeyboardInterrupt()

    if threading.current_thread() is not threading.main_thread():  # signals come to the main one
        yield
        return
    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)


class Writer:
    """Writes arrays (n, ...), an entry a chunk, and texts (n) into an open file; raises as soon as it cannot go on."""

    def __init__(self, file, disk):
        self.file, self.disk = file, disk

    def room(self, name, shape, kind, fill=0):
        """Make room for an array whose entries are written one by one; those that are not read as `fill`."""
        chunks = (1, *shape[1:]) if len(shape) > 1 else (max(1, shape[0]),)
        packed = {"compression": "gzip", "compression_opts": 4} if len(shape) > 1 else {}
        words = {"chunks": chunks, "maxshape": (None, *shape[1:]), **packed, **CHECKED}
        self.file.create_dataset(name, shape, kind, **words, fillvalue=fill)

    def entry(self, name, i, values):
        """Write entry `i` of an array that there is room for."""
        self.file[name][i] = values
        self._check()

    def array(self, name, values):
        """Write a whole array."""
        values = np.asarray(values)
        self.room(name, values.shape, values.dtype)
        for i in range(len(values)) if values.ndim > 1 else (slice(None),):
            self.entry(name, i, values[i])

    def texts(self, name, texts):
        """Write texts."""
        data = [str(text).encode() for text in texts]
        kind = h5py.string_dtype("utf-8", max([1, *map(len, data)]))
        words = {"maxshape": (None,), "chunks": (max(1, len(data)),), **CHECKED}
        self.file.create_dataset(name, data=np.array(data, kind), **words)
        self._check()

    def _check(self):
        if self.disk.failure is not None:
            raise self.disk.failure


@contextmanager
def open_h5(path, kind, what):
    """Give the Reader of one of our HDF5 files; UserError if it is missing, not a `kind` (None: any), or damaged.

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
        reader = Reader(file, path)
        reader.check(kind, what)
        yield reader


class Reader:
    """Reads an open file; every error that comes of what the file holds is a UserError that names it."""

    def __init__(self, file, path):
        self.file, self.path = file, path

    @contextmanager
    def _naming(self):
        try:
            yield
        except DAMAGES as error:
            raise UserError(f"{self.path} is damaged ({reason(error)}): {ANEW}") from error

    def check(self, kind, what):
        """UserError unless the file is a `kind` and holds nothing but arrays that lie in it."""
        with self._naming():
            if kind is not None and _text(self.file.attrs.get("kind", "")) != kind:
                raise UserError(f"{self.path} is not a {what} of this project")
            self._check_inside(self.file, groups=True)

    def _check_inside(self, group, groups):
        if len(group) > MOST_ARRAYS:
            raise UserError(f"{self.path} holds {len(group)} arrays: at most {MOST_ARRAYS} are read")
        for name in group:
            if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                raise UserError(f"{self.path}: {name} is a link: such a file is not read")
            array = group[name]
            if isinstance(array, h5py.Group) and groups:
                self._check_inside(array, groups=False)
            elif not isinstance(array, h5py.Dataset) or array.is_virtual or array.external:
                raise UserError(
                    f"{self.path}: {name} is no array, or lies outside of the file: such a file is not read"
                )

    def names(self, group="/"):
        """Names of the arrays, or of those in a group."""
        with self._naming():
            return list(self.file[group])

    def layout(self, layout, optional=()):
        """UserError unless the file has the arrays of `layout`, {name: (dtype, sizes)}, and they fit each other.

        sizes: "n t s s 3": a letter is the same number everywhere, a number is itself. dtype: a numpy name, or "text".
        Returns {letter: number}.
        """
        known = {}
        with self._naming():
            if missing := [name for name in layout if name not in self.file and name not in optional]:
                raise UserError(f"{self.path} has no {', '.join(missing)}: {ANEW}")
            for name, (kind, sizes) in layout.items():
                if name in self.file:
                    self._check_array(name, kind, sizes.split(), known)
        return known

    def _check_array(self, name, kind, sizes, known):
        array = self.file[name]
        is_kind = array.dtype.kind in "SO" if kind == "text" else array.dtype == np.dtype(kind)
        fits = is_kind and len(sizes) == array.ndim
        for size, word in zip(array.shape, sizes, strict=False):
            fits &= size == (int(word) if word.isdigit() else known.setdefault(word, size))
        if not fits:
            shape = " x ".join(map(str, array.shape))
            raise UserError(
                f"{self.path}: {name} is {array.dtype} {shape}, not {kind} ({' '.join(sizes)}), with {known}"
            )
        entry = math.prod(array.shape[1:]) * array.dtype.itemsize
        if entry > MOST_BYTES:
            raise UserError(f"{self.path}: an entry of {name} has {entry} bytes: at most {MOST_BYTES} are read")

    def written(self, names):
        """UserError unless every part of the arrays has been written: a header alone may claim any size."""
        with self._naming():
            for name in names:
                array = self.file[name]
                if array.chunks is None:
                    whole = array.id.get_storage_size() >= array.nbytes
                else:
                    parts = [math.ceil(size / part) for size, part in zip(array.shape, array.chunks, strict=True)]
                    whole = array.id.get_num_chunks() == math.prod(parts)
                if not whole:
                    raise UserError(f"{self.path}: {name} is not complete: {ANEW}")

    def __contains__(self, name):
        return name in self.file

    def array(self, name, where=()):
        """An array, or what lies at an index of it."""
        with self._naming():
            return self.file[name][where]

    def texts(self, name):
        """Texts (n) as an array of str."""
        with self._naming():
            return self.file[name].asstr()[:]

    def record(self):
        """The file's record, {} without; files of version 0.1 have it in an attribute."""
        with self._naming():
            if RECORD in self.file:
                return json.loads(self.file[RECORD].asstr()[0])
            return json.loads(_text(self.file.attrs.get(RECORD, "{}")))


def _text(value):
    return value.decode(errors="replace") if isinstance(value, bytes) else value
