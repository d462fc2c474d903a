"""generated.h5: what a method made of the test fold. One entry a test video.

faces      (n, m, t, s, s, 3) uint8 RGB      m = 1 + K, the first is the conditional sequence
landmarks  (n, m, t, s, s) uint8 0-255       of a method that draws them
contrast_faces, contrast_landmarks (n, t, ...)  the conditional sequence for contrast_expression (n) str
smile, subject, expression (n) str; modes (m) str

A method that has no landmarks, or no contrast, leaves those out.
"""

from dataclasses import dataclass
from functools import partial

import numpy as np

from cmm.core.entries import Entries, Shelf
from cmm.core.errors import UserError
from cmm.core.hdf5 import Reader, write_h5
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
    """generated.h5; arrays as in the module's text, read as they are used. None what is left out."""

    faces: Entries | np.ndarray
    modes: list
    smile: np.ndarray
    subject: np.ndarray
    expression: np.ndarray
    landmarks: Entries | np.ndarray | None = None
    contrast_faces: Entries | np.ndarray | None = None
    contrast_landmarks: Entries | np.ndarray | None = None
    contrast_expression: np.ndarray | None = None


def video_of(folder, name):
    """Where the video of a sequence of that name lies in the folder of a test video's."""
    return folder / f"{name.replace(' ', '_')}.mp4"


def mode_names(modes):
    """What the modes of a file are called where people read them."""
    return [f"mode {mode}" if mode.isdigit() else mode for mode in modes]


def write_generated(path, parts, labels, provenance):
    """Write generated.h5, complete or not at all.

    parts: an iterable of {array: values of some test videos (b, ...) uint8}, one after the other, the same arrays in
    each. labels: {name: texts (n) of all test videos, or the modes (m)}, None what is left out.
    """
    with write_h5(path, KIND, provenance) as writer:
        done, count = 0, len(labels["smile"])
        for part in writer.between(parts):
            for name, values in part.items():
                if done == 0:
                    block = 1 if name in ("faces", "landmarks") else None  # a sequence
                    writer.room(name, (count, *values.shape[1:]), np.uint8, block=block)
                for i, entry in enumerate(values, done):
                    writer.entry(name, i, entry)
            done += len(part["faces"])
        if done != count:
            raise ValueError(f"{path}: {done} test videos were made of {count}")
        for name in ("modes", *LABELS, CONTRAST):
            if labels.get(name) is not None:
                writer.texts(name, labels[name])


def read_pair(generated, smiles, fold, arrays):
    """(GeneratedSmiles, Smiles) of one test fold, the generated faces brought to the size of the originals.

    UserError unless they are the same videos, of the same length.
    """
    data = read_smiles(smiles, fold, held_out=True, arrays=arrays)
    made = read_generated(generated, None if data.faces is None else data.faces.shape[2])
    same_length = data.faces is None or made.faces.shape[2] == data.faces.shape[1]
    if not same_length or any(list(getattr(made, name)) != list(getattr(data, name)) for name in LABELS):
        raise UserError(f"{generated} was not made from fold {fold} of {smiles}: generate it again")
    return made, data


def read_generated(path, size=None):
    """GeneratedSmiles of generated.h5, with pictures of side `size` (None: as they are); UserError if it is none."""
    reader = Reader(path, KIND, "generated.h5")
    reader.layout(LAYOUT, OPTIONAL)
    reader.written([name for name in LAYOUT if name in reader])
    shelf, fits = Shelf(reader), partial(resized, size=size) if size else None
    arrays = {name: shelf.array(name, as_read=fits) for name in ARRAYS if name in reader}
    text = {name: reader.texts(name) for name in (*LABELS, CONTRAST) if name in reader}
    modes = [str(mode) for mode in reader.texts("modes")]
    for what, names in (("mode", modes), ("sequence", list(text["smile"]))):
        if len(set(names)) < len(names):
            raise UserError(f"{path}: a {what} is in it twice: generate it again")
    return GeneratedSmiles(**arrays, **text, modes=modes)
