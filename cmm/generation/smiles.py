"""Generate the sequences of the test fold: generated.h5.

For each test video, from its neutral frame and its expression: the conditional
LSTM's sequence and the K modes, as landmark images and faces; and, as a contrast, the
conditional sequence for the *other* expression of the same face.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import h5py
import numpy as np
import torch

from cmm.errors import UserError
from cmm.faces.store import open_h5, read_smiles
from cmm.files import atomic
from cmm.generation.networks import SmileGenerator
from cmm.progress import progress
from cmm.provenance import provenance
from cmm.settings import setting

KIND = "cmm generated"
CONDITIONAL = "conditional"


@dataclass(frozen=True)
class Settings:
    batch_size: int = setting(8, "test videos generated at a time", minimum=1)


@dataclass(frozen=True)
class GeneratedSmiles:
    """generated.h5 in memory; m = 1 + K, the first is the conditional sequence.

    landmarks (n, m, t, s, s) uint8 0-255, faces (n, m, t, s, s, 3) uint8 RGB,
    contrast_landmarks and contrast_faces (n, t, ...): the other expression.
    """

    landmarks: np.ndarray
    faces: np.ndarray
    contrast_landmarks: np.ndarray
    contrast_faces: np.ndarray
    modes: list
    smile: np.ndarray
    subject: np.ndarray
    expression: np.ndarray


def main(
    smiles: Annotated[Path, "smiles.h5"],
    multi_mode_lstm: Annotated[Path, "weights of phase 3"],
    translation: Annotated[Path, "weights of the translation stage"],
    fold: Annotated[int, "fold to generate: the test fold"],
    out: Annotated[Path, "generated.h5 to write"],
    settings: Settings,
    threads: Annotated[int, "threads of a CPU"] = 1,
):
    """Generate every test video of one fold."""
    torch.set_num_threads(threads)
    generator = SmileGenerator(multi_mode_lstm, translation)
    data = read_smiles(smiles, fold, held_out=True, arrays=("landmarks", "faces"))
    label = torch.from_numpy(data.label)
    batches = np.array_split(np.arange(len(data)), -(-len(data) // settings.batch_size))
    parts = {"landmarks": [], "faces": [], "contrast_landmarks": [], "contrast_faces": []}
    for chosen in progress(batches, "batches generated"):
        neutral = data.landmarks[chosen, 0], data.faces[chosen, 0]
        made = generator(*neutral, label[chosen])
        other = generator(*neutral, 1 - label[chosen], modes=False)
        arrays = made.landmarks, made.faces, other.landmarks[:, 0], other.faces[:, 0]
        for name, values in zip(parts, arrays, strict=True):
            parts[name].append(values)
    about = provenance(__name__, settings, fold=fold, models=generator.about)
    modes = [CONDITIONAL, *(str(k + 1) for k in range(generator.modes))]
    with atomic(out) as partial, h5py.File(partial, "w") as file:
        file.attrs.update(kind=KIND, provenance=json.dumps(about), modes=modes)
        for name, values in parts.items():
            values = np.concatenate(values)
            file.create_dataset(name, data=values, chunks=(1, *values.shape[1:]), compression="gzip")
        for name in ("smile", "subject", "expression"):
            file.create_dataset(name, data=list(getattr(data, name)), dtype=h5py.string_dtype())


def read_pair(generated, smiles, fold, arrays):
    """(GeneratedSmiles, Smiles) of one test fold; UserError unless they are the same videos."""
    made, data = read_generated(generated), read_smiles(smiles, fold, held_out=True, arrays=arrays)
    if list(made.smile) != list(data.smile):
        raise UserError(f"{generated} was not made from fold {fold} of {smiles}: generate it again")
    return made, data


def read_generated(path):
    """Read generated.h5 into GeneratedSmiles; UserError if it is none."""
    with open_h5(path, KIND, "generated.h5") as file:
        arrays = {name: file[name][:] for name in ("landmarks", "faces", "contrast_landmarks", "contrast_faces")}
        text = {name: file[name].asstr()[:] for name in ("smile", "subject", "expression")}
        return GeneratedSmiles(**arrays, **text, modes=[str(mode) for mode in file.attrs["modes"]])
