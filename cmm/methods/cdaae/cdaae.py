"""CDAAE: train the autoencoder and its two discriminators on pairs of one person's frames (Zhou & Shi 2017).

A pair is a sequence's neutral face and one of its frames with its label: the expression at the strength that
the frame's AU12 has reached, or, half of the time where they are known, the frame's AU6 and AU12.
Losses: L1 to the second frame; adversarial on the code, against a uniform prior, and on the image.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import torch

from cmm.core.settings import LARGEST, setting
from cmm.methods.cdaae.labels import of_action_units, of_expression
from cmm.methods.cdaae.networks import CodeDiscriminator, DifferenceAutoencoder, ImageDiscriminator
from cmm.training import loop
from cmm.training.adversarial import train_discriminator
from cmm.training.arithmetic import autocast
from cmm.training.batches import frames_of
from cmm.training.losses import reconstruction
from cmm.training.optimisers import adam
from cmm.training.strengths import learned_strengths
from cmm.training.tensors import faces_to_tensor, flip


@dataclass(frozen=True)
class Settings(loop.TrainingSettings):
    epochs: int = setting(20, "passes over the training set (ours)", minimum=1)
    batch_size: int = setting(16, "pairs of a step (ours)", minimum=2)
    frames_drawn: int = setting(
        16, "frames of a sequence an epoch sees, drawn anew each time; 0: all (ours)", minimum=0
    )
    learning_rate: float = setting(4e-4, "Adam's step (ours)", minimum=1e-7, maximum=1.0)
    beta1: float = setting(0.5, "Adam's first decay (ours)", minimum=0.0, maximum=0.999)
    codes: int = setting(100, "channels of the code (ours)", minimum=1, maximum=LARGEST)
    difference_path: bool = setting(True, "the feed-forward path; false: a plain conditional adversarial autoencoder")
    l1_weight: float = setting(300.0, "weight of L1 beside the image's adversarial loss's 1 (ours)", minimum=0.0)
    code_weight: float = setting(1.0, "weight of the code's adversarial loss (ours)", minimum=0.0)
    flips: bool = setting(True, "mirror half of the pairs (ours)")


def main(
    smiles: Annotated[Path, "smiles.h5"],
    run: loop.Run,
    settings: Settings,
):
    """Train and write {autoencoder}; the discriminators live in the state alone."""
    device = loop.prepare(run, settings)
    data = run.read(smiles, "faces", "action_units")
    count, frames, size = data.faces.shape[:3]
    names = len(data.expressions)
    known = bool(np.isfinite(data.action_units).all(axis=2).any())
    labels, units = torch.from_numpy(data.label), torch.from_numpy(data.action_units)
    network = DifferenceAutoencoder(size, settings.codes, names, settings.difference_path, frames, known)
    network = loop.to_device(network, device)
    code_judge = CodeDiscriminator(settings.codes).to(device)
    image_judge = loop.to_device(ImageDiscriminator(names), device)
    adam_g, adam_code, adam_image = (
        adam((settings.learning_rate, one), beta1=settings.beta1) for one in (network, code_judge, image_judge)
    )

    strengths = learned_strengths(network, data)

    def step(batch):
        sequence, frame = np.divmod(batch.indices, frames)
        neutral = faces_to_tensor(data.faces[sequence, 0], device)
        target = faces_to_tensor(data.faces[sequence, frame], device)
        told = of_expression(labels[sequence], strengths[sequence, frame], names)
        measured = units[sequence, frame]
        by_units = batch.coins() & measured.isfinite().all(dim=1)
        told = torch.where(by_units[:, None], of_action_units(measured.nan_to_num(), names), told).to(device)
        if settings.flips:
            mirrored = batch.coins()
            neutral, target = flip(neutral, mirrored), flip(target, mirrored)
        prior = batch.uniform(settings.codes).to(device)
        with autocast(device, settings):
            codes, low = network.encode(neutral)
            made = network.decode(codes, low, told)
        loss_code, against_code = train_discriminator(
            batch, code_judge, adam_code, (prior,), (codes,), device, settings
        )
        loss_image, against_image = train_discriminator(
            batch, image_judge, adam_image, (target, told), (made, told), device, settings
        )
        l1 = reconstruction(made.float(), target)
        batch.descend(settings.l1_weight * l1 + settings.code_weight * against_code + against_image, adam_g)
        losses = {"l1": l1, "code": against_code, "image": against_image}
        return losses | {"code_discriminator": loss_code, "image_discriminator": loss_image}

    loop.train(
        __name__,
        run,
        settings,
        step,
        items=frames_of(count, frames, settings.frames_drawn, data, neutral=True),
        inputs=[smiles],
        networks={"autoencoder": network},
        helpers={"code_discriminator": code_judge, "image_discriminator": image_judge},
        optimisers={"adam": adam_g, "code": adam_code, "image": adam_image},
        expressions=data.expressions,
    )
