"""CRA-Net, phase 1: train the embedding of faces, as CMM-Net's of landmark images (paper sections 3.1 and 4.3).

Loss: L1 plus the codes' KL divergence (ours; the paper says nothing of it).
"""

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
from cmm.training.losses import kl_divergence, reconstruction
from cmm.training.tensors import faces_to_tensor, flip


@dataclass(frozen=True)
class Settings(loop.TrainingSettings):
    epochs: int = setting(50, "passes over the training set (ours, as landmark_vae)", minimum=1)
    batch_size: int = setting(16, "faces of a step (ours)", minimum=2)
    frames_drawn: int = setting(0, "frames of a sequence an epoch sees, drawn anew each time; 0: all (ours)", minimum=0)
    learning_rate: float = setting(5e-4, "Adam's step (ours)", minimum=1e-7, maximum=1.0)
    codes: int = setting(100, "channels of the embedding (ours, as landmark_vae)", minimum=1)
    kl_weight: float = setting(1e-5, "weight of the KL divergence beside L1's 1 (ours)", minimum=0.0)
    flips: bool = setting(True, "mirror half of the faces (ours)")


def main(
    smiles: Annotated[Path, "smiles.h5"],
    run: loop.Run,
    settings: Settings,
):
    """Train and write {face_vae}."""
    device = loop.prepare(run, settings)
    data = read_smiles(smiles, run.fold, arrays=("faces",))
    faces = data.faces.reshape(-1, *data.faces.shape[2:])
    vae = loop.to_device(ImageVAE(faces.shape[1], settings.codes, channels=3), device)
    optimiser = torch.optim.Adam(vae.parameters(), settings.learning_rate, fused=True)

    def step(batch):
        x = faces_to_tensor(faces[batch.indices], device)
        if settings.flips:
            x = flip(x, batch.coins())
        noise = batch.normal(settings.codes).to(device)
        with autocast(device, settings):
            mean, log_deviation = vae.encode(x)
            rebuilt = vae.decode(mean + noise * log_deviation.exp())
        l1, kl = reconstruction(rebuilt.float(), x), kl_divergence(mean.float(), log_deviation.float())
        batch.descend(l1 + settings.kl_weight * kl, optimiser)
        return {"l1": l1, "kl": kl}

    loop.train(
        __name__,
        run,
        settings,
        step,
        items=frames_of(*data.faces.shape[:2], settings.frames_drawn),
        inputs=[smiles],
        networks={"face_vae": vae},
        helpers={},
        optimisers={"adam": optimiser},
    )
