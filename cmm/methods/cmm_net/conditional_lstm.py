"""Phase 2: train the conditional LSTM, fine-tuning the VAE (paper section 3.2, eq. 1).

The neutral landmark image's embedding and the label give a sequence; its decoded
images are compared with the true ones by pixel-wise binary cross-entropy.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import torch

from cmm.core.settings import LARGEST, setting
from cmm.core.weights_file import load_networks
from cmm.networks.conditional_lstm import ConditionalLSTM
from cmm.networks.image_vae import ImageVAE
from cmm.training import loop
from cmm.training.arithmetic import autocast
from cmm.training.batches import all_of
from cmm.training.losses import landmark_bce
from cmm.training.optimisers import adam
from cmm.training.tensors import flip, images_to_tensor
from cmm.training.warps import landmarks_from, varied_landmarks


@dataclass(frozen=True)
class Settings(loop.TrainingSettings):
    epochs: int = setting(20, "passes over the training set; paper: 20", minimum=1)
    batch_size: int = setting(2, "sequences of a step (ours)", minimum=1)
    frames_drawn: int = setting(0, "frames of a sequence a step sees, drawn anew each time; 0: all (ours)", minimum=0)
    learning_rate: float = setting(2e-3, "Adam's step for the LSTM (ours)", minimum=1e-7, maximum=1.0)
    fine_tuning_rate: float = setting(5e-5, "Adam's step for the VAE (ours); 0 freezes it", minimum=0.0, maximum=1.0)
    width: int = setting(256, "width of the LSTM (ours)", minimum=1, maximum=LARGEST)
    anchored: bool = setting(False, "sequences begin with the neutral face's code itself; false: anywhere (ours)")
    flips: bool = setting(True, "mirror half of the sequences (ours)")
    recombine: float = setting(
        0.0,
        "share of the sequences whose face lies between two people's and moves as its own does (ours)",
        minimum=0.0,
        maximum=1.0,
    )


def main(
    smiles: Annotated[Path, "smiles.h5"],
    landmark_vae: Annotated[Path, "weights of phase 1"],
    run: loop.Run,
    settings: Settings,
):
    """Train and write {landmark_vae, conditional_lstm}."""
    device = loop.prepare(run, settings)
    source = landmarks_from(settings.recombine)
    data = run.read(smiles, source)
    watched = run.watch(smiles, data, source)
    vae = load_networks(landmark_vae, landmark_vae=ImageVAE)[0]["landmark_vae"]
    codes, labels = vae.architecture["codes"], len(data.expressions)
    lstm = ConditionalLSTM(codes, settings.width, labels, data.frames, settings.anchored).to(device)
    vae = loop.to_device(vae, device).requires_grad_(settings.fine_tuning_rate > 0)
    optimiser = adam((settings.learning_rate, lstm), (settings.fine_tuning_rate, vae))

    def step(batch):
        x = images_to_tensor(varied_landmarks(batch, batch.indices, settings.recombine), device)
        label = torch.from_numpy(batch.data.label[batch.indices]).to(device)
        if settings.flips:
            x = flip(x, batch.coins())
        seen = batch.frames(lstm.frames, settings.frames_drawn).to(device)
        with autocast(device, settings):
            sequence = lstm(vae.encode(x[:, 0])[0], label)
            logits = vae.decode_logits(sequence[:, seen].flatten(0, 1))
        bce = landmark_bce(logits.float(), x[:, seen].flatten(0, 1))
        batch.descend(bce, optimiser)
        return {"bce": bce}

    loop.train(
        __name__,
        run,
        settings,
        step,
        items=all_of(len(data), data),
        watched=watched and all_of(len(watched), watched),
        inputs=[smiles, landmark_vae],
        networks={"landmark_vae": vae, "conditional_lstm": lstm},
        helpers={},
        optimisers={"adam": optimiser},
        tuned=["landmark_vae"],
        expressions=data.expressions,
    )
