"""The convolutions that the networks are made of, the same layers as PyTorch's, faster on a CPU where maps are small.

A convolution spends its time on the map; on a map of 4 x 4 and less there is hardly one, and
what takes the time is to sort a few megabytes of weights into the order that the convolution
wants. As a product of two matrices it needs no other order: the layers of a U-Net between
1 x 1 and 4 x 4 take a third of the time. Parameters and results are those of the plain layers,
up to rounding.
"""

import torch
from torch import nn
from torch.nn.functional import fold, linear, unfold

LAYOUT = torch.channels_last  # of the pictures that go through a network
CELLS = 512  # of all the maps of 4 x 4 of a batch: with more of them a convolution is faster again
GRID = {"kernel_size": 4, "padding": 1, "stride": 2}


def _is_product(x, side):
    """Whether products are the faster way of a batch `x` to or from maps of this side, as measured with AVX2."""
    return not x.is_cuda and (side <= 2 or (side == 4 and len(x) * side**2 <= CELLS))


class Halving(nn.Conv2d):
    """Conv(4,2,1): (b, c, s, s) to (b, d, s / 2, s / 2)."""

    def __init__(self, before, after):
        super().__init__(before, after, 4, 2, 1)

    def forward(self, x):
        if not _is_product(x, x.shape[-1] // 2):
            return super().forward(x)
        patches = unfold(x, **GRID).transpose(1, 2)  # (b, cells, 16 c)
        made = linear(patches, self.weight.flatten(1), self.bias)
        return made.transpose(1, 2).unflatten(2, (x.shape[2] // 2, x.shape[3] // 2))


class Doubling(nn.ConvTranspose2d):
    """Transposed Conv(4,2,1): (b, c, s, s) to (b, d, 2 s, 2 s)."""

    def __init__(self, before, after):
        super().__init__(before, after, 4, 2, 1)

    def forward(self, x):
        if not _is_product(x, x.shape[-1]):
            return super().forward(x)
        patches = linear(x.flatten(2).transpose(1, 2), self.weight.flatten(1).t())  # (b, cells, 16 d)
        made = fold(patches.transpose(1, 2), (2 * x.shape[2], 2 * x.shape[3]), **GRID)
        return made + self.bias[:, None, None].to(made.dtype)


class Closing(nn.Conv2d):
    """Conv(4,1,0) of a whole map: (b, c, 4, 4) to (b, d, 1, 1)."""

    def __init__(self, before, after):
        super().__init__(before, after, 4, 1, 0)

    def forward(self, x):
        if not _is_product(x, side=1):
            return super().forward(x)
        return linear(x.flatten(1), self.weight.flatten(1), self.bias)[:, :, None, None]


class Opening(nn.ConvTranspose2d):
    """Transposed Conv(4,1,0) of a code: (b, c, 1, 1) to (b, d, 4, 4)."""

    def __init__(self, before, after):
        super().__init__(before, after, 4, 1, 0)

    def forward(self, x):
        if not _is_product(x, side=1):
            return super().forward(x)
        made = linear(x.flatten(1), self.weight.flatten(1).t()).unflatten(1, (-1, 4, 4))
        return made + self.bias[:, None, None].to(made.dtype)
