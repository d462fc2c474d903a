"""Aligned faces, landmark images and meshes of one shard of the neutral-to-smile phases.

T frames are sampled evenly from onset to apex. A shorter phase is padded with the frames
that follow it (paper section 4.1) as long as the smile is held; then the last of them is
repeated, so that every sequence ends with a smile. The mesh is tracked here, in these
frames alone, where the backend of the tracks gives one: of every frame it would fill the
tables of tracks.
"""

import logging
from collections import deque
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import cv2
import numpy as np

from cmm.core.errors import UserError
from cmm.core.progress import progress
from cmm.core.provenance import provenance
from cmm.core.settings import LARGEST, setting
from cmm.core.shards import portion
from cmm.core.tables import by_video, read_provenance, read_table
from cmm.core.video import Unreadable, read_chosen
from cmm.faces.alignment import align_sequence, transform, transform_mesh, warp
from cmm.faces.backends import MESH_BACKENDS
from cmm.faces.landmark_images import draw_sequence
from cmm.faces.landmarks import X_COLUMNS, Y_COLUMNS, points_of
from cmm.faces.mesh import WITH_IRISES
from cmm.faces.trackers import load
from cmm.sequences.au_curves import intensities
from cmm.sequences.smiles_file import write_smiles

log = logging.getLogger("cmm")


@dataclass(frozen=True)
class Settings:
    frames: int = setting(32, "T, frames of a sequence; paper: 32", minimum=2, maximum=LARGEST)
    image_size: int = setting(64, "side of faces and landmark images [px]; paper: 64", choices=(32, 64, 128, 256))
    shards: int = setting(4, "jobs that share the sequences", minimum=1)
    alignment_smoothing: float = setting(1.5, "sigma of the alignment's smoothing [frames]", minimum=0.0)


def main(
    videos: Annotated[Path, "videos.parquet of the data set"],
    tracks: Annotated[Path, "tracks.parquet of the data set"],
    smiles: Annotated[Path, "smiles.parquet of the data set"],
    shard: Annotated[int, "number of this shard, from 0"],
    out: Annotated[Path, "HDF5 file of the shard to write, laid out as smiles.h5"],
    settings: Settings,
):
    """Cut, align and draw this shard's part of the sequences: those of one video together, as far as that goes."""
    paths = read_table(videos, ["video", "path"]).set_index("video")["path"]
    table = read_table(smiles, ["smile", "video", "onset_frame", "apex_frame", "held_frame"])
    if table.empty:
        raise UserError(f"{smiles} holds no sequence")
    track = by_video(tracks, ["frame", "timestamp", "success", *X_COLUMNS, *Y_COLUMNS])
    mine = portion(table, shard, settings.shards)
    rows = mine.to_dict("records")

    backend = read_provenance(tracks).get("tracking", {}).get("tracker", {}).get("backend")

    def sequences(tracker):
        for video, phases in mine.groupby("video", sort=False):
            if video not in paths:
                raise UserError(f"{videos} has no row of video {video!r}: the tables are not of one run")
            yield from cut_sequences(phases.to_dict("records"), track(video), paths[video], settings, tracker)

    about = provenance(__name__, settings, [videos, tracks, smiles], shard=shard, smiles=read_provenance(smiles))
    with load(backend) if rows and backend in MESH_BACKENDS else nullcontext() as tracker:
        cut = progress(sequences(tracker), "sequences drawn", len(rows))
        write_smiles(out, cut, rows, settings.frames, settings.image_size, about)


def sample_frames(times, onset, apex, held, count):
    """`count` frame numbers (from 1) for the phase onset..apex of a video with a frame at each of `times` [s].

    A longer phase is sampled evenly in time, both ends included. A shorter one is followed
    by the frames after it up to `held`, and that one is repeated.
    """
    if apex - onset + 1 < count:
        return np.minimum(onset + np.arange(count), held)
    phase = np.arange(onset, apex + 1)
    wanted = np.linspace(times[onset - 1], times[apex - 1], count)
    return np.round(np.interp(wanted, times[onset - 1 : apex], phase)).astype(int)


@dataclass
class Sequence:
    """A neutral-to-smile phase that is being cut out of its video."""

    numbers: np.ndarray  # (t,) frame numbers, from 1
    matrices: np.ndarray  # (t, 2, 3) from the video's pixels to aligned ones
    points: np.ndarray  # (t, 68, 2) float32, aligned
    faces: np.ndarray  # (t, s, s, 3) uint8, of the frames that have been seen
    mesh: np.ndarray  # (t, 478, 3) float32, aligned, of the frames that have been seen; NaN where there is none
    seen: np.ndarray  # (t,) bool

    def take(self, number, image, tracker):
        """Cut the face out of a frame, where the sequence has it; a short phase may have the last one several times."""
        places = np.flatnonzero(self.numbers == number)
        mesh = mesh_of(image, tracker, self.matrices[places[0]], self.points[places[0]]) if len(places) else None
        for place in places:
            self.faces[place] = warp(image, self.matrices[place], self.faces.shape[1])
            self.mesh[place] = mesh
            self.seen[place] = True

    def arrays(self):
        """What smiles.h5 holds of it."""
        landmarks = draw_sequence(self.points, self.faces.shape[1])
        known = np.isfinite(self.mesh).all(axis=(1, 2))
        mesh = _fill_lost(self.mesh, known) if known.any() else self.mesh
        return {"landmarks": landmarks, "faces": self.faces, "points": self.points, "mesh": mesh}


def mesh_of(image, tracker, matrix, points):
    """Aligned mesh (478, 3) float32 of the face that has the aligned `points`; NaN without a tracker or a face."""
    near = transform(cv2.invertAffineTransform(matrix), points)
    face = tracker.track(image, near) if tracker else None
    return np.full((WITH_IRISES, 3), np.nan, np.float32) if face is None else transform_mesh(matrix, face.mesh)


def cut_sequences(rows, track, path, settings, tracker=None):
    """Yield {array: values}, as smiles.h5 holds them, of a video's phases in their order.

    The video is read once. `rows` are those of smiles.parquet, `track` the video's rows of tracks.parquet, `tracker`
    one that gives a mesh.
    """
    times = track["timestamp"].to_numpy()
    points = _fill_lost(points_of(track), track["success"].to_numpy())
    units = intensities(track)
    pending = deque(plan_sequence(row, times, points, settings) for row in rows)
    wanted = np.unique(np.concatenate([sequence.numbers for sequence in pending])) - 1
    try:
        for index, image in read_chosen(path, wanted, times):
            for sequence in pending:
                sequence.take(index + 1, image, tracker)
            while pending and pending[0].seen.all():
                done = pending.popleft()
                yield done.arrays() | {"action_units": units[done.numbers - 1]}
    except Unreadable as error:
        raise UserError(f"{path} has changed since it was tracked ({error}): run index_videos again") from error
    if pending:
        raise UserError(f"{path} has changed since it was tracked: it ends before frame {pending[0].numbers[-1]}")


def plan_sequence(row, times, points, settings):
    """The Sequence of one row of smiles.parquet, none of its frames seen; `times` and `points` are the video's."""
    numbers = sample_frames(times, row["onset_frame"], row["apex_frame"], row["held_frame"], settings.frames)
    span = np.arange(numbers[0], numbers[-1] + 1)
    matrices = align_sequence(points[span - 1], settings.image_size, settings.alignment_smoothing)[numbers - numbers[0]]
    aligned = transform(matrices, points[numbers - 1]).astype(np.float32)
    faces = np.zeros((len(numbers), settings.image_size, settings.image_size, 3), np.uint8)
    mesh = np.full((len(numbers), WITH_IRISES, 3), np.nan, np.float32)
    return Sequence(numbers, matrices, aligned, faces, mesh, np.zeros(len(numbers), bool))


def _fill_lost(points, success):
    """Points of frames without a face, interpolated between their neighbours."""
    points = points.astype(float)
    known, every = np.flatnonzero(success), np.arange(len(points))
    flat = points.reshape(len(points), -1)
    filled = [np.interp(every, known, column[known]) for column in flat.T]
    return np.stack(filled, axis=1).reshape(points.shape)
