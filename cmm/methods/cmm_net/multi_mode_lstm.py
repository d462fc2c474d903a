"""Phase 3: train K multi-mode LSTMs, fine-tuning VAE and conditional LSTM (section 3.3).

The modes are pulled, on average, to the conditional sequence (eq. 2) and pushed apart
by a discriminator that tells them by their time average (eq. 3). Pixel-wise
cross-entropy (eq. 1) keeps the conditional sequence and the decoded modes faces.

Three readings of ours, chosen on validation people (docs/evaluation.md, "Modes that smile").
A person may smile in many ways and the data show one: of the modes, the one that is
nearest counts most in eq. 1 (`others_weight`), so that each becomes a smile that some
people have. And the discriminator does not see how far a mode smiles
(`push_amplitude`), as far as that is linear in what it is told: else the easiest way to part
is for one mode not to smile. And a mode parts from the conditional sequence as far as that has gone (`growing`): else
push, which sees time averages, moves a whole sequence, its neutral beginning with it.
The paper's literal eq. 3 is push_on: codes, push_amplitude: true, push_norm: 0,
push_weight: 1, others_weight: 1, growing: false.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import torch

from cmm.core.errors import UserError
from cmm.core.settings import LARGEST, setting
from cmm.core.weights_file import load_networks
from cmm.methods.cmm_net.networks import ModeDiscriminator, MultiModeLSTM
from cmm.networks.conditional_lstm import ConditionalLSTM
from cmm.networks.image_vae import ImageVAE
from cmm.training import loop
from cmm.training.arithmetic import autocast
from cmm.training.batches import all_of
from cmm.training.losses import across, landmark_bce_each, pull, push, weight_of_others
from cmm.training.optimisers import adam
from cmm.training.tensors import flip, images_to_tensor
from cmm.training.warps import landmarks_from, varied_landmarks

PUSHED = ("images", "codes")


@dataclass(frozen=True)
class Settings(loop.TrainingSettings):
    epochs: int = setting(10, "passes over the training set; paper: 10", minimum=1)
    batch_size: int = setting(2, "sequences of a step (ours)", minimum=1)
    frames_drawn: int = setting(0, "frames of a sequence a step sees, drawn anew each time; 0: all (ours)", minimum=0)
    learning_rate: float = setting(1e-3, "Adam's step for the mode LSTMs (ours)", minimum=1e-7, maximum=1.0)
    fine_tuning_rate: float = setting(
        5e-5, "Adam's step for VAE and conditional LSTM (ours); 0 freezes them", minimum=0.0, maximum=1.0
    )
    modes: int = setting(3, "K, sequences of a face; paper: 3", minimum=1, maximum=16)
    width: int = setting(256, "width of each LSTM (ours)", minimum=1, maximum=LARGEST)
    pull_weight: float = setting(1.0, "weight of pull, eq. 2 (ours)", minimum=0.0)
    push_weight: float = setting(800.0, "weight of push, eq. 3 (ours)", minimum=0.0)
    push_on: str = setting("images", "what the mode discriminator sees the time average of (ours)", choices=PUSHED)
    push_norm: float = setting(
        0.2,
        "norm of the mode discriminator's rows: less pushes further; 0: free, as the paper has them (ours)",
        minimum=0.0,
    )
    push_amplitude: bool = setting(False, "the mode discriminator sees how far a mode smiles (ours)")
    others_weight: float = setting(
        0.3, "weight in eq. 1 of the modes that are not the nearest, beside its 1 (ours)", minimum=0.0, maximum=1.0
    )
    growing: bool = setting(
        True, "modes part from the conditional sequence as far as it has gone; false: anyhow (ours)", before=False
    )
    flips: bool = setting(True, "mirror half of the sequences (ours)")
    recombine: float = setting(
        0.0,
        "share of the sequences whose face lies between two people's and moves as its own does (ours)",
        minimum=0.0,
        maximum=1.0,
    )


def main(
    smiles: Annotated[Path, "smiles.h5"],
    conditional_lstm: Annotated[Path, "weights of phase 2"],
    run: loop.Run,
    settings: Settings,
):
    """Train and write {landmark_vae, conditional_lstm, multi_mode_lstm}."""
    device = loop.prepare(run, settings)
    source = landmarks_from(settings.recombine)
    data = run.read(smiles, source)
    watched = run.watch(smiles, data, source)
    tuned, about = load_networks(conditional_lstm, landmark_vae=ImageVAE, conditional_lstm=ConditionalLSTM)
    tunes = settings.fine_tuning_rate > 0
    vae = loop.to_device(tuned["landmark_vae"], device).requires_grad_(tunes)
    lstm = tuned["conditional_lstm"].to(device).requires_grad_(tunes)
    codes = vae.architecture["codes"]
    if (data.frames, data.side) != (lstm.frames, vae.architecture["image_size"]):
        raise UserError(f"{conditional_lstm} was trained on sequences of another length or size than {smiles}")
    if tuple(about["expressions"]) != data.expressions:
        raise UserError(f"{conditional_lstm} has learned {about['expressions']}, {smiles} has {data.expressions}")
    multi = MultiModeLSTM(codes, settings.width, settings.modes, settings.growing).to(device)
    seen_by_push = codes if settings.push_on == "codes" else data.side**2
    discriminator = ModeDiscriminator(seen_by_push, settings.modes, settings.push_norm).to(device)
    adam_g = adam((settings.learning_rate, multi), (settings.fine_tuning_rate, vae, lstm))
    adam_d = adam((settings.learning_rate, discriminator))

    def begun(neutral):
        """Where a smile starts, as it is decoded: softer than the input."""
        with torch.no_grad(), autocast(device, settings):
            logits = vae.decode_logits(neutral)
        return logits.float().sigmoid().flatten(1)

    def step(batch):
        x = images_to_tensor(varied_landmarks(batch, batch.indices, settings.recombine), device)
        label = torch.from_numpy(batch.data.label[batch.indices]).to(device)
        if settings.flips:
            x = flip(x, batch.coins())
        seen = batch.frames(lstm.frames, settings.frames_drawn).to(device)
        with autocast(device, settings):
            neutral = vae.encode(x[:, 0])[0]
            sequence = lstm(neutral, label)
            modes = multi(sequence)
            every = torch.cat([sequence[:, None], modes], dim=1)[:, :, seen]  # (b, 1 + k, frames seen, c)
            logits = vae.decode_logits(every.flatten(0, 2)).float().reshape(*every.shape[:3], *x.shape[-2:])
        each = landmark_bce_each(logits, x[:, None, seen, 0].expand_as(logits))  # (b, 1 + k)
        bce = (each[:, 0].sum() + weight_of_others(each[:, 1:], settings.others_weight).sum()) / each.numel()
        on_codes = settings.push_on == "codes"
        told = (every.float() if on_codes else logits.sigmoid().flatten(3)).mean(dim=2)  # (b, 1 + k, seen by push)
        modes_told = told[:, 1:]
        if not settings.push_amplitude:
            start = neutral.float() if on_codes else begun(neutral)
            modes_told = across(modes_told, told[:, 0] - start)
        loss_pull, loss_push = pull(modes.float(), sequence.float()), push(discriminator(modes_told))
        batch.descend(bce + settings.pull_weight * loss_pull + settings.push_weight * loss_push, adam_g, adam_d)
        return {"bce": bce, "nearest": each[:, 1:].amin(dim=1).mean(), "pull": loss_pull, "push": loss_push}

    loop.train(
        __name__,
        run,
        settings,
        step,
        items=all_of(len(data), data),
        watched=watched and all_of(len(watched), watched),
        inputs=[smiles, conditional_lstm],
        networks={"landmark_vae": vae, "conditional_lstm": lstm, "multi_mode_lstm": multi},
        helpers={"discriminator": discriminator},
        optimisers={"adam": adam_g, "adam_d": adam_d},
        tuned=["landmark_vae"],
        expressions=data.expressions,
    )
