"""Batches of an epoch, and the random numbers that go with them.

Both come from generators seeded by (seed, epoch) alone. Random numbers are drawn for
the whole batch by every process, which then takes those of its own part.
"""

from dataclasses import dataclass

import numpy as np
import torch

from cmm.training import processes


@dataclass(frozen=True)
class Randomness:
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
    """This process's part of a step's items: `indices` (b,) of all `whole` (n,) ones."""

    whole: np.ndarray
    random: Randomness

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
        """Which items to mirror, half of them on average: (b,) bool."""
        return torch.from_numpy(self.random.order.random(len(self.whole)) < 0.5)[self.part]

    def below(self, count):
        """Random numbers below `count`: (b,) int."""
        return self.random.order.integers(0, count, len(self.whole))[self.part]

    def normal(self, width):
        """Standard normal numbers (b, width) float32."""
        return torch.randn(len(self.whole), width, generator=self.random.noise)[self.part]

    def descend(self, loss, *optimisers):
        """One step of `optimisers` down `loss`, a mean over this process's items."""
        for optimiser in optimisers:
            optimiser.zero_grad(set_to_none=True)
        (loss * self.share).backward()
        for optimiser in optimisers:
            processes.sum_gradients(p for group in optimiser.param_groups for p in group["params"])
            optimiser.step()


def shuffled(count, batch_size, random):
    """Index batches of one epoch in random order, of `batch_size` items each.

    What is left over joins them, an item here and there: the statistics of a small last
    batch would unsettle BatchNorm, and every process needs an item of each batch.
    """
    return np.array_split(random.order.permutation(count), max(1, count // batch_size))
