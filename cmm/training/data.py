"""Training data as tensors."""

import numpy as np
import torch

from cmm.errors import UserError
from cmm.faces.store import read_smiles


def landmark_sequences(smiles, fold):
    """Training sequences of all folds but `fold`: images (n, t, 1, s, s) float32, labels (n,)."""
    data = read_smiles(smiles, fold, arrays=("landmarks",))
    return images_to_tensor(data.landmarks), torch.from_numpy(data.label)


def images_to_tensor(landmarks):
    """uint8 {0, 1} (..., s, s) to float32 (..., 1, s, s)."""
    return torch.from_numpy(landmarks).float().unsqueeze(-3)


def faces_to_tensor(faces):
    """uint8 RGB (..., s, s, 3) to float32 (..., 3, s, s) in -1..1."""
    return torch.from_numpy(np.moveaxis(faces, -1, -3).copy()).float() / 127.5 - 1


def tensor_to_faces(tensor):
    """float (..., 3, s, s) in -1..1 to uint8 RGB (..., s, s, 3); UserError for NaN or infinity."""
    if not torch.isfinite(tensor).all():
        raise UserError("a network gave values that are not finite: its training has failed, train it again")
    values = ((tensor.float().clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)
    return np.moveaxis(values.cpu().numpy(), -3, -1)


def flip(images, chosen):
    """Mirror the pictures (b, ..., s, s) where `chosen` (b,) is true."""
    flipped = images.clone()
    flipped[chosen] = images[chosen].flip(-1)
    return flipped
