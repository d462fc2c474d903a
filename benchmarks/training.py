"""Speed of every training stage: the stage's own step against a textbook loop's, and against a matrix product.

The textbook loop takes the same step with PyTorch's plain layers, contiguous memory, plain Adam
and fp32. What a step must compute is counted on it; a product of two matrices in the stage's
arithmetic says how fast this machine could do that. All three are measured in turn.
`training.py landmark_vae translation` measures some stages.
"""

import importlib
import os
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import numpy as np
import torch
from machine import in_turn, product, spread, write
from random_smiles import write_random_smiles
from torch.utils.flop_counter import FlopCounterMode

from cmm.methods.registry import METHODS
from cmm.networks import convolutions
from cmm.training import arithmetic, loop
from cmm.training.batches import EpochGenerators

FRAMES, SIZE, SEQUENCES, ROUNDS = 32, 64, 12, 5  # SEQUENCES are trained on
FOLD = 0  # of three, which is left out
THREADS = len(os.sched_getaffinity(0))
STAGES = {stage.name: (f"cmm.methods.{name}.{stage.name}", stage.starts_from) for name, method in METHODS.items()
          for stage in method.stages}  # stage: (module, stages before it)  # fmt: skip


@contextmanager
def textbook():
    """What the project does for speed, undone: layers, layout, optimisers and arithmetic as in a textbook."""
    layers = (convolutions.Halving, convolutions.Doubling, convolutions.Closing, convolutions.Opening)
    adam = torch.optim.Adam
    with (
        patch.object(torch.optim, "Adam", lambda *words, fused=False, **more: adam(*words, **more)),
        patch.object(convolutions, "LAYOUT", torch.contiguous_format),
        patch.object(arithmetic, "native_bf16", lambda device: False),
    ):
        plain = [patch.object(layer, "forward", layer.__mro__[1].forward) for layer in layers]
        for one in plain:
            one.start()
        try:
            yield
        finally:
            for one in plain:
                one.stop()


def stage_of(module, before, settings, folder, **words):
    """What a stage would train: {"step", "items", "networks", ...}, as `loop.train` is told; `words` of its Run."""
    caught = {}
    with patch.object(loop, "train", lambda *words, **more: caught.update(step=words[3], **more)):
        run = loop.Run(FOLD, folder / "w", folder / "l", folder / "s", seed=1, threads=THREADS, processes=0, **words)
        module.main(folder / "smiles.h5", *(folder / f"{name}.safetensors" for name in before), run, settings)
    for network in [*caught["networks"].values(), *caught["helpers"].values()]:
        network.train()
    return caught


def step_of(module, before, settings, folder):
    """Function of no arguments that makes one step of a stage with the same batch, its items, and what they are."""
    caught = stage_of(module, before, settings, folder)
    random = EpochGenerators.of(1, 0)
    epoch = caught["items"].draw(random)
    items = epoch[: settings.batch_size]
    return (
        lambda: caught["step"](caught["items"].batch(items, random)),
        len(items),
        "sequences" if len(epoch) == SEQUENCES else "images",
    )


def train_before(folder):
    """Weights that later stages start from: an epoch each."""
    for stage in [stage for stage in STAGES if any(stage in before for _, before in STAGES.values())]:
        name, before = STAGES[stage]
        module = importlib.import_module(name)
        out = folder / f"{stage}.safetensors"
        run = loop.Run(FOLD, out, folder / "l.tsv", folder / "s", threads=THREADS, processes=0)
        weights = [folder / f"{one}.safetensors" for one in before]
        module.main(folder / "smiles.h5", *weights, run, module.Settings(epochs=1))


def measure(stage, folder):
    """The row of one stage."""
    name, before = STAGES[stage]
    module = importlib.import_module(name)
    settings = module.Settings()
    ours, items, unit = step_of(module, before, settings, folder)
    with textbook():
        plain, *_ = step_of(module, before, settings, folder)
        with FlopCounterMode(display=False) as counter:
            plain()
    work = counter.get_total_flops() / 1e9

    def in_textbook():
        with textbook():
            plain()

    bf16 = arithmetic.native_bf16(torch.device("cpu"))
    multiply, unit_work = product(torch.bfloat16 if bf16 else torch.float32)
    seconds = in_turn({"ours": ours, "textbook": in_textbook, "product": multiply}, ROUNDS)
    limit = unit_work / np.median(seconds["product"]) / work * items
    return {
        "stage": stage,
        "unit": unit,
        "batch": items,
        "arithmetic": "bf16" if bf16 else "fp32",
        "ours [1/s]": spread(items / seconds["ours"]),
        "textbook [1/s]": spread(items / seconds["textbook"]),
        "ours / textbook": spread(seconds["textbook"] / seconds["ours"]),
        "matrix product allows [1/s]": f"{limit:.3g}",
        "share": f"{np.median(items / seconds['ours']) / limit:.0%}",
        "textbook's share": f"{np.median(items / seconds['textbook']) / limit:.0%}",
    }


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_random_smiles(folder / "smiles.h5", SEQUENCES * 3 // 2, FRAMES, SIZE)
        train_before(folder)
        write("training", [measure(stage, folder) for stage in sys.argv[1:] or STAGES])


if __name__ == "__main__":
    main()
