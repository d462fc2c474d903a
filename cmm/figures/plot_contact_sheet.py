"""The training set at a glance: some of its sequences, each from neutral to smile, the landmarks on the faces.

What the networks will see. Faces that lie aslant, landmarks beside the mouth and smiles that are none show here, before
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
    sequences: int = setting(16, "rows of the sheet, evenly spread over the data set", minimum=1, maximum=200)
    columns: int = setting(8, "frames of each", minimum=2, maximum=64)


def main(
    smiles: Annotated[Path, "smiles.h5"],
    out: Annotated[Path, "PNG to write"],
    settings: Settings,
):
    """Draw the sheet."""
    data = read_smiles(smiles, arrays=("landmarks", "faces"))
    chosen = spread(len(data), settings.sequences)
    rows = [
        (f"{data.smile[i]}\n{data.expression[i]}", with_landmarks(data.faces[i], data.landmarks[i])) for i in chosen
    ]
    title = f"{len(chosen)} of {len(data)} sequences, from neutral to smile, with their landmarks"
    draw_film_strip(out, rows, provenance(__name__, settings, [smiles]), settings.columns, title=title)


def spread(count, most):
    """Numbers of at most `most` of `count` things, evenly spread from the first to the last: (k,) int64."""
    return np.unique(np.round(np.linspace(0, count - 1, min(count, most))).astype(np.int64))


def with_landmarks(faces, landmarks):
    """Faces (t, s, s, 3) uint8 with their landmark images (t, s, s) {0, 1} on them, in green."""
    return np.where(landmarks[..., None] > 0, np.array(GREEN, np.uint8), faces)
