"""VAE of images: the embedding of landmark images, or of faces (paper section 3.1, layers in 4.1)."""

import math

from torch import nn

from cmm.networks import convolutions
from cmm.networks.convolutions import Closing, Doubling, Halving, Opening

WIDTHS = (64, 128, 256, 512)  # the paper's four layers, for 64 x 64
SLOPE = 0.2


def layer_widths(image_size):
    """Channels of the layers that halve `image_size` down to 4: 64-128-256-512 at 64.

    A larger picture gets further layers of 512, a smaller one fewer.
    """
    depth = int(math.log2(image_size)) - 2
    return tuple(WIDTHS[min(i, len(WIDTHS) - 1)] for i in range(depth))


class ImageVAE(nn.Module):
    """Encoder and decoder between images and codes (b, c).

    Of one channel, landmark images (b, 1, s, s) float in 0-1; of three, faces (b, 3, s, s) in -1..1.
    """

    def __init__(self, image_size=64, codes=100, channels=1):
        super().__init__()
        self.architecture = {"image_size": image_size, "codes": codes, "channels": channels}
        widths = layer_widths(image_size)
        self.encoder = nn.Sequential(*_down(widths, channels))
        self.mean_head = Closing(widths[-1], codes)
        self.log_deviation_head = Closing(widths[-1], codes)
        self.decoder = nn.Sequential(*_up(widths, codes, channels))

    def encode(self, images):
        """Mean and logarithm of the standard deviation of the codes, (b, c) each."""
        features = self.encoder(images.to(memory_format=convolutions.LAYOUT))
        return self.mean_head(features).flatten(1), self.log_deviation_head(features).flatten(1)

    def decode_logits(self, codes):
        """Images before the last activation, (b, channels, s, s)."""
        return self.decoder(codes[:, :, None, None])

    def decode(self, codes):
        """Landmark images, the probability of a line in each pixel, or faces, (b, channels, s, s)."""
        logits = self.decode_logits(codes)
        return logits.sigmoid() if self.architecture["channels"] == 1 else logits.tanh()

    def forward(self, images, noise):
        """Reconstruct: (logits, mean, log_deviation); `noise` (b, c) is standard normal."""
        mean, log_deviation = self.encode(images)
        codes = mean + noise * log_deviation.exp()
        return self.decode_logits(codes), mean, log_deviation


def _down(widths, channels):
    """Conv(4,2,1) layers; BatchNorm on all but the first, LeakyReLU on all."""
    before = channels
    for i, width in enumerate(widths):
        yield Halving(before, width)
        if i:
            yield nn.BatchNorm2d(width)
        yield nn.LeakyReLU(SLOPE)
        before = width


def _up(widths, codes, channels):
    """The encoder mirrored: code to 4 x 4, then transposed Conv(4,2,1) to the image."""
    before = codes
    for i, width in enumerate(reversed(widths)):
        yield Doubling(before, width) if i else Opening(before, width)
        yield nn.BatchNorm2d(width)
        yield nn.LeakyReLU(SLOPE)
        before = width
    yield Doubling(before, channels)
