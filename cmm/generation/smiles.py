"""Generate the sequences of the test fold: generated.h5.

For each test video, from its neutral frame and its expression: the conditional
LSTM's sequence and the K modes, as landmark images and faces; and, as a contrast, the
conditional sequence for the *other* expression of the same face.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import torch

from cmm.faces.store import read_smiles
from cmm.generation.networks import SmileGenerator
from cmm.generation.store import CONDITIONAL, GeneratedSmiles, write_generated
from cmm.progress import progress
from cmm.provenance import provenance
from cmm.settings import setting


@dataclass(frozen=True)
class Settings:
    batch_size: int = setting(8, "test videos generated at a time", minimum=1)


def main(
    smiles: Annotated[Path, "smiles.h5"],
    multi_mode_lstm: Annotated[Path, "weights of phase 3"],
    translation: Annotated[Path, "weights of the translation stage"],
    fold: Annotated[int, "fold to generate: the test fold"],
    out: Annotated[Path, "generated.h5 to write"],
    settings: Settings,
    threads: Annotated[int, "threads of a CPU"] = 1,
):
    """Generate every test video of one fold."""
    torch.set_num_threads(threads)
    generator = SmileGenerator(multi_mode_lstm, translation)
    data = read_smiles(smiles, fold, held_out=True, arrays=("landmarks", "faces"))
    label = torch.from_numpy(data.label)
    batches = np.array_split(np.arange(len(data)), -(-len(data) // settings.batch_size))
    parts = []
    for chosen in progress(batches, "batches generated"):
        neutral = data.landmarks[chosen, 0], data.faces[chosen, 0]
        made = generator(*neutral, label[chosen])
        other = generator(*neutral, 1 - label[chosen], modes=False)
        parts.append((made.landmarks, made.faces, other.landmarks[:, 0], other.faces[:, 0]))
    arrays = [np.concatenate(values) for values in zip(*parts, strict=True)]
    modes = [CONDITIONAL, *(str(k + 1) for k in range(generator.modes))]
    inputs = [smiles, multi_mode_lstm, translation]
    about = provenance(__name__, settings, inputs, fold=fold, models=generator.about)
    write_generated(out, GeneratedSmiles(*arrays, modes, data.smile, data.subject, data.expression), about)
