"""Layer shapes and parameter counts against the paper's description (sections 3 and 4.1)."""

from itertools import pairwise, product

import pytest
import torch
from torch import nn

from cmm.methods.cmm_net.networks import ModeDiscriminator, MultiModeLSTM
from cmm.networks.conditional_lstm import ConditionalLSTM
from cmm.networks.image_vae import ImageVAE
from cmm.networks.translation import PairDiscriminator, TranslationUNet


def conv(before, after, kernel=4):
    return before * after * kernel**2 + after


def count(network):
    return sum(p.numel() for p in network.parameters())


def layers(network, kind):
    return [layer for layer in network.modules() if isinstance(layer, kind)]


def test_landmark_vae_is_the_papers():
    vae = ImageVAE()
    widths = [64, 128, 256, 512]
    encoder = layers(vae.encoder, nn.Conv2d)
    assert [layer.out_channels for layer in encoder] == widths
    assert all((layer.kernel_size, layer.stride, layer.padding) == ((4, 4), (2, 2), (1, 1)) for layer in encoder)
    assert [layer.num_features for layer in layers(vae.encoder, nn.BatchNorm2d)] == widths[1:], "not on the first"
    assert len(layers(vae.encoder, nn.LeakyReLU)) == 4
    assert len(layers(vae.decoder, nn.LeakyReLU)) == 4
    assert not layers(vae, nn.ReLU)
    for head in (vae.mean_head, vae.log_deviation_head):
        assert (head.out_channels, head.kernel_size, head.stride, head.padding) == (100, (4, 4), (1, 1), (0, 0))
    assert [layer.out_channels for layer in layers(vae.decoder, nn.ConvTranspose2d)] == [512, 256, 128, 64, 1]
    expected = sum(conv(a, b) for a, b in zip([1, *widths[:-1]], widths, strict=True)) + 2 * sum(widths[1:])
    expected += 2 * conv(512, 100)
    mirrored = [100, 512, 256, 128, 64, 1]
    expected += sum(conv(a, b) for a, b in pairwise(mirrored)) + 2 * sum(widths)
    assert count(vae) == expected


@pytest.mark.parametrize("size", [32, 64, 128])
def test_landmark_vae_shapes(size):
    vae = ImageVAE(size, codes=7)
    images = torch.rand(2, 1, size, size)
    logits, mean, log_deviation = vae(images, torch.zeros(2, 7))
    assert logits.shape == images.shape
    assert mean.shape == log_deviation.shape == (2, 7)
    assert vae.encoder(images).shape[-2:] == (4, 4)
    decoded = vae.decode(mean)
    assert 0 <= decoded.min() <= decoded.max() <= 1


def test_translation_unet_is_the_papers():
    unet = TranslationUNet()
    down, up = layers(unet.down, nn.Conv2d), layers(unet.up, nn.ConvTranspose2d)
    assert down[0].in_channels == 4, "neutral face and landmark image"
    assert [layer.out_channels for layer in down] == [64, 128, 256, 512, 512, 512]
    assert all((layer.kernel_size, layer.stride, layer.padding) == ((4, 4), (2, 2), (1, 1)) for layer in down + up)
    assert sorted(layer.in_channels for layer in up) == [128, 256, 512, 512, 1024, 1024]
    out = unet(torch.rand(2, 3, 64, 64), torch.rand(2, 1, 64, 64))
    assert out.shape == (2, 3, 64, 64)
    assert out.abs().max() <= 1


@pytest.mark.parametrize("size", [32, 128])
def test_translation_at_other_sizes(size):
    out = TranslationUNet(size)(torch.rand(2, 3, size, size), torch.rand(2, 1, size, size))
    assert out.shape == (2, 3, size, size)


def test_every_skip_connection_reaches_the_result():
    torch.manual_seed(0)
    unet = TranslationUNet(32).eval()
    neutral, landmarks = torch.rand(1, 3, 32, 32), torch.rand(1, 1, 32, 32)
    before = unet(neutral, landmarks)
    for i in range(len(unet.down) - 1):
        hook = unet.down[i].register_forward_hook(lambda module, inputs, output: output * 0)
        assert not torch.equal(unet(neutral, landmarks), before)
        hook.remove()


def test_pair_discriminator_is_the_papers():
    net = PairDiscriminator()
    convs = layers(net, nn.Conv2d)
    assert [layer.out_channels for layer in convs] == [64, 128, 256, 512, 1]
    assert [layer.stride[0] for layer in convs] == [2, 2, 2, 1, 1]
    assert convs[0].in_channels == 6
    assert net(torch.rand(2, 3, 64, 64), torch.rand(2, 3, 64, 64)).shape == (2, 1, 6, 6)


def test_conditional_lstm_follows_the_label():
    torch.manual_seed(0)
    lstm = ConditionalLSTM(codes=5, width=8, frames=6)
    neutral = torch.randn(3, 5)
    posed, spontaneous = (lstm(neutral, torch.full((3,), label)) for label in (0, 1))
    assert posed.shape == (3, 6, 5)
    assert not torch.allclose(posed, spontaneous)


def test_conditional_lstm_is_causal_in_h0_and_starts_there():
    lstm = ConditionalLSTM(codes=5, width=8, frames=6)
    nn.init.zeros_(lstm.change.weight)
    nn.init.zeros_(lstm.change.bias)
    neutral = torch.randn(3, 5)
    torch.testing.assert_close(lstm(neutral, torch.zeros(3, dtype=torch.long)), neutral[:, None].expand(3, 6, 5))


def test_an_anchored_sequence_begins_with_h0_and_changes_from_there():
    lstm, neutral, label = ConditionalLSTM(5, 8, frames=6, anchored=True), torch.randn(3, 5), torch.tensor([0, 1, 0])
    found, condition = lstm(neutral, label), lstm.label(label)
    torch.testing.assert_close(found[:, 0], neutral, rtol=0, atol=1e-6)
    state = tuple(lstm.start(torch.cat([neutral, condition], dim=1)).tanh().chunk(2, dim=1))
    before, changes = neutral, []
    for t in range(6):
        state = lstm.cell(torch.cat([before, condition], dim=1), state)
        changes.append(lstm.change(state[0]))
        torch.testing.assert_close(found[:, t] - neutral, changes[t] - changes[0])
        before = found[:, t]
    assert (found[:, 1:] != found[:, :1]).all(), "the sequence moves"


@pytest.mark.parametrize("modes", [1, 3, 5])
def test_multi_mode_shapes(modes):
    multi = MultiModeLSTM(codes=5, width=8, modes=modes)
    out = multi(torch.randn(2, 6, 5))
    assert out.shape == (2, modes, 6, 5)
    assert ModeDiscriminator(64, modes)(torch.rand(2, modes, 64)).shape == (2, modes, modes)


def test_modes_begin_with_the_conditional_sequence_and_part_as_it_moves():
    sequence = torch.randn(2, 6, 5)
    free, growing = MultiModeLSTM(5, 8, 3), MultiModeLSTM(5, 8, 3, growing=True)
    growing.load_state_dict(free.state_dict())
    anyhow, found = (multi(sequence) - sequence[:, None] for multi in (free, growing))
    way = sequence[:, -1] - sequence[:, 0]
    for i, mode, t in product(range(2), range(3), range(6)):
        gone = ((sequence[i, t] - sequence[i, 0]) @ way[i] / (way[i] @ way[i])).clamp(0, 1)
        torch.testing.assert_close(found[i, mode, t], anyhow[i, mode, t] * gone**2)
    assert (anyhow[:, :, 0] != 0).all()
    assert (found[:, :, 0] == 0).all()
    still = sequence[:, :1].expand_as(sequence).clone().requires_grad_()
    growing(still).sum().backward()
    assert still.grad.isfinite().all(), "a sequence that does not move"


def test_mode_discriminator_is_linear_with_rows_of_fixed_norm_or_free_ones():
    net, means = ModeDiscriminator(64, 3, norm=0.4), torch.rand(2, 3, 64)
    torch.testing.assert_close(net(2 * means), 2 * net(means))
    one = torch.zeros(1, 3, 64)
    one[..., 0] = 1
    assert net(one).abs().max() <= 0.4
    free = ModeDiscriminator(64, 3, norm=0)
    torch.testing.assert_close(free(means), means @ free.directions.T)
