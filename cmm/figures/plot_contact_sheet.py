"""The sequences of a data set at a glance: some of them, each from neutral to smile, the landmarks on the faces.

What networks will see. Faces that lie aslant, landmarks beside the mouth and smiles that are none show here, before
anything is trained.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np

from cmm.core.provenance import provenance
from cmm.core.settings import setting
from cmm.generation.film_strip import draw_film_strip
from cmm.sequences.smiles_file import read_smiles

GREEN = (0, 220, 0)  # of the landmarks


@dataclass(frozen=True)
class Settings:
    sequences: int = setting(16, "rows of the sheet, evenly spread over each expression", minimum=1, maximum=200)
    columns: int = setting(8, "frames of each", minimum=4, maximum=64)


def main(
    smiles: Annotated[Path, "smiles.h5"],
    out: Annotated[Path, "PNG to write"],
    settings: Settings,
):
    """Draw the sheet."""
    data = read_smiles(smiles, arrays=("landmarks", "faces"))
    chosen = spread(data.expression, settings.sequences)
    rows = [
        (f"{data.smile[i]}\n{data.expression[i]}", with_landmarks(data.faces[i], data.landmarks[i])) for i in chosen
    ]
    title = f"{len(chosen)} of {len(data)} sequences"
    draw_film_strip(out, rows, provenance(__name__, settings, [smiles]), settings.columns, title=title)


def spread(expressions, most):
    """Numbers of at most `most` of the sequences, ascending: of each expression as many, evenly spread over its own."""
    names = sorted(set(expressions))
    shares = [most // len(names) + (i < most % len(names)) for i in range(len(names))]
    found = []
    for name, share in zip(names, shares, strict=True):
        mine = np.flatnonzero(expressions == name)
        found += mine[np.round(np.linspace(0, len(mine) - 1, min(len(mine), share))).astype(int)].tolist()
    return sorted(found)


def with_landmarks(faces, landmarks):
    """Faces (t, s, s, 3) uint8 with their landmark images (t, s, s) {0, 1} on them, in green."""
    return np.where(landmarks[..., None] > 0, np.array(GREEN, np.uint8), faces)
