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
from cmm.generation.generated_file import ORIGINAL, GeneratedSmiles, write_generated
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
    still = np.repeat(data.faces[:, :1], data.faces.shape[1], axis=1)
    parts, others = [data.faces, still], other_people(data.subject, data.expression)
    if others is None:
        log.warning("fold %d has one person alone: no control of another person", fold)
    else:
        parts.append(data.faces[others])
        if swapped := (data.expression[others] != data.expression).sum():
            log.warning("fold %d: %d sequences of another person are of the other expression", fold, swapped)
    labels = {"smile": data.smile, "subject": data.subject, "expression": data.expression}
    made = GeneratedSmiles(faces=np.stack(parts, axis=1), modes=list(CONTROLS[: len(parts)]), **labels)
    write_generated(out, made, provenance(__name__, None, [smiles], fold=fold))


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
