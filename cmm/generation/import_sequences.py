"""Read what a method that was trained elsewhere made of the test people: generated.h5, scored as all others are.

In a folder lies, of each test sequence, {smile}.mp4 or {smile}.png, the latter its frames beside each other, lossless,
as `export_sequences` writes the originals; or a folder {smile} with `conditional` and `mode_1`, `mode_2`, ... of either
kind. As many frames as the original's, square; a PNG of at most 16384 pixels from side to side.
"""

from itertools import islice
from pathlib import Path
from typing import Annotated

import numpy as np

from cmm.core.errors import UserError
from cmm.core.files import inside
from cmm.core.pictures import resized
from cmm.core.progress import progress
from cmm.core.provenance import provenance
from cmm.core.video import Unreadable, read_frames, read_image
from cmm.generation.generated_file import CONDITIONAL, write_generated
from cmm.sequences.smiles_file import read_smiles

KINDS = (".mp4", ".png")


def main(
    smiles: Annotated[Path, "smiles.h5"],
    videos: Annotated[Path, "folder of the sequences that were made"],
    method: Annotated[str, "what the method is called"],
    fold: Annotated[int, "the test fold"],
    out: Annotated[Path, "generated.h5 to write"],
):
    """Read every test sequence of one fold."""
    data = read_smiles(smiles, fold, held_out=True, arrays=("faces",))
    frames, side = data.faces.shape[1:3]
    found = [files_of(videos, smile) for smile in data.smile]
    modes = [*found[0]]
    for smile, files in zip(data.smile, found, strict=True):
        if [*files] != modes:
            raise UserError(f"{videos}: {smile} has {', '.join(files)}, and {data.smile[0]} {', '.join(modes)}")

    def parts():
        for files in progress(found, "sequences read"):
            yield {"faces": np.stack([read_sequence(path, frames, side) for path in files.values()])[None]}

    labels = {"smile": data.smile, "subject": data.subject, "expression": data.expression, "modes": modes}
    made = [path for files in found for path in files.values()]
    write_generated(out, parts(), labels, provenance(__name__, None, [smiles, *made], fold=fold, method=method))


def files_of(folder, smile):
    """{mode: file} of one test sequence, the conditional sequence first; UserError without it."""
    within = inside(folder, smile)
    if not within.is_dir():
        return {CONDITIONAL: one_of(folder, smile)}
    if one_of(folder, smile, needed=False):
        raise UserError(f"{folder} has a folder and a file of {smile}: leave one")
    found = {CONDITIONAL: one_of(within, CONDITIONAL)}
    while (path := one_of(within, f"mode_{len(found)}", needed=False)) is not None:
        found[str(len(found))] = path
    if left := sorted({path.name for path in within.iterdir()} - {path.name for path in found.values()}):
        raise UserError(f"{within}: {', '.join(left)}: only conditional, and modes from 1 on without a gap, are read")
    return found


def one_of(folder, name, needed=True):
    """The file of a sequence; None where there is none and it is not needed."""
    found = [path for kind in KINDS if (path := inside(folder, f"{name}{kind}")).is_file()]
    if len(found) > 1:
        raise UserError(f"{folder} has {' and '.join(path.name for path in found)}: leave one")
    if needed and not found:
        raise UserError(f"{folder} has no {' or '.join(name + kind for kind in KINDS)}")
    return found[0] if found else None


def read_sequence(path, frames, side):
    """Frames (t, side, side, 3) uint8 of a file; UserError unless it has as many, square ones."""
    if path.suffix == ".png":
        picture = read_image(path)
        height, width = picture.shape[:2]
        if width != frames * height:
            raise UserError(
                f"{path} has {width} x {height} pixels: {frames} square frames beside each other are wanted"
            )
        made = np.stack(np.split(picture, frames, axis=1))
    else:
        try:
            made = np.stack([frame for *_, frame in islice(read_frames(path), frames + 1)])
        except (Unreadable, ValueError) as error:
            raise UserError(f"{path} cannot be read: {error}") from error
        if len(made) != frames or made.shape[1] != made.shape[2]:
            count = f"{len(made)} frames" if len(made) <= frames else f"more than {frames} frames"
            size = f"{made.shape[2]} x {made.shape[1]} pixels"
            raise UserError(f"{path} has {count} of {size}: {frames} square ones are wanted, as of the original")
    return resized(made, side)
