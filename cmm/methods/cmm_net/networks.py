"""Multi-mode LSTMs: K diverse sequences from one (paper section 3.3)."""

import torch
from torch import nn
from torch.nn.functional import linear, normalize


class MultiModeLSTM(nn.Module):
    """K LSTMs, each of which maps the conditional sequence to a sequence of its own.

    As in the conditional LSTM, a mode is its input plus a linear map of the state
    (the paper gives neither width nor output layer).
    """

    def __init__(self, codes=100, width=256, modes=3):
        super().__init__()
        self.architecture = {"codes": codes, "width": width, "modes": modes}
        self.recurrent = nn.ModuleList(nn.LSTM(codes, width, batch_first=True) for _ in range(modes))
        self.change = nn.ModuleList(nn.Linear(width, codes) for _ in range(modes))

    def forward(self, sequence):
        """Mode sequences (b, k, t, c) from codes (b, t, c)."""
        pairs = zip(self.recurrent, self.change, strict=True)
        return torch.stack([sequence + change(lstm(sequence)[0]) for lstm, change in pairs], dim=1)


class ModeDiscriminator(nn.Module):
    """Tells from a time-averaged sequence which mode made it: linear + softmax (eq. 3).

    It looks at the decoded landmark images: on codes, the modes would part along
    directions that the decoder does not show. The rows of its linear map have a fixed
    `norm`, or they would grow until they tell modes apart that no eye can; the smaller
    it is, the further modes are pushed. Both are ours.
    """

    def __init__(self, image_size=64, modes=3, norm=1.0):
        super().__init__()
        self.norm = norm
        self.directions = nn.Parameter(0.01 * torch.randn(modes, image_size**2))

    def forward(self, modes):
        """Logits (b, k, k): for each sequence of `modes` (b, k, t, s, s), a score a mode."""
        return linear(modes.mean(dim=2).flatten(2), self.norm * normalize(self.directions, dim=1))
