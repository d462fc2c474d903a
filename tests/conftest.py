"""Shared fixtures: a miniature `actors`, a real tracker, material beside the repository."""

from pathlib import Path

import numpy as np
import pytest

from cmm.datasets.actors.actors import Settings, render_clip
from cmm.faces.trackers import load

ROOT = Path(__file__).parent.parent
SHARED = ROOT.parent / "shared"
SMALL = Settings(people=10, size=192, fps=25)


def pytest_addoption(parser):
    parser.addoption("--kills", type=int, default=1, help="kills of each family of stages (make test-kills: 5)")


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
    """The folder of real faces beside the repository; tests that use it skip without it."""
    if not SHARED.is_dir():
        pytest.skip("the folder ../shared is not here")
    return SHARED
