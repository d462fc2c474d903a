"""Arrays of an HDF5 file of ours that are read as they are used: what a stage holds does not grow with the file.

Entries read lately stay in memory, as many as there is room for; those of the next step are read ahead in a thread,
while this step computes.
"""

from collections import OrderedDict
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np

ROOM = 64 * 2**20  # bytes of entries that a stage holds that goes through them once


class Shelf:
    """Parts of the arrays of one open file (a Reader), in `room` bytes of memory: what came first goes first.

    Not what was used longest ago: that would be what was read ahead, before this step's parts were used.
    """

    def __init__(self, reader, room=ROOM):
        self.reader, self.room = reader, room
        self._held, self._bytes = OrderedDict(), 0  # {(array's name, row, its block): (Future, bytes)}
        self._ahead = None

    def array(self, name, rows=None, as_read=None):
        """The Entries `rows` (all) of an array, each as `as_read(entry)` makes it."""
        return Entries(self, name, rows, as_read)

    def __contains__(self, key):
        return key in self._held

    def get(self, key, read, size):
        """A part: held already, on its way, or read now."""
        if key in self._held:
            return self._held[key][0].result()
        done = Future()
        done.set_result(read())
        self._hold(key, done, size)
        return done.result()

    def expect(self, key, read, size):
        """Read a part ahead."""
        if key in self._held:
            self._held.move_to_end(key)
            return
        if self._ahead is None:
            self._ahead = ThreadPoolExecutor(1, thread_name_prefix="reading ahead")
        self._hold(key, self._ahead.submit(read), size)

    def _hold(self, key, part, size):
        self._held[key] = part, size
        self._bytes += size
        while self._bytes > self.room and len(self._held) > 1:
            _, (old, less) = self._held.popitem(last=False)
            old.cancel()
            self._bytes -= less


class Entries:
    """An array (n, m, ...) that is read as it is indexed, in the blocks along its second axis in which it is packed.

    `array[where]` and `array[where, columns]`, as numpy has them: `where` is a row, a slice, or rows (k,); `columns`,
    along the second axis, are a column, a slice, or with rows as many columns, each of its row; IndexError for other
    indices. What is given out of one entry cannot be written to. `np.asarray(array)` reads all of it.
    `as_read(part)` makes of what is read of an entry, some of its columns, what is given out.
    """

    def __init__(self, shelf, name, rows=None, as_read=None):
        stored, self._block = shelf.reader.shape(name), shelf.reader.block(name)
        self.rows = np.arange(stored[0]) if rows is None else np.asarray(rows)
        self.name, self.dtype = name, shelf.reader.dtype(name)
        self._shelf, self._as_read = shelf, as_read
        entry = np.empty(stored[1:], self.dtype) if as_read is None else as_read(np.zeros(stored[1:], self.dtype))
        self.shape = (len(self.rows), *entry.shape)
        self._bytes = entry.nbytes

    def __len__(self):
        return len(self.rows)

    @property
    def ndim(self):
        return len(self.shape)

    def __iter__(self):
        return (self[i] for i in range(len(self)))

    def __getitem__(self, where):
        where, columns = where if isinstance(where, tuple) and len(where) == 2 else (where, slice(None))
        where, columns = (np.asarray(part) if isinstance(part, list) else part for part in (where, columns))
        paired = isinstance(where, np.ndarray) and where.ndim == 1 and where.dtype != bool
        if not (paired or isinstance(where, (int, np.integer, slice))):
            raise IndexError(f"{self.name}[{where!r}]: a row, a slice or rows (k,), and with them columns")
        if isinstance(columns, np.ndarray) and not (paired and columns.shape == where.shape):
            raise IndexError(f"{self.name}: columns {columns.shape} are of as many rows (k,) alone")
        if isinstance(where, (int, np.integer)):
            return self._of_entry(where, columns)
        chosen = np.arange(len(self))[where]
        each = columns if isinstance(columns, np.ndarray) else [columns] * len(chosen)
        parts = [self._of_entry(i, column) for i, column in zip(chosen, each, strict=True)]
        return np.stack(parts) if parts else np.empty((0, *self.shape[1:]), self.dtype)[chosen, columns]

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self[:], dtype)

    def expect(self, rows, columns=None):
        """Read rows (k,) ahead: the blocks of these columns (k,), or all."""
        for i, column in zip(rows, [None] * len(rows) if columns is None else columns, strict=True):
            self._shelf.expect(*self._order(i, slice(None) if column is None else self._part_with(i, column)))

    def _of_entry(self, i, columns):
        """Some columns of entry i, of one column from its block alone."""
        if isinstance(columns, slice):
            return self._shelf.get(*self._order(i, slice(None)))[columns]
        column = range(self.shape[1])[columns]
        part = self._part_with(i, column)
        return self._shelf.get(*self._order(i, part))[column - (part.start or 0)]

    def _part_with(self, i, column):
        """The block of a column; the whole entry, if that is held."""
        if self._order(i, slice(None))[0] in self._shelf:
            return slice(None)
        start = int(column) // self._block * self._block
        return slice(start, start + self._block)

    def _order(self, i, columns):
        row, size = int(self.rows[i]), self._bytes
        if columns.stop is not None:
            size = size * self._block // self.shape[1]
        return (self.name, row, columns.start), lambda: self._read(row, columns), size

    def _read(self, row, columns):
        part = self._shelf.reader.array(self.name, (row, columns))
        part = part if self._as_read is None else self._as_read(part)
        part.flags.writeable = False  # it may be handed out again
        return part
