"""Training data as tensors."""

import numpy as np
import torch

from cmm.core.errors import UserError


def images_to_tensor(landmarks, device="cpu"):
    """uint8 {0, 1} (..., s, s) to float32 (..., 1, s, s) on a device: bytes are what travels there."""
    return torch.from_numpy(landmarks).to(device).float().unsqueeze(-3)


def faces_to_tensor(faces, device="cpu"):
    """uint8 RGB (..., s, s, 3) to float32 (..., 3, s, s) in -1..1 on a device; in memory the colours stay last."""
    return torch.from_numpy(faces).to(device).movedim(-1, -3).float() / 127.5 - 1


def tensor_to_faces(tensor):
    """float (..., 3, s, s) in -1..1 to uint8 RGB (..., s, s, 3); UserError for NaN or infinity."""
    if not torch.isfinite(tensor).all():
        raise UserError("a network gave values that are not finite: its training has failed, train it again")
    values = ((tensor.float().clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)
    return np.moveaxis(values.cpu().numpy(), -3, -1)


def flip(images, chosen):
    """Mirror the pictures (b, ..., s, s) where `chosen` (b,) is true."""
    chosen = chosen.to(images.device).view(-1, *(1 for _ in images.shape[1:]))
    return torch.where(chosen, images.flip(-1), images)
