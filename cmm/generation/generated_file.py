"""generated.h5: what a method made of the test fold. One entry a test video.

faces      (n, m, t, s, s, 3) uint8 RGB      m = 1 + K, the first is the conditional sequence
landmarks  (n, m, t, s, s) uint8 0-255       of a method that draws them
contrast_faces, contrast_landmarks (n, t, ...)  the conditional sequence for contrast_expression (n) str
smile, subject, expression (n) str; modes (m) str

A method that has no landmarks, or no contrast, leaves those out.
"""

from dataclasses import dataclass, replace

import numpy as np

from cmm.core.errors import UserError
from cmm.core.hdf5 import open_h5, write_h5
from cmm.core.pictures import resized
from cmm.sequences.smiles_file import read_smiles

KIND = "cmm generated"
CONDITIONAL = "conditional"
ARRAYS = ("faces", "landmarks", "contrast_faces", "contrast_landmarks")
LABELS = ("smile", "subject", "expression")
CONTRAST = "contrast_expression"
LAYOUT = {
    "faces": ("uint8", "n m t s s 3"),
    "landmarks": ("uint8", "n m t s s"),
    "contrast_faces": ("uint8", "n t s s 3"),
    "contrast_landmarks": ("uint8", "n t s s"),
    CONTRAST: ("text", "n"),
    "modes": ("text", "m"),
} | dict.fromkeys(LABELS, ("text", "n"))
OPTIONAL = ("landmarks", "contrast_faces", "contrast_landmarks", CONTRAST)
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
    with write_h5(path, KIND, provenance) as writer:
        for name in ARRAYS:
            if getattr(made, name) is not None:
                writer.array(name, getattr(made, name))
        for name in ("modes", *LABELS, CONTRAST):
            if getattr(made, name) is not None:
                writer.texts(name, getattr(made, name))


def read_pair(generated, smiles, fold, arrays):
    """(GeneratedSmiles, Smiles) of one test fold, the generated faces brought to the size of the originals.

    UserError unless they are the same videos, of the same length.
    """
    made, data = read_generated(generated), read_smiles(smiles, fold, held_out=True, arrays=arrays)
    same_length = data.faces is None or made.faces.shape[2] == data.faces.shape[1]
    if not same_length or any(list(getattr(made, name)) != list(getattr(data, name)) for name in LABELS):
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
    with open_h5(path, KIND, "generated.h5") as reader:
        reader.layout(LAYOUT, OPTIONAL)
        reader.written([name for name in LAYOUT if name in reader])
        arrays = {name: reader.array(name) for name in ARRAYS if name in reader}
        text = {name: reader.texts(name) for name in (*LABELS, CONTRAST) if name in reader}
        modes = [str(mode) for mode in reader.texts("modes")]
        for what, names in (("mode", modes), ("sequence", list(text["smile"]))):
            if len(set(names)) < len(names):
                raise UserError(f"{path}: a {what} is in it twice: generate it again")
        return GeneratedSmiles(**arrays, **text, modes=modes)
