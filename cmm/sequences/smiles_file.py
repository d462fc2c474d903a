"""smiles.h5: the training set. One entry a neutral-to-smile sequence.

landmarks  (n, t, s, s) uint8 {0, 1}    landmark images
faces      (n, t, s, s, 3) uint8 RGB    aligned faces
points     (n, t, 68, 2) float32        aligned points, raster pixels
mesh       (n, t, 478, 3) float32       aligned mesh, raster pixels, z away from the camera; NaN where not known
action_units (n, t, 2) float32          intensities of AU6 and AU12, 0-5, of the frames; NaN where not known
smile, subject, expression, video (n) str, fold (n) int
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cmm.core.errors import ANEW, UserError
from cmm.core.hdf5 import open_h5, write_h5
from cmm.faces.mesh import WITH_IRISES

KIND = "cmm smiles"
ARRAYS = ("landmarks", "faces", "points", "mesh", "action_units")
LABELS = ("smile", "subject", "expression", "video")
LAYOUT = {
    "landmarks": ("uint8", "n t s s"),
    "faces": ("uint8", "n t s s 3"),
    "points": ("float32", "n t 68 2"),
    "mesh": ("float32", f"n t {WITH_IRISES} 3"),
    "action_units": ("float32", "n t 2"),
    "fold": ("int64", "n"),
} | dict.fromkeys(LABELS, ("text", "n"))
WRITTEN = ("landmarks", "faces", "points", "fold", *LABELS)  # of every sequence; mesh and action units may be missing


@dataclass(frozen=True)
class Smiles:
    """Sequences in memory; arrays as in the module's text."""

    landmarks: np.ndarray
    faces: np.ndarray
    points: np.ndarray
    mesh: np.ndarray
    action_units: np.ndarray
    smile: np.ndarray
    subject: np.ndarray
    expression: np.ndarray
    fold: np.ndarray

    def __len__(self):
        return len(self.smile)

    @property
    def expressions(self):
        """Names of the expressions there are, in the order of the alphabet."""
        return tuple(sorted(set(self.expression)))

    @property
    def label(self):
        """Expression as a number, its place in `expressions`: (n,) int64."""
        return np.array([self.expressions.index(name) for name in self.expression], np.int64)


def write_smiles(path, sequences, rows, frames, size, provenance):
    """Write sequences, an iterable of {array: values}, with `rows`, their labels; mesh and action units may be missing.

    Chunked by sequence, compressed, complete or not there at all.
    """
    count = len(rows)
    with write_h5(path, KIND, provenance) as writer:
        shapes = {"landmarks": (size, size), "faces": (size, size, 3), "points": (68, 2), "mesh": (WITH_IRISES, 3)}
        shapes |= {"action_units": (2,)}
        for name, shape in shapes.items():
            kind, empty = (np.uint8, 0) if name in ("landmarks", "faces") else (np.float32, np.nan)
            writer.room(name, (count, frames, *shape), kind, empty)
        for i, sequence in enumerate(sequences):
            for name, values in sequence.items():
                writer.entry(name, i, values)
        for name in LABELS:
            writer.texts(name, [row[name] for row in rows])
        writer.array("fold", np.array([row["fold"] for row in rows], np.int64))


def read_smiles(path, fold=None, held_out=False, arrays=ARRAYS):
    """Read Smiles: all, or those outside of `fold` (training), or inside it (`held_out`).

    Arrays not asked for are None. Raises UserError where the file is none of ours or
    the selection is empty.
    """
    path = Path(path)
    with open_h5(path, KIND, "smiles.h5") as reader:
        check_smiles(reader)
        folds = reader.array("fold")
        if fold is not None and fold not in folds:
            raise UserError(f"{path} has no sequence in fold {fold}: it has folds {sorted(set(folds.tolist()))}")
        chosen = np.ones(len(folds), bool) if fold is None else (folds == fold) == held_out
        if not chosen.any():
            raise UserError(f"{path} has no sequence outside of fold {fold}: nothing is left to train on")
        rows = np.flatnonzero(chosen)
        data = {name: reader.array(name, rows) if name in arrays else None for name in ARRAYS}
        text = {name: reader.texts(name)[rows] for name in ("smile", "subject", "expression")}
        if data["points"] is not None and not np.isfinite(data["points"]).all():
            raise UserError(f"{path}: points are not all numbers: {ANEW}")
        return Smiles(**data, **text, fold=folds[rows])


def check_smiles(reader):
    """UserError unless an open file has all arrays of smiles.h5, and they fit each other; {letter: size} as LAYOUT."""
    sizes = reader.layout(LAYOUT)
    reader.written(WRITTEN)
    names = reader.texts("smile")
    if len(set(names)) < len(names):
        raise UserError(f"{reader.path}: a sequence is in it twice: {ANEW}")
    return sizes
