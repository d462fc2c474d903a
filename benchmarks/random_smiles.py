"""Sequences of random faces: a stage's speed does not depend on what they show. The tests train on them, too."""

import numpy as np

from cmm.faces.landmark_images import draw_sequence
from cmm.faces.mesh import WITH_IRISES
from cmm.sequences.smiles_file import write_smiles


def write_random_smiles(path, count, frames, size, expressions=("posed", "spontaneous")):
    """Write a smiles.h5 of `count` sequences of drifting points over noise, of three folds and these expressions."""
    rng = np.random.default_rng(0)
    still = rng.uniform(size / 8, size * 7 / 8, (WITH_IRISES, 3))  # of all meshes
    moves = rng.normal(0, size / 40, (WITH_IRISES, 3))

    def sequence():
        drift = np.cumsum(rng.normal(0, 0.3, (frames, 68, 2)), axis=0)
        points = drift + rng.uniform(size / 8, size * 7 / 8, (1, 68, 2))
        faces = rng.integers(0, 255, (frames, size, size, 3), np.uint8)
        units = np.linspace(0, rng.uniform(1, 5, 2), frames)  # (t, 2)
        share = np.linspace(0, 1, frames)[:, None, None]
        mesh = still + share * moves + rng.normal(0, size / 200, (frames, WITH_IRISES, 3))
        return {"landmarks": draw_sequence(points, size), "faces": faces, "points": points, "mesh": mesh,
                "action_units": units}  # fmt: skip

    rows = [
        {"smile": f"s{i}", "subject": f"p{i}", "expression": expressions[i % len(expressions)], "video": f"v{i}",
         "fold": i % 3}
        for i in range(count)
    ]  # fmt: skip
    write_smiles(path, (sequence() for _ in rows), rows, frames, size, {})
