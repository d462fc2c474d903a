"""The trained networks put together: a neutral face and an expression give 1 + K sequences."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from cmm.errors import UserError
from cmm.models.conditional_lstm import ConditionalLSTM
from cmm.models.landmark_vae import LandmarkVAE
from cmm.models.multi_mode_lstm import MultiModeLSTM
from cmm.models.translation import TranslationUNet
from cmm.models.weights_file import load_networks
from cmm.training.data import faces_to_tensor, images_to_tensor, tensor_to_faces

LANDMARK_WEIGHTS = "multi_mode_lstm.safetensors"
TRANSLATION_WEIGHTS = "translation.safetensors"


@dataclass(frozen=True)
class Generated:
    """What one call gives; the first of the 1 + k sequences is the conditional one.

    landmarks: (b, 1 + k, t, s, s) uint8, 255 where a line is certain.
    faces: (b, 1 + k, t, s, s, 3) uint8 RGB.
    """

    landmarks: np.ndarray
    faces: np.ndarray


class SmileGenerator:
    """CMM-Net ready for use."""

    def __init__(self, landmark_weights, translation_weights):
        networks, self.about = load_networks(
            landmark_weights, landmark_vae=LandmarkVAE, conditional_lstm=ConditionalLSTM, multi_mode_lstm=MultiModeLSTM
        )
        translation, _ = load_networks(translation_weights, translation=TranslationUNet)
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.vae, self.lstm, self.multi = (network.to(self.device) for network in networks.values())
        self.unet = translation["translation"].to(self.device)
        self.size = self.vae.architecture["image_size"]
        self.modes = self.multi.architecture["modes"]
        if self.size != self.unet.architecture["image_size"]:
            raise UserError(
                f"{landmark_weights} is for {self.size} px, {translation_weights} for"
                f" {self.unet.architecture['image_size']} px: train both on one smiles.h5"
            )

    @classmethod
    def from_folder(cls, folder):
        """From a folder with multi_mode_lstm.safetensors and translation.safetensors."""
        return cls(Path(folder) / LANDMARK_WEIGHTS, Path(folder) / TRANSLATION_WEIGHTS)

    @torch.inference_mode()
    def __call__(self, landmarks, faces, label, modes=True):
        """Generate from neutral landmark images (b, s, s) uint8 {0, 1}, neutral faces
        (b, s, s, 3) uint8 RGB and labels (b,) int64; without `modes` the conditional
        sequence alone. Returns Generated."""
        neutral = images_to_tensor(landmarks).to(self.device)
        every = self.lstm(self.vae.encode(neutral)[0], label.to(self.device))[:, None]  # (b, 1, t, c)
        if modes:
            every = torch.cat([every, self.multi(every[:, 0])], dim=1)  # (b, 1 + k, t, c)
        images = [self.vae.decode(one.flatten(0, 1)) for one in every]
        people = faces_to_tensor(faces).to(self.device)
        pictures = [self._translate(person, drawn) for person, drawn in zip(people, images, strict=True)]
        shape = every.shape[:3]
        drawn = (torch.stack(images) * 255).round().to(torch.uint8).cpu().numpy()
        return Generated(
            landmarks=drawn.reshape(*shape, self.size, self.size),
            faces=tensor_to_faces(torch.stack(pictures)).reshape(*shape, self.size, self.size, 3),
        )

    def _translate(self, person, drawn):
        return self.unet(person.expand(len(drawn), -1, -1, -1), drawn)
