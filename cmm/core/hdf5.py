"""HDF5 files of ours: every byte under a checksum, and nothing believed that a file says of itself.

Arrays and texts lie in chunks with HDF5's own checksum (fletcher32), the structure in the format of
HDF5 1.10, which has checksums of its own: a flipped bit is an error of the one who reads it. Texts are
of a fixed length and the record is an array, since HDF5's texts of any length and its long attributes have none.
"""

import json
import math
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

import h5py
import numpy as np

from cmm.core.errors import ANEW, UserError, reason
from cmm.core.files import atomic
from cmm.core.patient_file import PatientFile, signals_later
from cmm.core.provenance import until_now

CHECKED = {"fletcher32": True}
PACKED = {"compression": "gzip", "compression_opts": 4}
RECORD = "provenance"
MOST_ARRAYS = 64  # of a file
MOST_BYTES = 2**30  # of an entry
DAMAGES = (OSError, KeyError, RuntimeError, ValueError, TypeError, AttributeError, IndexError)


@contextmanager
def write_h5(path, kind, provenance):
    """Give the Writer of a file of a `kind`, complete or not there at all; `provenance` is its record."""
    with atomic(path) as partial, PatientFile(partial, "w+") as disk:
        try:
            with signals_later(disk), h5py.File(disk, "w", libver=("v110", "v110")) as file:
                file.attrs["kind"] = np.bytes_(kind.encode())
                writer = Writer(file, disk)
                yield writer
                writer.texts(RECORD, [json.dumps(until_now(provenance))])
        finally:
            if disk.failure is not None:
                raise disk.failure


class Writer:
    """Writes arrays (n, ...), an entry a chunk, and texts (n) into an open file; raises as soon as it cannot go on."""

    def __init__(self, file, disk):
        self.file, self.disk = file, disk

    def room(self, name, shape, kind, fill=0, block=None, packed=True):
        """Make room for an array whose entries are written one by one; those that are not read as `fill`.

        Along the second axis, an entry lies in blocks of so many (None: as one), each of which is read for itself.
        """
        chunks = (1, min(block or shape[1], shape[1]), *shape[2:]) if len(shape) > 1 else (max(1, shape[0]),)
        packing = PACKED if packed and len(shape) > 1 else {}
        words = {"chunks": chunks, "maxshape": (None, *shape[1:]), **packing, **CHECKED}
        self.file.create_dataset(name, shape, kind, **words, fillvalue=fill)

    def entry(self, name, i, values):
        """Write entry `i` of an array that there is room for."""
        self.file[name][i] = values
        self._check()

    def copy(self, name, i, reader, j):
        """Write entry `j` of an array of another file as it lies there, unless another version has packed it.

        It is read before: a damaged entry goes no further.
        """
        mine, other, values = self.file[name].id, reader.file[name].id, reader.array(name, j)
        if _packing(mine) != _packing(other):
            self.entry(name, i, values)
            return
        _, columns, *rest = reader.shape(name)
        for column in range(0, columns, reader.block(name)):
            place = (column, *(0 for _ in rest))
            if other.get_chunk_info_by_coord((j, *place)).byte_offset is not None:  # what was not written is not there
                mask, packed = other.read_direct_chunk((j, *place))
                mine.write_direct_chunk((i, *place), packed, mask)
                self._check()

    def array(self, name, values):
        """Write a whole array."""
        values = np.asarray(values)
        self.room(name, values.shape, values.dtype)
        for i in range(len(values)) if values.ndim > 1 else (slice(None),):
            self.entry(name, i, values[i])

    def between(self, items):
        """Iterate over what is computed while the file is open: there, Ctrl-C and SIGTERM need not wait."""
        rest, end = iter(items), object()
        while True:
            self.disk.computing = True
            try:
                item = next(rest, end)
            finally:
                self.disk.computing = False
            if item is end:
                return
            yield item

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
    reader = Reader(path, kind, what)
    with reader.file:
        yield reader


class Reader:
    """Reads a file, which is open as long as its Reader lives; what is wrong with it is a UserError that names it.

    UserErrors and refusals as `open_h5`.
    """

    def __init__(self, path, kind, what):
        self.path = Path(path)
        if not self.path.is_file():
            raise UserError(f"{what} {path} does not exist: run the stage that makes it")
        try:
            self.file = h5py.File(path, "r")
        except OSError as error:
            if "Too many open files" in str(error):
                raise UserError(f"{path}: too many files are open: allow more (ulimit -n)") from error
            raise UserError(f"{path} is not an HDF5 file, or damaged: make it anew") from error
        self._opened = lru_cache(MOST_ARRAYS)(self.file.__getitem__)  # opening one takes as long as reading a little
        self._check(kind, what)

    @contextmanager
    def _naming(self):
        try:
            yield
        except DAMAGES as error:
            raise UserError(f"{self.path} is damaged ({reason(error)}): {ANEW}") from error

    def _check(self, kind, what):
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

    def shape(self, name):
        """Shape of an array."""
        return self._opened(name).shape

    def dtype(self, name):
        """What an array is made of."""
        return self._opened(name).dtype

    def block(self, name):
        """How many along the second axis of an array (n, m, ...) lie together."""
        chunks = self._opened(name).chunks
        return chunks[1] if chunks else self.shape(name)[1]

    def array(self, name, where=()):
        """An array, or what lies at an index of it."""
        with self._naming():
            return self._opened(name)[where]

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


def _packing(array):
    """What an array's entries must have in common to be copied as they are."""
    made = array.get_create_plist()
    filters = [made.get_filter(i) for i in range(made.get_nfilters())]
    return array.dtype, made.get_chunk(), [(code, values) for code, _, values, _ in filters]


def _text(value):
    return value.decode(errors="replace") if isinstance(value, bytes) else value
