"""Methods that are told more than an expression: what strength, length and action units do in their networks."""

import numpy as np
import pytest
import torch

from cmm.core.weights_file import save_networks
from cmm.faces.landmarks import MIRRORED
from cmm.figures import plot_conditions
from cmm.generation import generate_conditions
from cmm.generation.conditions_file import read_conditions
from cmm.generation.generate_smiles import neutral_of
from cmm.methods.cdaae.labels import of_action_units, of_expression
from cmm.methods.cdaae.networks import CodeDiscriminator, DifferenceAutoencoder, ImageDiscriminator
from cmm.methods.controllable_i2v.controllable_i2v import mirrored
from cmm.methods.controllable_i2v.networks import PointPredictor, StrengthUNet
from cmm.methods.generator import Condition
from cmm.methods.loading import load
from cmm.sequences.smiles_file import read_smiles
from cmm.training.strengths import along, mean_curves, strengths_of

NAMES = ["posed", "spontaneous"]


def strength_unet(size=32):
    torch.manual_seed(0)
    return StrengthUNet(size, 2, frames=4).eval()


@torch.inference_mode()
def test_a_frame_depends_on_its_own_strength_alone():
    network, faces = strength_unet(), torch.rand(3, 3, 32, 32) * 2 - 1
    label = torch.tensor([0, 1, 1])
    alone = network(faces, label, torch.full((3, 1), 0.5))
    among = network(faces, label, torch.tensor([0.0, 0.5, 1.0]).expand(3, -1))
    torch.testing.assert_close(among[:, 1], alone[:, 0], atol=1e-5, rtol=1e-4)


@torch.inference_mode()
def test_without_strength_nothing_of_the_expression_is_seen():
    """base + 0 * residual: the picture is the same for every expression; base + a * residual: it is not."""
    network, faces = strength_unet(), torch.rand(2, 3, 32, 32) * 2 - 1
    one, two = (network(faces, torch.full((2,), label), torch.tensor([[0.0, 1.0]] * 2)) for label in (0, 1))
    torch.testing.assert_close(one[:, 0], two[:, 0], atol=1e-6, rtol=0)
    assert (one[:, 1] - two[:, 1]).abs().max() > 1e-3


@torch.inference_mode()
def test_every_level_is_base_plus_strength_times_residual():
    """The bottleneck and every skip, each level written out."""
    network, faces = strength_unet(), torch.rand(1, 3, 32, 32) * 2 - 1
    base, residual = network.base(faces), network.residual(faces)
    levels = []
    for b, r, head in zip(base, residual, network.heads, strict=True):
        levels.append(b + 0.7 * head(r)[:, b.shape[1] :])  # of the second expression
    x = network.up[0](levels[-1])
    for layer, level in zip(network.up[1:], levels[-2:0:-1], strict=True):
        x = layer(torch.cat([x, level], dim=1))
    expected = network.picture(torch.cat([x, levels[0]], dim=1))
    made = network(faces, torch.tensor([1]), torch.tensor([[0.7]]))[:, 0]
    torch.testing.assert_close(made, expected, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("size", [32, 64, 128])
@torch.inference_mode()
def test_shapes(size):
    faces, label = torch.zeros(2, 3, size, size), torch.tensor([0, 1])
    assert StrengthUNet(size).eval()(faces, label, torch.zeros(2, 5)).shape == (2, 5, 3, size, size)
    assert PointPredictor(size).eval()(faces).shape == (2, 68, 2)
    told = of_expression(label, torch.ones(2), 2)
    network = DifferenceAutoencoder(size, 7).eval()
    assert network(faces, told).shape == faces.shape
    assert network.encode(faces)[0].shape == (2, 7)
    assert CodeDiscriminator(7)(network.encode(faces)[0]).shape == (2, 1)
    assert ImageDiscriminator().eval()(faces, told).shape[:2] == (2, 1)


def test_mirrored_points_are_those_of_the_mirrored_face():
    assert [MIRRORED[i] for i in MIRRORED] == list(range(68)), "twice mirrored is the same"
    outer = {0: 16, 8: 8, 17: 26, 30: 30, 31: 35, 36: 45, 39: 42, 41: 46, 48: 54, 51: 51, 57: 57, 60: 64, 67: 65}
    assert {i: MIRRORED[i] for i in outer} == outer
    points = torch.rand(2, 68, 2) * 2 - 1
    torch.testing.assert_close(mirrored(points)[:, 36], points[:, 45] * torch.tensor([-1.0, 1.0]))


def test_strength_is_how_far_au12_has_come():
    units = np.full((4, 5, 2), np.nan, np.float32)
    units[0, :, 1] = [1, 1, 2, 3, 3]
    units[1, :, 1] = [0, 2, 1, 4, 3]  # what falls again counts as having come as far
    units[2, :, 1] = [2, 2.1, 1.9, 2.2, 2]  # no smile at all
    expected = [[0, 0, 0.5, 1, 1], [0, 0.5, 0.5, 1, 1], [0, 0.25, 0.5, 0.75, 1], [0, 0.25, 0.5, 0.75, 1]]
    found = strengths_of(units)
    np.testing.assert_allclose(found, expected)
    curves = mean_curves(found, np.array([0, 0, 1, 1]), 2)
    np.testing.assert_allclose(curves, [[0, 0.25, 0.5, 1, 1], [0, 0.25, 0.5, 0.75, 1]])
    np.testing.assert_allclose(along(curves[0], 9, 0.5), [0, 0.0625, 0.125, 0.1875, 0.25, 0.375, 0.5, 0.5, 0.5])


def test_labels_interpolate_and_neutral_is_the_same_for_every_expression():
    one = of_expression(torch.tensor([0, 1, 1]), torch.tensor([0.0, 0.0, 0.5]), 2)
    assert one.tolist() == [[0, 0, 0, 0, 0], [0, 0, 0, 0, 0], [0, 0.5, 0, 0, 0]]
    assert of_action_units(torch.tensor([[5.0, 2.5]]), 2).tolist() == [[0, 0, 1, 1, 0.5]]


@torch.inference_mode()
def test_the_difference_path_hands_the_encoders_features_on():
    """With it, the decoder's own features are a difference: without any, what is drawn is the input's; else nothing."""
    for path in (True, False):
        torch.manual_seed(0)
        network = DifferenceAutoencoder(32, 7, difference_path=path).eval()
        codes, label = torch.zeros(1, 7), of_expression(torch.tensor([0]), torch.ones(1), 2)
        first, second = (network.decode(codes, torch.rand(1, 64, 16, 16), label) for _ in range(2))
        assert torch.equal(first, second) != path
        if path:
            last = network.decoder[-1][-1]
            last.weight.zero_()
            last.bias.zero_()
            low = torch.rand(1, 64, 16, 16)
            torch.testing.assert_close(network.decode(codes, low, label), network.picture(low))


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """{method: weights file} of untrained networks: the path through them is the same."""
    folder, found = tmp_path_factory.mktemp("conditions"), {}
    networks = {
        "controllable_i2v": {"generator": strength_unet()},
        "cdaae": {"autoencoder": DifferenceAutoencoder(32, 7, frames=4)},
    }
    for method, network in networks.items():
        found[method] = folder / f"{method}.safetensors"
        about = {"stage": f"cmm.methods.{method}.{method}", "expressions": NAMES}
        save_networks(found[method], network, about)
    return found


@pytest.mark.parametrize("method", ["controllable_i2v", "cdaae"])
def test_a_sequence_of_any_length_to_any_strength(method, weights, smiles):
    generator, data = load(method, [weights[method]]), read_smiles(smiles)
    neutral = neutral_of(data, [0, 1], 32)

    def made(**told):
        return generator(neutral, [Condition("posed", **told), Condition("spontaneous", **told)]).faces[:, 0]

    assert made().shape == (2, 4, 32, 32, 3), "as long as the training sequences"
    nine = made(frames=9)
    same = made(frames=5), made(frames=9, strength=0.5)  # half of the times; the first half of the way, slower
    np.testing.assert_allclose(nine[:, ::2].astype(int), same[0], atol=1)
    np.testing.assert_allclose(nine[:, :5].astype(int), same[1][:, ::2], atol=1)
    assert (made(strength=1.5)[:, -1] != nine[:, -1]).any()


def test_action_units_are_heard(weights, smiles):
    generator, data = load("cdaae", [weights["cdaae"]]), read_smiles(smiles)
    neutral = neutral_of(data, [0], 32)
    ends = [
        generator(neutral, [Condition("posed", action_units=units)]).faces[0, 0, -1]
        for units in ({"AU12": 1.0}, {"AU12": 4.0}, {"AU6": 4.0})
    ]
    assert all((ends[i] != ends[j]).any() for i, j in ((0, 1), (0, 2), (1, 2)))


@pytest.mark.parametrize(("method", "grids"), [("controllable_i2v", set()), ("cdaae", {"labels"})])
def test_grids_of_people_by_condition(method, grids, weights, smiles, tmp_path):
    out = tmp_path / "conditions.h5"
    generate_conditions.main(smiles, method, [weights[method]], 1, out)
    found, people = read_conditions(out)
    assert set(found) == grids | {f"strength_{name}" for name in NAMES}
    for heads, pictures in found.values():
        assert pictures.shape == (len(people), len(heads), 32, 32, 3)
    plot_conditions.main(out, tmp_path / "figures")
    assert {path.stem for path in (tmp_path / "figures").iterdir()} == set(found)
