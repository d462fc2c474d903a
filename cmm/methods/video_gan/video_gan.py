"""Video-GAN: a frame to a whole video by 3-D convolutions, one model an expression (the paper's baseline).

Vondrick et al. 2016, the conditional variant with the settings of the authors' code: 100
epochs, batches of 32, Adam 2e-4 with beta1 0.5 and no fall of the step, L1 of weight 10
between the first frame and the input. It takes no label, so that the paper trains one model
for each: here both in one stage, side by side.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import torch

from cmm.core.errors import UserError
from cmm.core.settings import setting
from cmm.methods.video_gan.networks import VideoDiscriminator, VideoGenerator
from cmm.training import loop
from cmm.training.adversarial import train_discriminator
from cmm.training.arithmetic import autocast
from cmm.training.batches import Items
from cmm.training.losses import reconstruction
from cmm.training.optimisers import adam
from cmm.training.tensors import faces_to_tensor, flip


@dataclass(frozen=True)
class Settings(loop.TrainingSettings):
    epochs: int = setting(100, "passes over the training set; the authors' code: 100", minimum=1)
    batch_size: int = setting(32, "videos of a step, of each expression; the authors' code: 32", minimum=2)
    learning_rate: float = setting(2e-4, "Adam's step; Video-GAN: 2e-4", minimum=1e-7, maximum=1.0)
    decay_from: float = setting(
        1.0, "share of the training after which the step falls linearly to 0; Video-GAN: 1", minimum=0.0, maximum=1.0
    )
    beta1: float = setting(0.5, "Adam's first decay; Video-GAN: 0.5", minimum=0.0, maximum=0.999)
    first_frame_weight: float = setting(10.0, "weight of L1 of the first frame; the authors' code: 10", minimum=0.0)
    flips: bool = setting(True, "mirror half of the videos (ours)")


def main(
    smiles: Annotated[Path, "smiles.h5"],
    run: loop.Run,
    settings: Settings,
):
    """Train and write a generator of each expression's name; the discriminators live in the state alone."""
    device = loop.prepare(run, settings)
    data = run.read(smiles, "faces")
    rows = {name: np.flatnonzero(data.expression == name) for name in data.expressions}
    frames, size = data.frames, data.side
    generators, discriminators, optimisers = {}, {}, {}
    for name in rows:
        try:
            generators[name] = VideoGenerator(size, frames).to(device)
        except ValueError as error:
            raise UserError(f"video_gan cannot be trained on {smiles}: rasters.{error}") from None
        discriminators[name] = VideoDiscriminator(size, frames).to(device)
        for kind, network in (("generator", generators[name]), ("discriminator", discriminators[name])):
            optimisers[f"{name} {kind}"] = adam((settings.learning_rate, network), beta1=settings.beta1)

    most = max(map(len, rows.values()))

    def videos_of(items):
        """Of every expression the videos of these numbers, as far as it has so many."""
        return np.concatenate([mine[items[items < len(mine)]] for mine in rows.values()]), None

    def step(batch):
        """A step of every model, on as many videos each: of the rarer expression, some drawn ones come again."""
        coins = batch.coins() if settings.flips else torch.zeros(len(batch.indices), dtype=torch.bool)
        losses = {}
        for name, mine in rows.items():
            again = batch.random_indices(len(mine))
            chosen = mine[np.where(batch.indices < len(mine), batch.indices, again)]
            video = flip(faces_to_tensor(data.faces[chosen], device), coins).transpose(1, 2)  # (b, 3, t, s, s)
            adam_g, adam_d = optimisers[f"{name} generator"], optimisers[f"{name} discriminator"]
            new = train_pair(batch, video, generators[name], discriminators[name], adam_g, adam_d, settings, device)
            losses = {key: losses.get(key, 0) + value.detach() / len(rows) for key, value in new.items()}
        return losses

    loop.train(
        __name__,
        run,
        settings,
        step,
        items=Items(lambda random: np.arange(most), videos_of, data),
        inputs=[smiles],
        networks=generators,
        helpers={f"{name} discriminator": network for name, network in discriminators.items()},
        optimisers=optimisers,
        expressions=data.expressions,
    )


def train_pair(batch, video, generator, discriminator, adam_g, adam_d, settings, device):
    """One step of a generator and its discriminator on videos (b, 3, t, s, s); their losses."""
    with autocast(device, settings):
        fake, _ = generator(video[:, :, 0])
    loss_d, loss_g = train_discriminator(batch, discriminator, adam_d, (video,), (fake,), device, settings)
    first = reconstruction(fake[:, :, 0].float(), video[:, :, 0])
    batch.descend(loss_g + settings.first_frame_weight * first, adam_g)
    return {"first_frame": first, "generator": loss_g, "discriminator": loss_d}
