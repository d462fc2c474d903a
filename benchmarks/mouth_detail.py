"""How much detail CMM-mesh's mouths have in large photographs, beside people's own: mouth_detail.py FOLDER.

FOLDER holds neutral_front/ and smiling_front/, as the Face Research Lab London Set does. A neutral photograph is moved
to the person's own smile, so that both pictures fit pixel by pixel, once with the detail raised as it is by default and
once without. Of those who show teeth, in --folds: contrast of fine and of coarser detail between the lips, as shares of
the own smile's, and the perceptual distance of the mouths; means over people.
"""

import argparse
import logging
from pathlib import Path
from unittest.mock import patch

import cv2
import numpy as np
import pandas as pd

from cmm import load
from cmm.datasets import deal
from cmm.datasets.photographs.animate_photographs import find_pairs
from cmm.evaluation.image_networks import load as load_network
from cmm.evaluation.metrics.perceptual import perceptual_distance
from cmm.generation.photographs import see
from cmm.methods.cmm_mesh import painting
from cmm.methods.cmm_mesh.generator import known
from cmm.methods.cmm_mesh.mouths import bent
from cmm.methods.cmm_mesh.shapes import pose_of
from cmm.methods.cmm_mesh.warping import mouth_masks

BANDS = {"fine": (0, 2 / 1280), "coarser": (2 / 1280, 6 / 1280)}  # deviations of blurs, shares of the longer side
SHOWN = 0.001  # share of the photograph that is teeth, or dark, between parted lips


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photographs", type=Path)
    parser.add_argument("--folds", type=int, nargs="+", default=[8, 9])
    parser.add_argument("--longest", type=int, default=1280)
    asked = parser.parse_args()
    logging.getLogger("cmm").setLevel(logging.ERROR)
    smiler, network = load(), load_network("efficientnet_lite0")
    pairs = find_pairs(asked.photographs)
    folds, rows = deal(list(pairs)), []
    for subject in [name for name in pairs if folds[name] in asked.folds]:
        neutral, own = (see(path, smiler.tracker, "largest", asked.longest) for path in pairs[subject])
        rows += [row | {"person": subject} for row in compared(neutral, own, smiler.generator, network)]
    if not rows:
        raise SystemExit(f"nobody in folds {asked.folds} shows teeth")
    table = pd.DataFrame(rows)
    print(table.groupby("raised").mean(numeric_only=True).round(3).to_string())
    print(f"{table['person'].nunique()} people who show teeth, folds {asked.folds}, {asked.longest} px")


def compared(neutral, own, generator, network):
    """A row for the detail as it is and raised; none for somebody whose lips stay closed."""
    shapes = generator.shapes
    before, after = (known(seen.faces[0].mesh) for seen in (neutral, own))
    if own.picture.shape != neutral.picture.shape:
        raise SystemExit("both photographs of a person must be of one size")
    poses = [pose_of(mesh, shapes["mean"]) for mesh in (before, after)]
    moves = poses[1].to_head(after) - poses[0].to_head(before)
    wanted = before + poses[0].to_picture(moves * shapes["fade"][:, None])
    picture = neutral.picture
    inner = cv2.erode(mouth_masks(wanted, *picture.shape[1::-1])[..., 0], np.ones((5, 5))) > 0
    if inner.mean() < SHOWN:
        return
    box = around(inner)
    true = bent(own.picture, after, wanted, shapes)
    layers, detail = network.layers(true[box].copy()), contrasts(true, inner)
    matrix = neutral.matrix(neutral.faces[0], generator.size)
    for raised in (False, True):
        with patch.object(painting, "SHARPER", painting.SHARPER * raised):
            painter = painting.Painter(
                picture, before, matrix, generator.size, shapes, generator.refiner, generator.device
            )
        made = painter.paint(np.stack([before, wanted]))[-1]
        shares = {name: value / detail[name] for name, value in contrasts(made, inner).items()}
        yield {"raised": raised} | shares | {"distance": perceptual_distance(network.layers(made[box].copy()), layers)}


def around(inner):
    """Slices of rows and columns around a mask, half as far again on each side."""
    found = []
    for axis in (1, 0):
        places = np.flatnonzero(inner.any(axis=axis))
        reach = np.ptp(places) // 2
        found.append(slice(max(0, places[0] - reach), places[-1] + 1 + reach))
    return tuple(found)


def contrasts(picture, inner):
    """{band: deviation of the brightness within a mask}."""
    light = picture.mean(axis=2).astype(np.float32)

    def blurred(share):
        return cv2.GaussianBlur(light, (0, 0), share * max(picture.shape)) if share else light

    return {name: float((blurred(low) - blurred(high))[inner].std()) for name, (low, high) in BANDS.items()}


if __name__ == "__main__":
    main()
