"""Video-GAN, conditional variant (Vondrick, Pirsiavash, Torralba 2016: sections 3 and 4.4, and their code).

A frame gives a video: its code becomes a moving foreground and a background that stands
still, joined by a mask. Weights start from N(0, 0.01), those of BatchNorm from N(1, 0.02).
Sequences of `frames` of side `image_size`, 32 and 64 in the paper: each is halved down to
2 and 4, so that other sizes get fewer or more layers (ours).
"""

import math

import torch
from torch import nn

WIDTHS = (128, 256, 512, 1024)  # the paper's, for 64 x 64
SLOPE = 0.2
EPSILON = 1e-3  # of BatchNorm where pictures and videos are read, in the authors' code; elsewhere the default


class VideoGenerator(nn.Module):
    """A frame (b, 3, s, s) in -1..1 to (video (b, 3, t, s, s) in -1..1, mask (b, 1, t, s, s) in 0-1)."""

    def __init__(self, image_size=64, frames=32):
        super().__init__()
        self.architecture = {"image_size": image_size, "frames": frames}
        self.frames = frames
        widths, strides = _layers(image_size, frames)
        down = zip((3, *widths), widths, strict=False)
        self.encoder = nn.Sequential(*(layer for i, pair in enumerate(down) for layer in _encode(*pair, first=i == 0)))
        up = list(zip(reversed(widths), (*reversed(widths[:-1]), None), strict=True))
        self.background = nn.Sequential(
            *(layer for before, after in up[:-1] for layer in _grow2d(before, after)),
            nn.ConvTranspose2d(widths[0], 3, 4, 2, 1),
            nn.Tanh(),
        )
        first = nn.ConvTranspose3d(widths[-1], widths[-1], (2, 1, 1))
        grown = zip(up[:-1], strides[:-1], strict=True)
        self.foreground = nn.Sequential(
            first, nn.BatchNorm3d(widths[-1]), nn.ReLU(), *(layer for p, s in grown for layer in _grow3d(*p, s))
        )
        self.picture = _transposed3d(widths[0], 3, strides[-1])
        self.mask = _transposed3d(widths[0], 1, strides[-1])
        self.apply(_start)

    def forward(self, frame):
        code = self.encoder(frame)
        still = self.background(code)[:, :, None]  # (b, 3, 1, s, s)
        moving = self.foreground(code[:, :, None])
        mask = torch.sigmoid(self.mask(moving))
        return mask * torch.tanh(self.picture(moving)) + (1 - mask) * still, mask


class VideoDiscriminator(nn.Module):
    """Judges videos (b, 3, t, s, s): a logit each, (b,). The paper has two numbers and a softmax, which is the same."""

    def __init__(self, image_size=64, frames=32):
        super().__init__()
        widths, strides = _layers(image_size, frames)
        layers = []
        for i, (before, after, stride) in enumerate(zip((3, *widths), widths, reversed(strides), strict=False)):
            layers.append(nn.Conv3d(before, after, *_kernel(stride)))
            layers += [nn.BatchNorm3d(after, EPSILON)] * bool(i) + [nn.LeakyReLU(SLOPE)]
        self.layers = nn.Sequential(*layers, nn.Conv3d(widths[-1], 1, (2, 4, 4)))
        self.apply(_start)

    def forward(self, video):
        return self.layers(video).flatten()


def _layers(image_size, frames):
    """(channels of the layers from the picture to the code, whether each grows in time, from the code on)."""
    depth, doublings = int(math.log2(image_size)) - 2, int(math.log2(frames)) - 1
    if 2 ** (doublings + 1) != frames or doublings > depth:
        raise ValueError(f"frames is {frames}: a power of two, {2 ** (depth + 1)} at most for {image_size} px")
    return tuple(WIDTHS[min(i, len(WIDTHS) - 1)] for i in range(depth)), [i < doublings for i in range(depth)]


def _kernel(in_time):
    """Kernel, stride and padding of a layer that halves or doubles the picture, and time where asked."""
    return ((4, 4, 4), 2, 1) if in_time else ((1, 4, 4), (1, 2, 2), (0, 1, 1))


def _transposed3d(before, after, in_time):
    return nn.ConvTranspose3d(before, after, *_kernel(in_time))


def _encode(before, after, first):
    return [nn.Conv2d(before, after, 4, 2, 1)] + [nn.BatchNorm2d(after, EPSILON)] * (not first) + [nn.ReLU()]


def _grow2d(before, after):
    return nn.ConvTranspose2d(before, after, 4, 2, 1), nn.BatchNorm2d(after), nn.ReLU()


def _grow3d(before, after, in_time):
    return _transposed3d(before, after, in_time), nn.BatchNorm3d(after), nn.ReLU()


def _start(layer):
    if isinstance(layer, nn.Conv2d | nn.Conv3d | nn.ConvTranspose2d | nn.ConvTranspose3d):
        nn.init.normal_(layer.weight, 0.0, 0.01)
        nn.init.zeros_(layer.bias)
    elif isinstance(layer, nn.BatchNorm2d | nn.BatchNorm3d):
        nn.init.normal_(layer.weight, 1.0, 0.02)
