"""The shared loop: determinism, resume after a kill, states that do not fit."""

import dataclasses
import functools
import itertools
import os
import signal
import subprocess
import sys
from contextlib import nullcontext

import h5py
import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file
from waiting import wait_for

from cmm.cli import main as cli
from cmm.core.errors import UserError
from cmm.core.weights_file import load_networks
from cmm.methods.cmm_net import landmark_vae, translation
from cmm.networks.image_vae import ImageVAE
from cmm.training import HELD_OUT, loop
from cmm.training.batches import Batch, EpochGenerators, draw_frames, frames_of, shuffled
from cmm.training.loop import Run
from cmm.training.losses import kl_divergence
from cmm.training.state import State, TrainingPosition, owned
from cmm.training.tensors import images_to_tensor
from cmm.training.warps import landmarks_of

STAGES = {"landmark_vae": landmark_vae, "translation": translation}


def train(stage, smiles, folder, held_mb=256, **changes):
    module = STAGES[stage]
    settings = dataclasses.replace(module.Settings(epochs=3, batch_size=8), **changes)
    run = Run(0, folder / "w.safetensors", folder / "losses.tsv", folder / "state", held_mb=held_mb)
    module.main(smiles, run, settings)
    return load_file(folder / "w.safetensors")


def same(first, second):
    return all(torch.equal(first[key], second[key]) for key in first)


@pytest.fixture(scope="module")
def once(smiles, tmp_path_factory):
    """Function of a stage: the weights that `train` gives, trained once."""
    return functools.cache(lambda stage: train(stage, smiles, tmp_path_factory.mktemp(stage)))


@pytest.mark.parametrize("stage", STAGES)
def test_same_seed_same_weights(stage, once, smiles, tmp_path):
    assert same(once(stage), train(stage, smiles, tmp_path))
    assert not (tmp_path / "state").exists()
    lines = (tmp_path / "losses.tsv").read_text().splitlines()
    assert len(lines) == 4
    assert lines[0].startswith("epoch\t")


@pytest.mark.parametrize("stage", STAGES)
def test_what_stays_in_memory_changes_no_weights(stage, once, smiles, tmp_path):
    assert same(once(stage), train(stage, smiles, tmp_path, held_mb=0)), "a sequence at a time"


@pytest.mark.parametrize("stage", STAGES)
def test_people_held_out_are_watched_and_change_no_weights(stage, once, smiles, tmp_path, monkeypatch):
    watched = once(stage)
    with monkeypatch.context() as patch:
        patch.setattr(Run, "watch", lambda *_: None)
        assert same(watched, train(stage, smiles, tmp_path))
        alone = pd.read_csv(tmp_path / "losses.tsv", sep="\t").drop(columns="seconds")
    assert not any(name.endswith(HELD_OUT) for name in alone)
    train(stage, smiles, tmp_path)
    both = pd.read_csv(tmp_path / "losses.tsv", sep="\t")
    pd.testing.assert_frame_equal(both[list(alone)], alone)
    assert {name + HELD_OUT for name in alone if name != "epoch"} < set(both)


def test_the_loss_of_people_held_out_is_that_of_the_network_that_is_written(smiles, tmp_path):
    settings = landmark_vae.Settings(epochs=2, batch_size=7, warp=1.0, precision="fp32")  # varied to learn from alone
    run = Run(0, tmp_path / "w.safetensors", tmp_path / "losses.tsv", tmp_path / "state")
    landmark_vae.main(smiles, run, settings)
    vae = load_networks(run.out, landmark_vae=ImageVAE)[0]["landmark_vae"]
    data = run.watch(smiles, run.read(smiles, "points"), "points")
    assert set(data.fold) == {0}
    x = images_to_tensor(np.concatenate([landmarks_of(data, i) for i in range(len(data))]))
    with torch.no_grad():
        mean, log_deviation = vae(x, torch.zeros(len(x), settings.codes))[1:]
    told = pd.read_csv(run.losses, sep="\t")[f"kl{HELD_OUT}"].iloc[-1]
    assert told == pytest.approx(float(kl_divergence(mean, log_deviation)), rel=1e-4)


def test_a_damaged_sequence_ends_a_training_with_one_line(smiles, tmp_path, capsys):
    copy, data = tmp_path / "smiles.h5", bytearray(smiles.read_bytes())
    with h5py.File(smiles) as file:
        data[file["faces"].id.get_chunk_info_by_coord((5, 0, 0, 0, 0)).byte_offset + 9] ^= 1
    copy.write_bytes(data)
    words = ["train_translation", "--smiles", copy, "--fold", "0", "--epochs", "1", "--state", tmp_path / "state"]
    words += ["--out", tmp_path / "w.safetensors", "--losses", tmp_path / "l.tsv"]
    assert cli([str(word) for word in words]) == 1
    assert f"{copy} is damaged" in capsys.readouterr().err.splitlines()[-1]
    assert not (tmp_path / "w.safetensors").exists()


@pytest.mark.parametrize("stage", STAGES)
def test_a_killed_run_goes_on_to_the_same_weights(stage, once, smiles, tmp_path):
    out = tmp_path / "killed"
    words = [sys.executable, "-m", "cmm", f"train_{stage}", "--smiles", smiles, "--fold", "0", "--epochs", "3"]
    words += ["--batch-size", "8", "--state", out / "state", "--out", out / "w.safetensors"]
    words = [str(word) for word in [*words, "--losses", out / "losses.tsv"]]
    with subprocess.Popen([*words, "--state-seconds", "0"], stderr=subprocess.DEVNULL) as run:
        wait_for((out / "state/state.pt").exists, "there was a state", run)
        os.kill(run.pid, signal.SIGKILL)
    assert not (out / "w.safetensors").exists()
    again = subprocess.run(words, capture_output=True, text=True, check=True, timeout=300)
    assert "going on after epoch" in again.stderr
    assert same(load_file(out / "w.safetensors"), once(stage))
    assert len((out / "losses.tsv").read_text().splitlines()) == 4


@pytest.fixture
def saved(tmp_path):
    """A run whose state was saved in its second epoch, and a function that opens it under a fingerprint."""
    run = Run(0, tmp_path / "w", tmp_path / "l", tmp_path / "state", state_seconds=0.0)

    def open_as(fingerprint):
        torch.manual_seed(len(fingerprint))
        net = torch.nn.Linear(2, 2)
        return State(run, {"net": net}, {"adam": torch.optim.Adam(net.parameters())}, fingerprint, "fp32")

    state = open_as("same")
    random = EpochGenerators.of(1, 1)
    random.order.random(3)
    state.save_if_due(TrainingPosition([{"epoch": 1, "bce": 2.5}], 3, {"bce": 0.5}, 1.5), random)
    return open_as, state


def test_a_state_gives_back_place_weights_and_generators(saved):
    open_as, state = saved
    again = open_as("same")
    place = again.load()
    assert (place.epoch, place.step, place.totals) == (1, 3, {"bce": 0.5})
    assert same(again.networks["net"].state_dict(), state.networks["net"].state_dict())
    fresh, restored = EpochGenerators.of(1, 1), EpochGenerators.of(1, 1)
    fresh.order.random(3)
    restored.restore(place.random)
    assert fresh.order.random() == restored.order.random()
    assert torch.rand(2, generator=fresh.noise).equal(torch.rand(2, generator=restored.noise))


def test_a_state_of_other_settings_is_discarded_saying_so(saved, caplog):
    assert saved[0]("other").load() == TrainingPosition()
    assert "other settings, data or code: starting anew" in caplog.text


def test_a_state_of_other_threads_goes_on_saying_so(saved, caplog, monkeypatch):
    monkeypatch.setattr(torch, "get_num_threads", lambda: 77)
    assert saved[0]("same").load().step == 3
    assert "this run has device cpu, arithmetic fp32, processes 1, threads 77: the last bits may differ" in caplog.text


@pytest.mark.parametrize("content", [b"no state", b""])
def test_a_damaged_state_is_discarded_saying_so(saved, caplog, content):
    saved[1].path.write_bytes(content)
    assert saved[0]("same").load() == TrainingPosition()
    assert "is damaged" in caplog.text


def test_two_trainings_with_one_state_are_refused(smiles, tmp_path):
    with owned(tmp_path / "state"), pytest.raises(UserError, match="another process trains with the state"):
        train("landmark_vae", smiles, tmp_path, epochs=1)
    train("landmark_vae", smiles, tmp_path, epochs=1)
    assert not (tmp_path / "state").exists()


@pytest.fixture
def small_disk(tmp_path):
    """A function that makes a file system of so many KiB at `tmp_path/disk`, or gives it another size."""
    folder = tmp_path / "disk"
    folder.mkdir()

    def resize(kib):
        how = (
            ["-o", f"remount,size={kib}k"] if os.path.ismount(folder) else ["-t", "tmpfs", "-o", f"size={kib}k", "none"]
        )
        done = subprocess.run(["mount", *how, str(folder)], capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"cannot mount a small file system here: {done.stderr.strip()}")
        return folder

    yield resize
    subprocess.run(["umount", str(folder)], check=False, capture_output=True)


def test_a_full_disk_is_one_line_and_leaves_the_last_good_state(smiles, tmp_path, small_disk):
    whole = train("landmark_vae", smiles, tmp_path / "whole", epochs=4)

    def go_on(kib):
        out = tmp_path / "out"
        words = ["train_landmark_vae", "--smiles", smiles, "--fold", 0, "--epochs", 4, "--batch-size", 8]
        words += ["--out", out / "w.safetensors", "--losses", out / "l.tsv", "--state", small_disk(kib) / "state"]
        command = [sys.executable, "-m", "cmm", *words, "--state-seconds", 0]
        return subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=300, check=False)

    size = state_kib(smiles, tmp_path / "measured")
    full = go_on(size * 3 // 2)  # room for one state, but not for its successor beside it
    assert full.returncode == 1
    assert full.stderr.splitlines()[-1].startswith("cmm train_landmark_vae: error: cannot write")
    assert "No space left on device" in full.stderr
    assert [path.name for path in (tmp_path / "disk/state").iterdir() if path.name != "lock"] == ["state.pt"]
    again = go_on(size * 3)
    assert "going on after epoch 0, step 1" in again.stderr
    assert same(load_file(tmp_path / "out/w.safetensors"), whole)


def test_a_damaged_state_is_not_used(tmp_path, caplog):
    """Any bit, a zeroed block, a piece cut off: said, and the training begins anew."""
    network = torch.nn.Linear(8, 8)
    adam = torch.optim.Adam(network.parameters())
    state = State(
        Run(0, tmp_path / "w", tmp_path / "l", tmp_path / "s", state_seconds=0.0), {"n": network}, {"a": adam}, "f"
    )
    state.path.parent.mkdir()
    place = TrainingPosition([{"loss": 1.0}], step=3)
    state.save_if_due(place, EpochGenerators.of(1, 0))
    assert (state.load().epoch, state.load().step) == (1, 3)
    whole, rng = state.path.read_bytes(), np.random.default_rng(0)
    for place in rng.integers(0, len(whole), 50):
        data = bytearray(whole)
        data[place] ^= 1 << rng.integers(8)
        state.path.write_bytes(data)
        caplog.clear()
        assert state.load() == TrainingPosition()
        assert "is damaged: it is not used, starting anew" in caplog.text
    for data in (whole[:-1], whole[:10], b"", whole[:500] + bytes(512) + whole[1012:]):
        state.path.write_bytes(data)
        assert state.load() == TrainingPosition()


def state_kib(smiles, folder):
    """Size of the state of the training that `train` runs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(State, "remove", lambda self: None)
        patch.setattr(loop, "owned", lambda folder: nullcontext())
        settings = landmark_vae.Settings(epochs=1, batch_size=8)
        landmark_vae.main(smiles, Run(0, folder / "w", folder / "l", folder / "state", state_seconds=0.0), settings)
    return (folder / "state/state.pt").stat().st_size // 1024


def test_fingerprint_follows_settings_code_and_data_alone():
    about = {"stage": "s", "settings": {"x": 1}, "code": "c", "fold": 1, "seed": 1, "inputs": {"a.h5": "12"}}
    first = loop.fingerprint_of({**about, "versions": {"torch": "2"}, "seconds": 1.0, "commit": "a"})
    assert first == loop.fingerprint_of({**about, "versions": {"torch": "3"}, "inputs": {"elsewhere/a.h5": "12"}})
    for changed in ({"settings": {"x": 2}}, {"code": "d"}, {"fold": 2}, {"seed": 2}, {"inputs": {"a.h5": "13"}}):
        assert first != loop.fingerprint_of(about | changed)


def test_batches_hold_everything_once_and_none_is_small():
    for count in (3, 16, 17, 19):
        batches = shuffled(np.arange(count), 4, EpochGenerators.of(1, 0))
        assert sorted(index for batch in batches for index in batch) == list(range(count))
        assert min(len(batch) for batch in batches) >= min(count, 4)


def test_epochs_differ_but_depend_on_nothing_else():
    orders = [shuffled(np.arange(50), 50, EpochGenerators.of(1, epoch))[0].tolist() for epoch in (0, 0, 1)]
    assert orders[0] == orders[1] != orders[2]


def test_bf16_trains(smiles, tmp_path):
    weights = train("landmark_vae", smiles, tmp_path, precision="bf16", epochs=1)
    assert all(value.dtype == torch.float32 for value in weights.values() if value.is_floating_point())


def test_the_step_falls_to_zero_after_its_share():
    assert [loop.decay(done, 0.5) for done in (0, 0.4, 0.5, 0.75, 1)] == [1, 1, 1, 0.5, 0]
    assert loop.decay(0.99, 1.0) == 1


@pytest.mark.parametrize(("frames", "drawn"), [(32, 8), (32, 32), (10, 4), (4, 8), (7, 1), (40, 0)])
def test_drawn_frames_are_spread_over_the_sequence_and_differ(frames, drawn):
    """One of each part of a sequence: all of them when as many, or 0, are asked for."""
    chosen = np.stack([draw_frames(frames, drawn, EpochGenerators.of(seed, 0), 5) for seed in range(200)])
    drawn = min(drawn, frames) or frames
    assert chosen.shape == (200, 5, drawn)
    assert (np.diff(chosen, axis=-1) > 0).all()
    parts = np.ceil(np.linspace(0, frames, drawn + 1)).astype(int)
    assert ((chosen >= parts[:-1]) & (chosen < parts[1:])).all()
    counts = np.bincount(chosen.ravel(), minlength=frames)
    for start, stop in itertools.pairwise(parts):
        np.testing.assert_allclose(counts[start:stop], 1000 / (stop - start), rtol=0.25)
    items = frames_of(3, frames, drawn).draw(EpochGenerators.of(1, 0))
    assert len(set(items)) == 3 * drawn
    assert (np.bincount(items // frames) == drawn).all()
    assert not np.array_equal(items, frames_of(3, frames, drawn).draw(EpochGenerators.of(1, 1))) or drawn == frames


@pytest.mark.parametrize(("slope", "expected"), [(0.3, 0.3), (30.0, 0.5)])
def test_a_long_gradient_is_made_shorter(slope, expected):
    weight = torch.nn.Parameter(torch.zeros(()))
    batch = Batch(np.arange(4), EpochGenerators.of(1, 1))
    batch.descend(slope * weight, torch.optim.SGD([weight], 1.0), longest=0.5)
    assert weight.item() == pytest.approx(-expected, rel=1e-4)
