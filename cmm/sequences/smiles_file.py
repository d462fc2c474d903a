"""smiles.h5: the training set. One entry a neutral-to-smile sequence.

landmarks  (n, t, s, s) uint8 {0, 1}    landmark images
faces      (n, t, s, s, 3) uint8 RGB    aligned faces
points     (n, t, 68, 2) float32        aligned points, raster pixels
mesh       (n, t, 478, 3) float32       aligned mesh, raster pixels, z away from the camera; NaN where not known
action_units (n, t, 2) float32          intensities of AU6 and AU12, 0-5, of the frames; NaN where not known
smile, subject, expression, video (n) str, fold (n) int
"""

import json
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

from cmm.core.errors import UserError
from cmm.core.files import atomic
from cmm.core.provenance import until_now
from cmm.faces.mesh import WITH_IRISES

KIND = "cmm smiles"
TEXT = h5py.string_dtype()
ARRAYS = ("landmarks", "faces", "points", "mesh", "action_units")
LABELS = ("smile", "subject", "expression", "video")


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
    with atomic(path) as partial, h5py.File(partial, "w") as file:
        file.attrs["kind"] = KIND
        shapes = {"landmarks": (size, size), "faces": (size, size, 3), "points": (68, 2), "mesh": (WITH_IRISES, 3)}
        shapes |= {"action_units": (2,)}
        for name, shape in shapes.items():
            kind, empty = (np.uint8, 0) if name in ("landmarks", "faces") else (np.float32, np.nan)
            full = (count, frames, *shape)
            chunked = {"chunks": (1, *full[1:]), "maxshape": (None, *full[1:])}  # a shard may hold none
            file.create_dataset(name, full, kind, **chunked, compression="gzip", compression_opts=4, fillvalue=empty)
        for i, sequence in enumerate(sequences):
            for name, values in sequence.items():
                file[name][i] = values
        for name in LABELS:
            file.create_dataset(name, data=[row[name] for row in rows], dtype=TEXT)
        file.attrs["provenance"] = json.dumps(until_now(provenance))
        file.create_dataset("fold", data=np.array([row["fold"] for row in rows], np.int64))


def read_smiles(path, fold=None, held_out=False, arrays=ARRAYS):
    """Read Smiles: all, or those outside of `fold` (training), or inside it (`held_out`).

    Arrays not asked for are None. Raises UserError where the file is none of ours or
    the selection is empty.
    """
    path = Path(path)
    with open_h5(path, KIND, "smiles.h5") as file:
        if missing := {*ARRAYS, "fold", *LABELS} - set(file):
            raise UserError(f"{path} has no {', '.join(sorted(missing))}: draw it again")
        folds = file["fold"][:]
        if fold is not None and fold not in folds:
            raise UserError(f"{path} has no sequence in fold {fold}: it has folds {sorted(set(folds.tolist()))}")
        chosen = np.ones(len(folds), bool) if fold is None else (folds == fold) == held_out
        if not chosen.any():
            raise UserError(f"{path} has no sequence outside of fold {fold}: nothing is left to train on")
        rows = np.flatnonzero(chosen)
        data = {name: file[name][rows] if name in arrays else None for name in ARRAYS}
        text = {name: file[name].asstr()[:][rows] for name in ("smile", "subject", "expression")}
        return Smiles(**data, **text, fold=folds[rows])


def open_h5(path, kind, what):
    """Open one of our HDF5 files for reading; UserError if it is missing or not `kind`."""
    path = Path(path)
    if not path.is_file():
        raise UserError(f"{what} {path} does not exist: run the stage that makes it")
    try:
        file = h5py.File(path, "r")
    except OSError as error:
        raise UserError(f"{path} is not an HDF5 file") from error
    if file.attrs.get("kind") != kind:
        file.close()
        raise UserError(f"{path} is not a {what} of this project")
    return file
