"""What a method makes of test people under conditions side by side: conditions.h5.

For methods that are told more than the expression. Grids of the sequences' last pictures, a line a person
of the test fold: every expression, and the action units where the method knows them, one alone and
together; and each expression along its strengths.
"""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import numpy as np
import torch

from cmm.core.errors import UserError
from cmm.core.progress import progress
from cmm.core.provenance import provenance
from cmm.generation.conditions_file import write_conditions
from cmm.generation.generate_smiles import neutral_of
from cmm.methods.generator import Condition
from cmm.methods.loading import load, record_of
from cmm.methods.registry import declaration_of
from cmm.sequences.smiles_file import read_smiles

STRENGTHS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0, 1.25)
INTENSITIES = ({"AU6": 4.0}, {"AU12": 2.0}, {"AU12": 4.0}, {"AU6": 4.0, "AU12": 4.0})


def main(
    smiles: Annotated[Path, "smiles.h5"],
    method: Annotated[str, "the method, or an ablation of it: METHOD-ABLATION"],
    weights: Annotated[list[Path], "its weights"],
    fold: Annotated[int, "fold to generate: the test fold"],
    out: Annotated[Path, "conditions.h5 to write"],
    threads: Annotated[int, "threads of a CPU"] = 1,
):
    """Generate the grids of every test person, from the neutral frame of the first of their sequences."""
    torch.set_num_threads(threads)
    honours = declaration_of(method).honours
    generator = load(method, weights)
    data = read_smiles(smiles, fold, held_out=True, arrays=("landmarks", "faces", "points", "mesh"))
    first = np.unique(data.subject, return_index=True)[1]
    neutral = neutral_of(data, first, generator.size)
    grids = grids_of(generator.expressions, honours)
    if not grids:
        raise UserError(f"{method} is told neither strength nor action units: there is nothing to set side by side")
    made, length = {}, 2 if "frames" in honours else None  # the last picture alone is wanted
    for name, columns in progress(list(grids.items()), "grids generated"):
        conditions = [replace(condition, frames=length) for condition in columns.values()]
        pictures = [generator(neutral, [one] * len(first), modes=False).faces[:, 0, -1] for one in conditions]
        made[name] = [*columns], np.stack(pictures, axis=1)
    about = provenance(__name__, None, [smiles, *weights], fold=fold, method=method, **record_of(generator))
    write_conditions(out, made, data.subject[first], about)


def grids_of(expressions, honours):
    """{name: {head of a column: Condition}} of what a method that `honours` these fields can be told."""
    grids = {}
    if "action_units" in honours:
        asked = {" ".join(f"{name} {value:g}" for name, value in units.items()): units for units in INTENSITIES}
        units = {head: Condition(expressions[0], action_units=units) for head, units in asked.items()}
        grids["labels"] = {name: Condition(name) for name in expressions} | units
    if "strength" in honours:
        for name in expressions:
            grids[f"strength_{name}"] = {f"{strength:g}": Condition(name, strength) for strength in STRENGTHS}
    return grids
