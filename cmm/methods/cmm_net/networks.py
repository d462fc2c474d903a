"""Multi-mode LSTMs: K diverse sequences from one (paper section 3.3)."""

import torch
from torch import nn
from torch.nn.functional import linear, normalize


class MultiModeLSTM(nn.Module):
    """K LSTMs, each of which maps the conditional sequence to a sequence of its own.

    As in the conditional LSTM, a mode is its input plus a linear map of the state
    (the paper gives neither width nor output layer). If `growing`, that map counts as far as the conditional
    sequence has gone on its way from its first code to its last, so that all modes begin where it does; weights that
    do not say whether are not.
    """

    def __init__(self, codes=100, width=256, modes=3, growing=False):
        super().__init__()
        self.architecture = {"codes": codes, "width": width, "modes": modes, "growing": growing}
        self.growing = growing
        self.recurrent = nn.ModuleList(nn.LSTM(codes, width, batch_first=True) for _ in range(modes))
        self.change = nn.ModuleList(nn.Linear(width, codes) for _ in range(modes))

    def forward(self, sequence):
        """Mode sequences (b, k, t, c) from codes (b, t, c)."""
        pairs = zip(self.recurrent, self.change, strict=True)
        changes = torch.stack([change(lstm(sequence)[0]) for lstm, change in pairs], dim=1)
        if self.growing:
            moved = (sequence - sequence[:, :1]).float()  # (b, t, c)
            way = moved[:, -1:]
            gone = (moved * way).sum(dim=2) / way.square().sum(dim=2).clamp(min=1e-6)  # as a share
            # What is drawn moves as the square of it (docs/evaluation.md): else modes part before the smile begins.
            changes = changes * gone.clamp(0, 1).square()[:, None, :, None].to(changes)
        return sequence[:, None] + changes


class ModeDiscriminator(nn.Module):
    """Tells from a time-averaged sequence which mode made it: linear + softmax (eq. 3).

    What it is told is of `size` numbers. The rows of its linear map have a fixed `norm`, or they would
    grow until they tell modes apart that no eye can; the smaller it is, the further modes
    are pushed. That is ours; with `norm` 0 the rows are free.
    """

    def __init__(self, size, modes=3, norm=1.0):
        super().__init__()
        self.norm = norm
        self.directions = nn.Parameter(0.01 * torch.randn(modes, size))

    def forward(self, means):
        """Logits (b, k, k): for each time average of the modes (b, k, size), a score a mode."""
        return linear(means, self.norm * normalize(self.directions, dim=1) if self.norm else self.directions)
