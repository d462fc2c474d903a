"""Smile videos from anybody's photograph of a neutral face, or from a folder of them.

Writes the first sequence and each mode, all side by side, a film strip, and the aligned neutral face
that the networks saw. A method that works on whole photographs gives videos of the photograph, others of the aligned
face. A folder of photographs gives a folder each and a table, photographs.tsv; what is done is not done again.
"""

import logging
from dataclasses import dataclass, replace
from functools import partial
from json import dumps
from pathlib import Path
from typing import Annotated

import numpy as np

from cmm.core.errors import UserError
from cmm.core.files import atomic, inside
from cmm.core.pictures import even
from cmm.core.progress import progress
from cmm.core.records import read_record
from cmm.core.settings import LARGEST, setting
from cmm.faces.alignment import warp
from cmm.faces.backends import IMAGE_BACKENDS
from cmm.generation.film_strip import draw_film_strip, strip_rows
from cmm.generation.photographs import check_choice, neutral_of, photographs_in, see
from cmm.generation.render_films import enlarge, side_by_side
from cmm.generation.smiler import Smiler, load
from cmm.generation.write_sequence import FORMATS, write_png, write_sequence, written
from cmm.methods import registry
from cmm.methods.generator import Condition
from cmm.methods.threads import in_threads

log = logging.getLogger("cmm")


VIEWS = ("photograph", "face")
EXAMPLES = (
    "cmm generate me.jpg                                   # me_smiles/all.mp4, strip.png, ...",
    "cmm generate me.jpg --expression posed --strength 1.4 --seed 2 --out grin --overwrite",
    "cmm generate photographs --formats gif still          # of each photograph in a folder",
    "cmm generate me.jpg --model results/actors/fold10/METHOD/seed1    # with weights trained here",
)


@dataclass(frozen=True)
class Settings:
    backend: str = setting("mediapipe", "face tracker", choices=IMAGE_BACKENDS)
    face: str = setting("largest", "whose smile: largest, all, or a number, counted from the left")
    modes: int | None = setting(None, "how many modes, beside the first sequence; without, all", minimum=0)
    view: str = setting("photograph", "what methods that work on photographs show", choices=VIEWS)
    longest: int = setting(1280, "larger photographs are made so small [px]", minimum=64, maximum=LARGEST)
    strict: bool = setting(False, "refuse a photograph of somebody who smiles already")
    blinks: bool = setting(True, "eyes blink, in methods that work on photographs")
    formats: tuple[str, ...] = setting(
        ("mp4",), "of the sequences, alone and side by side; still: the last frame", choices=FORMATS
    )
    side: int = setting(256, "side of the other videos [px], even", minimum=64, maximum=1024)
    fps: int = setting(16, "frames per second of the videos", minimum=1, maximum=120)


@dataclass(frozen=True)
class Studio:
    """What makes videos of a photograph."""

    smiler: Smiler
    condition: Condition
    modes: int  # how many, beside the first sequence
    settings: Settings
    overwrite: bool = False

    def record(self):
        """How its files are made."""
        return self.smiler.record(__name__, self.condition, self.settings)


def main(
    image: Annotated[
        Path, "photograph with a neutral face (or a video: its first frame), or a folder of them", "positional"
    ],
    settings: Settings,
    out: Annotated[Path | None, "folder to write; without, NAME_smiles"] = None,
    overwrite: Annotated[bool, "write anew what an earlier command wrote there"] = False,
    json: Annotated[bool, "print as JSON what was written and measured"] = False,
    expression: Annotated[str | None, "one that the method has learned; without, its last"] = None,
    model: Annotated[Path | None, "bundle, or folder of a run, with its weights; without, those in the package"] = None,
    method: Annotated[str | None, "method that the weights are of; found out where one method's lie there"] = None,
    strength: Annotated[float, "of the end: 0 the photograph, 1 as learned; where a method knows it"] = 1.0,
    frames: Annotated[int | None, "length; where a method knows it"] = None,
    au: Annotated[list[str] | None, "intensities 0-5, as AU12=4; where a method knows them"] = None,
    seed: Annotated[int | None, "another one, other smiles; where a method knows it"] = None,
):
    """Generate from one photograph, or from each of a folder."""
    check_choice(settings.face)  # before anything is loaded
    out = out or Path(f"{image.stem or 'my'}_smiles")
    if out.exists() and not out.is_dir():
        raise UserError(f"{out} is a file: name a new folder")
    if out.exists() and not image.is_dir() and not overwrite:
        raise UserError(f"{out} exists already: name a new folder, or say --overwrite")
    told = {"strength": strength, "frames": frames, "action_units": action_units(au), "seed": seed}
    smiler = load(model, method, settings.backend)
    condition, modes = smiler.condition(expression, **told), smiler.count(settings.modes)
    studio = Studio(smiler, condition, modes, settings, overwrite)
    if settings.face == "all" and not smiler.whole:
        raise UserError(f"--face all: {smiler.method} gives videos of one face, not of photographs: name a number")
    album = None
    if image.is_dir():
        album = smile_all(image, out, studio)
        found = {"photographs": [*album.rows.values()]}
    else:
        found = {what: value for what, value in smile(image, out, studio).items() if value not in (None, "")}
        films = ", ".join(written("all", kind) for kind in settings.formats)
        log.info("wrote %s: %s, strip.png and each sequence", out, films)
        log.info("%s", in_words(found))
    if json:
        files = sorted(str(path) for path in out.rglob("*") if path.is_file())
        print(dumps({"out": str(out), "files": files, **found}, indent=2))
    if album is not None:
        album.close()


def smile_all(folder, out, studio):
    """Write a folder in `out` of each photograph in `folder`; the Album."""
    from cmm.generation.album import Album  # pandas, which takes a third of a second to load

    photographs = photographs_in(folder)
    album = Album(out, studio.record(), photographs, again=studio.overwrite)
    studio = replace(studio, overwrite=True)  # what has no row in the table was left by a command that was killed
    for name, path in progress([*photographs.items()], "photographs done"):
        album.enter(name, path, lambda name=name, path=path: smile(path, inside(out, name), studio))
    return album


def smile(path, out, studio):
    """Write the folder `out` of one photograph; what is read: {"AU12": of it, "AU12 mode 1": at the end}, and a
    "reason" to doubt it, "" without one."""
    settings, smiler = studio.settings, studio.smiler
    photograph = see(path, smiler.tracker, settings.face, settings.longest, settings.strict)
    about, size = studio.record(), smiler.generator.size
    photograph, made = asked_to_smile(photograph, studio)
    matrices = [photograph.matrix(face, size) for face in photograph.faces]
    names = [*made[0][0]]
    with atomic(out, replace=made_here if studio.overwrite else None) as folder:
        folder.mkdir()
        if smiler.whole:
            faces = whole(folder, photograph, matrices, [painted for painted, _ in made], studio, about)
        else:
            faces = [[frames() for frames in made[0][0].values()]]
            for name, frames in zip(names, faces[0], strict=True):
                write(folder, name, enlarge(frames, settings.side), settings, about)
        films, rows = [], []
        several = len(faces) > 1
        for number, close, (_, lines), face, matrix in zip(
            photograph.numbers, faces, made, photograph.faces, matrices, strict=True
        ):
            films.append(side_by_side(names, close, lines, settings.side))
            rows += strip_rows([f"face {number}\n{name}" for name in names] if several else names, lines, close)
            neutral = neutral_of(photograph.picture, face, matrix, size).faces[0]
            write_png(folder / (f"neutral_{number}.png" if several else "neutral.png"), neutral, about)
        write(folder, "all", np.concatenate(films, axis=1), settings, about)
        draw_film_strip(folder / "strip.png", rows, about, title=f"{path.name}, {studio.condition.expression}")
    ends = [(name, frames[-1]) for name, frames in zip(names, faces[0], strict=True)]
    seen = {name: tracked(smiler.tracker, frame) for name, frame in ends}
    doubt = "" if any(seen.values()) else f"no face is found in the smiles of {path}: is the photograph upright?"
    if doubt:
        log.warning("%s", doubt)
    found = {"AU12": photograph.faces[0].measures.get("AU12_proxy"), "reason": doubt}
    return found | {f"AU12 {name}": au12(face) for name, face in seen.items()}


def tracked(tracker, frame):
    """The Face in a frame (h, w, 3) of a sequence, or None."""
    return tracker.track(np.ascontiguousarray(frame))


def asked_to_smile(photograph, studio):
    """(The Photograph, of each of its faces what Smiler.sequences gives); of several faces those that cannot be used
    are left out, saying so."""
    faces, made = {}, []
    people = zip(photograph.numbers, photograph.faces, conditions_of(photograph.faces, studio), strict=True)
    for number, face, condition in people:
        try:
            made.append(studio.smiler.sequences(photograph, face, condition, studio.modes, studio.settings.blinks))
            faces[number] = face
        except UserError as error:
            if number == photograph.numbers[-1] and not made:
                raise
            log.warning("face %d: %s; it is left as it is", number, error)
    return replace(photograph, faces=[*faces.values()], numbers=[*faces]), made


def in_words(found):
    """What is read of a photograph and of the ends of its sequences, as `smile` gives it, in a line."""
    found = {what: value for what, value in found.items() if what != "reason"}
    if not found:
        return "AU12 not known"
    values = [f"{what.removeprefix('AU12').strip() or 'photograph'} {value:.2f}" for what, value in found.items()]
    return f"lip corners (AU12, 0-1): {', '.join(values)}"


def made_here(folder):
    """Whether all that a folder holds was made by an earlier `generate`, as each file says: it may be written anew."""
    files = [path for path in folder.rglob("*") if not path.is_dir()]
    return folder / "strip.png" in files and all(maker(path) == __name__ for path in files)


def maker(path):
    """The stage that made a file, None for one that does not say."""
    try:
        return read_record(path)["stage"]
    except UserError:
        return None


def au12(face):
    """AU12 of a face, 0-1, None where there is none or its tracker gives none."""
    return face and face.measures.get("AU12_proxy")


def whole(folder, photograph, matrices, people, studio, about):
    """Write each sequence of a method that works on photographs, all chosen faces smiling in it.

    matrices: the similarity of each face to an aligned one of the generator's size; people: of each face {name:
    function that paints the sequence}. Returns the aligned faces, [of each [of each sequence (t, side, side, 3)]].
    """
    settings, picture = studio.settings, photograph.picture
    shown = np.s_[:]
    if settings.view == "face":
        shown = np.s_[:, *box_of(np.concatenate([face.points for face in photograph.faces]), picture.shape)]
    scale = settings.side / studio.smiler.generator.size
    larger = [matrix * scale + [[0, 0, (scale - 1) / 2]] * 2 for matrix in matrices]  # of pixels' centres

    def make(name):
        own, *others = [painted[name] for painted in people]
        frames = own()
        for other in others:
            for frame, moved in zip(frames, other(), strict=True):
                np.copyto(frame, moved, where=moved != picture)
        write(folder, name, even(frames[shown]), settings, about)
        return [np.stack([warp(frame, matrix, settings.side) for frame in frames]) for matrix in larger]

    names = [*people[0]]
    close = [*progress(in_threads([partial(make, name) for name in names]), "videos", len(names))]
    return [*zip(*close, strict=True)]


def conditions_of(people, studio):
    """A Condition each: people who smile together do so, and blink, each in a way of their own where the method can."""
    asked, varied = studio.condition, "seed" in registry.declaration_of(studio.smiler.method).honours
    return [replace(asked, seed=(asked.seed or 0) + i) if i and varied else asked for i in range(len(people))]


def write(folder, name, frames, settings, about):
    """Write one sequence, as `settings` say."""
    write_sequence(folder, name.replace(" ", "_"), frames, settings.fps, settings.formats, about)


def box_of(points, shape):
    """Slices of rows and columns, even in length, of a square around faces, as far as the picture has it."""
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
