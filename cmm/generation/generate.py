"""Smile videos from anybody's photograph of a neutral face.

Writes a video for the first sequence and for each mode, all side by side, a film strip, and the aligned neutral face
that the networks saw. A method that works on whole photographs gives videos of the photograph, others of the aligned
face.
"""

import logging
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import cv2
import numpy as np

from cmm.core.errors import UserError
from cmm.core.files import atomic
from cmm.core.progress import progress
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
from cmm.methods.loading import load_folder, load_inside, record_of
from cmm.sequences.smiles_file import MESH

log = logging.getLogger("cmm")


VIEWS = ("photograph", "face")
CUT = 0.1  # share of the 68 points beyond the border from which on a face counts as cut
SMILING = 0.4  # MediaPipe's AU12, 0-1, of a photograph that is not neutral


@dataclass(frozen=True)
class Settings:
    backend: str = setting("mediapipe", "face tracker", choices=IMAGE_BACKENDS)
    view: str = setting("photograph", "what methods that work on photographs show", choices=VIEWS)
    longest: int = setting(1280, "larger photographs are made so small [px]", minimum=64, maximum=4096)
    strict: bool = setting(False, "refuse a photograph of somebody who smiles already")
    side: int = setting(256, "side of the other videos [px], even", minimum=64, maximum=1024)
    fps: int = setting(16, "frames per second of the videos", minimum=1, maximum=120)


def main(
    image: Annotated[Path, "photograph with a neutral face (or a video: its first frame)"],
    out: Annotated[Path, "folder to write"],
    settings: Settings,
    expression: Annotated[str | None, "one that the method has learned; without, its last"] = None,
    model: Annotated[Path | None, "folder of a run, with its weights; without, those in the package"] = None,
    method: Annotated[str | None, "method that the weights are of; found out where one method's lie there"] = None,
    strength: Annotated[float, "of the end: 0 the photograph, 1 as learned; where a method knows it"] = 1.0,
    frames: Annotated[int | None, "length; where a method knows it"] = None,
    au: Annotated[list[str] | None, "intensities 0-5, as AU12=4; where a method knows them"] = None,
):
    """Generate from one photograph."""
    if out.exists():
        raise UserError(f"{out} exists already: name a new folder")
    if model is None:
        method, generator = load_inside()
    else:
        method = method or registry.method_in(model)
        generator = load_folder(method, model)
    condition = Condition(expression or generator.expressions[-1], strength, frames, action_units(au))
    condition.check(method, registry.declaration_of(method).honours, generator.expressions)
    picture, face = see(image, settings)
    matrix = align_sequence(face.points[None], generator.size)[0]
    neutral = neutral_of(picture, face, matrix, generator.size)
    names = mode_names([CONDITIONAL, *(str(k + 1) for k in range(generator.modes))])
    told = {"condition": asdict(condition), "method": method, "synthetic": True}
    about = provenance(__name__, settings, **told, **record_of(generator))
    with atomic(out) as folder:
        if hasattr(generator, "photograph"):
            faces, drawn = (
                photograph_videos(folder, names, generator, picture, face, matrix, condition, settings, about),
                None,
            )
        else:
            made = generator(neutral, [condition])
            faces, drawn = made.faces[0], None if made.landmarks is None else made.landmarks[0]
            write_singles(folder, names, faces, settings, about)
        write_video(folder / "all.mp4", side_by_side(names, faces, drawn, settings.side), settings.fps, about=about)
        rows = strip_rows(names, drawn, faces)
        draw_film_strip(folder / "strip.png", rows, about, title=f"{image.name}, {condition.expression}")
        cv2.imwrite(str(folder / "neutral.png"), neutral.faces[0, ..., ::-1])
    log.info("wrote %s: all.mp4, strip.png and one video a mode", out)


def photograph_videos(folder, names, generator, picture, face, matrix, condition, settings, about):
    """Write a video of each sequence of a method that works on photographs; their faces [(t, side, side, 3)]."""
    around, close = matrix * (settings.side / generator.size), []
    shown = np.s_[:, : picture.shape[0] // 2 * 2, : picture.shape[1] // 2 * 2]  # H.264 has even sides
    if settings.view == "face":
        shown = np.s_[:, *face_box(face.points, picture.shape)]
    sequences = generator.photograph(picture, face.mesh, matrix, condition)
    for name, frames in progress(zip(names, sequences, strict=True), "videos written", len(names)):
        write_video(folder / f"{name.replace(' ', '_')}.mp4", frames[shown], settings.fps, about=about)
        close.append(np.stack([warp(frame, around, settings.side) for frame in frames]))
    return close


def face_box(points, shape):
    """Slices of rows and columns, even in length, of a square around a face, as far as the picture has it."""
    middle, reach = (points.min(axis=0) + points.max(axis=0)) / 2, 1.1 * np.ptp(points, axis=0).max()
    found = []
    for centre, length in zip(middle[::-1], shape, strict=False):
        start, end = max(0, round(centre - reach)), min(length, round(centre + reach))
        found.append(slice(start, start + (end - start) // 2 * 2))
    return found


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


def see(path, settings):
    """(picture (h, w, 3) uint8 RGB, at most `settings.longest` long, and its Face) of a photograph.

    Takes the largest face, saying so where there are several; UserError without one.
    """
    picture = read_image(path)
    scale = settings.longest / max(picture.shape[:2])
    if scale < 1:
        log.info("%s is made %.2g times as large: --longest %d", path, scale, settings.longest)
        picture = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    with load(settings.backend) as tracker:
        face = tracker.track(picture)
    if face is None:
        raise UserError(f"no face found in {path}: give a picture of one frontal, neutral face")
    if face.faces > 1:
        log.warning("%s shows %d faces: the largest is taken", path, face.faces)
    outside = (face.points < 0) | (face.points > np.array(picture.shape[1::-1]) - 1)
    if outside.any(axis=1).mean() > CUT:
        raise UserError(f"the face in {path} is cut by the picture's border: give a picture that shows all of it")
    if face.measures.get("AU12_proxy", 0) > SMILING:
        if settings.strict:
            raise UserError(
                f"the face in {path} smiles already: give one of a neutral face, or leave --strict true out"
            )
        log.warning("%s smiles already: the new smile is added to that", path)
    return picture, face


def neutral_of(picture, face, matrix, size):
    """Neutral of the one person in a photograph, aligned by a similarity (2, 3)."""
    mesh = np.full((MESH, 3), np.nan, np.float32) if face.mesh is None else transform_mesh(matrix, face.mesh)
    drawn = draw_landmarks(transform(matrix, face.points), size)
    return Neutral(drawn[None], warp(picture, matrix, size)[None], mesh[None])
