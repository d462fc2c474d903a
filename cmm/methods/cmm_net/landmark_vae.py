"""Phase 1: train the landmark VAE on landmark images (paper section 3.1).

Loss: pixel-wise binary cross-entropy plus the codes' KL divergence.
"""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import torch

from cmm.core.settings import setting
from cmm.networks.image_vae import ImageVAE
from cmm.sequences.smiles_file import read_smiles
from cmm.training import loop
from cmm.training.arithmetic import autocast
from cmm.training.batches import frames_of
from cmm.training.losses import kl_divergence, landmark_bce
from cmm.training.tensors import flip, images_to_tensor


@dataclass(frozen=True)
class Settings(loop.TrainingSettings):
    epochs: int = setting(50, "passes over the training set; paper: 50", minimum=1)
    batch_size: int = setting(16, "landmark images of a step (ours)", minimum=2)
    frames_drawn: int = setting(0, "frames of a sequence an epoch sees, drawn anew each time; 0: all (ours)", minimum=0)
    learning_rate: float = setting(5e-4, "Adam's step (ours)", minimum=1e-7, maximum=1.0)
    codes: int = setting(100, "channels of the embedding; paper: 100", minimum=1)
    kl_weight: float = setting(0.1, "weight of the KL divergence beside the BCE's 1 (ours)", minimum=0.0)
    flips: bool = setting(True, "mirror half of the images (ours)")


def main(
    smiles: Annotated[Path, "smiles.h5"],
    run: loop.Run,
    settings: Settings,
):
    """Train and write {landmark_vae}."""
    device = loop.prepare(run, settings)
    sequences = read_smiles(smiles, run.fold, arrays=("landmarks",)).landmarks
    images = sequences.reshape(-1, *sequences.shape[2:])
    vae = ImageVAE(images.shape[-1], settings.codes)
    start_from_lines(vae, images)
    vae = loop.to_device(vae, device)
    optimiser = torch.optim.Adam(vae.parameters(), settings.learning_rate, fused=True)

    def step(batch):
        x = images_to_tensor(images[batch.indices], device)
        if settings.flips:
            x = flip(x, batch.coins())
        noise = batch.normal(settings.codes).to(device)
        with autocast(device, settings):
            logits, mean, log_deviation = vae(x, noise)
        bce = landmark_bce(logits.float(), x)
        kl = kl_divergence(mean.float(), log_deviation.float())
        batch.descend(bce + settings.kl_weight * kl, optimiser)
        return {"bce": bce, "kl": kl}

    loop.train(
        __name__,
        run,
        settings,
        step,
        items=frames_of(*sequences.shape[:2], settings.frames_drawn),
        inputs=[smiles],
        networks={"landmark_vae": vae},
        helpers={},
        optimisers={"adam": optimiser},
    )


def start_from_lines(vae, images):
    """Set the last bias so that an untrained decoder draws lines as often as they occur.

    Without it the first epochs go into learning that most pixels are background.
    """
    share = min(max(images.mean(), 1e-4), 0.5)
    torch.nn.init.constant_(vae.decoder[-1].bias, math.log(share / (1 - share)))
