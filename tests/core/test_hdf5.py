"""HDF5 files of ours: nothing is believed that a file says of itself, and a full disk is one line."""

import random
import resource
from contextlib import contextmanager

import h5py
import numpy as np
import pytest
from damage import refused_flips

from cmm.core.errors import UserError
from cmm.core.hdf5 import open_h5, write_h5
from cmm.generation.generated_file import GeneratedSmiles, read_generated, write_generated
from cmm.sequences.smiles_file import KIND, read_smiles, write_smiles

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
        (foreign, "faces lies outside of the file"),
        (virtual, "faces lies outside of the file"),
        (sparse, r" 3[x \d]*, not |is not complete"),
        (replaced("faces", np.zeros((3, T, S, S, 3), np.float32)), "faces is float32"),
        (replaced("faces", np.zeros((3, T, 8, 8, 3), np.uint8)), "faces is uint8 3 x 4 x 8 x 8 x 3"),
        (replaced("faces", np.zeros((2, T, S, S, 3), np.uint8)), "faces is uint8 2 x"),
        (replaced("points", np.full((3, T, 68, 2), np.nan, np.float32)), "points are not all numbers"),
        (lambda file: file.create_group("more").create_group("still"), None),
        (lambda file: file.__delitem__("fold"), "has no fold"),
    ],
)
def test_what_does_not_fit_or_leads_elsewhere_is_refused(tmp_path, change, message):
    path = written(tmp_path / "smiles.h5")
    with h5py.File(path, "a") as file:
        change(file)
    if message is None:
        read_smiles(path)
        return
    with pytest.raises(UserError, match=message):
        read_smiles(path)


def test_generated_sequences_of_other_sizes_or_doubled_modes_are_refused(tmp_path):
    rng = np.random.default_rng(0)
    faces = rng.integers(0, 256, (2, 2, T, S, S, 3)).astype(np.uint8)
    labels = {"smile": ["a", "b"], "subject": ["a", "b"], "expression": ["posed", "posed"]}
    write_generated(tmp_path / "g.h5", GeneratedSmiles(faces, ["conditional", "1"], **labels), {})
    np.testing.assert_array_equal(read_generated(tmp_path / "g.h5").faces, faces)
    write_generated(tmp_path / "g.h5", GeneratedSmiles(faces, ["1", "1"], **labels), {})
    with pytest.raises(UserError, match="a mode is in it twice"):
        read_generated(tmp_path / "g.h5")
    write_generated(tmp_path / "g.h5", GeneratedSmiles(faces, ["conditional", "1", "2"], **labels), {})
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
