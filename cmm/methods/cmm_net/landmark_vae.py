"""Phase 1: train the landmark VAE on landmark images (paper section 3.1).

Loss: pixel-wise binary cross-entropy plus the codes' KL divergence.
"""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import torch

from cmm.core.settings import LARGEST, setting
from cmm.networks.image_vae import ImageVAE
from cmm.training import loop
from cmm.training.losses import landmark_bce
from cmm.training.tensors import images_to_tensor
from cmm.training.vae import train_vae
from cmm.training.warps import landmarks_from, landmarks_of, varied_landmarks


@dataclass(frozen=True)
class Settings(loop.TrainingSettings):
    epochs: int = setting(50, "passes over the training set; paper: 50", minimum=1)
    batch_size: int = setting(16, "landmark images of a step (ours)", minimum=2)
    frames_drawn: int = setting(0, "frames of a sequence an epoch sees, drawn anew each time; 0: all (ours)", minimum=0)
    learning_rate: float = setting(5e-4, "Adam's step (ours)", minimum=1e-7, maximum=1.0)
    codes: int = setting(100, "channels of the embedding; paper: 100", minimum=1, maximum=LARGEST)
    kl_weight: float = setting(0.1, "weight of the KL divergence beside the BCE's 1 (ours)", minimum=0.0)
    flips: bool = setting(True, "mirror half of the images (ours)")
    recombine: float = setting(
        0.0,
        "share of the images whose face lies between two people's and moves as its own does (ours)",
        minimum=0.0,
        maximum=1.0,
    )
    warp: float = setting(
        0.0,
        "how far faces are bent to look like other people's, px of 64; 0: not at all (ours)",
        minimum=0.0,
        maximum=8.0,
    )


def main(
    smiles: Annotated[Path, "smiles.h5"],
    run: loop.Run,
    settings: Settings,
):
    """Train and write {landmark_vae}."""
    device = loop.prepare(run, settings)
    source = landmarks_from(settings.warp, settings.recombine)
    data = run.read(smiles, source)
    watched = run.watch(smiles, data, source)
    vae = ImageVAE(data.side, settings.codes)
    start_from_lines(vae, data)

    def pictures_of(batch):
        where = np.divmod(batch.indices, data.frames)
        return images_to_tensor(varied_landmarks(batch, where, settings.recombine, settings.warp), device)

    train_vae(
        __name__,
        run,
        settings,
        vae,
        data,
        watched,
        device=device,
        pictures_of=pictures_of,
        difference=landmark_bce,
        called="bce",
        name="landmark_vae",
        inputs=[smiles],
    )


def start_from_lines(vae, data):
    """Set the last bias so that an untrained decoder draws lines as often as they occur.

    Without it the first epochs go into learning that most pixels are background.
    """
    share = np.mean([landmarks_of(data, i).mean() for i in range(len(data))])
    share = min(max(share, 1e-4), 0.5)
    torch.nn.init.constant_(vae.decoder[-1].bias, math.log(share / (1 - share)))
