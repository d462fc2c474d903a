"""Smile videos from anybody's photograph of a neutral face.

Writes a video for the conditional sequence and for each mode, all side by side, a
film strip, and the aligned neutral face that the networks saw.
"""

import logging
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import cv2
import numpy as np

from cmm.core.errors import UserError
from cmm.core.files import atomic
from cmm.core.provenance import provenance
from cmm.core.settings import setting
from cmm.core.video import read_image, write_video
from cmm.faces.alignment import align_sequence, transform, transform_mesh, warp
from cmm.faces.backends import IMAGE_BACKENDS
from cmm.faces.landmark_images import draw_landmarks
from cmm.faces.trackers import load
from cmm.generation.film_strip import draw_film_strip, strip_rows
from cmm.generation.generated_file import CONDITIONAL, mode_names
from cmm.generation.render_films import side_by_side, write_singles
from cmm.methods import registry
from cmm.methods.generator import Condition, Neutral
from cmm.methods.loading import load_folder, record_of
from cmm.sequences.smiles_file import MESH

log = logging.getLogger("cmm")


@dataclass(frozen=True)
class Settings:
    backend: str = setting("mediapipe", "face tracker", choices=IMAGE_BACKENDS)
    side: int = setting(256, "side of the videos [px], even", minimum=64, maximum=1024)
    fps: int = setting(16, "frames per second of the videos", minimum=1, maximum=120)


def main(
    image: Annotated[Path, "photograph with a neutral face (or a video: its first frame)"],
    expression: Annotated[str, "one that the method has learned, such as posed or spontaneous"],
    model: Annotated[Path, "folder of a run, with its weights"],
    out: Annotated[Path, "folder to write"],
    settings: Settings,
    method: Annotated[str | None, "method that the weights are of; found out where one method's lie there"] = None,
    strength: Annotated[float, "of the end: 0 the photograph, 1 as learned; where a method knows it"] = 1.0,
    frames: Annotated[int | None, "length; where a method knows it"] = None,
    au: Annotated[list[str] | None, "intensities 0-5, as AU12=4; where a method knows them"] = None,
):
    """Generate from one photograph."""
    condition = Condition(expression, strength, frames, action_units(au))
    if out.exists():
        raise UserError(f"{out} exists already: name a new folder")
    method = method or registry.method_in(model)
    generator = load_folder(method, model)
    condition.check(method, registry.declaration_of(method).honours, generator.expressions)
    neutral = neutral_face(image, generator.size, settings.backend)
    made = generator(neutral, [condition])
    names = mode_names([CONDITIONAL, *(str(k + 1) for k in range(generator.modes))])
    faces, drawn = made.faces[0], None if made.landmarks is None else made.landmarks[0]
    about = provenance(__name__, settings, condition=asdict(condition), method=method, **record_of(generator))
    with atomic(out) as folder:
        write_singles(folder, names, faces, settings, about)
        write_video(folder / "all.mp4", side_by_side(names, faces, drawn, settings.side), settings.fps, about=about)
        rows = strip_rows(names, drawn, faces)
        draw_film_strip(folder / "strip.png", rows, about, title=f"{image.name}, {expression}")
        cv2.imwrite(str(folder / "neutral.png"), neutral.faces[0, ..., ::-1])
    log.info("wrote %s: all.mp4, strip.png and one video a mode", out)


def action_units(words):
    """{"AU12": 4.0} of words such as AU12=4; None without any. UserError for a word that is none."""
    found = {}
    for word in words or ():
        name, _, value = word.partition("=")
        try:
            found[name] = float(value)
        except ValueError:
            raise UserError(f"--au {word}: write a name and an intensity, as AU12=4") from None
    return found or None


def neutral_face(path, size, backend):
    """Neutral of the one person in a photograph.

    Takes the largest face, saying so where there are several; UserError without one.
    """
    picture = read_image(path)
    with load(backend) as tracker:
        face = tracker.track(picture)
    if face is None:
        raise UserError(f"no face found in {path}: give a picture of one frontal, neutral face")
    if face.faces > 1:
        log.warning("%s shows %d faces: the largest is taken", path, face.faces)
    matrix = align_sequence(face.points[None], size)[0]
    aligned = transform(matrix, face.points)
    mesh = np.full((MESH, 3), np.nan, np.float32) if face.mesh is None else transform_mesh(matrix, face.mesh)
    return Neutral(draw_landmarks(aligned, size)[None], warp(picture, matrix, size)[None], mesh[None])
