"""Data-parallel training: N processes take the steps that one process takes with the same batches.

Tolerance: float32 sums in another order differ in the last bits, and training makes such
differences grow, on one processor more than on another. Held to other instruction sets (PyTorch's
default, oneDNN's SSE 4.1, MKL's compatible one), one process comes out up to 0.03 percent away in
a loss of three epochs of small steps, and 0.12 steps in a weight; another processor's pull was
0.13 percent away. LOSS and WEIGHT are a few times that. A batch of five makes the parts unequal.
"""

import os
import signal
import socket
import subprocess
import sys

import pandas as pd
import psutil
import pytest
import torch
from safetensors.torch import load_file
from waiting import wait_for

from cmm.cli import main as cli
from cmm.core.errors import UserError
from cmm.training import loop, processes
from cmm.training.loop import TrainingSettings

RATE = 1e-5  # the learning rate
LOSS = 5e-3  # relative, of every epoch's losses; BatchNorm by parts of the batch: 0.7 percent at least
WEIGHT = 0.5  # mean distance of two weights, in steps of the learning rate; BatchNorm by parts: 1.6
SHORT = ["--epochs", "3", "--batch-size", "5", "--learning-rate", RATE]
SHORT += ["--precision", "fp32"]
STAGES = {
    "landmark_vae": ["--codes", "6"],
    "conditional_lstm": ["--width", "8"],
    "multi_mode_lstm": ["--width", "8"],
    "translation": [],
}
BEFORE = {"conditional_lstm": "landmark_vae", "multi_mode_lstm": "conditional_lstm"}


def words(stage, smiles, folder, count, *more, before=None):
    """The command that trains `stage` in `count` processes into `folder`."""
    command = ["-m", "cmm", f"train_{stage}", "--smiles", smiles, "--fold", 0, "--processes", count]
    command += ["--out", folder / f"{stage}.safetensors", "--losses", folder / f"{stage}.tsv"]
    command += ["--state", folder / f"{stage}.state", *SHORT, *STAGES[stage], *more]
    if stage in BEFORE:
        command += [f"--{BEFORE[stage].replace('_', '-')}", before / f"{BEFORE[stage]}.safetensors"]
    return [str(word) for word in command]


def run(command, **environment):
    done = subprocess.run(
        [sys.executable, *command], capture_output=True, text=True, timeout=300, env={**os.environ, **environment}
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return done.stderr


def assert_alike(stage, one, two):
    losses = [pd.read_csv(folder / f"{stage}.tsv", sep="\t").drop(columns="seconds") for folder in (one, two)]
    pd.testing.assert_frame_equal(*losses, rtol=LOSS)
    first, second = (load_file(folder / f"{stage}.safetensors") for folder in (one, two))
    distance = torch.cat([(first[key].double() - second[key].double()).abs().flatten() for key in first])
    assert distance.mean() < WEIGHT * RATE


@pytest.fixture(scope="module")
def alone(smiles, tmp_path_factory):
    """All stages trained in one process, this one: to start others takes longer than to train."""
    folder = tmp_path_factory.mktemp("alone")
    for stage in STAGES:
        assert cli(words(stage, smiles, folder, 1, before=folder)[2:]) == 0
    return folder


@pytest.mark.parametrize("stage", [stage for stage in STAGES if stage != "landmark_vae"])  # that one on two nodes
def test_two_processes_train_as_one(stage, alone, smiles, tmp_path):
    said = run(words(stage, smiles, tmp_path, 2, before=alone))
    assert "2 processes" in said
    assert_alike(stage, alone, tmp_path)


def test_two_nodes_train_as_one(alone, smiles, tmp_path):
    """Two torchruns that meet at one address, as on two nodes of a cluster."""
    command = words("landmark_vae", smiles, tmp_path, 2)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--nnodes=2", "--nproc-per-node=1"]
    torchrun += ["--rdzv-backend=c10d", f"--rdzv-endpoint=127.0.0.1:{port}", "--rdzv-id=test", *command]
    nodes = [subprocess.Popen(torchrun, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    said = [node.communicate(timeout=300)[1] for node in nodes]
    assert [node.returncode for node in nodes] == [0, 0], said[0][-2000:] + said[1][-2000:]
    assert_alike("landmark_vae", alone, tmp_path)


def test_a_killed_pair_goes_on_to_the_same_weights(smiles, tmp_path):
    whole, out = tmp_path / "whole", tmp_path / "killed"
    long = ["--epochs", 6, "--threads", 2]
    run(words("landmark_vae", smiles, whole, 2, *long))
    again = words("landmark_vae", smiles, out, 2, *long)
    command = [sys.executable, *again, "--state-seconds", "0"]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, start_new_session=True) as pair:
        wait_for((out / "landmark_vae.state/state.pt").exists, "there was a state", pair)
        os.killpg(pair.pid, signal.SIGKILL)
    kill_stragglers(out)
    assert not (out / "landmark_vae.safetensors").exists()
    assert "going on after epoch" in run(again)
    one, two = (load_file(folder / "landmark_vae.safetensors") for folder in (whole, out))
    assert all(torch.equal(one[key], two[key]) for key in one)


STEP = """
import sys, numpy as np, torch
from torch import nn
from cmm.training import loop, processes
from cmm.training.loop import TrainingSettings
from cmm.training.batches import Batch, EpochGenerators
processes.join(int(sys.argv[1]))
torch.manual_seed(0)
net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.Tanh(), nn.Unflatten(1, (2, 2)), nn.BatchNorm3d(2),
                    nn.Tanh(), nn.Flatten(), nn.Linear(64, 1))
data = torch.rand(7, 1, 6, 6)
processes.share_statistics([net])
batch = Batch(np.arange(7), EpochGenerators.of(1, 1))
noise, coins = batch.normal(1), batch.coins()
loss = ((net(data[batch.indices]) + noise) ** 2 * (1 + coins[:, None].float())).mean()
batch.descend(loss, torch.optim.SGD(net.parameters(), 1.0))
if processes.rank() == 0:
    print(*(value for tensor in net.state_dict().values() for value in tensor.flatten().tolist()))
"""


def test_one_step_of_three_processes_is_that_of_one(tmp_path):
    """Seven items, so 2 + 2 + 3, and plain gradient descent, which hides no wrong scale."""
    (tmp_path / "step.py").write_text(STEP)
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=3"]
    weights = []
    for command in ([sys.executable, tmp_path / "step.py", "1"], [*torchrun, tmp_path / "step.py", "3"]):
        done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=200, check=True)
        weights.append([float(word) for word in done.stdout.split()])
    assert weights[0] == pytest.approx(weights[1], abs=2e-6)


def test_no_gpu_asked_for_is_none_taken(monkeypatch, tmp_path):
    monkeypatch.setattr(processes, "claim_device", lambda: pytest.fail("--processes 0 is on the CPU"))
    run = loop.Run(0, tmp_path / "w", tmp_path / "l", tmp_path / "s", processes=0)
    assert loop.prepare(run, TrainingSettings()).type == "cpu"


def kill_stragglers(folder):
    """Workers of torchrun have sessions of their own: end those whose command names `folder`, and wait."""
    mine = [p for p in psutil.process_iter(["cmdline"]) if str(folder) in " ".join(p.info["cmdline"] or [])]
    for process in mine:
        process.kill()
    psutil.wait_procs(mine, timeout=60)


@pytest.mark.parametrize(("world", "asked"), [("1", 2), ("3", 2), ("2", 1)])
def test_a_world_of_another_size_is_refused(monkeypatch, world, asked):
    monkeypatch.setenv("WORLD_SIZE", world)
    with pytest.raises(UserError, match=f"started in {world} processes, but --processes is {asked}"):
        processes.join(asked)


def test_more_processes_than_a_batch_has_items_are_refused(smiles, tmp_path):
    done = subprocess.run(
        [sys.executable, *words("landmark_vae", smiles, tmp_path, 3, "--batch-size", "2")],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode != 0
    assert "3 processes cannot share batches of 2" in done.stderr


def test_jobs_side_by_side_claim_gpus_of_their_own(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    names = ["GPU-a", "GPU-b"]
    code = "import sys; from cmm.training.processes import claim; print(claim(sys.argv[1:]), flush=True); input()"
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    others = []
    for expected in ("0", "1", "None"):
        other = subprocess.Popen(
            [sys.executable, "-c", code, *names],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment,
        )  # fmt: skip
        assert other.stdout.readline().strip() == expected
        others.append(other)
    others[0].communicate("\n", timeout=60)
    assert processes.claim(names) == 0, "free again when its process has ended"
    processes._claimed.pop().close()
    for other in others[1:]:
        other.communicate("\n", timeout=60)
