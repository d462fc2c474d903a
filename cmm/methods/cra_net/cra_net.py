"""CRA-Net: the conditional recurrent generator on faces, a discriminator on top (the paper's own ablation).

The same structure as CMM-Net's bottom layer, an embedding and a conditional LSTM, on face
images: no landmarks, no modes, no translation stage. The paper says no more than that. Ours:
the embedding is trained first (`train_face_vae`), then this stage trains the LSTM and tunes the
embedding, as CMM-Net's two phases; L1 and a discriminator of pairs (neutral face, face), with
their weights, are those of CMM-Net's translation stage.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import torch

from cmm.core.errors import UserError
from cmm.core.settings import LARGEST, setting
from cmm.core.weights_file import load_networks
from cmm.networks.conditional_lstm import ConditionalLSTM
from cmm.networks.image_vae import ImageVAE
from cmm.networks.translation import PairDiscriminator
from cmm.training import loop
from cmm.training.adversarial import train_discriminator
from cmm.training.arithmetic import autocast
from cmm.training.batches import all_of
from cmm.training.losses import reconstruction
from cmm.training.optimisers import adam
from cmm.training.tensors import faces_to_tensor, flip


@dataclass(frozen=True)
class Settings(loop.TrainingSettings):
    epochs: int = setting(20, "passes over the training set (ours, as conditional_lstm)", minimum=1)
    batch_size: int = setting(2, "sequences of a step (ours, as conditional_lstm)", minimum=1)
    frames_drawn: int = setting(0, "frames of a sequence a step sees, drawn anew each time; 0: all (ours)", minimum=0)
    learning_rate: float = setting(2e-3, "Adam's step for the LSTM (ours)", minimum=1e-7, maximum=1.0)
    fine_tuning_rate: float = setting(5e-5, "Adam's step for the embedding (ours)", minimum=0.0, maximum=1.0)
    discriminator_rate: float = setting(2e-4, "Adam's step for the discriminator (ours)", minimum=1e-7, maximum=1.0)
    beta1: float = setting(0.5, "Adam's first decay for the discriminator (ours)", minimum=0.0, maximum=0.999)
    width: int = setting(256, "width of the LSTM (ours, as conditional_lstm)", minimum=1, maximum=LARGEST)
    anchored: bool = setting(
        False, "sequences begin with the neutral face's code itself; false: anywhere (ours, as conditional_lstm)"
    )
    l1_weight: float = setting(300.0, "weight of L1 beside the adversarial loss's 1 (ours)", minimum=0.0)
    adversarial_weight: float = setting(
        1.0, "weight of the adversarial loss; 0: without a discriminator (ours)", minimum=0.0
    )
    flips: bool = setting(True, "mirror half of the sequences (ours)")


def main(
    smiles: Annotated[Path, "smiles.h5"],
    face_vae: Annotated[Path, "weights of phase 1"],
    run: loop.Run,
    settings: Settings,
):
    """Train and write {face_vae, conditional_lstm}; the discriminator lives in the state alone."""
    device = loop.prepare(run, settings)
    data = run.read(smiles, "faces")
    watched, frames = run.watch(smiles, data, "faces"), data.frames
    vae = load_networks(face_vae, face_vae=ImageVAE)[0]["face_vae"]
    if vae.architecture["image_size"] != data.side:
        raise UserError(f"{face_vae} was trained on pictures of another size than those of {smiles}")
    codes, labels = vae.architecture["codes"], len(data.expressions)
    lstm = ConditionalLSTM(codes, settings.width, labels, frames, settings.anchored).to(device)
    vae = loop.to_device(vae, device).requires_grad_(settings.fine_tuning_rate > 0)
    discriminator = loop.to_device(PairDiscriminator(), device)
    adam_g = adam((settings.learning_rate, lstm), (settings.fine_tuning_rate, vae))
    adam_d = adam((settings.discriminator_rate, discriminator), beta1=settings.beta1)

    def step(batch):
        x = faces_to_tensor(batch.data.faces[batch.indices], device)
        label = torch.from_numpy(batch.data.label[batch.indices]).to(device)
        if settings.flips:
            x = flip(x, batch.coins())  # (b, t, 3, s, s)
        seen = batch.frames(frames, settings.frames_drawn).to(device)
        faces = x[:, seen]
        every, neutral = faces.flatten(0, 1), x[:, :1].expand_as(faces).flatten(0, 1)
        with autocast(device, settings):
            sequence = lstm(vae.encode(x[:, 0])[0], label)
            fake = vae.decode(sequence[:, seen].flatten(0, 1))
        l1 = reconstruction(fake.float(), every)
        if not settings.adversarial_weight:
            batch.descend(settings.l1_weight * l1, adam_g)
            return {"l1": l1}
        real, made = (neutral, every), (neutral, fake)
        loss_d, loss_g = train_discriminator(batch, discriminator, adam_d, real, made, device, settings)
        batch.descend(settings.l1_weight * l1 + settings.adversarial_weight * loss_g, adam_g)
        return {"l1": l1, "generator": loss_g, "discriminator": loss_d}

    loop.train(
        __name__,
        run,
        settings,
        step,
        items=all_of(len(data), data),
        watched=watched and all_of(len(watched), watched),
        inputs=[smiles, face_vae],
        networks={"face_vae": vae, "conditional_lstm": lstm},
        helpers={"discriminator": discriminator},
        optimisers={"adam": adam_g, "adam_d": adam_d},
        tuned=["face_vae"],
        expressions=data.expressions,
    )
