"""Translation of landmark images into faces (paper section 3.4): U-Net and pair discriminator."""

import math

import torch
from torch import nn

from cmm.networks import convolutions
from cmm.networks.convolutions import Doubling, Halving

WIDTHS = (64, 128, 256, 512, 512, 512)  # the paper's six layers, for 64 x 64
SLOPE = 0.2


def layer_widths(image_size):
    """Channels of the layers that halve `image_size` down to 1: the paper's six at 64."""
    depth = int(math.log2(image_size))
    return tuple(WIDTHS[min(i, len(WIDTHS) - 1)] for i in range(depth))


class TranslationUNet(nn.Module):
    """Face of a person (neutral image) with the geometry of a landmark image.

    Shapes: neutral (b, 3, s, s) and the result in -1..1, landmarks (b, 1, s, s) in 0-1.
    """

    def __init__(self, image_size=64):
        super().__init__()
        self.architecture = {"image_size": image_size}
        widths = layer_widths(image_size)
        inputs = (4, *widths[:-1])
        self.down = nn.ModuleList(
            _down(before, after, first=i == 0, last=i == len(widths) - 1)
            for i, (before, after) in enumerate(zip(inputs, widths, strict=True))
        )
        outputs = (3, *widths[:-1])
        self.up = nn.ModuleList(
            _up(width * (1 if i == len(widths) - 1 else 2), outputs[i], last=i == 0) for i, width in enumerate(widths)
        )

    def forward(self, neutral, landmarks):
        x, skips = torch.cat([neutral, landmarks], dim=1).to(memory_format=convolutions.LAYOUT), []
        for layer in self.down:
            x = layer(x)
            skips.append(x)
        x = self.up[-1](skips.pop())
        for layer in reversed(self.up[:-1]):
            x = layer(torch.cat([x, skips.pop()], dim=1))
        return torch.tanh(x)


class PairDiscriminator(nn.Module):
    """Judges pairs (neutral face, face), one logit for each cell of the last map.

    Three Conv(4,2,1), then two Conv(4,1,1): at 64 x 64 the map is 6 x 6.
    """

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(6, 64, 4, 2, 1),
            nn.LeakyReLU(SLOPE),
            nn.Conv2d(64, 128, 4, 2, 1),
            nn.BatchNorm2d(128),
            nn.LeakyReLU(SLOPE),
            nn.Conv2d(128, 256, 4, 2, 1),
            nn.BatchNorm2d(256),
            nn.LeakyReLU(SLOPE),
            nn.Conv2d(256, 512, 4, 1, 1),
            nn.BatchNorm2d(512),
            nn.LeakyReLU(SLOPE),
            nn.Conv2d(512, 1, 4, 1, 1),
        )

    def forward(self, neutral, face):
        return self.layers(torch.cat([neutral, face], dim=1).to(memory_format=convolutions.LAYOUT))


def _down(before, after, first, last):
    layers = [] if first else [nn.LeakyReLU(SLOPE)]
    layers.append(Halving(before, after))
    if not (first or last):
        layers.append(nn.BatchNorm2d(after))
    return nn.Sequential(*layers)


def _up(before, after, last):
    layers = [nn.ReLU(), Doubling(before, after)]
    if not last:
        layers.append(nn.BatchNorm2d(after))
    return nn.Sequential(*layers)
