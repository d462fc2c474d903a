import numpy as np
import pytest

from cmm.faces.raster import draw_sequence
from cmm.faces.store import write_smiles

FRAMES, SIZE = 4, 32


@pytest.fixture(scope="session")
def smiles(tmp_path_factory):
    """A smiles.h5 of six sequences of random faces, quick to train on."""
    rng = np.random.default_rng(0)
    path = tmp_path_factory.mktemp("smiles") / "smiles.h5"
    rows, sequences = [], []
    for i in range(6):
        points = np.cumsum(rng.normal(0, 0.3, (FRAMES, 68, 2)), axis=0) + rng.uniform(4, 28, (1, 68, 2))
        faces = rng.integers(0, 255, (FRAMES, SIZE, SIZE, 3), np.uint8)
        sequences.append((draw_sequence(points, SIZE), faces, points.astype(np.float32)))
        expression = ("posed", "spontaneous")[i % 2]
        rows.append({"smile": f"s{i}", "subject": f"p{i}", "expression": expression, "video": f"v{i}", "fold": i % 3})
    write_smiles(path, sequences, rows, FRAMES, SIZE, {})
    return path
