"""generated.h5: what a method made of the test fold. One entry a test video.

faces      (n, m, t, s, s, 3) uint8 RGB      m = 1 + K, the first is the conditional sequence
landmarks  (n, m, t, s, s) uint8 0-255       of a method that draws them
contrast_faces, contrast_landmarks (n, t, ...)  the conditional sequence for contrast_expression (n) str
smile, subject, expression (n) str; attribute modes (m) str

A method that has no landmarks, or no contrast, leaves those out.
"""

import json
from dataclasses import dataclass, replace

import h5py
import numpy as np

from cmm.core.errors import UserError
from cmm.core.files import atomic
from cmm.core.pictures import resized
from cmm.sequences.smiles_file import open_h5, read_smiles

KIND = "cmm generated"
CONDITIONAL = "conditional"
ARRAYS = ("faces", "landmarks", "contrast_faces", "contrast_landmarks")
LABELS = ("smile", "subject", "expression")
CONTRAST = "contrast_expression"
ORIGINAL, OTHER_LABEL = "original", "other_expression"  # what is not in `modes`, among the videos of a run


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
    contrast_expression: np.ndarray | None = None


def video_of(folder, name):
    """Where the video of a sequence of that name lies in the folder of a test video's."""
    return folder / f"{name.replace(' ', '_')}.mp4"


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
        for name in (*LABELS, CONTRAST):
            if getattr(made, name) is not None:
                file.create_dataset(name, data=list(getattr(made, name)), dtype=h5py.string_dtype())


def read_pair(generated, smiles, fold, arrays):
    """(GeneratedSmiles, Smiles) of one test fold, the generated faces brought to the size of the originals.

    UserError unless they are the same videos, of the same length.
    """
    made, data = read_generated(generated), read_smiles(smiles, fold, held_out=True, arrays=arrays)
    same_length = data.faces is None or made.faces.shape[2] == data.faces.shape[1]
    if list(made.smile) != list(data.smile) or not same_length:
        raise UserError(f"{generated} was not made from fold {fold} of {smiles}: generate it again")
    return at_size(made, made.faces.shape[3] if data.faces is None else data.faces.shape[2]), data


def at_size(made, size):
    """GeneratedSmiles with pictures of side `size`."""
    if made.faces.shape[3] == size:
        return made
    pictures = {name: getattr(made, name) for name in ARRAYS}
    return replace(made, **{name: None if old is None else resized(old, size) for name, old in pictures.items()})


def read_generated(path):
    """Read generated.h5 into GeneratedSmiles; UserError if it is none."""
    with open_h5(path, KIND, "generated.h5") as file:
        if missing := {"faces", *LABELS} - set(file):
            raise UserError(f"{path} has no {', '.join(sorted(missing))}: generate it again")
        arrays = {name: file[name][:] for name in ARRAYS if name in file}
        text = {name: file[name].asstr()[:] for name in (*LABELS, CONTRAST) if name in file}
        return GeneratedSmiles(**arrays, **text, modes=[str(mode) for mode in file.attrs["modes"]])
