"""The shared loop: determinism, resume after a kill, states that do not fit."""

import dataclasses
import os
import signal
import subprocess
import sys
import time

import pytest
import torch
from safetensors.torch import load_file

from cmm.training import landmark_vae, loop, translation
from cmm.training.loop import Run, TrainingSettings

STAGES = {"landmark_vae": landmark_vae, "translation": translation}


def train(stage, smiles, folder, **changes):
    module = STAGES[stage]
    settings = dataclasses.replace(module.Settings(epochs=3, batch_size=8), **changes)
    module.main(smiles, Run(0, folder / "w.safetensors", folder / "losses.tsv", folder / "state"), settings)
    return load_file(folder / "w.safetensors")


def same(first, second):
    return all(torch.equal(first[key], second[key]) for key in first)


@pytest.mark.parametrize("stage", STAGES)
def test_same_seed_same_weights(stage, smiles, tmp_path):
    assert same(train(stage, smiles, tmp_path / "a"), train(stage, smiles, tmp_path / "b"))
    assert not (tmp_path / "a/state").exists()
    lines = (tmp_path / "a/losses.tsv").read_text().splitlines()
    assert len(lines) == 4
    assert lines[0].startswith("epoch\t")


@pytest.mark.parametrize("stage", STAGES)
def test_a_killed_run_goes_on_to_the_same_weights(stage, smiles, tmp_path):
    whole = train(stage, smiles, tmp_path / "whole", epochs=40)
    out = tmp_path / "killed"
    words = [sys.executable, "-m", "cmm", f"train_{stage}", "--smiles", smiles, "--fold", "0", "--epochs", "40"]
    words += ["--batch-size", "8", "--out", out / "w.safetensors", "--losses", out / "losses.tsv"]
    words = [str(word) for word in [*words, "--state", out / "state"]]
    with subprocess.Popen(words, stderr=subprocess.DEVNULL) as run:
        deadline = time.monotonic() + 120
        while not (out / "state/state.pt").exists():
            assert run.poll() is None, "it must not end before it is killed"
            assert time.monotonic() < deadline
        os.kill(run.pid, signal.SIGKILL)
    assert not (out / "w.safetensors").exists()
    again = subprocess.run(words, capture_output=True, text=True, check=True, timeout=300)
    assert "going on after epoch" in again.stderr
    assert same(load_file(out / "w.safetensors"), whole)
    assert len((out / "losses.tsv").read_text().splitlines()) == 41


def test_a_state_of_other_settings_is_discarded_saying_so(tmp_path, caplog):
    net = {"net": torch.nn.Linear(2, 2)}
    loop._save_state(net, {}, [{"epoch": 1}], tmp_path, "old")
    assert loop._resume(net, {}, tmp_path, "new") == []
    assert "other settings, data or code: starting anew" in caplog.text
    assert loop._resume(net, {}, tmp_path, "old") == [{"epoch": 1}]


def test_a_damaged_state_is_discarded_saying_so(tmp_path, caplog):
    (tmp_path / "state.pt").write_bytes(b"no state")
    assert loop._resume({}, {}, tmp_path, "any") == []
    assert "cannot be read" in caplog.text
    torch.save([1, 2], tmp_path / "state.pt")
    assert loop._resume({}, {}, tmp_path, "any") == []


def test_fingerprint_follows_settings_and_files(tmp_path):
    (tmp_path / "a").write_text("1")
    first = loop.fingerprint_of({"x": 1}, tmp_path / "a")
    assert first == loop.fingerprint_of({"x": 1}, tmp_path / "a")
    assert first != loop.fingerprint_of({"x": 2}, tmp_path / "a")
    (tmp_path / "a").write_text("2")
    assert first != loop.fingerprint_of({"x": 1}, tmp_path / "a")


def test_batches_hold_everything_once_and_never_one_alone():
    random = loop._randomness(1, 0)
    batches = loop.shuffled(17, 4, random)
    assert sorted(index for batch in batches for index in batch) == list(range(17))
    assert min(len(batch) for batch in batches) > 1


def test_epochs_differ_but_depend_on_nothing_else():
    orders = [loop.shuffled(50, 50, loop._randomness(1, epoch))[0].tolist() for epoch in (0, 0, 1)]
    assert orders[0] == orders[1] != orders[2]


def test_bf16_trains(smiles, tmp_path):
    weights = train("landmark_vae", smiles, tmp_path, precision="bf16", epochs=1)
    assert all(value.dtype == torch.float32 for value in weights.values() if value.is_floating_point())


def test_the_step_falls_to_zero_after_its_share():
    assert [loop.decay(done, 0.5) for done in (0, 0.4, 0.5, 0.75, 1)] == [1, 1, 1, 0.5, 0]
    assert loop.decay(0.99, 1.0) == 1


def test_settings_are_shared_by_all_stages():
    names = {field.name for field in dataclasses.fields(TrainingSettings)}
    for module in STAGES.values():
        assert names <= {field.name for field in dataclasses.fields(module.Settings)}
