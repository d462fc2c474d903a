"""Arrays that are read as they are used behave as those in memory, whatever there is room for."""

import threading

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cmm.core.entries import Shelf
from cmm.core.errors import UserError
from cmm.core.hdf5 import Reader, write_h5

N, T = 7, 5
VALUES = np.random.default_rng(0).integers(0, 256, (N, T, 4, 4)).astype(np.uint8)
ENTRY = VALUES[0].nbytes


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("entries") / "a.h5"
    with write_h5(path, "a kind", {}) as writer:
        writer.room("pictures", VALUES.shape, np.uint8, block=2)
        for i, entry in enumerate(VALUES):
            writer.entry("pictures", i, entry)
        writer.array("others", VALUES[::-1])
    return path


class Counting(Reader):
    """Counts what is read."""

    def array(self, name, where=()):
        self.read = [*getattr(self, "read", []), (name, where)]
        return super().array(name, where)


def shelf(path, room=2 * ENTRY):
    return Shelf(Counting(path, "a kind", "file"), room)


rows = st.lists(st.integers(0, N - 1), max_size=6).map(lambda chosen: np.array(chosen, int))
places = st.one_of(
    st.integers(-N, N - 1),
    st.slices(N),
    rows,
    st.tuples(st.integers(0, N - 1), st.integers(-T, T - 1)),
    st.tuples(rows, st.integers(0, T - 1)),
    st.tuples(rows, st.slices(T)),
    st.tuples(st.slices(N), st.integers(0, T - 1)),
    rows.flatmap(
        lambda chosen: st.lists(st.integers(0, T - 1), min_size=len(chosen), max_size=len(chosen)).map(
            lambda columns: (chosen, np.array(columns, int))
        )
    ),
)


@settings(max_examples=150, deadline=None)
@given(where=places, chosen=st.booleans(), room=st.integers(0, 8), ahead=rows)
def test_they_are_indexed_as_numpy_does(path, where, chosen, room, ahead):
    kept = np.array([6, 0, 3, 3, 5, 1, 2]) if chosen else None
    array = shelf(path, room * ENTRY).array("pictures", kept)
    array.expect(ahead)
    expected = (VALUES if kept is None else VALUES[kept])[where]
    found = array[where]
    assert found.shape == expected.shape
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found, expected)


def test_what_was_read_lately_is_not_read_again(path):
    one = shelf(path)
    array, other = one.array("pictures"), one.array("others")
    for i in (0, 1, 0, 1):
        array[i]
    assert one.reader.read == [("pictures", (0, slice(None))), ("pictures", (1, slice(None)))]
    other[0]  # the room is one for both
    array[1], array[0]
    assert one.reader.read[2:] == [("others", (0, slice(None))), ("pictures", (0, slice(None)))]


def test_of_a_column_its_block_alone_is_read(path):
    one = shelf(path)
    array = one.array("pictures")
    np.testing.assert_array_equal(array[np.array([3, 5]), np.array([4, -2])], VALUES[[3, 5], [4, -2]])
    assert one.reader.read == [("pictures", (3, slice(4, 6))), ("pictures", (5, slice(2, 4)))]
    array.expect(np.array([3, 2, 2, 2]), np.array([4, 0, 1, 2]))
    array[2, 0], array[2, 1], array[2, 3]
    assert one.reader.read[2:] == [("pictures", (2, slice(0, 2))), ("pictures", (2, slice(2, 4)))]


def test_all_of_it_and_its_shape(path):
    array = shelf(path).array("others", as_read=lambda part: part[:, ::2, ::2])
    assert (array.shape, array.ndim, len(array)) == ((N, T, 2, 2), 4, N)
    np.testing.assert_array_equal(np.asarray(array), VALUES[::-1, :, ::2, ::2])
    np.testing.assert_array_equal(np.stack(list(array)), VALUES[::-1, :, ::2, ::2])
    with pytest.raises(ValueError, match="read-only"):
        array[0][:] = 1


def test_what_is_expected_is_read_in_another_thread(path):
    one, readers = shelf(path), set()
    array = one.array("others", as_read=lambda part: (readers.add(threading.current_thread().name), part)[1])
    readers.clear()
    array.expect([2, 3])
    np.testing.assert_array_equal(array[np.array([2, 3])], VALUES[::-1][2:4])
    assert [name.split("_")[0] for name in readers] == ["reading ahead"]


def test_a_damaged_entry_is_named_by_whoever_asks_for_it(path, tmp_path):
    copy = tmp_path / "b.h5"
    data = bytearray(path.read_bytes())
    with h5py.File(path) as file:
        at = file["pictures"].id.get_chunk_info_by_coord((2, 0, 0, 0)).byte_offset
    data[at + 20] ^= 1
    copy.write_bytes(data)
    array = shelf(copy).array("pictures")
    array.expect(range(4))
    np.testing.assert_array_equal(array[np.array([0, 1, 3])], VALUES[[0, 1, 3]])
    with pytest.raises(UserError, match=r"b\.h5 is damaged"):
        array[2]


def test_what_is_read_ahead_stays_until_it_is_used(path):
    one = shelf(path, 4 * ENTRY)  # room for two steps
    array, steps = one.array("pictures"), [np.array(pair) for pair in ((0, 1), (2, 3), (4, 5), (6, 0), (1, 2))]
    array.expect(steps[0])
    for step, following in zip(steps, [*steps[1:], []], strict=True):
        array.expect(following)
        np.testing.assert_array_equal(array[step], VALUES[step])
    assert len(one.reader.read) == sum(map(len, steps))


def test_a_column_comes_from_an_entry_that_is_held(path):
    one = shelf(path)
    array = one.array("pictures")
    array[0], array[0, 3]
    array.expect([0], [1])
    assert len(one.reader.read) == 1


@pytest.mark.parametrize(
    "where",
    [
        np.zeros((2, 1), int),
        np.ones(N, bool),
        (slice(3), np.arange(3)),
        (0, np.array([1, 2])),
        (slice(None), 0, 0),
        (np.array([0, 1]), np.array([0])),
    ],
)
def test_other_indices_are_refused(path, where):
    with pytest.raises(IndexError, match="pictures"):
        shelf(path).array("pictures")[where]


def test_entries_are_copied_as_they_lie_or_packed_anew(path, tmp_path):
    reader = Reader(path, "a kind", "file")
    with write_h5(tmp_path / "c.h5", "a kind", {}) as writer:
        writer.room("pictures", (2, T, 4, 4), np.uint8, 9, block=2)
        writer.copy("pictures", 1, reader, 4)
    copied = Reader(tmp_path / "c.h5", "a kind", "file")
    np.testing.assert_array_equal(copied.array("pictures"), np.stack([np.full_like(VALUES[0], 9), VALUES[4]]))
    with write_h5(tmp_path / "d.h5", "a kind", {}) as writer:
        writer.room("pictures", (3, T, 4, 4), np.uint8, packed=False)
        writer.copy("pictures", 0, reader, 4)
        writer.copy("pictures", 1, copied, 0)  # which was not written there
    anew = Reader(tmp_path / "d.h5", "a kind", "file").array("pictures")
    np.testing.assert_array_equal(anew[:2], np.stack([VALUES[4], np.full_like(VALUES[0], 9)]))
