import json
import pickle

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from cmm.core.errors import UserError
from cmm.core.weights_file import load_networks, save_networks
from cmm.networks.conditional_lstm import ConditionalLSTM
from cmm.networks.image_vae import ImageVAE
from cmm.networks.translation import TranslationUNet


@pytest.fixture
def saved(tmp_path):
    networks = {"landmark_vae": ImageVAE(32, 7), "conditional_lstm": ConditionalLSTM(7, 8, frames=4)}
    save_networks(tmp_path / "a.safetensors", networks, {"seed": 1})
    return tmp_path / "a.safetensors", networks


def test_metadata_rebuilds_the_networks(saved):
    path, networks = saved
    loaded, about = load_networks(path, landmark_vae=ImageVAE, conditional_lstm=ConditionalLSTM)
    assert about == {"seed": 1}
    for name, network in networks.items():
        assert loaded[name].architecture == network.architecture
        for key, value in network.state_dict().items():
            torch.testing.assert_close(loaded[name].state_dict()[key], value, rtol=0, atol=0)
        assert not loaded[name].training


def test_missing_network_is_named(saved):
    with pytest.raises(UserError, match="has no translation: it holds landmark_vae, conditional_lstm"):
        load_networks(saved[0], translation=TranslationUNet)


def not_ours(path):
    save_file({"a": torch.zeros(3)}, path)


def a_pickle(path):
    path.write_bytes(pickle.dumps({"a": 1}))


def cut(path):
    save_networks(path, {"landmark_vae": ImageVAE(32, 7)}, {})
    path.write_bytes(path.read_bytes()[:-100])


def other_shapes(path):
    vae = ImageVAE(32, 7)
    vae.architecture = {"image_size": 64, "codes": 9}
    save_networks(path, {"landmark_vae": vae}, {})


def other_arguments(path):
    metadata = {"format": "cmm-net 1", "architecture": json.dumps({"landmark_vae": {"eyes": 2}}), "about": "{}"}
    save_file({"landmark_vae/a": torch.zeros(1)}, path, metadata)


@pytest.mark.parametrize("make", [not_ours, a_pickle, cut, other_shapes, other_arguments])
def test_files_that_are_not_ours_are_refused_in_one_line(tmp_path, make):
    path = tmp_path / "weights.safetensors"
    make(path)
    with pytest.raises(UserError, match=r"weights\.safetensors is (a safetensors file, but )?not") as error:
        load_networks(path, landmark_vae=ImageVAE)
    assert "\n" not in str(error.value)


def test_missing_file(tmp_path):
    with pytest.raises(UserError, match="do not exist"):
        load_networks(tmp_path / "none.safetensors", landmark_vae=ImageVAE)


def test_a_flipped_bit_anywhere_is_one_line_or_changes_nothing(saved):
    """Of the header, too: there it may hit a space."""
    path, networks = saved
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    places = [*rng.integers(0, 2000, 60), *rng.integers(0, len(whole), 60)]
    for place, bit in zip(places, rng.integers(0, 8, len(places)), strict=True):
        data = bytearray(whole)
        data[place] ^= 1 << bit
        path.write_bytes(data)
        try:
            loaded, _ = load_networks(path, landmark_vae=ImageVAE, conditional_lstm=ConditionalLSTM)
        except UserError:
            continue
        assert place < len(whole) - sum(v.nbytes for n in networks.values() for v in n.state_dict().values())
        for name, network in networks.items():
            mine = loaded[name].state_dict()
            assert all(torch.equal(mine[key], value) for key, value in network.state_dict().items())


def test_files_without_a_checksum_are_of_version_0_1(saved):
    path, _ = saved
    with safe_open(path, "pt") as file:
        tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
        metadata = file.metadata()
    del metadata["checksum"]
    save_file(tensors, path, metadata)
    assert load_networks(path, landmark_vae=ImageVAE)[1] == {"seed": 1}
