"""generated.h5: what a method made of the test fold. One entry a test video.

faces      (n, m, t, s, s, 3) uint8 RGB      m = 1 + K, the first is the conditional sequence
landmarks  (n, m, t, s, s) uint8 0-255       of a method that draws them
contrast_faces, contrast_landmarks (n, t, ...)  the conditional sequence for the other expression
smile, subject, expression (n) str; attribute modes (m) str

A method that has no landmarks, or no contrast, leaves those out.
"""

import json
from dataclasses import dataclass

import h5py
import numpy as np

from cmm.core.errors import UserError
from cmm.core.files import atomic
from cmm.sequences.smiles_file import open_h5, read_smiles

KIND = "cmm generated"
CONDITIONAL = "conditional"
ARRAYS = ("faces", "landmarks", "contrast_faces", "contrast_landmarks")
LABELS = ("smile", "subject", "expression")


@dataclass(frozen=True)
class GeneratedSmiles:
    """generated.h5 in memory; arrays as in the module's text, None what is left out."""

    faces: np.ndarray
    modes: list
    smile: np.ndarray
    subject: np.ndarray
    expression: np.ndarray
    landmarks: np.ndarray | None = None
    contrast_faces: np.ndarray | None = None
    contrast_landmarks: np.ndarray | None = None


def mode_names(modes):
    """What the modes of a file are called where people read them."""
    return [f"mode {mode}" if mode.isdigit() else mode for mode in modes]


def write_generated(path, made, provenance):
    """Write GeneratedSmiles, complete or not at all."""
    with atomic(path) as partial, h5py.File(partial, "w") as file:
        file.attrs.update(kind=KIND, provenance=json.dumps(provenance), modes=made.modes)
        for name in ARRAYS:
            values = getattr(made, name)
            if values is not None:
                file.create_dataset(name, data=values, chunks=(1, *values.shape[1:]), compression="gzip")
        for name in LABELS:
            file.create_dataset(name, data=list(getattr(made, name)), dtype=h5py.string_dtype())


def read_pair(generated, smiles, fold, arrays):
    """(GeneratedSmiles, Smiles) of one test fold; UserError unless they are the same videos, of the same size."""
    made, data = read_generated(generated), read_smiles(smiles, fold, held_out=True, arrays=arrays)
    same_size = data.faces is None or made.faces.shape[2:] == data.faces.shape[1:]
    if list(made.smile) != list(data.smile) or not same_size:
        raise UserError(f"{generated} was not made from fold {fold} of {smiles}: generate it again")
    return made, data


def read_generated(path):
    """Read generated.h5 into GeneratedSmiles; UserError if it is none."""
    with open_h5(path, KIND, "generated.h5") as file:
        if missing := {"faces", *LABELS} - set(file):
            raise UserError(f"{path} has no {', '.join(sorted(missing))}: generate it again")
        arrays = {name: file[name][:] for name in ARRAYS if name in file}
        text = {name: file[name].asstr()[:] for name in LABELS}
        return GeneratedSmiles(**arrays, **text, modes=[str(mode) for mode in file.attrs["modes"]])
