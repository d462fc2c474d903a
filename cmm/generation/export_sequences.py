"""Write the sequences of smiles.h5 as files, for a method that is trained elsewhere.

train/{smile}.png, test/{smile}.png    the frames of a sequence beside each other, in a folder each for the people that
                                       train and those who are held out; a method makes its video of the first frame
pairs.csv                              source, driving: for methods that take a smile from a video, the held-out
                                       sequence and one of those who train; that lies in test/, too
smiles.csv                             smile, subject, expression, split (train | test)

Such pictures the first-order model and Monkey-Net (Siarohin et al. 2019) read, such pairs the first. Who drives is
somebody else with the same expression, and of those the neutral face whose points are nearest: the motion is carried
over as it is.
"""

from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd

from cmm.core.errors import UserError
from cmm.core.files import atomic, inside
from cmm.core.pictures import MOST_SIDE
from cmm.core.progress import progress
from cmm.core.provenance import provenance
from cmm.generation.write_sequence import write_png
from cmm.sequences.smiles_file import read_smiles


def main(
    smiles: Annotated[Path, "smiles.h5"],
    fold: Annotated[int, "the test fold, whose people are held out"],
    out: Annotated[Path, "folder to write"],
):
    """Write the folder of one fold."""
    sides = {
        split: read_smiles(smiles, fold, held_out=split == "test", arrays=("faces", "points"))
        for split in ("train", "test")
    }
    train, test = sides.values()
    check_width(test.faces.shape)
    drivers = nearest(test, train)
    about = provenance(__name__, None, [smiles], fold=fold)
    with atomic(out) as folder:
        for split, data in sides.items():
            (folder / split).mkdir(parents=True)
            for i in progress(range(len(data)), f"sequences of {split}"):
                write_strip(folder / split, data, i, about)
        for i in sorted(set(drivers)):
            write_strip(folder / "test", train, i, about)
        pairs = {
            "source": [f"{name}.png" for name in test.smile],
            "driving": [f"{train.smile[i]}.png" for i in drivers],
        }
        pd.DataFrame(pairs).to_csv(folder / "pairs.csv", index=False)
        listed = [
            pd.DataFrame({"smile": data.smile, "subject": data.subject, "expression": data.expression, "split": split})
            for split, data in sides.items()
        ]
        pd.concat(listed).to_csv(folder / "smiles.csv", index=False)


def check_width(shape):
    """UserError for sequences (n, t, s, s, 3) of which a picture would be too wide to be read."""
    _, frames, side = shape[:3]
    if frames * side > MOST_SIDE:
        raise UserError(
            f"{frames} frames of {side} px beside each other are {frames * side} px wide, and at most {MOST_SIDE} are"
            " read: set rasters.frames or rasters.image_size smaller"
        )


def nearest(test, train):
    """Of each test sequence the training sequence, a number, of somebody else and of its expression whose first points
    are nearest, by the mean distance of the 68 points. Where there is none such, of any expression, or of anybody.
    """
    neutral = np.stack([train.points[i][0] for i in range(len(train))])  # (n, 68, 2)
    found = []
    for i in range(len(test)):
        others, same = train.subject != test.subject[i], train.expression == test.expression[i]
        alike = next(np.flatnonzero(who) for who in (others & same, others, others | True) if who.any())
        apart = np.linalg.norm(neutral[alike] - test.points[i][0], axis=-1).mean(axis=-1)
        found.append(int(alike[np.argmin(apart)]))
    return found


def write_strip(folder, data, i, about):
    """Write sequence i of a Smiles as one picture, its frames beside each other."""
    write_png(inside(folder, f"{data.smile[i]}.png"), np.concatenate(list(data.faces[i]), axis=1), about)
