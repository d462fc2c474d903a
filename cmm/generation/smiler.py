"""Smiles on photographs from Python: what `cmm generate` and the page `cmm app` use, too.

>>> import cmm
>>> smiler = cmm.load()                                    # the weights inside the package
>>> smiles = smiler.smile("me.jpg", expression="posed", modes=3, seed=1)
>>> smiles["mode 1"].shape                                 # frames, height, width, RGB
(32, 720, 540, 3)
>>> smiles.save("smiles.mp4")                              # side by side; .gif and .webp, too
"""

import os
import weakref
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np

from cmm.core.errors import UserError
from cmm.core.pictures import even
from cmm.core.provenance import provenance
from cmm.core.video import write_video
from cmm.faces.trackers import load as load_tracker
from cmm.generation.generated_file import CONDITIONAL, mode_names
from cmm.generation.photographs import neutral_of, see
from cmm.generation.render_films import titled
from cmm.generation.write_sequence import SAYS_SO, write_animation
from cmm.methods import registry
from cmm.methods.bundle_file import SUFFIX
from cmm.methods.generator import Condition
from cmm.methods.loading import load_bundle, load_folder, load_inside, record_of
from cmm.methods.threads import in_threads

FPS = 16  # frames per second of what is saved
LONGEST = 1280  # larger photographs are made so small [px]
SIDE = 384  # height of a column of a film [px]
ANIMATIONS = (".gif", ".webp")


def load(model=None, method=None, backend="mediapipe"):
    """A Smiler of the weights in the package, or of those of a `model`: the folder of a run, or a bundle.

    model: such as results/actors/fold10/METHOD/seed1, or smiles.cmm. method: that a folder's weights are of; found out
    where one method's lie there. backend: the face tracker.
    Raises UserError for weights that are missing or of another method.
    """
    if model is None:
        return Smiler(*load_inside(), backend)
    if Path(model).suffix == SUFFIX:
        return Smiler(*load_bundle(model), backend)
    method = method or registry.method_in(Path(model))
    return Smiler(method, load_folder(method, model), backend)


class Smiler:
    """A method with its weights and a face tracker, ready for photographs."""

    def __init__(self, method, generator, backend="mediapipe"):
        self.method, self.generator = method, generator
        stack = ExitStack()
        self.tracker = stack.enter_context(load_tracker(backend))
        self.close = weakref.finalize(self, stack.close)  # also when the process ends

    @property
    def expressions(self):
        """Names of the expressions that the method has learned."""
        return self.generator.expressions

    @property
    def whole(self):
        """Whether its sequences are of whole photographs, not of aligned faces."""
        return hasattr(self.generator, "photograph")

    def condition(self, expression=None, **told):
        """The Condition of what is told, by default the method's last expression; UserError for what it cannot do."""
        condition = Condition(expression or self.expressions[-1], **told)
        condition.check(self.method, registry.declaration_of(self.method).honours, self.expressions)
        return condition

    def smile(
        self, photograph, expression=None, modes=None, strength=1.0, frames=None, action_units=None, seed=None,
        face="largest", longest=LONGEST, blinks=True,
    ):  # fmt: skip
        """Smiles of one face of a photograph.

        photograph: a path, an RGB uint8 array (h, w, 3) or a PIL image, of a neutral face.
        expression: one of `expressions`; None for the last.
        modes: how many of the method's modes; None for all.
        strength: of the end, 0-1.5: 0 the photograph, 1 as it was learned.
        frames: length, 2-1024.
        action_units: intensities at the end, 0-5, as {"AU12": 4.0}.
        seed: another one, other smiles. Of these four, each method takes those that it knows.
        face: "largest", or a number, counted from the left.
        longest: larger photographs are made so small [px].
        blinks: whether the eyes blink, in methods that work on photographs.

        Returns Smiles: the first sequence and the modes. Raises UserError where there is no face, or one that the
        border cuts, and for what the method does not know.
        """
        modes = self.count(modes)
        if str(face) == "all":
            raise UserError("face 'all': smile of one face at a time; cmm generate --face all takes them together")
        told = {"strength": strength, "frames": frames, "action_units": action_units, "seed": seed}
        condition = self.condition(expression, **told)
        seen = see(photograph, self.tracker, face=str(face), longest=longest)
        made, _ = self.sequences(seen, seen.faces[0], condition, modes, blinks)
        painted = dict(zip(made, in_threads([*made.values()]), strict=True))
        return Smiles(painted, condition, self.record(__name__, condition))

    def count(self, modes=None):
        """How many modes are meant: all of the method's where nobody says; UserError for more than it has."""
        if modes is not None and not 0 <= modes <= self.generator.modes:
            raise UserError(f"modes {modes}: {self.method} has {self.generator.modes}, so ask for at most as many")
        return self.generator.modes if modes is None else modes

    def sequences(self, seen, face, condition, modes, blinks=True):
        """({name: function without arguments that gives its frames (t, h, w, 3) uint8}, landmark images (k, t, s, s) or
        None) of one face of a Photograph: of the photograph where the method works on those, else of the aligned face.

        modes: how many of them, beside the first sequence. The functions may run side by side.
        """
        generator = self.generator
        names = mode_names([CONDITIONAL, *(str(k + 1) for k in range(modes))])
        matrix = seen.matrix(face, generator.size)
        if self.whole:
            if condition.frames is not None:
                check_room(len(names), condition.frames, *seen.picture.shape[:2])
            painted = generator.photograph(seen.picture, face.mesh, matrix, condition, modes > 0, blinks)
            return dict(zip(names, painted[: modes + 1], strict=True)), None
        made = generator(neutral_of(seen.picture, face, matrix, generator.size), [condition], modes > 0)
        still = {
            name: (lambda frames=frames: frames) for name, frames in zip(names, made.faces[0][: modes + 1], strict=True)
        }
        return still, None if made.landmarks is None else made.landmarks[0][: modes + 1]

    def record(self, stage, condition, settings=None):
        """How files of it are made."""
        told = {"condition": asdict(condition), "method": self.method} | SAYS_SO
        return provenance(stage, settings, **told, **record_of(self.generator))


def check_room(sequences, frames, height, width):
    """UserError for sequences that would fill more than half of this machine's memory."""
    asked = sequences * frames * height * width * 3
    there = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if asked > there / 2:
        raise UserError(
            f"{sequences} sequences of {frames} frames of {width} x {height} pixels take {asked / 1e9:.0f} GB, of"
            f" {there / 1e9:.0f} in this machine: ask for fewer frames or modes, or a smaller photograph (longest)"
        )


@dataclass(frozen=True)
class Smiles:
    """Sequences of one face: a mapping of names to RGB uint8 frames (t, h, w, 3), the first one first.

    condition: what the method was told; about: how they were made, which goes into saved files.
    """

    sequences: dict[str, np.ndarray]
    condition: Condition
    about: dict

    def __getitem__(self, name):
        if name not in self.sequences:
            raise KeyError(f"there is no sequence {name!r}: there are {', '.join(self.sequences)}")
        return self.sequences[name]

    def __repr__(self):
        frames, height, width, _ = next(iter(self.sequences.values())).shape
        return f"<Smiles by {self.about['method']}: {', '.join(self)}; {frames} frames of {width} x {height} pixels>"

    def __iter__(self):
        return iter(self.sequences)

    def __len__(self):
        return len(self.sequences)

    def keys(self):
        """Names of the sequences."""
        return self.sequences.keys()

    def save(self, path, name=None, fps=FPS):
        """Write all side by side as a film, or the sequence `name` alone and at its own size: mp4, gif or webp.

        The file says that it is synthetic, and how it was made. Raises UserError for another suffix, and where the
        file cannot be written.
        """
        path = Path(path)
        if name is not None and name not in self.sequences:
            raise UserError(f"there is no sequence {name!r}: there are {', '.join(self.sequences)}")
        frames = even(self.sequences[name]) if name is not None else film(self.sequences)
        if path.suffix == ".mp4":
            write_video(path, frames, fps, about=self.about)
        elif path.suffix in ANIMATIONS:
            write_animation(path, frames, fps, self.about)
        else:
            raise UserError(f"{path}: write .mp4, {' or '.join(ANIMATIONS)}")


def film(sequences):
    """Sequences {name: (t, h, w, 3) uint8} as one: a column each, SIDE high, its name above."""
    columns = []
    for name, frames in sequences.items():
        height, width = frames.shape[1:3]
        size = max(2, round(SIDE * width / height / 2) * 2), SIDE
        how = cv2.INTER_AREA if height > SIDE else cv2.INTER_CUBIC
        columns.append(titled(name, np.stack([cv2.resize(frame, size, interpolation=how) for frame in frames])))
    return np.concatenate(columns, axis=2)
