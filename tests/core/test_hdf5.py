"""HDF5 files of ours: nothing is believed that a file says of itself, and a full disk is one line."""

import random
import resource
import signal
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from pathlib import Path

import h5py
import numpy as np
import pytest
from damage import refused_flips
from waiting import hear_ctrl_c

from cmm.core.errors import UserError
from cmm.core.hdf5 import RECORD, open_h5, write_h5
from cmm.core.records import read_record
from cmm.generation.generated_file import read_generated, write_generated
from cmm.sequences.smiles_file import ARRAYS, KIND, read_smiles, write_smiles

ROOT = Path(__file__).parents[2]
T, S = 4, 16


def written(path, count=3):
    rng = np.random.default_rng(0)
    sequences = [
        {
            "landmarks": rng.integers(0, 2, (T, S, S)).astype(np.uint8),
            "faces": rng.integers(0, 256, (T, S, S, 3)).astype(np.uint8),
            "points": rng.random((T, 68, 2)).astype(np.float32),
        }
        for _ in range(count)
    ]
    rows = [
        {"smile": f"s{i}", "subject": f"ä{i}", "expression": "posed", "video": f"v{i}", "fold": i} for i in range(3)
    ]
    write_smiles(path, sequences, rows[:count], T, S, {"stage": "a test"})
    return path


def content(path):
    return [None if part is None else part.tolist() for part in map(np.asarray, vars(read_smiles(path)).values())]


def test_a_flipped_bit_anywhere_is_one_line_or_changes_nothing(tmp_path):
    path = written(tmp_path / "smiles.h5")
    assert refused_flips(path, lambda: repr(content(path)), 100, random.Random(0)) > 50


def replaced(name, values):
    def change(file):
        del file[name]
        file.create_dataset(name, data=values, chunks=(1, *np.shape(values)[1:]))

    return change


def sparse(file):
    for name, shape in (("landmarks", (T, S, S)), ("faces", (T, S, S, 3)), ("points", (T, 68, 2))):
        del file[name]
        kind = "f4" if name == "points" else "u1"
        file.create_dataset(name, (10**9, *shape), kind, chunks=(1, *shape), maxshape=(None, *shape))


def unwritten(name, chunks):
    """An array of the right size of which a header alone tells."""

    def change(file):
        shape, kind = file[name].shape, file[name].dtype
        del file[name]
        file.create_dataset(name, shape, kind, chunks=chunks)

    return change


def half_written(file):
    values = file["landmarks"][:]
    unwritten("landmarks", (1, T, S, S))(file)
    file["landmarks"][:2] = values[:2]


def a_group(file):
    del file["faces"]
    file.create_group("faces")


def soft(file):
    file["more"] = h5py.SoftLink("/faces")


def outside(file):
    del file["faces"]
    file["faces"] = h5py.ExternalLink("/etc/passwd", "/faces")


def foreign(file):
    del file["faces"]
    file.create_dataset("faces", (3, T, S, S, 3), "u1", external=[("/etc/passwd", 0, h5py.h5f.UNLIMITED)])


def virtual(file):
    del file["faces"]
    layout = h5py.VirtualLayout((3, T, S, S, 3), "u1")
    layout[:] = h5py.VirtualSource("/elsewhere.h5", "faces", (3, T, S, S, 3))
    file.create_virtual_dataset("faces", layout)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (soft, "more is a link"),
        (outside, "faces is a link"),
        (foreign, "faces is no array, or lies outside of the file"),
        (virtual, "faces is no array, or lies outside of the file"),
        (sparse, r" 3[x \d]*, not |is not complete"),
        (replaced("faces", np.zeros((3, T, S, S, 3), np.float32)), "faces is float32"),
        (replaced("faces", np.zeros((3, T, 8, 8, 3), np.uint8)), "faces is uint8 3 x 4 x 8 x 8 x 3"),
        (replaced("faces", np.zeros((2, T, S, S, 3), np.uint8)), "faces is uint8 2 x"),
        (replaced("points", np.full((3, T, 68, 2), np.nan, np.float32)), "points are not all numbers"),
        (lambda file: file.create_group("more").create_group("still"), "still is no array"),
        (unwritten("faces", (2, T, S, S, 3)), "faces is not complete"),
        (unwritten("fold", (2,)), "fold is not complete"),
        (half_written, "landmarks is not complete"),
        (a_group, "is damaged|is no array|has no"),
        (lambda file: file.__delitem__("fold"), "has no fold"),
    ],
)
def test_what_does_not_fit_or_leads_elsewhere_is_refused(tmp_path, change, message):
    path = written(tmp_path / "smiles.h5")
    with h5py.File(path, "a") as file:
        change(file)
    with pytest.raises(UserError, match=message):
        content(path)


def test_of_many_files_the_damaged_one_is_named(tmp_path):
    paths = [written(tmp_path / f"{i}.h5") for i in range(2)]
    changed = bytearray(paths[0].read_bytes())
    place = changed.find(b"\x78", len(changed) // 3)  # in a chunk
    changed[place : place + 40] = bytes(40)
    paths[0].write_bytes(changed)
    with ExitStack() as stack:
        readers = [stack.enter_context(open_h5(path, KIND, "shard")) for path in paths]
        with pytest.raises(UserError, match=r"0\.h5 is damaged"):
            list(map(readers[0].array, ARRAYS))


def test_a_record_that_is_damaged_or_odd_is_one_line(tmp_path):
    path = written(tmp_path / "smiles.h5")
    assert read_record(path)["stage"] == "a test"
    assert refused_flips(path, lambda: repr(read_record(path)), 60, random.Random(1)) > 5
    for odd in (lambda file: file.create_dataset(RECORD, data=[1, 2]), lambda file: file.create_group(RECORD)):
        with h5py.File(path, "a") as file:
            del file[RECORD]
            odd(file)
        with pytest.raises(UserError, match=r"smiles\.h5"):
            read_record(path)


INTERRUPTED = """
import os, signal, sys, threading, time
sys.path[:0] = ["benchmarks"]
from random_smiles import write_random_smiles
threading.Timer(float(sys.argv[2]), os.kill, (os.getpid(), signal.SIGINT)).start()
for number in range(10_000):
    write_random_smiles(sys.argv[1], 8, 4, 64)
"""


@pytest.mark.parametrize("after", [0.5, 0.63, 0.8])
def test_ctrl_c_while_a_file_is_written_ends_it_without_a_trace(tmp_path, after):
    command = [sys.executable, "-c", INTERRUPTED, str(tmp_path / "smiles.h5"), str(after)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=ROOT, preexec_fn=hear_ctrl_c)
    assert done.returncode == 130 or "KeyboardInterrupt" in done.stderr.splitlines()[-1]
    assert done.returncode != -signal.SIGSEGV
    assert "Exception ignored" not in done.stderr
    assert [path.name for path in tmp_path.iterdir()] in ([], ["smiles.h5"])
    if (tmp_path / "smiles.h5").exists():
        assert len(read_smiles(tmp_path / "smiles.h5")) == 8


def test_ctrl_c_while_the_next_sequences_are_computed_ends_it_there(tmp_path):
    faces = np.zeros((1, 2, T, S, S, 3), np.uint8)

    def parts():
        yield {"faces": faces}
        signal.raise_signal(signal.SIGINT)
        pytest.fail("it went on")

    labels = {"smile": ["a", "b"], "subject": ["a", "b"], "expression": ["posed", "posed"]}
    with pytest.raises(KeyboardInterrupt):
        write_generated(tmp_path / "g.h5", parts(), labels | {"modes": ["conditional", "1"]}, {})
    assert list(tmp_path.iterdir()) == []


def test_generated_sequences_of_other_sizes_or_doubled_modes_are_refused(tmp_path):
    rng = np.random.default_rng(0)
    faces = rng.integers(0, 256, (2, 2, T, S, S, 3)).astype(np.uint8)
    labels = {"smile": ["a", "b"], "subject": ["a", "b"], "expression": ["posed", "posed"]}
    write_generated(tmp_path / "g.h5", [{"faces": faces}], labels | {"modes": ["conditional", "1"]}, {})
    np.testing.assert_array_equal(read_generated(tmp_path / "g.h5").faces, faces)
    write_generated(tmp_path / "g.h5", [{"faces": faces}], labels | {"modes": ["1", "1"]}, {})
    with pytest.raises(UserError, match="a mode is in it twice"):
        read_generated(tmp_path / "g.h5")
    write_generated(tmp_path / "g.h5", [{"faces": faces}], labels | {"modes": ["conditional", "1", "2"]}, {})
    with pytest.raises(UserError, match=r"modes is .* 3, not text"):
        read_generated(tmp_path / "g.h5")


@contextmanager
def files_of_at_most(size):
    """As on a full disk: the system lets no file grow beyond `size` bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("room", [0, 100, 3000, 10_000])
def test_a_full_disk_is_one_line_and_leaves_the_old_file(tmp_path, capfd, room):
    path = written(tmp_path / "smiles.h5", count=1)
    before = path.read_bytes()
    with files_of_at_most(room), pytest.raises(UserError, match=r"cannot write .*smiles.h5: File too large"):
        written(path)
    assert path.read_bytes() == before
    assert [item.name for item in tmp_path.iterdir()] == ["smiles.h5"]
    assert capfd.readouterr().err == "", "HDF5 has nothing to complain of"
    assert len(read_smiles(written(path))) == 3


def test_a_file_of_another_kind_is_refused(tmp_path):
    with write_h5(tmp_path / "x.h5", "something else", {}):
        pass
    with (
        pytest.raises(UserError, match=r"is not a smiles\.h5 of this project"),
        open_h5(tmp_path / "x.h5", KIND, "smiles.h5"),
    ):
        pass
