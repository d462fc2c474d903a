"""Real, rendered faces as a test fold: three people, two expressions each."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from cmm.datasets.actors.make_actors import Settings, render_clip
from cmm.faces.alignment import align_sequence, transform, transform_mesh, warp
from cmm.faces.landmark_images import draw_sequence
from cmm.sequences.smiles_file import write_smiles

FRAMES, SIZE, FOLD = 8, 64, 10


@dataclass(frozen=True)
class People:
    """A smiles.h5 with two people outside of the fold and three inside."""

    smiles: Path
    fold: int = FOLD


@pytest.fixture(scope="session")
def people(tmp_path_factory, tracker):
    settings = Settings(people=10, size=192, fps=12)
    rows, sequences = [], []
    for person in range(5):
        for expression in ("posed", "spontaneous"):
            frames, act = render_clip(person, expression, settings)
            apex = int(np.argmax(act.au12))
            chosen = np.round(np.linspace(0, apex, FRAMES)).astype(int)
            faces = frames[chosen]
            tracked = [tracker.track(face) for face in faces]
            points = np.stack([face.points for face in tracked])
            matrices = align_sequence(points, SIZE)
            aligned = transform(matrices, points).astype(np.float32)
            cut = np.stack([warp(face, matrix, SIZE) for face, matrix in zip(faces, matrices, strict=True)])
            mesh = np.stack([transform_mesh(matrix, face.mesh) for face, matrix in zip(tracked, matrices, strict=True)])
            landmarks = draw_sequence(aligned, SIZE)
            sequences.append({"landmarks": landmarks, "faces": cut, "points": aligned, "mesh": mesh})
            who = {"subject": f"p{person}", "expression": expression, "fold": FOLD if person < 3 else 1}
            rows.append({**who, "smile": f"p{person}_{expression}", "video": f"p{person}_{expression}"})
    path = tmp_path_factory.mktemp("people") / "smiles.h5"
    write_smiles(path, sequences, rows, FRAMES, SIZE, {})
    return People(path)
