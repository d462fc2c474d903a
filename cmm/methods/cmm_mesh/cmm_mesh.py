"""CMM-mesh: learn the shapes of smiles, and train the refiner of mouths that are bent from neutral to a smile.

Pairs to learn from: faces of the sequences, bent from the neutral one, and the true ones; of the training people,
and of people between two of them. Light, tint and grey are varied, for photographs come in every light.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import numpy as np
import torch

from cmm.core.errors import UserError
from cmm.core.progress import progress
from cmm.core.settings import LARGEST, setting
from cmm.methods.cmm_mesh.mouths import average, mouths_of, plates_of, smiles_of, to_network
from cmm.methods.cmm_mesh.networks import Refiner, SmileShapes
from cmm.methods.cmm_mesh.shapes import learn_shapes
from cmm.training import loop
from cmm.training.arithmetic import autocast
from cmm.training.batches import all_of
from cmm.training.optimisers import adam

SHIFTS = 8  # the crop is cut so many pixels smaller, anywhere, at 128 px; an eighth of that at 16
LIGHT, TINT, GAMMA = 0.25, 0.2, 0.15  # deviations of the logarithms
LIPS = 0.25  # those of the lips alone
GREY = 0.15  # share of the mouths
LONGEST = 0.5  # of the refiner's gradient: with longer ones it was lost in a single step, now and then


@dataclass(frozen=True)
class Settings(loop.TrainingSettings):
    epochs: int = setting(12, "passes over the training set (ours)", minimum=1)
    batch_size: int = setting(16, "mouths of a step (ours)", minimum=1)
    learning_rate: float = setting(1e-3, "Adam's step (ours)", minimum=1e-7, maximum=1.0)
    decay_from: float = setting(
        0.1, "share of the training after which the step falls linearly to 0 (ours)", minimum=0.0, maximum=1.0
    )
    codes: int = setting(12, "codes of a smile's shape, and of a neutral one (ours)", minimum=2, maximum=LARGEST)
    modes: int = setting(3, "K, smiles beside the mean one", minimum=0, maximum=LARGEST)
    reach: float = setting(1.5, "how far the modes lie from the mean smile [standard deviations] (ours)", minimum=0.0)
    teeth: int = setting(8, "training people whose teeth others are given (ours)", minimum=0, maximum=LARGEST)
    sequences_drawn: int = setting(500, "sequences that are learned from at most, 2 MB each (ours)", minimum=2)
    frames_drawn: int = setting(4, "frames of a sequence that mouths are taken from (ours)", minimum=1)
    composites: int = setting(800, "mouths of people between two training people (ours)", minimum=0)
    mouth_weight: float = setting(4.0, "what L1 weighs more on lips and inner mouth (ours)", minimum=0.0)
    gradient_weight: float = setting(1.0, "weight of the gradients' L1 beside the pictures' (ours)", minimum=0.0)


def main(
    smiles: Annotated[Path, "smiles.h5"],
    run: loop.Run,
    settings: Settings,
):
    """Learn shapes, train and write {shapes, refiner}."""
    device = loop.prepare(run, settings)
    random = np.random.default_rng(run.seed)
    data = run.read(smiles, "faces", "mesh", most=settings.sequences_drawn, random=random)
    data = replace(data, mesh=np.asarray(data.mesh))  # the shapes are learned from all of it at once
    known = np.isfinite(data.mesh).all(axis=(1, 2, 3))
    if not known.all():
        raise UserError(
            f"{smiles} has no mesh of {(~known).sum()} of {len(known)} sequences, as of {data.smile[~known][0]}: track"
            " with tracks.backend: mediapipe"
        )
    arrays = learn_shapes(data.mesh, data.label, data.subject, codes=settings.codes, reach=settings.reach)
    mouths, arrays["teeth"] = mouths_to_learn(data, arrays, settings, random)
    shapes = SmileShapes.of(arrays, data.faces.shape[2], settings.modes)
    refiner = loop.to_device(Refiner(), device)
    optimiser = adam((settings.learning_rate, refiner))

    def step(batch):
        i = batch.indices
        window = mouths.masks[batch.random_indices(len(mouths)), ..., 0].astype(np.float32) / 255  # as a plate ends
        arrays = (mouths.bent[i], mouths.neutral[i], mouths.masks[i], mouths.moves[i], mouths.edges[i], window)
        given = to_network(*arrays)
        true = torch.from_numpy(mouths.true[i]).movedim(-1, 1).float() / 127.5 - 1
        closed = torch.from_numpy(~mouths.parted[i])
        given, true = (part.to(device) for part in vary(given, true, closed, batch))
        with autocast(device, settings):
            made = given[:, :3] + refiner(given).float()
        weight = 1 + settings.mouth_weight * given[:, 7:8]
        l1 = ((made - true).abs() * weight).mean()
        gradient = sum((made.diff(dim=d) - true.diff(dim=d)).abs().mean() for d in (-1, -2))
        batch.descend(l1 + settings.gradient_weight * gradient, optimiser, longest=LONGEST)
        return {"l1": l1, "gradient": gradient}

    loop.train(
        __name__,
        run,
        settings,
        step,
        items=all_of(len(mouths)),
        inputs=[smiles],
        networks={"shapes": shapes, "refiner": refiner},
        helpers={},
        optimisers={"adam": optimiser},
        expressions=data.expressions,
    )


def mouths_to_learn(data, shapes, settings, random):
    """(Mouths of the sequences and of `settings.composites` people between two of them, plates of teeth)."""
    frames = data.faces.shape[1]
    drawn = min(settings.frames_drawn, frames - 1)
    sequences = smiles_of(data, shapes, [-(-frames * (i + 1) // drawn) - 1 for i in range(drawn)])
    made = [smile for sequence in sequences for smile in sequence]
    people = {name: np.flatnonzero(data.subject == name) for name in dict.fromkeys(data.subject)}
    if len(people) > 1:
        for _ in progress(range(settings.composites), "composites made"):
            chosen = random.choice(list(people), 2, replace=False)
            one, two = (sequences[random.choice(people[name])] for name in chosen)
            frame = random.integers(drawn)
            made.append(average(one[frame], two[frame], random.uniform(0.3, 0.7), shapes))
    mouths = mouths_of(made, shapes)
    own = np.repeat(data.subject, drawn)
    return mouths, plates_of(mouths, made[: len(own)], shapes, own, settings.teeth)


def vary(given, true, closed, batch):
    """Mouths (b, 12, c, c) and true ones (b, 3, c, c) mirrored, shifted and lit anew, each pair alike.

    Lips that are closed in the neutral face (b,) get a colour of their own, what comes to show between them does not:
    nobody's teeth are red since their lips are.
    """
    coins = batch.coins()[:, None, None, None]
    given, true = (torch.where(coins, part.flip(-1), part) for part in (given, true))
    given[:, 8] = torch.where(coins[:, 0], -given[:, 8], given[:, 8])  # sideways
    side = given.shape[-1]
    less = SHIFTS * side // 80
    x, y = batch.random.order.integers(0, less + 1, 2)
    given, true = (part[..., y : y + side - less, x : x + side - less] for part in (given, true))
    drawn = batch.normal(8)[:, :, None, None]
    gain = torch.exp(LIGHT * drawn[:, :1] + TINT * drawn[:, 1:4])
    gamma = torch.exp(GAMMA * drawn[:, 4:5])
    colour = torch.exp(LIPS * drawn[:, 5:] * closed[:, None, None, None])
    inner, mouth = given[:, 6:7], given[:, 7:8]
    grey = (batch.uniform(1) < 2 * GREY - 1)[:, :, None, None]

    def lit(faces, lips):
        light = ((faces + 1) / 2).clamp(1e-3, 1)
        light = torch.where(grey, light.mean(dim=1, keepdim=True), light)
        return (gain * (1 + lips * (colour - 1)) * light**gamma).clamp(0, 1) * 2 - 1

    faces = lit(given[:, :3], mouth), lit(given[:, 3:6], mouth)
    return torch.cat([*faces, given[:, 6:]], dim=1), lit(true, mouth * (1 - inner))
