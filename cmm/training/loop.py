"""The one training loop: seeded, logged, resumable at any step, on one process or many."""

import hashlib
import json
import logging
import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import torch

from cmm.core.errors import UserError
from cmm.core.progress import duration, progress
from cmm.core.provenance import provenance
from cmm.core.settings import setting
from cmm.core.tables import write_tsv
from cmm.core.weights_file import save_networks
from cmm.sequences.smiles_file import read_smiles
from cmm.training import HELD_OUT, arithmetic, processes
from cmm.training.batches import EpochGenerators, Glance, shuffled
from cmm.training.state import State, TrainingPosition, owned

log = logging.getLogger("cmm")
WATCHED = 8  # sequences of people held out whose losses are measured: a few hundredths of the time


@dataclass(frozen=True)
class TrainingSettings:
    """What all training stages share."""

    epochs: int = setting(20, "passes over the training set", minimum=1)
    batch_size: int = setting(64, "images or sequences of a step (ours)", minimum=1)
    learning_rate: float = setting(2e-4, "Adam's step (ours)", minimum=1e-7, maximum=1.0)
    decay_from: float = setting(
        0.4, "share of the training after which the step falls linearly to 0 (ours)", minimum=0.0, maximum=1.0
    )
    precision: str = setting(
        "auto",
        "arithmetic of the forward pass; auto: bf16 where the device has it natively, else fp32",
        choices=arithmetic.PRECISIONS,
    )


@dataclass(frozen=True)
class Run:
    """What every training command is told besides its inputs and settings."""

    fold: Annotated[int, "fold that is kept for the test"]
    out: Annotated[Path, "weights file to write"]
    losses: Annotated[Path, "table of the losses of each epoch to write (TSV)"]
    state: Annotated[Path, "folder of the state to resume from"]
    seed: Annotated[int, "random seed"] = 1
    threads: Annotated[int, "threads of a CPU, over all processes"] = 1
    processes: Annotated[int, "processes that train together, one a GPU; 0 is 1, without a GPU"] = 1
    state_seconds: Annotated[float, "seconds between two states to resume from"] = 120.0
    held_mb: Annotated[int, "MiB of the training set in memory, over all processes; the rest is read as it is used"] = (
        256
    )

    def read(self, smiles, *arrays, most=None, random=None):
        """Smiles to train on, those outside of the fold, with these arrays; at most so many, drawn by `random`."""
        room = self.held_mb * 2**20 // max(1, self.processes)
        return read_smiles(smiles, self.fold, arrays=arrays, room=room, most=most, random=random)

    def watch(self, smiles, data, *arrays):
        """A few smiles of the fold, to see what the networks make of people they do not learn from.

        None where it has not all the expressions of `data`, the Smiles to train on.
        """
        random = np.random.default_rng(self.seed)
        found = read_smiles(smiles, self.fold, held_out=True, arrays=arrays, most=WATCHED, random=random)
        return found if found.expressions == data.expressions else None


def prepare(run, settings):
    """Start the processes, seed everything, choose device and arithmetic. Returns torch.device."""
    processes.join(max(1, run.processes))
    torch.set_num_threads(max(1, run.threads // processes.size()))
    torch.manual_seed(run.seed)
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.utils.deterministic.fill_uninitialized_memory = False  # costs a twentieth, and nothing here reads such memory
    device = processes.claim_device() if run.processes else torch.device("cpu")
    log.info("training on %s in %s, %s", device, arithmetic.chosen(settings.precision, device), processes.words())
    arithmetic.warn_if_emulated(settings.precision, device)
    return device


def to_device(network, device):
    """Move a network. On a GPU its weights lie channels last, as convolutions want them there.

    On a CPU they stay as they are: gradients come that way, and an optimiser copies those of another.
    """
    return network.to(device, memory_format=torch.channels_last if device.type == "cuda" else torch.preserve_format)


def train(
    module, run, settings, step, *, items, inputs, networks, helpers, optimisers, watched=None, tuned=(), expressions=()
):
    """Train a stage, then write its weights and its losses, and drop the state.

    `items` are the Items that an epoch sees; `step(batch)` makes one step on a Batch of them and returns its losses,
    means over the batch's items, as {name: 0-d tensor}. `watched` are Items that nothing is learned from: of people
    held out, whose losses stand beside in the table. `networks` {name: module} are written to `run.out`;
    `helpers`, such as discriminators, and `optimisers` live in the state alone. `tuned` names those that were
    trained before and have BatchNorm, which keeps its statistics: the few sequences of a step have none of worth.
    `inputs` are the files that the result depends on, `expressions` the names behind the labels that its networks are
    told.
    """
    about = provenance(module, settings, inputs, fold=run.fold, seed=run.seed)
    with owned(run.state):
        state = State(run, {**networks, **helpers}, optimisers, fingerprint_of(about), settings.precision)
        history = fit(state, step, items, settings, run, tuned, watched, helpers)
        if processes.rank() == 0:
            about |= {"expressions": list(expressions)}
            about |= {"seconds": round(sum(epoch["seconds"] for epoch in history), 1), "run": state.run}
            save_networks(run.out, networks, about)
            write_tsv(pd.DataFrame(history), run.losses, about)
        state.remove()


def fit(state, step, items, settings, run, tuned=(), watched=None, helpers=()):
    """Train what `state` holds for `settings.epochs`; a list of {epoch, loss names..., seconds}."""
    smallest = min(len(items.draw(EpochGenerators.of(run.seed, 0))), settings.batch_size)
    if smallest < processes.size():
        raise UserError(
            f"{processes.size()} processes cannot share batches of {smallest}: raise batch_size or ask for fewer GPUs"
        )
    processes.share_statistics(state.networks.values())
    rates = [group["lr"] for group in _groups(state)]
    place = state.load()
    while place.epoch < settings.epochs:
        for name, network in state.networks.items():  # a frozen network keeps its running statistics too
            network.train(name not in tuned and any(parameter.requires_grad for parameter in network.parameters()))
        means, seconds = train_epoch(place, state, step, items, rates, settings, run)
        start = time.monotonic()
        unseen = watch(state, step, watched, settings, run, helpers) if watched else {}
        seconds += time.monotonic() - start
        words = "  ".join(
            f"{name} {value:.4g}" + (f" (held out {unseen[name]:.4g})" if name in unseen else "")
            for name, value in means.items()
        )
        means |= {name + HELD_OUT: value for name, value in unseen.items()}
        place = TrainingPosition([*place.history, {"epoch": place.epoch + 1, **means, "seconds": round(seconds, 2)}])
        left = duration(seconds * (settings.epochs - place.epoch))
        log.info("epoch %d/%d  %s  (%s left)", place.epoch, settings.epochs, words, left)
    return place.history


def train_epoch(place, state, step, items, rates, settings, run):
    """Go on from `place` to the end of its epoch; (means of the losses, seconds it took)."""
    groups = _groups(state)
    random = EpochGenerators.of(run.seed, place.epoch)
    batches = [items.batch(chosen, random) for chosen in shuffled(items.draw(random), settings.batch_size, random)]
    if place.random:
        random.restore(place.random)
    start = time.monotonic() - place.seconds
    for first in batches[place.step : place.step + 1]:
        items.expect(first)
    for batch in progress(batches[place.step :], f"epoch {place.epoch + 1}/{settings.epochs}, step"):
        done = (place.epoch + place.step / len(batches)) / settings.epochs
        for group, rate in zip(groups, rates, strict=True):
            group["lr"] = rate * decay(done, settings.decay_from)
        for following in batches[place.step + 1 : place.step + 2]:
            items.expect(following)
        losses = step(batch)
        values = processes.summed(torch.stack([*losses.values()]).detach().double() * batch.share)
        for name, value in zip(losses, values / len(batches), strict=True):  # on the device: a GPU need not wait
            place.totals[name] = place.totals.get(name, 0.0) + value
        place.step += 1
        place.seconds = time.monotonic() - start
        state.save_if_due(place, random)
    means = {name: float(total) for name, total in place.totals.items()}
    if not all(math.isfinite(value) for value in means.values()):
        raise UserError(f"losses of epoch {place.epoch + 1} are not finite ({means}): lower the learning rate")
    return means, time.monotonic() - start


@torch.no_grad()
def watch(state, step, watched, settings, run, helpers=()):
    """Means of the losses of the Items `watched`, the same in every epoch, by networks as they would be used.

    `helpers` names those that are never used but to train, as discriminators: they see a batch as they do there.
    """
    kept = [(buffer, buffer.clone()) for name in helpers for buffer in state.networks[name].buffers()]
    for name, network in state.networks.items():
        network.train(name in helpers)
    random, totals = EpochGenerators.of(run.seed, 0), {}
    items = watched.draw(random)
    for chosen in np.array_split(items, max(1, len(items) // settings.batch_size)):
        for name, value in step(watched.batch(chosen, random, Glance)).items():
            totals[name] = totals.get(name, 0.0) + float(value) * len(chosen) / len(items)
    for buffer, before in kept:
        buffer.copy_(before)
    return totals


def fingerprint_of(about):
    """Hash of what a state is for: settings, code, fold, seed and input files of the record `about`."""
    kept = [about[key] for key in ("stage", "settings", "code", "fold", "seed")] + list(about["inputs"].values())
    return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()


def decay(done, start):
    """Factor of the learning rate at the share `done` of the training: 1 until `start`, then to 0."""
    return min(1.0, (1 - done) / max(1 - start, 1e-9))


def _groups(state):
    """Parameter groups of all optimisers; a loaded state brings groups of its own."""
    return [group for optimiser in state.optimisers.values() for group in optimiser.param_groups]
