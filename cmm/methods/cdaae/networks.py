"""Networks of CDAAE (Zhou & Shi 2017, section 3; widths are ours)."""

from itertools import pairwise

import torch
from torch import nn

from cmm.methods.cdaae.labels import label_size
from cmm.networks import convolutions
from cmm.networks.convolutions import Closing, Doubling, Halving, Opening
from cmm.networks.image_vae import SLOPE, layer_widths

CONDITION = 64  # channels that the label becomes beside the code


class DifferenceAutoencoder(nn.Module):
    """A face (b, 3, s, s) in -1..1 and a label (b, l) to the face with that label, same shape.

    With the difference path the decoder's features of half the picture's size are added to the encoder's: what
    the decoder makes of code and label there is the difference between the two pictures. Without, they stand alone.
    `curves` (expressions, frames) are the mean strengths of the training sequences over time;
    `action_units`: whether it has learned labels of those.
    """

    def __init__(self, image_size=64, codes=100, expressions=2, difference_path=True, frames=32, action_units=True):
        super().__init__()
        self.architecture = {"image_size": image_size, "codes": codes, "expressions": expressions}
        self.architecture |= {"difference_path": difference_path, "frames": frames, "action_units": action_units}
        self.difference_path = difference_path
        self.register_buffer("curves", torch.linspace(0, 1, frames).repeat(expressions, 1))
        widths = layer_widths(image_size)
        self.low = Halving(3, widths[0])
        deeper = list(pairwise(widths))
        self.encoder = nn.Sequential(*(_down(before, after) for before, after in deeper), nn.LeakyReLU(SLOPE))
        self.code = nn.Sequential(Closing(widths[-1], codes), nn.Tanh())
        self.condition = nn.Linear(label_size(expressions), CONDITION)
        self.opening = Opening(codes + CONDITION, widths[-1])
        self.decoder = nn.Sequential(*(_up(after, before) for before, after in reversed(deeper)))
        self.picture = nn.Sequential(nn.BatchNorm2d(widths[0]), nn.ReLU(), Doubling(widths[0], 3), nn.Tanh())

    def encode(self, faces):
        """(codes (b, c) in -1..1, low features (b, 64, s / 2, s / 2))."""
        low = self.low(faces.to(memory_format=convolutions.LAYOUT))
        return self.code(self.encoder(low)).flatten(1), low

    def decode(self, codes, low, label):
        """The faces of codes, low features and labels."""
        made = self.decoder(self.opening(torch.cat([codes, self.condition(label)], dim=1)[:, :, None, None]))
        return self.picture(made + low if self.difference_path else made)

    def forward(self, faces, label):
        return self.decode(*self.encode(faces), label)


class CodeDiscriminator(nn.Module):
    """Tells codes (b, c) from draws of the prior, uniform in -1..1: (b, 1) logits."""

    def __init__(self, codes=100):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(codes, 64), nn.LeakyReLU(SLOPE), nn.Linear(64, 32), nn.LeakyReLU(SLOPE), nn.Linear(32, 1)
        )

    def forward(self, codes):
        return self.layers(codes)


class ImageDiscriminator(nn.Module):
    """Tells true faces (b, 3, s, s) with their labels (b, l) from made ones: logits of the cells of the last map."""

    def __init__(self, expressions=2):
        super().__init__()
        self.first = Halving(3, 64)
        self.layers = nn.Sequential(
            nn.LeakyReLU(SLOPE),
            Halving(64 + label_size(expressions), 128),
            nn.BatchNorm2d(128),
            nn.LeakyReLU(SLOPE),
            Halving(128, 256),
            nn.BatchNorm2d(256),
            nn.LeakyReLU(SLOPE),
            nn.Conv2d(256, 1, 4, 1, 1),
        )

    def forward(self, faces, label):
        features = self.first(faces.to(memory_format=convolutions.LAYOUT))
        maps = label[:, :, None, None].to(features.dtype).expand(-1, -1, *features.shape[-2:])
        return self.layers(torch.cat([features, maps], dim=1))


def _down(before, after):
    return nn.Sequential(nn.LeakyReLU(SLOPE), Halving(before, after), nn.BatchNorm2d(after))


def _up(before, after):
    return nn.Sequential(nn.BatchNorm2d(before), nn.ReLU(), Doubling(before, after))
