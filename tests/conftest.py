"""Shared fixtures: a miniature `actors`, a real tracker, material beside the repository."""

from pathlib import Path

import numpy as np
import pytest
from random_smiles import write_random_smiles

from cmm.datasets.actors.make_actors import Settings, render_clip
from cmm.faces.trackers import load

ROOT = Path(__file__).parent.parent
SHARED = ROOT.parent / "shared"
FRAMES, SIZE = 4, 32  # of the sequences that tests train on
SMALL = Settings(people=10, size=192, fps=25)


def pytest_addoption(parser):
    parser.addoption(
        "--kills", type=int, default=0, help="kills of each family of stages (make test-kills: 13); 0: of two"
    )
    parser.addoption(
        "--faults", type=float, default=4.5, help="percent of the corpus of damaged files (make test-faults: 100)"
    )
    parser.addoption("--faults-seed", type=int, default=1, help="another corpus")
    parser.addoption("--slurm", action="store_true", help="start a Slurm cluster on this machine (make test-slurm)")
    parser.addoption("--slurm-shards", type=int, default=12, help="shards of the job array (make test-array: 200)")
    parser.addoption("--conda", action="store_true", help="create and use the conda environments (make test-conda)")


def pytest_collection_modifyitems(items):
    """The longest files first, so that no worker is left alone with one at the end; the small tests fill the gaps.

    A file's tests go to one worker. While the first makes the miniature that tests/workflow share, others train.
    """
    order = ["tests/workflow/test_reruns", "tests/training", "tests/workflow"]
    items.sort(key=lambda item: next((i for i, name in enumerate(order) if name in item.nodeid), len(order)))


@pytest.fixture(scope="session")
def tracker():
    with load("mediapipe") as tracker:
        yield tracker


@pytest.fixture(scope="session")
def clip():
    """One posed clip: (frames (n, 192, 192, 3) uint8, Performance)."""
    return render_clip(0, "posed", SMALL)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture(scope="session")
def shared():
    """Function that gives a file of the folder of real faces beside the repository; tests skip where it is not there.

    It asks for the file: some other project's folder may be called the same.
    """

    def file(name):
        if not (SHARED / name).is_file():
            pytest.skip(f"../shared/{name} is not here")
        return SHARED / name

    return file


@pytest.fixture(scope="session")
def smiles(tmp_path_factory):
    """A smiles.h5 of eight sequences of random faces, quick to train on."""
    path = tmp_path_factory.mktemp("smiles") / "smiles.h5"
    write_random_smiles(path, 8, FRAMES, SIZE)
    return path
