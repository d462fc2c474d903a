"""Controllable image-to-video translation: train generator, landmark predictor and discriminator (Fan et al. 2018).

A frame's strength is how far AU12 has come from the sequence's first value to its highest. Losses: L1
to the true frame (ours); adversarial, on pairs (neutral face, face); continuity: the change from one
frame to the next is that of the true ones; points: the predictor, which learns on true frames, sees
the true points in made ones.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import torch
from torch.nn.functional import l1_loss

from cmm.core.settings import setting
from cmm.faces.landmarks import MIRRORED
from cmm.methods.controllable_i2v.networks import PointPredictor, StrengthUNet
from cmm.networks.translation import PairDiscriminator
from cmm.training import loop
from cmm.training.adversarial import train_discriminator
from cmm.training.arithmetic import autocast
from cmm.training.batches import all_of
from cmm.training.losses import reconstruction
from cmm.training.optimisers import adam
from cmm.training.strengths import learned_strengths
from cmm.training.tensors import faces_to_tensor, flip


@dataclass(frozen=True)
class Settings(loop.TrainingSettings):
    epochs: int = setting(60, "passes over the training set (ours)", minimum=1)
    batch_size: int = setting(2, "sequences of a step (ours)", minimum=1)
    frames_drawn: int = setting(8, "frames of a sequence a step sees, drawn anew each time; 0: all (ours)", minimum=0)
    learning_rate: float = setting(4e-4, "Adam's step (ours)", minimum=1e-7, maximum=1.0)
    beta1: float = setting(0.5, "Adam's first decay (ours, as pix2pix)", minimum=0.0, maximum=0.999)
    l1_weight: float = setting(300.0, "weight of L1 beside the adversarial loss's 1 (ours)", minimum=0.0)
    continuity_weight: float = setting(100.0, "weight of the temporal continuity (ours)", minimum=0.0)
    points_weight: float = setting(20.0, "weight of the landmark prediction (ours)", minimum=0.0)
    flips: bool = setting(True, "mirror half of the sequences (ours)")


def main(
    smiles: Annotated[Path, "smiles.h5"],
    run: loop.Run,
    settings: Settings,
):
    """Train and write {generator}; predictor and discriminator live in the state alone."""
    device = loop.prepare(run, settings)
    data = run.read(smiles, "faces", "points", "action_units")
    frames, size = data.faces.shape[1:3]
    labels = torch.from_numpy(data.label)
    generator = loop.to_device(StrengthUNet(size, len(data.expressions), frames), device)
    discriminator = loop.to_device(PairDiscriminator(), device)
    predictor = loop.to_device(PointPredictor(size), device)
    adam_g, adam_d, adam_p = (
        adam((settings.learning_rate, network), beta1=settings.beta1)
        for network in (generator, discriminator, predictor)
    )
    strengths = learned_strengths(generator, data)

    def step(batch):
        faces = faces_to_tensor(data.faces[batch.indices], device)
        points = torch.from_numpy(data.points[batch.indices]).to(device) * (2 / (size - 1)) - 1  # (b, t, 68, 2), -1..1
        if settings.flips:
            coins = batch.coins()
            faces = flip(faces, coins)
            points = torch.where(coins.to(device)[:, None, None, None], mirrored(points), points)
        seen = batch.frames(frames, settings.frames_drawn)
        neutral, true = faces[:, 0], faces[:, seen]
        label = labels[batch.indices].to(device)
        with autocast(device, settings):
            made = generator(neutral, label, strengths[batch.indices][:, seen].to(device))
        every, fake = true.flatten(0, 1), made.flatten(0, 1)
        person = neutral[:, None].expand_as(true).flatten(0, 1)
        loss_d, loss_g = train_discriminator(
            batch, discriminator, adam_d, (person, every), (person, fake), device, settings
        )
        target = points[:, seen].flatten(0, 1)
        loss_p, loss_points = train_predictor(batch, predictor, adam_p, every, fake, target, device, settings)
        l1 = reconstruction(fake.float(), every)
        continuity = l1_loss(made.float().diff(dim=1), true.diff(dim=1))
        batch.descend(
            settings.l1_weight * l1 + settings.continuity_weight * continuity + settings.points_weight * loss_points
            + loss_g,
            adam_g,
        )  # fmt: skip
        losses = {"l1": l1, "continuity": continuity, "points": loss_points, "generator": loss_g}
        return losses | {"discriminator": loss_d, "predictor": loss_p}

    loop.train(
        __name__,
        run,
        settings,
        step,
        items=all_of(len(data), data),
        inputs=[smiles],
        networks={"generator": generator},
        helpers={"discriminator": discriminator, "predictor": predictor},
        optimisers={"generator": adam_g, "discriminator": adam_d, "predictor": adam_p},
        expressions=data.expressions,
    )


def train_predictor(batch, predictor, adam, faces, fake, points, device, settings):
    """Train the landmark predictor on true faces (m, 3, s, s) and points (m, 68, 2); (its loss, the generator's loss).

    The generator's loss leads back into `fake`, and leaves no gradients in the predictor.
    """
    with autocast(device, settings):
        read = predictor(faces)
    loss = l1_loss(read.float(), points)
    batch.descend(loss, adam)
    predictor.requires_grad_(False)
    with autocast(device, settings):
        read = predictor(fake)
    predictor.requires_grad_(True)
    return loss, l1_loss(read.float(), points)


def mirrored(points):
    """Points (..., 68, 2) in -1..1 of the mirrored pictures."""
    return points[..., MIRRORED, :] * torch.tensor([-1.0, 1.0], device=points.device)
