"""The one training loop: seeded, logged, resumable.

An epoch's order and noise come from generators seeded by (seed, epoch) alone, so
that a run resumed after any epoch goes on exactly as the uninterrupted one.
"""

import csv
import hashlib
import io
import json
import logging
import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import torch

from cmm.errors import UserError
from cmm.files import atomic
from cmm.models.weights_file import save_networks
from cmm.progress import duration, progress
from cmm.provenance import provenance
from cmm.settings import setting

log = logging.getLogger("cmm")


@dataclass(frozen=True)
class TrainingSettings:
    """What all training stages share."""

    epochs: int = setting(20, "passes over the training set", minimum=1)
    batch_size: int = setting(64, "images or sequences of a step (ours)", minimum=1)
    learning_rate: float = setting(2e-4, "Adam's step (ours)", minimum=1e-7, maximum=1.0)
    decay_from: float = setting(
        0.4, "share of the training after which the step falls linearly to 0 (ours)", minimum=0.0, maximum=1.0
    )
    precision: str = setting("fp32", "arithmetic of the forward pass", choices=("fp32", "bf16"))
    state_every: int = setting(1, "epochs between two states to resume from", minimum=1)


@dataclass(frozen=True)
class Run:
    """What every training command is told besides its inputs and settings."""

    fold: Annotated[int, "fold that is kept for the test"]
    out: Annotated[Path, "weights file to write"]
    losses: Annotated[Path, "table of the losses of each epoch to write (TSV)"]
    state: Annotated[Path, "folder of the state to resume from"]
    seed: Annotated[int, "random seed"] = 1
    threads: Annotated[int, "threads of a CPU"] = 1


@dataclass(frozen=True)
class Randomness:
    """The generators of one epoch: `order` shuffles and augments, `noise` is drawn on the CPU."""

    order: np.random.Generator
    noise: torch.Generator


def prepare(run):
    """Seed everything, choose the device. Returns torch.device."""
    torch.set_num_threads(run.threads)
    torch.manual_seed(run.seed)
    torch.use_deterministic_algorithms(True, warn_only=True)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    log.info("training on %s, %d threads", device, run.threads)
    return device


def train(module, run, settings, step, *, count, inputs, networks, helpers, optimisers):
    """Train a stage, then write its weights and its losses, and drop the state.

    `step(chosen, random)` makes one step on the items `chosen` (indices below `count`)
    and returns its losses as {name: float}. `networks` {name: module} are written to
    `run.out`; `helpers`, such as discriminators, and `optimisers` live in the state
    alone. `inputs` are the files that the result depends on.
    """
    about = provenance(module, settings, fold=run.fold, seed=run.seed)
    fingerprint = fingerprint_of({**about, "threads": run.threads}, *inputs)
    history = fit({**networks, **helpers}, optimisers, count, step, settings, run, fingerprint)
    save_networks(run.out, networks, about)
    write_losses(run.losses, history)
    state_file(run.state).unlink(missing_ok=True)
    if run.state.is_dir() and not any(run.state.iterdir()):
        run.state.rmdir()


def fit(networks, optimisers, count, step, settings, run, fingerprint):
    """Train for `settings.epochs`; returns a list of {epoch, loss names..., seconds}.

    networks, optimisers: {name: ...}, the whole of what a state holds.
    """
    groups = [group for optimiser in optimisers.values() for group in optimiser.param_groups]
    rates = [group["lr"] for group in groups]
    history = _resume(networks, optimisers, run.state, fingerprint)
    # A state brings groups of its own, with the rates of the moment: the first ones count.
    groups = [group for optimiser in optimisers.values() for group in optimiser.param_groups]
    for epoch in range(len(history), settings.epochs):
        start, totals = time.monotonic(), {}
        for network in networks.values():  # a frozen network keeps its running statistics too
            network.train(any(parameter.requires_grad for parameter in network.parameters()))
        random = _randomness(run.seed, epoch)
        batches = shuffled(count, settings.batch_size, random)
        for i, chosen in enumerate(progress(batches, f"epoch {epoch + 1}/{settings.epochs}")):
            done = (epoch + i / len(batches)) / settings.epochs
            for group, rate in zip(groups, rates, strict=True):
                group["lr"] = rate * decay(done, settings.decay_from)
            for name, value in step(chosen, random).items():
                totals[name] = totals.get(name, 0.0) + value / len(batches)
        if not all(math.isfinite(value) for value in totals.values()):
            raise UserError(f"the losses of epoch {epoch + 1} are not finite ({totals}): lower the learning rate")
        seconds = time.monotonic() - start
        history.append({"epoch": epoch + 1, **totals, "seconds": round(seconds, 2)})
        words = "  ".join(f"{name} {value:.4g}" for name, value in totals.items())
        left = duration(seconds * (settings.epochs - epoch - 1))
        log.info("epoch %d/%d  %s  (%s left)", epoch + 1, settings.epochs, words, left)
        if (epoch + 1) % settings.state_every == 0:
            _save_state(networks, optimisers, history, run.state, fingerprint)
    return history


def write_losses(path, history):
    """Write the losses of all epochs as TSV."""
    with atomic(path) as partial, open(partial, "w", newline="") as file:
        writer = csv.DictWriter(file, history[0].keys(), delimiter="\t", lineterminator="\n")
        writer.writeheader()
        writer.writerows(history)


def state_file(state):
    """The file in the folder `state` that a run resumes from."""
    return Path(state) / "state.pt"


def fingerprint_of(about, *files):
    """Hash of settings and code (`about`) and of the bytes of the input files."""
    digest = hashlib.sha256(json.dumps(about, sort_keys=True).encode())
    for path in files:
        with open(path, "rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def shuffled(count, batch_size, random):
    """Index batches of one epoch in random order; a last batch of one joins its neighbour.

    The statistics of a single item would unsettle BatchNorm.
    """
    order = random.order.permutation(count)
    batches = [order[i : i + batch_size] for i in range(0, count, batch_size)]
    if len(batches) > 1 and len(batches[-1]) == 1:
        last = batches.pop()
        batches[-1] = np.concatenate([batches[-1], last])
    return batches


def decay(done, start):
    """Factor of the learning rate at the share `done` of the training: 1 until `start`, then to 0."""
    return min(1.0, (1 - done) / max(1 - start, 1e-9))


def autocast(device, settings):
    """Context of the forward pass in the precision asked for."""
    return torch.autocast(device.type, torch.bfloat16, enabled=settings.precision == "bf16")


def _randomness(seed, epoch):
    noise = torch.Generator()
    noise.manual_seed(int(np.random.SeedSequence((seed, epoch)).generate_state(1)[0]))
    return Randomness(np.random.default_rng((seed, epoch)), noise)


def _save_state(networks, optimisers, history, state, fingerprint):
    content = {
        "fingerprint": fingerprint,
        "history": history,
        "networks": {name: network.state_dict() for name, network in networks.items()},
        "optimisers": {name: optimiser.state_dict() for name, optimiser in optimisers.items()},
    }
    buffer = io.BytesIO()  # a full disk is then an error of the disk, not one of torch
    torch.save(content, buffer)
    with atomic(state_file(state)) as partial:
        partial.write_bytes(buffer.getbuffer())


def _resume(networks, optimisers, state, fingerprint):
    path = state_file(state)
    if not path.is_file():
        return []
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)  # tensors only, no pickled code
    except Exception as error:  # torch raises many kinds for a damaged file
        log.warning("state %s cannot be read (%s): starting anew", path, type(error).__name__)
        return []
    if not isinstance(content, dict) or content.get("fingerprint") != fingerprint:
        log.warning("state %s is of other settings, data or code: starting anew", path)
        return []
    for name, network in networks.items():
        network.load_state_dict(content["networks"][name])
    for name, optimiser in optimisers.items():
        optimiser.load_state_dict(content["optimisers"][name])
    log.info("going on after epoch %d from %s", len(content["history"]), path)
    return content["history"]
