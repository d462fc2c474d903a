"""Aligned faces and landmark images of one shard of the neutral-to-smile phases.

T frames are sampled evenly from onset to apex; a shorter phase is padded with the
frames that follow it (paper section 4.1).
"""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np

from cmm.errors import UserError
from cmm.faces.alignment import align_sequence, transform, warp
from cmm.faces.landmarks import points_of
from cmm.faces.raster import draw_sequence
from cmm.faces.store import write_smiles
from cmm.progress import progress
from cmm.provenance import provenance
from cmm.settings import setting
from cmm.shards import deal
from cmm.tables import by_video, read_provenance, read_table
from cmm.video import Unreadable, read_frames

log = logging.getLogger("cmm")


@dataclass(frozen=True)
class Settings:
    frames: int = setting(32, "T, frames of a sequence; paper: 32", minimum=2)
    image_size: int = setting(64, "side of faces and landmark images [px]; paper: 64", choices=(32, 64, 128, 256))
    shards: int = setting(4, "jobs that the sequences are dealt to", minimum=1)
    steadying: float = setting(1.5, "sigma of the alignment's smoothing [frames]", minimum=0.0)


def main(
    videos: Annotated[Path, "videos.parquet of the data set"],
    tracks: Annotated[Path, "tracks.parquet of the data set"],
    smiles: Annotated[Path, "smiles.parquet of the data set"],
    shard: Annotated[int, "number of this shard, from 0"],
    out: Annotated[Path, "HDF5 file of the shard to write, laid out as smiles.h5"],
    settings: Settings,
):
    """Cut, align and draw the sequences number shard, shard + shards, ..."""
    paths = by_video(read_table(videos, ["video", "path"]), videos)
    table = read_table(smiles, ["smile", "video", "onset_frame", "apex_frame"])
    frames = by_video(read_table(tracks, ["video", "frame", "timestamp", "success"]), tracks)
    if table.empty:
        raise UserError(f"{smiles} holds no sequence")
    rows = deal(table, shard, settings.shards).to_dict("records")
    sequences = (
        cut_sequence(row, frames(row["video"]).sort_values("frame"), paths(row["video"])["path"].iloc[0], settings)
        for row in progress(rows, "sequences drawn")
    )
    about = provenance(__name__, settings, [videos, tracks, smiles], shard=shard, smiles=read_provenance(smiles))
    write_smiles(out, sequences, rows, settings.frames, settings.image_size, about)


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


def cut_sequence(row, track, path, settings):
    """(landmarks, faces, points) of one row of smiles.parquet, as smiles.h5 holds them."""
    numbers = sample_frames(track["timestamp"].to_numpy(), row["onset_frame"], row["apex_frame"], settings.frames)
    points = _fill_lost(points_of(track), track["success"].to_numpy())
    span = np.arange(numbers[0], numbers[-1] + 1)
    matrices = align_sequence(points[span - 1], settings.image_size, settings.steadying)
    wanted = matrices[numbers - numbers[0]]
    aligned = transform(wanted, points[numbers - 1]).astype(np.float32)
    faces = np.zeros((len(numbers), settings.image_size, settings.image_size, 3), np.uint8)
    seen = np.zeros(len(numbers), bool)
    try:
        for index, _, image in read_frames(path, start=numbers[0] - 1, stop=numbers[-1]):
            for place in np.flatnonzero(numbers - 1 == index):
                faces[place] = warp(image, wanted[place], settings.image_size)
                seen[place] = True
    except Unreadable as error:
        raise UserError(f"{path} has changed since it was tracked ({error}): run index_videos again") from error
    if not seen.all():
        raise UserError(f"{path} has changed since it was tracked: it ends before frame {numbers[-1]}")
    return draw_sequence(aligned, settings.image_size), faces, aligned


def _fill_lost(points, success):
    """Points of frames without a face, interpolated between their neighbours."""
    points = points.astype(float)
    known, every = np.flatnonzero(success), np.arange(len(points))
    flat = points.reshape(len(points), -1)
    filled = [np.interp(every, known, column[known]) for column in flat.T]
    return np.stack(filled, axis=1).reshape(points.shape)
