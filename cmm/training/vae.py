"""Training of an image VAE: the first phase of the methods that have one."""

from cmm.training import loop
from cmm.training.arithmetic import autocast
from cmm.training.batches import frames_of
from cmm.training.losses import kl_divergence
from cmm.training.optimisers import adam
from cmm.training.tensors import flip


def train_vae(module, run, settings, vae, data, watched, *, device, pictures_of, difference, called, name, inputs):
    """Train `vae` on the frames of the Smiles `data`, and write it as {name}; `watched`: Smiles of people held out.

    `pictures_of(batch)` gives the network's input x, on its device; `difference(logits, x)` is the loss of what it
    makes of x, `called` so in the table of losses, to which the codes' KL divergence is added.
    """
    vae = loop.to_device(vae, device)
    optimiser = adam((settings.learning_rate, vae))

    def step(batch):
        x = pictures_of(batch)
        if settings.flips:
            x = flip(x, batch.coins())
        noise = batch.normal(settings.codes).to(device)
        with autocast(device, settings):
            logits, mean, log_deviation = vae(x, noise)
        loss, kl = difference(logits.float(), x), kl_divergence(mean.float(), log_deviation.float())
        batch.descend(loss + settings.kl_weight * kl, optimiser)
        return {called: loss, "kl": kl}

    items, unseen = (one and frames_of(len(one), one.frames, settings.frames_drawn, one) for one in (data, watched))
    loop.train(
        module,
        run,
        settings,
        step,
        items=items,
        watched=unseen,
        inputs=inputs,
        networks={name: vae},
        helpers={},
        optimisers={"adam": optimiser},
    )
