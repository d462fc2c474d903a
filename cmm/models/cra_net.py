"""CRA-Net's networks: CMM-Net's bottom layer on faces instead of landmark images (paper section 4.3)."""

import torch

from cmm.models.convolutions import Doubling, Halving
from cmm.models.landmark_vae import LandmarkVAE, layer_widths


class FaceVAE(LandmarkVAE):
    """The landmark VAE with three channels: faces (b, 3, s, s) in -1..1 to codes (b, c) and back."""

    def __init__(self, image_size=64, codes=100):
        super().__init__(image_size, codes)
        width = layer_widths(image_size)[0]
        self.encoder[0] = Halving(3, width)
        self.decoder[-1] = Doubling(width, 3)

    def decode(self, codes):
        """Faces of codes (b, c): (b, 3, s, s) in -1..1."""
        return torch.tanh(self.decode_logits(codes))
