"""The fast layers are PyTorch's plain ones: same parameters, same results, same gradients."""

import pytest
import torch
from torch import nn

from cmm.networks.convolutions import Closing, Doubling, Halving, Opening

PLAIN = {
    Halving: (nn.Conv2d, (2, 1), (2, 4, 8, 16)),
    Doubling: (nn.ConvTranspose2d, (2, 1), (1, 2, 4, 8)),
    Closing: (nn.Conv2d, (1, 0), (4,)),
    Opening: (nn.ConvTranspose2d, (1, 0), (1,)),
}
CASES = [(kind, side) for kind, (_, _, sides) in PLAIN.items() for side in sides]


def both(kind, side):
    """(our layer, the plain one with its parameters, pictures in double precision)."""
    torch.manual_seed(0)
    plain, (stride, padding), _ = PLAIN[kind]
    ours, theirs = kind(5, 7).double(), plain(5, 7, 4, stride, padding).double()
    theirs.load_state_dict(ours.state_dict())
    return ours, theirs, torch.randn(3, 5, side, side, dtype=torch.double)


@pytest.mark.parametrize(("kind", "side"), CASES)
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_results_and_gradients_are_the_plain_layers(kind, side, layout):
    ours, theirs, pictures = both(kind, side)
    made, grown = [], []
    for layer in (ours, theirs):
        x = pictures.to(memory_format=layout).requires_grad_()
        y = layer(x)
        weights = torch.cos(torch.arange(y.numel(), dtype=torch.double)).view(y.shape)
        (y**2 * weights).sum().backward()
        made.append(y)
        grown.append([x.grad, layer.weight.grad, layer.bias.grad])
    torch.testing.assert_close(made[0], made[1], rtol=1e-12, atol=1e-12)
    for a, b in zip(*grown, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-10, atol=1e-10)


def test_large_batches_go_through_the_plain_layers(monkeypatch):
    """There they are faster; the sides of 2 and less are products whatever the batch."""
    calls = []
    monkeypatch.setattr(nn.ConvTranspose2d, "forward", lambda layer, x: calls.append(tuple(x.shape)) or x)
    for batch, side in ((32, 4), (33, 4), (64, 2), (4, 8)):
        Doubling(3, 3)(torch.zeros(batch, 3, side, side))
    assert calls == [(33, 3, 4, 4), (4, 3, 8, 8)]


@pytest.mark.parametrize(("kind", "side"), CASES)
def test_under_autocast_the_result_is_bf16_as_the_plain_layers(kind, side):
    ours, theirs, pictures = both(kind, side)
    with torch.autocast("cpu", torch.bfloat16):
        made = ours.float()(pictures.float())
        expected = theirs.float()(pictures.float())
    assert made.dtype == expected.dtype == torch.bfloat16
    torch.testing.assert_close(made.float(), expected.float(), rtol=0.05, atol=0.05)
