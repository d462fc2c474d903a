"""Generate the sequences of the test fold: generated.h5.

For each test video, from its neutral frame and its expression: the conditional sequence
and the K modes of a method, as faces and, where it draws them, as landmark images; and, as
a contrast, the conditional sequence for the *other* expression of the same face.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import torch

from cmm.core.errors import UserError
from cmm.core.progress import progress
from cmm.core.provenance import provenance
from cmm.core.settings import setting
from cmm.datasets import EXPRESSIONS
from cmm.generation.generated_file import CONDITIONAL, GeneratedSmiles, write_generated
from cmm.methods import registry
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
    generator = registry.load(method, weights)
    data = read_smiles(smiles, fold, held_out=True, arrays=("landmarks", "faces"))
    check(generator, data, weights[0], smiles)
    has_contrast = {1 - label for label in data.label} <= set(generator.labels)
    batches = np.array_split(np.arange(len(data)), -(-len(data) // settings.batch_size))
    made, other = [], []
    for chosen in progress(batches, "batches generated"):
        neutral = data.landmarks[chosen, 0], data.faces[chosen, 0]
        made.append(generator(*neutral, data.label[chosen]))
        if has_contrast:
            other.append(generator(*neutral, 1 - data.label[chosen], modes=False))
    arrays = {
        "faces": _joined(part.faces for part in made),
        "landmarks": _joined(part.landmarks for part in made),
        "contrast_faces": _joined(part.faces[:, 0] for part in other),
        "contrast_landmarks": _joined(part.landmarks[:, 0] for part in other if part.landmarks is not None),
    }
    modes = [CONDITIONAL, *(str(k + 1) for k in range(generator.modes))]
    labels = {"smile": data.smile, "subject": data.subject, "expression": data.expression}
    about = provenance(__name__, settings, [smiles, *weights], fold=fold, method=method, models=generator.about)
    write_generated(out, GeneratedSmiles(**arrays, **labels, modes=modes), about)


def check(generator, data, weights, smiles):
    """Refuse data of another size than the weights', and expressions that they have not learned."""
    if generator.size != data.faces.shape[2]:
        raise UserError(f"{weights} is for {generator.size} px, {smiles} has {data.faces.shape[2]}: train it on that")
    if missing := set(data.label.tolist()) - set(generator.labels):
        names = ", ".join(EXPRESSIONS[label] for label in sorted(missing))
        raise UserError(f"{weights} has not learned {names}, which {smiles} asks for: train it on that")


def _joined(parts):
    """One array of the parts; None where the method makes none."""
    parts = [part for part in parts if part is not None]
    return np.concatenate(parts) if parts else None
