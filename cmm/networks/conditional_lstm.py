"""Conditional LSTM: from the neutral code and an expression to a sequence (paper section 3.2)."""

import torch
from torch import nn


class ConditionalLSTM(nn.Module):
    """Generates h_1..h_T from h_0; the label is given at every step.

    The state starts from h_0 and the label; each step reads the code before it and the
    label. A step's code is h_0 plus a linear map of the state, so that an untrained
    network keeps the person's neutral face. The paper states neither the width nor this
    output layer, nor that the label is embedded into as many channels as a code (two
    numbers beside a hundred would hardly be heard): all ours. If `anchored`, a code is h_0 plus what has changed since
    the first step, so that a sequence begins with h_0 itself, as the true one begins with the neutral face.
    """

    def __init__(self, codes=100, width=256, labels=2, frames=32, anchored=False):
        super().__init__()
        self.architecture = {"codes": codes, "width": width, "labels": labels, "frames": frames, "anchored": anchored}
        self.frames, self.anchored = frames, anchored
        self.label = nn.Embedding(labels, codes)
        self.start = nn.Linear(2 * codes, 2 * width)
        self.cell = nn.LSTMCell(2 * codes, width)
        self.change = nn.Linear(width, codes)

    def forward(self, neutral, label):
        """Codes (b, frames, c) from neutral codes (b, c) and labels (b,) int64."""
        condition = self.label(label)
        state = tuple(self.start(torch.cat([neutral, condition], dim=1)).tanh().chunk(2, dim=1))
        code, origin, sequence = neutral, neutral, []
        for step in range(self.frames):
            state = self.cell(torch.cat([code, condition], dim=1), state)
            change = self.change(state[0])
            if self.anchored and step == 0:
                origin = neutral - change
            code = origin + change
            sequence.append(code)
        return torch.stack(sequence, dim=1)
