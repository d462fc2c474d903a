"""Inception v3 (Szegedy et al. 2016) as TensorFlow's graph of 2015-12-05 has it, which FID and IS are defined by.

The names of the parameters are those of the PyTorch files of its weights
(`pt_inception-2015-12-05`). It differs from torchvision's network in three ways: 1008 classes,
average pools that leave out the padding, and a maximum pool in the last block.
"""

import torch
from torch import nn
from torch.nn.functional import avg_pool2d, max_pool2d


class Convolution(nn.Module):
    """Convolution without bias, BatchNorm, ReLU; `kernel` a number or (h, w)."""

    def __init__(self, before, after, kernel, stride=1, padded=True):
        super().__init__()
        size = (kernel, kernel) if isinstance(kernel, int) else kernel
        padding = tuple(k // 2 for k in size) if padded else 0
        self.conv = nn.Conv2d(before, after, size, stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(after, eps=0.001)

    def forward(self, x):
        return self.bn(self.conv(x)).relu()


class Mixed(nn.Module):
    """A block: branches side by side, joined, and a pool of the input, with a convolution of its own or not.

    branches: lists of (name, channels, kernel); a list at the end forks. A block that halves the
    picture does so in the last convolution of each branch, without padding.
    """

    def __init__(self, before, branches, pool, pooled=0, halves=False):
        super().__init__()
        self.branches, self.pool, self.halves = branches, pool, halves
        for branch in branches:
            width = before
            for layer in branch:
                for name, after, kernel in layer if isinstance(layer, list) else [layer]:
                    last = halves and layer is branch[-1]
                    self.add_module(name, Convolution(width, after, kernel, 2 if last else 1, not last))
                width = after
        self.branch_pool = Convolution(before, pooled, 1) if pooled else None

    def forward(self, x):
        parts = []
        for branch in self.branches:
            y = x
            for layer in branch:
                forks = [name for name, *_ in layer] if isinstance(layer, list) else [layer[0]]
                y = torch.cat([getattr(self, name)(y) for name in forks], dim=1)
            parts.append(y)
        if self.halves:
            return torch.cat([*parts, max_pool2d(x, 3, 2)], dim=1)
        pooled = max_pool2d(x, 3, 1, 1) if self.pool == "max" else avg_pool2d(x, 3, 1, 1, count_include_pad=False)
        return torch.cat([*parts, self.branch_pool(pooled)], dim=1)


def _a(before, pooled):
    double = [("branch3x3dbl_1", 64, 1), ("branch3x3dbl_2", 96, 3), ("branch3x3dbl_3", 96, 3)]
    five = [("branch5x5_1", 48, 1), ("branch5x5_2", 64, 5)]
    return Mixed(before, [[("branch1x1", 64, 1)], five, double], "average", pooled)


def _b():
    double = [("branch3x3dbl_1", 64, 1), ("branch3x3dbl_2", 96, 3), ("branch3x3dbl_3", 96, 3)]
    return Mixed(288, [[("branch3x3", 384, 3)], double], "max", halves=True)


def _c(width):
    seven = [("branch7x7_1", width, 1), ("branch7x7_2", width, (1, 7)), ("branch7x7_3", 192, (7, 1))]
    double = [("branch7x7dbl_1", width, 1), ("branch7x7dbl_2", width, (7, 1)), ("branch7x7dbl_3", width, (1, 7))]
    double += [("branch7x7dbl_4", width, (7, 1)), ("branch7x7dbl_5", 192, (1, 7))]
    return Mixed(768, [[("branch1x1", 192, 1)], seven, double], "average", 192)


def _d():
    seven = [("branch7x7x3_1", 192, 1), ("branch7x7x3_2", 192, (1, 7)), ("branch7x7x3_3", 192, (7, 1))]
    seven += [("branch7x7x3_4", 192, 3)]
    return Mixed(768, [[("branch3x3_1", 192, 1), ("branch3x3_2", 320, 3)], seven], "max", halves=True)


def _e(before, pool):
    three = [("branch3x3_1", 384, 1), [("branch3x3_2a", 384, (1, 3)), ("branch3x3_2b", 384, (3, 1))]]
    double = [("branch3x3dbl_1", 448, 1), ("branch3x3dbl_2", 384, 3)]
    double += [[("branch3x3dbl_3a", 384, (1, 3)), ("branch3x3dbl_3b", 384, (3, 1))]]
    return Mixed(before, [[("branch1x1", 320, 1)], three, double], pool, 192)


class InceptionV3(nn.Module):
    """Pictures (b, 3, 299, 299) in -1..1 to the layers (b, c, h, w) with which a resolution ends, the last of 2048."""

    def __init__(self, classes=1008):
        super().__init__()
        self.Conv2d_1a_3x3 = Convolution(3, 32, 3, 2, padded=False)
        self.Conv2d_2a_3x3 = Convolution(32, 32, 3, padded=False)
        self.Conv2d_2b_3x3 = Convolution(32, 64, 3)
        self.Conv2d_3b_1x1 = Convolution(64, 80, 1)
        self.Conv2d_4a_3x3 = Convolution(80, 192, 3, padded=False)
        self.Mixed_5b, self.Mixed_5c, self.Mixed_5d = _a(192, 32), _a(256, 64), _a(288, 64)
        self.Mixed_6a = _b()
        self.Mixed_6b, self.Mixed_6c, self.Mixed_6d, self.Mixed_6e = _c(128), _c(160), _c(160), _c(192)
        self.Mixed_7a = _d()
        self.Mixed_7b, self.Mixed_7c = _e(1280, "average"), _e(2048, "max")
        self.fc = nn.Linear(2048, classes)

    def forward(self, x):
        first = self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(self.Conv2d_1a_3x3(x)))
        second = self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(max_pool2d(first, 3, 2)))
        third = self.Mixed_5d(self.Mixed_5c(self.Mixed_5b(max_pool2d(second, 3, 2))))
        fourth = self.Mixed_6e(self.Mixed_6d(self.Mixed_6c(self.Mixed_6b(self.Mixed_6a(third)))))
        return [first, second, third, fourth, self.Mixed_7c(self.Mixed_7b(self.Mixed_7a(fourth)))]
