"""Landmark VAE: the embedding of landmark images (paper section 3.1, layers in 4.1)."""

import math

import torch
from torch import nn

from cmm.models import convolutions
from cmm.models.convolutions import Closing, Doubling, Halving, Opening

WIDTHS = (64, 128, 256, 512)  # the paper's four layers, for 64 x 64
SLOPE = 0.2


def layer_widths(image_size):
    """Channels of the layers that halve `image_size` down to 4: 64-128-256-512 at 64.

    A larger picture gets further layers of 512, a smaller one fewer.
    """
    depth = int(math.log2(image_size)) - 2
    return tuple(WIDTHS[min(i, len(WIDTHS) - 1)] for i in range(depth))


class LandmarkVAE(nn.Module):
    """Encoder and decoder between landmark images and codes.

    Shapes: images (b, 1, s, s) float in 0-1; codes (b, c).
    """

    def __init__(self, image_size=64, codes=100):
        super().__init__()
        self.architecture = {"image_size": image_size, "codes": codes}
        widths = layer_widths(image_size)
        self.encoder = nn.Sequential(*_down(widths))
        self.mean_head = Closing(widths[-1], codes)
        self.log_deviation_head = Closing(widths[-1], codes)
        self.decoder = nn.Sequential(*_up(widths, codes))

    def encode(self, images):
        """Mean and logarithm of the standard deviation of the codes, (b, c) each."""
        features = self.encoder(images.to(memory_format=convolutions.LAYOUT))
        return self.mean_head(features).flatten(1), self.log_deviation_head(features).flatten(1)

    def decode_logits(self, codes):
        """Landmark images before the sigmoid, (b, 1, s, s)."""
        return self.decoder(codes[:, :, None, None])

    def decode(self, codes):
        """Landmark images, the probability of a line in each pixel, (b, 1, s, s)."""
        return torch.sigmoid(self.decode_logits(codes))

    def forward(self, images, noise):
        """Reconstruct: (logits, mean, log_deviation); `noise` (b, c) is standard normal."""
        mean, log_deviation = self.encode(images)
        codes = mean + noise * log_deviation.exp()
        return self.decode_logits(codes), mean, log_deviation


def _down(widths):
    """Conv(4,2,1) layers; BatchNorm on all but the first, LeakyReLU on all."""
    before = 1
    for i, width in enumerate(widths):
        yield Halving(before, width)
        if i:
            yield nn.BatchNorm2d(width)
        yield nn.LeakyReLU(SLOPE)
        before = width


def _up(widths, codes):
    """The encoder mirrored: code to 4 x 4, then transposed Conv(4,2,1) to one channel."""
    before = codes
    for i, width in enumerate(reversed(widths)):
        yield Doubling(before, width) if i else Opening(before, width)
        yield nn.BatchNorm2d(width)
        yield nn.ReLU()
        before = width
    yield Doubling(before, 1)
