"""CRA-Net, phase 1: train the embedding of faces, as CMM-Net's of landmark images (paper sections 3.1 and 4.3).

Loss: L1 plus the codes' KL divergence (ours; the paper says nothing of it).
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import torch

from cmm.faces.store import read_smiles
from cmm.models.cra_net import FaceVAE
from cmm.settings import setting
from cmm.training import loop
from cmm.training.data import faces_to_tensor, flip
from cmm.training.losses import kl_divergence, reconstruction


@dataclass(frozen=True)
class Settings(loop.TrainingSettings):
    epochs: int = setting(50, "passes over the training set (ours, as landmark_vae)", minimum=1)
    batch_size: int = setting(16, "faces of a step (ours)", minimum=2)
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
    device = loop.prepare(run)
    data = read_smiles(smiles, run.fold, arrays=("faces",))
    faces = data.faces.reshape(-1, *data.faces.shape[2:])
    vae = FaceVAE(faces.shape[1], settings.codes).to(device, memory_format=torch.channels_last)
    optimiser = torch.optim.Adam(vae.parameters(), settings.learning_rate, fused=True)

    def step(batch):
        x = faces_to_tensor(faces[batch.indices])
        if settings.flips:
            x = flip(x, batch.coins())
        x = x.to(device, memory_format=torch.channels_last)
        noise = batch.normal(settings.codes).to(device)
        with loop.autocast(device, settings):
            mean, log_deviation = vae.encode(x)
            rebuilt = vae.decode(mean + noise * log_deviation.exp())
        l1, kl = reconstruction(rebuilt.float(), x), kl_divergence(mean.float(), log_deviation.float())
        batch.descend(l1 + settings.kl_weight * kl, optimiser)
        return {"l1": l1.item(), "kl": kl.item()}

    loop.train(
        __name__,
        run,
        settings,
        step,
        count=len(faces),
        inputs=[smiles],
        networks={"face_vae": vae},
        helpers={},
        optimisers={"adam": optimiser},
    )
