"""The landmark phases on a tiny set: each fine-tunes the ones before it."""

import numpy as np
import pytest
import torch

from cmm.core.errors import UserError
from cmm.core.weights_file import load_networks
from cmm.methods.cmm_net import conditional_lstm, landmark_vae, multi_mode_lstm
from cmm.methods.cmm_net.networks import MultiModeLSTM
from cmm.networks.conditional_lstm import ConditionalLSTM
from cmm.networks.image_vae import ImageVAE
from cmm.sequences.smiles_file import read_smiles
from cmm.training.loop import Run

CLASSES = {"landmark_vae": ImageVAE, "conditional_lstm": ConditionalLSTM, "multi_mode_lstm": MultiModeLSTM}


@pytest.fixture(scope="module")
def phases(smiles, tmp_path_factory):
    out = tmp_path_factory.mktemp("phases")

    def run(module, name, settings, *before):
        files = out / f"{name}.safetensors", out / f"{name}.tsv", out / "state"
        module.main(smiles, *before, Run(0, *files), settings)
        return out / f"{name}.safetensors"

    one = run(landmark_vae, "one", landmark_vae.Settings(epochs=1, codes=6, warp=1.0))
    two = run(conditional_lstm, "two", conditional_lstm.Settings(epochs=2, width=8), one)
    three = run(multi_mode_lstm, "three", multi_mode_lstm.Settings(epochs=2, width=8, modes=4), two)
    return one, two, three


def weights(path, name):
    return load_networks(path, **{name: CLASSES[name]})[0][name].state_dict()


def test_each_phase_carries_and_tunes_the_networks_before_it(phases):
    one, two, three = phases
    for before, after, name in ((one, two, "landmark_vae"), (two, three, "conditional_lstm")):
        old, new = weights(before, name), weights(after, name)
        assert any(not torch.equal(old[key], new[key]) for key in old), f"{name} must be fine-tuned"


def test_what_is_tuned_keeps_the_statistics_of_its_own_training(phases):
    first, *later = (weights(path, "landmark_vae") for path in phases)
    statistics = [key for key in first if "running" in key]
    assert statistics
    assert all(torch.equal(first[key], after[key]) for after in later for key in statistics)


def test_k_is_configuration(phases):
    networks, about = load_networks(phases[2], **CLASSES)
    assert networks["multi_mode_lstm"].architecture["modes"] == 4
    assert networks["conditional_lstm"].frames == 4
    assert about["settings"]["modes"] == 4
    assert about["fold"] == 0


def test_a_weights_file_of_another_stage_is_refused(phases, smiles, tmp_path):
    with pytest.raises(UserError, match="has no conditional_lstm: it holds landmark_vae"):
        multi_mode_lstm.main(
            smiles, phases[0], Run(0, tmp_path / "w", tmp_path / "l", tmp_path / "s"), multi_mode_lstm.Settings()
        )


def test_an_unknown_fold_is_named(smiles, tmp_path):
    with pytest.raises(UserError, match=r"no sequence in fold 9: it has folds \[0, 1, 2\]"):
        read_smiles(smiles, 9)


def test_of_more_sequences_than_are_wanted_some_are_drawn(smiles):
    whole = read_smiles(smiles, 0, arrays=("faces",))
    drawn = [read_smiles(smiles, 0, arrays=("faces",), most=3, random=np.random.default_rng(i)) for i in range(20)]
    for some in drawn:
        places = np.searchsorted(whole.smile, some.smile)
        assert len(some) == 3
        assert np.all(np.diff(places) > 0), "in their order, none twice"
        assert np.array_equal(some.faces[0], whole.faces[places[0]])
    assert {name for some in drawn for name in some.smile} == set(whole.smile), "any may be drawn"
    assert all(len(some.expressions) == len(whole.expressions) for some in drawn), "of each expression, some"
    everything = read_smiles(smiles, 0, arrays=("faces",), most=len(whole), random=None)
    assert list(everything.smile) == list(whole.smile)


def test_a_frozen_vae_keeps_its_weights_and_statistics(phases, smiles, tmp_path):
    settings = conditional_lstm.Settings(epochs=1, width=8, fine_tuning_rate=0.0)
    run = Run(0, tmp_path / "w.safetensors", tmp_path / "l", tmp_path / "s")
    conditional_lstm.main(smiles, phases[0], run, settings)
    old, new = weights(phases[0], "landmark_vae"), weights(tmp_path / "w.safetensors", "landmark_vae")
    assert all(torch.equal(old[key], new[key]) for key in old)
