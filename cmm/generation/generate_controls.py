"""Controls of the test fold, in the form of a method's generated.h5: what any score is to be read beside.

`original`: the true sequences. `neutral_frame`: the input face held still; on real photographs
its SSIM over a sequence is 0.94, so that SSIM alone rewards doing nothing. `other_person`:
the sequence of somebody else, with the same expression where there is one: a fine smile of the
wrong face.
"""

import logging
from pathlib import Path
from typing import Annotated

import numpy as np

from cmm.core.provenance import provenance
from cmm.generation.generated_file import ORIGINAL, write_generated
from cmm.sequences.smiles_file import read_smiles

OTHER_PERSON = "other_person"
CONTROLS = (ORIGINAL, "neutral_frame", OTHER_PERSON)
log = logging.getLogger("cmm")


def main(
    smiles: Annotated[Path, "smiles.h5"],
    fold: Annotated[int, "the test fold"],
    out: Annotated[Path, "generated.h5 to write"],
):
    """Write the controls of one fold."""
    data = read_smiles(smiles, fold, held_out=True, arrays=("faces",))
    others = other_people(data.subject, data.expression)
    if others is None:
        log.warning("fold %d has one person alone: no control of another person", fold)
    elif swapped := (data.expression[others] != data.expression).sum():
        log.warning("fold %d: %d sequences of another person are of the other expression", fold, swapped)

    def parts():
        for i, original in enumerate(data.faces):
            still = np.repeat(original[:1], len(original), axis=0)
            another = [] if others is None else [data.faces[others[i]]]
            yield {"faces": np.stack([original, still, *another])[None]}

    labels = {"smile": data.smile, "subject": data.subject, "expression": data.expression}
    labels["modes"] = CONTROLS[: 2 if others is None else 3]
    write_generated(out, parts(), labels, provenance(__name__, None, [smiles], fold=fold))


def other_people(subject, expression):
    """For each sequence the index of the next one, in a circle, of another person: (n,) int, None without any.

    Of the same expression where the fold has it.
    """
    n, chosen = len(subject), []
    for i in range(n):
        others = [(i + step) % n for step in range(1, n) if subject[(i + step) % n] != subject[i]]
        if not others:
            return None
        chosen.append(next((j for j in others if expression[j] == expression[i]), others[0]))
    return np.array(chosen)
