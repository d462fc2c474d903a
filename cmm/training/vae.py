"""Training of an image VAE: the first phase of the methods that have one."""

import numpy as np

from cmm.training import loop
from cmm.training.arithmetic import autocast
from cmm.training.batches import frames_of
from cmm.training.losses import kl_divergence
from cmm.training.optimisers import adam
from cmm.training.tensors import flip


def train_vae(module, run, settings, vae, data, array, *, device, as_input, difference, called, name, inputs):
    """Train `vae` on the frames of an array (n, t, ...) uint8 of the Smiles `data`, and write it as {name}.

    `as_input(pictures, device)` makes them the network's input x; `difference(logits, x)` is the loss of what
    it makes of them, `called` so in the table of losses, to which the codes' KL divergence is added.
    """
    pictures = getattr(data, array)
    sequences, frames = pictures.shape[:2]
    vae = loop.to_device(vae, device)
    optimiser = adam((settings.learning_rate, vae))

    def step(batch):
        x = as_input(pictures[np.divmod(batch.indices, frames)], device)
        if settings.flips:
            x = flip(x, batch.coins())
        noise = batch.normal(settings.codes).to(device)
        with autocast(device, settings):
            logits, mean, log_deviation = vae(x, noise)
        loss, kl = difference(logits.float(), x), kl_divergence(mean.float(), log_deviation.float())
        batch.descend(loss + settings.kl_weight * kl, optimiser)
        return {called: loss, "kl": kl}

    loop.train(
        module,
        run,
        settings,
        step,
        items=frames_of(sequences, frames, settings.frames_drawn, data),
        inputs=inputs,
        networks={name: vae},
        helpers={},
        optimisers={"adam": optimiser},
    )
