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
    """Numbers of at most `most` of the sequences, ascending: of each expression as many as there are, or as many as of
    the others, evenly spread over its own.
    """
    of = {name: np.flatnonzero(expressions == name) for name in sorted(set(expressions))}
    shares = dict.fromkeys(of, 0)
    for _ in range(min(most, len(expressions))):
        shares[min((name for name in of if shares[name] < len(of[name])), key=shares.get)] += 1
    chosen = [mine[np.round(np.linspace(0, len(mine) - 1, shares[name])).astype(int)] for name, mine in of.items()]
    return np.sort(np.concatenate(chosen)).tolist()


def with_landmarks(faces, landmarks):
    """Faces (t, s, s, 3) uint8 with their landmark images (t, s, s) {0, 1} on them, in green."""
    return np.where(landmarks[..., None] > 0, np.array(GREEN, np.uint8), faces)
