"""Generate the sequences of the test fold: generated.h5.

For each test video, from its neutral frame and its expression: the conditional sequence
and the K modes of a method, as faces and, where it draws them, as landmark images; and, as
a contrast, the conditional sequence of the same face for another expression that it has learned.
A method generates at the size that it was trained for; where scores are taken, its faces are
brought to the size of smiles.h5.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import torch

from cmm.core.pictures import rescaled, resized
from cmm.core.progress import progress
from cmm.core.provenance import provenance
from cmm.core.settings import setting
from cmm.faces.landmark_images import draw_landmarks
from cmm.generation.generated_file import CONDITIONAL, write_generated
from cmm.methods.generator import Condition, Neutral
from cmm.methods.loading import load, record_of
from cmm.methods.registry import declaration_of
from cmm.sequences.smiles_file import read_smiles


@dataclass(frozen=True)
class Settings:
    batch_size: int = setting(8, "test videos generated at a time", minimum=1)


def main(
    smiles: Annotated[Path, "smiles.h5"],
    method: Annotated[str, "the method, or an ablation of it: METHOD-ABLATION"],
    weights: Annotated[list[Path], "its weights"],
    fold: Annotated[int, "fold to generate: the test fold"],
    out: Annotated[Path, "generated.h5 to write"],
    settings: Settings,
    threads: Annotated[int, "threads of a CPU"] = 1,
):
    """Generate every test video of one fold."""
    torch.set_num_threads(threads)
    generator = load(method, weights)
    data = read_smiles(smiles, fold, held_out=True, arrays=("landmarks", "faces", "points", "mesh"))
    # As long as the originals, whatever the weights were trained on.
    frames = data.faces.shape[1] if "frames" in declaration_of(method).honours else None
    conditions = [Condition(expression, frames=frames) for expression in data.expression]
    for expression in data.expressions:
        Condition(expression).check(f"{method} ({weights[0]})", (), generator.expressions)
    contrast = None
    if len(generator.expressions) > 1:
        contrast = [other_expression(expression, generator.expressions) for expression in data.expression]
    batches = np.array_split(np.arange(len(data)), -(-len(data) // settings.batch_size))

    def parts():
        for chosen in progress(batches, "batches generated"):
            neutral = neutral_of(data, chosen, generator.size)
            made = generator(neutral, [conditions[i] for i in chosen])
            arrays = {"faces": made.faces, "landmarks": made.landmarks}
            if contrast:
                other = generator(neutral, [Condition(contrast[i], frames=frames) for i in chosen], modes=False)
                arrays["contrast_faces"] = other.faces[:, 0]
                arrays["contrast_landmarks"] = None if other.landmarks is None else other.landmarks[:, 0]
            yield {name: values for name, values in arrays.items() if values is not None}

    modes = [CONDITIONAL, *(str(k + 1) for k in range(generator.modes))]
    labels = {"smile": data.smile, "subject": data.subject, "expression": data.expression}
    labels |= {"contrast_expression": contrast, "modes": modes}
    about = provenance(__name__, settings, [smiles, *weights], fold=fold, method=method, **record_of(generator))
    write_generated(out, parts(), labels, about)


def other_expression(expression, expressions):
    """The next of `expressions`, in a circle."""
    return expressions[(expressions.index(expression) + 1) % len(expressions)]


def neutral_of(data, chosen, size):
    """Neutral of the sequences `chosen`, at the side that a method generates at."""
    mine = data.faces.shape[2]
    if size == mine:
        return Neutral(data.landmarks[chosen, 0], data.faces[chosen, 0], data.mesh[chosen, 0])
    points, mesh = (rescaled(of[chosen, 0], size / mine) for of in (data.points, data.mesh))
    landmarks = np.stack([draw_landmarks(each, size) for each in points])
    return Neutral(landmarks, resized(data.faces[chosen, 0], size), mesh)
