"""Networks of controllable image-to-video translation (Fan et al. 2018, section 3; widths are ours)."""

import math
from itertools import pairwise

import torch
from torch import nn

from cmm.networks import convolutions
from cmm.networks.convolutions import Closing, Doubling, Halving

WIDTHS = (32, 64, 128, 256, 512, 512)  # of the whole picture, then of each half of it
SLOPE = 0.2


def layer_widths(image_size):
    """Channels of the levels from `image_size` down to 2: six at 64."""
    return tuple(WIDTHS[min(level, len(WIDTHS) - 1)] for level in range(int(math.log2(image_size))))


class StrengthUNet(nn.Module):
    """A face's frames at any strengths a: on each level the decoder sees base + a * residual of the expression.

    Shapes: neutral (b, 3, s, s) in -1..1, label (b,) int64, strengths (b, n); the frames are (b, n, 3, s, s) in
    -1..1. A frame depends on its own strength alone. `curves` (expressions, frames) are the mean strengths of the
    training sequences over time.
    """

    def __init__(self, image_size=64, expressions=2, frames=32):
        super().__init__()
        self.architecture = {"image_size": image_size, "expressions": expressions, "frames": frames}
        self.expressions = expressions
        self.register_buffer("curves", torch.linspace(0, 1, frames).repeat(expressions, 1))
        widths = layer_widths(image_size)
        self.base, self.residual = Encoder(widths), Encoder(widths)
        self.heads = nn.ModuleList(nn.Conv2d(width, expressions * width, 1) for width in widths)
        self.up = nn.ModuleList(
            nn.Sequential(nn.ReLU(), Doubling(width * (1 if i == 0 else 2), above), nn.BatchNorm2d(above))
            for i, (width, above) in enumerate(zip(widths[:0:-1], widths[-2::-1], strict=True))
        )
        self.picture = nn.Sequential(nn.ReLU(), nn.Conv2d(2 * widths[0], 3, 3, 1, 1), nn.Tanh())

    def forward(self, neutral, label, strengths):
        neutral = neutral.to(memory_format=convolutions.LAYOUT)
        levels = [
            (base[:, None] + strengths[..., None, None, None] * self._of(label, head(residual))[:, None]).flatten(0, 1)
            for base, residual, head in zip(self.base(neutral), self.residual(neutral), self.heads, strict=True)
        ]
        x = levels.pop()
        for i, layer in enumerate(self.up):
            x = layer(x if i == 0 else torch.cat([x, levels.pop()], dim=1))
        return self.picture(torch.cat([x, levels.pop()], dim=1)).unflatten(0, strengths.shape)

    def _of(self, label, residuals):
        """Of the residuals (b, expressions * c, h, w) those of each item's expression, (b, c, h, w)."""
        every = residuals.unflatten(1, (self.expressions, -1))
        return every[torch.arange(len(label), device=label.device), label]


class Encoder(nn.Module):
    """A picture (b, 3, s, s) to its features on every level, the largest first."""

    def __init__(self, widths):
        super().__init__()
        self.first = nn.Conv2d(3, widths[0], 3, 1, 1)
        self.down = nn.ModuleList(
            nn.Sequential(nn.LeakyReLU(SLOPE), Halving(before, after), nn.BatchNorm2d(after))
            for before, after in pairwise(widths)
        )

    def forward(self, pictures):
        features = [self.first(pictures)]
        for layer in self.down:
            features.append(layer(features[-1]))
        return features


class PointPredictor(nn.Module):
    """The 68 points of faces (b, 3, s, s) in -1..1: (b, 68, 2), -1 and 1 at the picture's edges."""

    def __init__(self, image_size=64):
        super().__init__()
        depth = int(math.log2(image_size)) - 2
        widths = [3, *(min(32 * 2**level, 256) for level in range(depth))]
        layers = []
        for before, after in pairwise(widths):
            layers += [Halving(before, after), nn.BatchNorm2d(after), nn.LeakyReLU(SLOPE)]
        self.layers = nn.Sequential(*layers, Closing(widths[-1], 136))

    def forward(self, faces):
        return self.layers(faces.to(memory_format=convolutions.LAYOUT)).flatten(1).unflatten(1, (68, 2))
