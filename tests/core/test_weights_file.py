import json
import pickle

import pytest
import torch
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
