"""Batches of an epoch, and the random numbers that go with them.

Both come from generators seeded by (seed, epoch) alone. Random numbers are drawn for
the whole batch by every process, which then takes those of its own part.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch

from cmm.sequences.smiles_file import Smiles
from cmm.training import processes


@dataclass(frozen=True)
class EpochGenerators:
    """The generators of one epoch: `order` shuffles and flips, `noise` is drawn on the CPU."""

    order: np.random.Generator
    noise: torch.Generator

    @classmethod
    def of(cls, seed, epoch):
        noise = torch.Generator()
        noise.manual_seed(int(np.random.SeedSequence((seed, epoch)).generate_state(1)[0]))
        return cls(np.random.default_rng((seed, epoch)), noise)

    def state(self):
        """What `restore` takes."""
        return {"order": self.order.bit_generator.state, "noise": self.noise.get_state()}

    def restore(self, state):
        self.order.bit_generator.state = state["order"]
        self.noise.set_state(state["noise"])


@dataclass(frozen=True)
class Batch:
    """This process's part of a step's items: `indices` (b,) of all `whole` (n,) ones; `data`, what they are of."""

    whole: np.ndarray
    random: EpochGenerators
    data: Smiles | None = None
    varies: ClassVar[bool] = True  # whether items are mirrored, and bent, for more to learn from

    @property
    def part(self):
        return processes.part_of(len(self.whole))

    @property
    def indices(self):
        return self.whole[self.part]

    @property
    def share(self):
        """Share of the whole batch that is this process's, 0-1."""
        return len(self.indices) / len(self.whole)

    def coins(self):
        """Which items to mirror, half of them on average where they are varied: (b,) bool."""
        coins = self.random.order.random(len(self.whole)) < 0.5
        return torch.from_numpy(coins & self.varies)[self.part]

    def frames(self, frames, drawn):
        """Frame numbers of a sequence that this step looks at, the same of each item: see `draw_frames`."""
        return torch.from_numpy(draw_frames(frames, drawn, self.random)[0])

    def random_indices(self, count):
        """Random numbers below `count`: (b,) int."""
        return self.random.order.integers(0, count, len(self.whole))[self.part]

    def normal(self, width):
        """Standard normal numbers (b, width) float32."""
        return torch.randn(len(self.whole), width, generator=self.random.noise)[self.part]

    def uniform(self, width):
        """Numbers (b, width) float32, uniform in -1..1."""
        return 2 * torch.rand(len(self.whole), width, generator=self.random.noise)[self.part] - 1

    def descend(self, loss, *optimisers, longest=None):
        """One step of `optimisers` down `loss`, a mean over this process's items.

        An optimiser's gradient that is longer than `longest` is made so long: one odd batch undoes no training.
        """
        for optimiser in optimisers:
            optimiser.zero_grad(set_to_none=True)
        (loss * self.share).backward()
        for optimiser in optimisers:
            parameters = [p for group in optimiser.param_groups for p in group["params"]]
            processes.sum_gradients(parameters)
            if longest is not None:
                torch.nn.utils.clip_grad_norm_(parameters, longest)
            optimiser.step()


@dataclass(frozen=True)
class Glance(Batch):
    """Items of people held out, as they are: each process looks at all of them, and learns nothing."""

    varies: ClassVar[bool] = False

    @property
    def part(self):
        return slice(None)

    def descend(self, loss, *optimisers, longest=None):
        pass


@dataclass(frozen=True)
class Items:
    """What an epoch sees: `draw(random)` gives the items' numbers (n,), as many in every epoch.

    `places(items)` are where they lie in `data`, the Smiles: sequences (k,), and frames (k,) or None for all; they are
    read ahead.
    """

    draw: Callable
    places: Callable = lambda items: (items, None)
    data: Smiles | None = None

    def batch(self, chosen, random, kind=Batch):
        """The Batch of the chosen ones (n,)."""
        return kind(chosen, random, self.data)

    def expect(self, batch):
        """Read ahead what a Batch will look at."""
        if self.data is not None:
            self.data.expect(*self.places(batch.indices))


def all_of(count, data=None):
    """Items of an epoch: all `count` of them."""
    return Items(lambda random: np.arange(count), data=data)


def frames_of(sequences, frames, drawn, data=None, neutral=False):
    """Items of an epoch: `drawn` frames of each of `sequences` sequences, numbered over all of their `frames`.

    Neighbouring frames are nearly the same picture, and an epoch learns little more from all of
    them than from a few. With `neutral`, a step looks at their sequences' first frames, too.
    """

    def draw(random):
        return (np.arange(sequences)[:, None] * frames + draw_frames(frames, drawn, random, sequences)).ravel()

    def places(items):
        rows, columns = np.divmod(items, frames)
        return (np.tile(rows, 2), np.concatenate([columns, 0 * rows])) if neutral else (rows, columns)

    return Items(draw, places, data)


def draw_frames(frames, drawn, random, sequences=1):
    """Of each sequence, `drawn` of its `frames` frame numbers (0: all), in order: (sequences, drawn) int.

    One of each of as many parts of the sequence, as equal as can be.
    """
    edges = np.ceil(np.linspace(0, frames, (min(drawn, frames) or frames) + 1)).astype(int)
    return random.order.integers(edges[:-1], edges[1:], (sequences, len(edges) - 1))


def shuffled(items, batch_size, random):
    """Batches of the `items` (n,) of one epoch in random order, of `batch_size` each.

    What is left over joins them, an item here and there: the statistics of a small last
    batch would unsettle BatchNorm, and every process needs an item of each batch.
    """
    return np.array_split(random.order.permutation(items), max(1, len(items) // batch_size))
