"""smiles.h5: the training set. One entry a neutral-to-smile sequence.

landmarks  (n, t, s, s) uint8 {0, 1}    landmark images
faces      (n, t, s, s, 3) uint8 RGB    aligned faces
points     (n, t, 68, 2) float32        aligned points, raster pixels
mesh       (n, t, 478, 3) float32       aligned mesh, raster pixels, z away from the camera; NaN where not known
action_units (n, t, 2) float32          intensities of AU6 and AU12, 0-5, of the frames; NaN where not known
smile, subject, expression, video (n) str, fold (n) int
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from cmm.core.entries import ROOM, Entries, Shelf
from cmm.core.errors import ANEW, UserError
from cmm.core.hdf5 import Reader, write_h5
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
SMALL = ("action_units",)  # arrays that are read at once
BLOCK = 8  # frames that lie together: many trainings see a few of a sequence at a time
PLAIN = ("faces",)  # not packed: gzip makes them a third smaller, and nine times as slow to read


@dataclass(frozen=True)
class Smiles:
    """Sequences; arrays as in the module's text, the large ones read as they are used. None what was not asked for."""

    landmarks: Entries | None
    faces: Entries | None
    points: Entries | None
    mesh: Entries | None
    action_units: np.ndarray | None
    smile: np.ndarray
    subject: np.ndarray
    expression: np.ndarray
    fold: np.ndarray
    frames: int  # of a sequence
    side: int  # of a face [px]

    def __len__(self):
        return len(self.smile)

    @cached_property
    def expressions(self):
        """Names of the expressions there are, in the order of the alphabet."""
        return tuple(sorted(set(self.expression)))

    @cached_property
    def label(self):
        """Expression as a number, its place in `expressions`: (n,) int64."""
        return np.array([self.expressions.index(name) for name in self.expression], np.int64)

    def expect(self, rows, frames=None):
        """Read ahead what will be asked for: rows (k,), of each all frames, or one (k,)."""
        for name in ARRAYS:
            if isinstance(array := getattr(self, name), Entries):
                array.expect(rows, frames)


def write_smiles(path, sequences, rows, frames, size, provenance):
    """Write sequences, an iterable of {array: values}, with `rows`, their labels; mesh and action units may be missing.

    In blocks of BLOCK frames of a sequence, complete or not there at all.
    """

    def put(writer):
        for i, sequence in enumerate(writer.between(sequences)):
            for name, values in sequence.items():
                writer.entry(name, i, values)

    _write(path, put, rows, frames, size, provenance)


def join_smiles(path, parts, rows, frames, size, provenance):
    """Write the sequences of other such files with `rows`, their labels.

    parts: an iterable of (Reader, row there, row here), of every sequence.
    """

    def put(writer):
        for reader, there, here in parts:
            for name in ARRAYS:
                writer.copy(name, here, reader, there)

    _write(path, put, rows, frames, size, provenance)


def _write(path, put, rows, frames, size, provenance):
    count = len(rows)
    with write_h5(path, KIND, provenance) as writer:
        shapes = {"landmarks": (size, size), "faces": (size, size, 3), "points": (68, 2), "mesh": (WITH_IRISES, 3)}
        shapes |= {"action_units": (2,)}
        for name, shape in shapes.items():
            kind, empty = (np.uint8, 0) if name in ("landmarks", "faces") else (np.float32, np.nan)
            writer.room(name, (count, frames, *shape), kind, empty, BLOCK, packed=name not in PLAIN)
        put(writer)
        for name in LABELS:
            writer.texts(name, [row[name] for row in rows])
        writer.array("fold", np.array([row["fold"] for row in rows], np.int64))


def read_smiles(path, fold=None, held_out=False, arrays=ARRAYS, room=ROOM, most=None, random=None):
    """Smiles: all, or those outside of `fold` (training), or inside it (`held_out`).

    Arrays not asked for are None; of the large ones, `room` bytes stay in memory. Where there are more than `most`, so
    many are drawn by `random`, a generator, some of each expression, and keep their order. Raises UserError where the
    file is none of ours or the selection is empty; a damaged entry is found when it is read.
    """
    path = Path(path)
    reader = Reader(path, KIND, "smiles.h5")
    sizes = check_smiles(reader)
    folds = reader.array("fold")
    if fold is not None and fold not in folds:
        raise UserError(f"{path} has no sequence in fold {fold}: it has folds {sorted(set(folds.tolist()))}")
    chosen = np.ones(len(folds), bool) if fold is None else (folds == fold) == held_out
    if not chosen.any():
        raise UserError(f"{path} has no sequence outside of fold {fold}: nothing is left to train on")
    rows, shelf = np.flatnonzero(chosen), Shelf(reader, room)
    if most is not None and most < len(rows):
        rows = _drawn(rows, reader.texts("expression")[rows], most, random)

    def finite(points):
        if not np.isfinite(points).all():
            raise UserError(f"{path}: points are not all numbers: {ANEW}")
        return points

    def read(name):
        if name not in arrays:
            return None
        if name in SMALL:
            return reader.array(name, rows)
        return shelf.array(name, rows, finite if name == "points" else None)

    text = {name: reader.texts(name)[rows] for name in ("smile", "subject", "expression")}
    return Smiles(**{name: read(name) for name in ARRAYS}, **text, fold=folds[rows], frames=sizes["t"], side=sizes["s"])


def _drawn(rows, expressions, most, random):
    """`most` of the rows (n,), in their order, drawn by `random`: of each of the expressions (n,) at least one."""
    order = random.permutation(len(rows))
    _, first = np.unique(expressions[order], return_index=True)
    return np.sort(rows[np.concatenate([order[first], np.delete(order, first)])[:most]])


def check_smiles(reader):
    """UserError unless an open file has all arrays of smiles.h5, and they fit each other; {letter: size} as LAYOUT."""
    sizes = reader.layout(LAYOUT)
    reader.written(WRITTEN)
    names = reader.texts("smile")
    if len(set(names)) < len(names):
        raise UserError(f"{reader.path}: a sequence is in it twice: {ANEW}")
    return sizes
