"""The state that an interrupted training resumes from: one file, replaced atomically.

It holds networks, optimisers, the losses so far, the place within the epoch and the
random generators there. A state made with other settings, data or code is discarded, and
so is one of which a single bit has changed: the file begins with the sha256 of the rest.
"""

import fcntl
import hashlib
import io
import logging
import os
import shutil
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import torch

from cmm.core.errors import UserError
from cmm.core.files import atomic
from cmm.training import arithmetic, processes

log = logging.getLogger("cmm")
DIGEST = hashlib.sha256().digest_size  # bytes at the file's beginning


@dataclass
class TrainingPosition:
    """How far a training is: whole epochs in `history`, then `step` steps of the next one."""

    history: list = field(default_factory=list)  # a dict of losses an epoch
    step: int = 0
    totals: dict = field(default_factory=dict)  # sums of the losses of those steps
    seconds: float = 0.0  # that they took
    random: dict | None = None  # of a loaded place: the generators after those steps

    @property
    def epoch(self):
        return len(self.history)


class State:
    """The state file of one run, of `networks` and `optimisers` {name: ...}."""

    def __init__(self, run, networks, optimisers, fingerprint, precision="auto"):
        self.path = run.state / "state.pt"
        self.seconds_between = run.state_seconds
        self.networks, self.optimisers, self.fingerprint = networks, optimisers, fingerprint
        self.precision = precision
        self.saved = time.monotonic()

    @property
    def device(self):
        """The device that the networks are on."""
        return next(parameter.device for network in self.networks.values() for parameter in network.parameters())

    @property
    def run(self):
        """What rounding depends on besides settings, data and code."""
        precision = arithmetic.chosen(self.precision, self.device)
        made = {"device": self.device.type, "arithmetic": precision, "processes": processes.size()}
        return made | {"threads": torch.get_num_threads()}

    def load(self):
        """Put what was saved into networks and optimisers; its TrainingPosition, a fresh one if there is none.

        Process 0 reads the file for all: elsewhere, a shared file system may still show
        the one before.
        """
        first = processes.rank() == 0
        data = processes.from_first(self.path.read_bytes() if first and self.path.is_file() else None)
        content = self._read(data) if data is not None else None
        if content is None:
            return TrainingPosition()
        for name, network in self.networks.items():
            network.load_state_dict(content["networks"][name])
        for name, optimiser in self.optimisers.items():
            optimiser.load_state_dict(content["optimisers"][name])
        if content["run"] != self.run:
            before, now = _words(content["run"]), _words(self.run)
            log.warning("the state was made with %s, this run has %s: the last bits may differ", before, now)
        place = TrainingPosition(**content["place"])
        log.info("going on after epoch %d, step %d, from %s", place.epoch, place.step, self.path)
        return place

    def save_if_due(self, place, random):
        """Replace the file if the last one is old enough. Process 0 alone does so: all hold the same."""
        if processes.rank() > 0 or time.monotonic() - self.saved < self.seconds_between:
            return
        totals = {name: float(total) for name, total in place.totals.items()}
        content = {
            "fingerprint": self.fingerprint,
            "place": vars(place) | {"totals": totals, "random": random.state()},
            "networks": {name: network.state_dict() for name, network in self.networks.items()},
            "optimisers": {name: optimiser.state_dict() for name, optimiser in self.optimisers.items()},
            "run": self.run,
        }
        buffer = io.BytesIO()  # a full disk is then an error of the disk, not one of torch
        torch.save(content, buffer)
        data = buffer.getvalue()
        with atomic(self.path) as partial:
            partial.write_bytes(hashlib.sha256(data).digest() + data)
        self.saved = time.monotonic()

    def remove(self):
        """Remove the file: the training is done."""
        if processes.rank() == 0:
            self.path.unlink(missing_ok=True)
            for holder in self.path.parent.glob(f".{self.path.name}.*"):  # of processes killed on any node
                shutil.rmtree(holder, ignore_errors=True)

    def _read(self, data):
        """The content of the file if it is of this run, else None, saying why."""
        digest, data = data[:DIGEST], data[DIGEST:]
        if hashlib.sha256(data).digest() != digest:
            log.warning("state %s is damaged: it is not used, starting anew", self.path)
            return None
        try:
            content = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)  # no pickled code
            fits = content["fingerprint"] == self.fingerprint
        except Exception as error:  # torch raises many kinds for what is none of ours
            log.warning("state %s cannot be read (%s): starting anew", self.path, type(error).__name__)
            return None
        if not fits:
            log.warning("state %s is of other settings, data or code: starting anew", self.path)
        return content if fits else None


def _words(run):
    return ", ".join(f"{key} {value}" for key, value in run.items())


@contextmanager
def owned(folder):
    """Hold the state folder; removed at the end if it is empty then. UserError if another run holds it.

    A training may outlive the Snakemake that was killed above it: two that write one
    state would each undo the other's.
    """
    if processes.rank() > 0:
        yield
        return
    path = Path(folder) / "lock"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = open(path, "a")  # noqa: SIM115 - closed below
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror}; choose a writable folder") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UserError(f"another process trains with the state {folder}: wait until it ends, or stop it") from None
        except OSError as error:
            log.warning("%s cannot be locked (%s): start no second training with this state", path, error.strerror)
        try:
            yield
        finally:
            path.unlink(missing_ok=True)
            if not os.listdir(folder):
                os.rmdir(folder)
