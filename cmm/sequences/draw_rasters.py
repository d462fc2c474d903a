"""Aligned faces and landmark images of one shard of the neutral-to-smile phases.

T frames are sampled evenly from onset to apex; a shorter phase is padded with the
frames that follow it (paper section 4.1).
"""

import logging
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np

from cmm.core.errors import UserError
from cmm.core.progress import progress
from cmm.core.provenance import provenance
from cmm.core.settings import setting
from cmm.core.shards import portion
from cmm.core.tables import by_video, read_provenance, read_table
from cmm.core.video import Unreadable, read_chosen
from cmm.faces.alignment import align_sequence, transform, warp
from cmm.faces.landmark_images import draw_sequence
from cmm.faces.landmarks import X_COLUMNS, Y_COLUMNS, points_of
from cmm.sequences.au_curves import intensities
from cmm.sequences.smiles_file import write_smiles

log = logging.getLogger("cmm")


@dataclass(frozen=True)
class Settings:
    frames: int = setting(32, "T, frames of a sequence; paper: 32", minimum=2)
    image_size: int = setting(64, "side of faces and landmark images [px]; paper: 64", choices=(32, 64, 128, 256))
    shards: int = setting(4, "jobs that the sequences are dealt to", minimum=1)
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
    table = read_table(smiles, ["smile", "video", "onset_frame", "apex_frame"])
    if table.empty:
        raise UserError(f"{smiles} holds no sequence")
    track = by_video(tracks, ["frame", "timestamp", "success", *X_COLUMNS, *Y_COLUMNS])
    mine = portion(table, shard, settings.shards)
    rows = mine.to_dict("records")

    def sequences():
        for video, phases in mine.groupby("video", sort=False):
            if video not in paths:
                raise UserError(f"{videos} has no row of video {video!r}: the tables are not of one run")
            yield from cut_sequences(phases.to_dict("records"), track(video), paths[video], settings)

    about = provenance(__name__, settings, [videos, tracks, smiles], shard=shard, smiles=read_provenance(smiles))
    cut = progress(sequences(), "sequences drawn", len(rows))
    write_smiles(out, cut, rows, settings.frames, settings.image_size, about)


def sample_frames(times, onset, apex, count):
    """`count` frame numbers (from 1) for the phase onset..apex of a video with a frame at each of `times` [s].

    A longer phase is sampled evenly in time, both ends included. A shorter one is followed
    by the frames after it, the video's last one repeated where it ends too soon.
    """
    if apex - onset + 1 < count:
        return np.minimum(onset + np.arange(count), len(times))
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
    seen: np.ndarray  # (t,) bool

    def take(self, number, image):
        """Cut the face out of a frame, where the sequence has it; a short phase may have the last one twice."""
        for place in np.flatnonzero(self.numbers == number):
            self.faces[place] = warp(image, self.matrices[place], self.faces.shape[1])
            self.seen[place] = True


def cut_sequences(rows, track, path, settings):
    """Yield (landmarks, faces, points, action_units), as smiles.h5 holds them, of a video's phases in their order.

    The video is read once. `rows` are those of smiles.parquet, `track` the video's rows of tracks.parquet.
    """
    times = track["timestamp"].to_numpy()
    points = _fill_lost(points_of(track), track["success"].to_numpy())
    units = intensities(track)
    pending = deque(plan_sequence(row, times, points, settings) for row in rows)
    wanted = np.unique(np.concatenate([sequence.numbers for sequence in pending])) - 1
    try:
        for index, image in read_chosen(path, wanted, times):
            for sequence in pending:
                sequence.take(index + 1, image)
            while pending and pending[0].seen.all():
                done = pending.popleft()
                drawn = draw_sequence(done.points, settings.image_size)
                yield drawn, done.faces, done.points, units[done.numbers - 1]
    except Unreadable as error:
        raise UserError(f"{path} has changed since it was tracked ({error}): run index_videos again") from error
    if pending:
        raise UserError(f"{path} has changed since it was tracked: it ends before frame {pending[0].numbers[-1]}")


def plan_sequence(row, times, points, settings):
    """The Sequence of one row of smiles.parquet, none of its frames seen; `times` and `points` are the video's."""
    numbers = sample_frames(times, row["onset_frame"], row["apex_frame"], settings.frames)
    span = np.arange(numbers[0], numbers[-1] + 1)
    matrices = align_sequence(points[span - 1], settings.image_size, settings.alignment_smoothing)[numbers - numbers[0]]
    aligned = transform(matrices, points[numbers - 1]).astype(np.float32)
    faces = np.zeros((len(numbers), settings.image_size, settings.image_size, 3), np.uint8)
    return Sequence(numbers, matrices, aligned, faces, np.zeros(len(numbers), bool))


def _fill_lost(points, success):
    """Points of frames without a face, interpolated between their neighbours."""
    points = points.astype(float)
    known, every = np.flatnonzero(success), np.arange(len(points))
    flat = points.reshape(len(points), -1)
    filled = [np.interp(every, known, column[known]) for column in flat.T]
    return np.stack(filled, axis=1).reshape(points.shape)
