"""mp4 videos of generated.h5.

For each test video one side-by-side film (original, conditional, K modes; faces over
landmark images) and a film of every sequence alone.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import cv2
import numpy as np

from cmm.core.files import atomic, inside
from cmm.core.pictures import resized
from cmm.core.progress import progress
from cmm.core.provenance import provenance
from cmm.core.settings import setting
from cmm.core.video import write_video
from cmm.generation.generated_file import ORIGINAL, OTHER_LABEL, mode_names, read_pair, video_of
from cmm.generation.write_sequence import SAYS_SO

TEXT_HEIGHT = 24  # pixels of the line of text over a film


@dataclass(frozen=True)
class Settings:
    side: int = setting(256, "side of a face in the videos [px], even", minimum=64, maximum=1024)
    fps: int = setting(16, "frames per second of the videos", minimum=1, maximum=120)


def main(
    smiles: Annotated[Path, "smiles.h5"],
    generated: Annotated[Path, "generated.h5"],
    fold: Annotated[int, "the test fold"],
    films: Annotated[Path, "folder of side-by-side films to write, one a test video"],
    sequences: Annotated[Path, "folder of single videos to write"],
    settings: Settings,
):
    """Write films and single videos of one fold."""
    made, data = read_pair(generated, smiles, fold, ("landmarks", "faces"))
    about = provenance(__name__, settings, [smiles, generated], fold=fold)
    says_so = about | SAYS_SO
    names = mode_names(made.modes)
    with atomic(films) as film_folder, atomic(sequences) as single_folder:
        for i, smile in enumerate(progress(list(made.smile), "films written")):
            faces = [data.faces[i], *made.faces[i]]
            landmarks = None if made.landmarks is None else [data.landmarks[i] * 255, *made.landmarks[i]]
            film = side_by_side([ORIGINAL, *names], faces, landmarks, settings.side)
            write_video(inside(film_folder, f"{smile}.mp4"), film, settings.fps, about=says_so)
            single = dict(zip([ORIGINAL, *names], faces, strict=True))
            if made.contrast_faces is not None:
                single[OTHER_LABEL] = made.contrast_faces[i]
            folder = inside(single_folder, smile)
            for name, frames in single.items():
                told = about if name == ORIGINAL else says_so
                write_video(video_of(folder, name), enlarge(frames, settings.side), settings.fps, about=told)


def enlarge(frames, side):
    """Frames (t, s, s[, 3]) uint8 to (t, side, side, 3) RGB, side rounded down to even."""
    large = resized(frames, side // 2 * 2)
    return large if large.ndim == 4 else np.repeat(large[..., None], 3, 3)


def side_by_side(names, faces, landmarks, side):
    """One film: a column a sequence, its name above, its landmark images below, where there are any."""
    columns = []
    for i, (name, face) in enumerate(zip(names, faces, strict=True)):
        below = [] if landmarks is None else [enlarge(landmarks[i], side)]
        columns.append(titled(name, np.concatenate([enlarge(face, side), *below], axis=1)))
    return np.concatenate(columns, axis=2)


def titled(name, frames):
    """Frames (t, h, w, 3) with a name above: (t, TEXT_HEIGHT + h, w, 3)."""
    head = np.full((TEXT_HEIGHT, frames.shape[2], 3), 255, np.uint8)
    cv2.putText(head, name, (6, TEXT_HEIGHT - 7), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (30, 30, 30), 1, cv2.LINE_AA)
    return np.concatenate([np.repeat(head[None], len(frames), 0), frames], axis=1)
