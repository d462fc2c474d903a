"""CRA-Net, phase 1: train the embedding of faces, as CMM-Net's of landmark images (paper sections 3.1 and 4.3).

Loss: L1 plus the codes' KL divergence (ours; the paper says nothing of it).
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np

from cmm.core.settings import LARGEST, setting
from cmm.networks.image_vae import ImageVAE
from cmm.training import loop
from cmm.training.losses import reconstruction
from cmm.training.tensors import faces_to_tensor
from cmm.training.vae import train_vae


@dataclass(frozen=True)
class Settings(loop.TrainingSettings):
    epochs: int = setting(50, "passes over the training set (ours, as landmark_vae)", minimum=1)
    batch_size: int = setting(16, "faces of a step (ours)", minimum=2)
    frames_drawn: int = setting(0, "frames of a sequence an epoch sees, drawn anew each time; 0: all (ours)", minimum=0)
    learning_rate: float = setting(5e-4, "Adam's step (ours)", minimum=1e-7, maximum=1.0)
    codes: int = setting(100, "channels of the embedding (ours, as landmark_vae)", minimum=1, maximum=LARGEST)
    kl_weight: float = setting(1e-5, "weight of the KL divergence beside L1's 1 (ours)", minimum=0.0)
    flips: bool = setting(True, "mirror half of the faces (ours)")


def main(
    smiles: Annotated[Path, "smiles.h5"],
    run: loop.Run,
    settings: Settings,
):
    """Train and write {face_vae}."""
    device = loop.prepare(run, settings)
    data = run.read(smiles, "faces")
    train_vae(
        __name__,
        run,
        settings,
        ImageVAE(data.side, settings.codes, channels=3),
        data,
        run.watch(smiles, data, "faces"),
        device=device,
        pictures_of=lambda batch: faces_to_tensor(batch.data.faces[np.divmod(batch.indices, data.frames)], device),
        difference=lambda logits, x: reconstruction(logits.tanh(), x),
        called="l1",
        name="face_vae",
        inputs=[smiles],
    )
