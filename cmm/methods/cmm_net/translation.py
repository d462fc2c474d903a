"""The translation stage: faces from a neutral face and landmark images (paper section 3.4).

U-Net generator with L1 (eq. 4), and a discriminator on pairs (eqs. 5 and 6). It needs
smiles.h5 alone, so it trains beside the three landmark phases.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np

from cmm.core.settings import setting
from cmm.networks.translation import PairDiscriminator, TranslationUNet
from cmm.training import loop
from cmm.training.adversarial import train_discriminator
from cmm.training.arithmetic import autocast
from cmm.training.batches import frames_of
from cmm.training.losses import reconstruction
from cmm.training.optimisers import adam
from cmm.training.tensors import faces_to_tensor, flip, images_to_tensor


@dataclass(frozen=True)
class Settings(loop.TrainingSettings):
    epochs: int = setting(20, "passes over the training set; paper: 20", minimum=1)
    batch_size: int = setting(16, "faces of a step (ours)", minimum=2)
    frames_drawn: int = setting(0, "frames of a sequence an epoch sees, drawn anew each time; 0: all (ours)", minimum=0)
    learning_rate: float = setting(4e-4, "Adam's step (ours)", minimum=1e-7, maximum=1.0)
    beta1: float = setting(0.5, "Adam's first decay (ours, as pix2pix)", minimum=0.0, maximum=0.999)
    l1_weight: float = setting(300.0, "weight of L1 beside the adversarial loss's 1 (ours)", minimum=0.0)
    flips: bool = setting(True, "mirror half of the faces (ours)")


def main(
    smiles: Annotated[Path, "smiles.h5"],
    run: loop.Run,
    settings: Settings,
):
    """Train and write {translation}; the discriminator lives in the state alone."""
    device = loop.prepare(run, settings)
    data = run.read(smiles, "landmarks", "faces")
    watched = run.watch(smiles, data, "landmarks", "faces")
    generator = loop.to_device(TranslationUNet(data.side), device)
    discriminator = loop.to_device(PairDiscriminator(), device)
    adam_g, adam_d = (
        adam((settings.learning_rate, network), beta1=settings.beta1) for network in (generator, discriminator)
    )

    def step(batch):
        mirrored = batch.coins() if settings.flips else None
        neutral, landmarks, face = pairs(batch.data, batch.indices, mirrored, device)
        with autocast(device, settings):
            fake = generator(neutral, landmarks)
        real, made = (neutral, face), (neutral, fake)
        loss_d, loss_g = train_discriminator(batch, discriminator, adam_d, real, made, device, settings)
        loss_l1 = reconstruction(fake.float(), face)
        batch.descend(settings.l1_weight * loss_l1 + loss_g, adam_g)
        return {"l1": loss_l1, "generator": loss_g, "discriminator": loss_d}

    def items_of(smiles):
        return smiles and frames_of(len(smiles), smiles.frames, settings.frames_drawn, smiles, neutral=True)

    loop.train(
        __name__,
        run,
        settings,
        step,
        items=items_of(data),
        watched=items_of(watched),
        inputs=[smiles],
        networks={"translation": generator},
        helpers={"discriminator": discriminator},
        optimisers={"generator": adam_g, "discriminator": adam_d},
    )


def pairs(data, chosen, mirrored=None, device="cpu"):
    """(neutral, landmarks, face) of the frames `chosen` (b,), numbered over all sequences.

    The neutral face is the sequence's first. All three are mirrored where `mirrored`.
    """
    sequence, frame = np.divmod(chosen, data.frames)
    parts = (
        faces_to_tensor(data.faces[sequence, 0], device),
        images_to_tensor(data.landmarks[sequence, frame], device),
        faces_to_tensor(data.faces[sequence, frame], device),
    )
    return parts if mirrored is None else tuple(flip(part, mirrored) for part in parts)
