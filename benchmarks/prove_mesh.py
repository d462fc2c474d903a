"""Measures a CMM-mesh on held-out people's own smiles: `make prove-mesh`, after a run with cmm_mesh among its methods.

SSIM at the apex, whole and in the mouth's region, at 64 px and at the sequences' own size: the unchanged
neutral photograph, the photograph bent to the true mesh, refined too, and what is generated from the neutral
photograph alone. `--results`, `--fold` and `--weights` choose others; `--picture FILE` draws a line a person.
Exits with 1 if a bound does not hold.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np
from checks import report
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from cmm.core.pictures import rescaled, resized
from cmm.evaluation.metrics.regions import boxes
from cmm.evaluation.metrics.ssim import ssim, ssim_in
from cmm.generation.film_strip import draw_film_strip
from cmm.generation.generate_smiles import neutral_of
from cmm.methods.cmm_mesh.generator import ALIGNED, CMMMeshGenerator
from cmm.methods.cmm_mesh.mouths import smiles_of
from cmm.methods.cmm_mesh.painting import Painter
from cmm.methods.generator import Condition
from cmm.sequences.smiles_file import read_smiles

ARRAYS = ("landmarks", "faces", "points", "mesh")


def main(results, fold, weights):
    generator = CMMMeshGenerator(weights)
    data = read_smiles(results / "smiles.h5", fold, held_out=True, arrays=ARRAYS)
    apex = data.faces[:, -1]
    rows = {"neutral photograph": data.faces[:, 0], **bent_to_true_meshes(data, generator)}
    made, names = apexes(generator, data), names_of(generator)
    rows |= {name: made[:, i] for i, name in enumerate(names)}
    print(f"{len(data)} sequences of {len(set(data.subject))} people, fold {fold}")
    sizes = sorted({64, 128, apex.shape[1]})
    print(f"{'SSIM at the apex':24}" + "".join(f"{f'{size} px, whole':>16}{'mouth':>8}" for size in sizes))
    table = {}
    for name, faces in rows.items():
        table[name] = np.array([scores(faces, data, size) for size in sizes])  # (sizes, 2, n)
        print(f"{name:24}" + "".join(f"{whole:16.3f}{mouth:8.3f}" for whole, mouth in table[name].mean(axis=2)))
    best = np.max([table[name][0, 1] for name in names[1:]], axis=0).mean()
    true = table["refined, true mesh"].mean(axis=2)
    return report([
        ("true mesh, whole, 64 px", true[0, 0], ">=", 0.965),
        ("true mesh, mouth, 64 px", true[0, 1], ">=", 0.92),
        ("true mesh, mouth, 128 px", true[sizes.index(128), 1], ">=", 0.90),
        ("mean smile, mouth, 64 px", table["mean smile"][0, 1].mean(), ">=", 0.80),
        (f"best of {generator.modes} modes, mouth, 64 px", best, ">=", 0.88),
    ])  # fmt: skip


def names_of(generator):
    return ["mean smile", *(f"mode {k + 1}" for k in range(generator.modes))]


def apexes(generator, data, strength=1.0):
    """Last frames (n, 1 + k, s, s, 3) of what is generated from the sequences' neutral faces, at their size."""
    neutral, size = neutral_of(data, np.arange(len(data)), generator.size), data.faces.shape[2]
    made = generator(neutral, [Condition(name, strength, 2) for name in data.expression]).faces[:, :, -1]
    return resized(made.reshape(-1, *made.shape[2:]), size).reshape(*made.shape[:2], size, size, 3)


def draw(path, results, fold, weights, strength, people):
    """Write a picture of `people` held-out people, from the one whose mean smile is most like their own to the least.

    A line each: subject and SSIM of the mouth at strength 1 and 64 px, the neutral face, their own smile, and
    what is generated.
    """
    generator = CMMMeshGenerator(weights)
    data = read_smiles(results / "smiles.h5", fold, held_out=True, arrays=ARRAYS)
    alike, made = scores(apexes(generator, data)[:, 0], data, 64)[1], apexes(generator, data, strength)
    order = [i for i in np.argsort(-alike) if data.expression[i] == data.expressions[-1]]
    chosen = [order[round(place)] for place in np.linspace(0, len(order) - 1, people or len(order))]
    pictures = [np.stack([data.faces[i, 0], data.faces[i, -1], *made[i]]) for i in chosen]
    rows = [(f"{data.subject[i]}: {alike[i]:.2f}", faces) for i, faces in zip(chosen, pictures, strict=True)]
    heads, about = ["photograph", "own smile", *names_of(generator)], {"strength": strength, "weights": generator.about}
    draw_film_strip(path, rows, about, len(heads), heads=heads, side=157)
    with Image.open(path) as picture:  # 256 colours take a third of the space
        text, few = PngInfo(), picture.convert("RGB").quantize(256)
    text.add_text("Description", json.dumps(about))
    few.save(path, pnginfo=text, optimize=True)


def bent_to_true_meshes(data, generator):
    """{name: faces (n, s, s, 3)} of the neutral faces bent to their own smiles' meshes.

    Alone, refined with somebody's teeth, as they are generated, and refined without being told of teeth.
    """
    without = generator.shapes | {"teeth": generator.shapes["teeth"][:0]}
    ways = {
        "bent, true mesh": (lambda x: 0 * x[:, :3], without),
        "refined, true mesh": (generator.refiner, generator.shapes),
        "no teeth, true mesh": (generator.refiner, without),
    }
    found = {name: [] for name in ways}
    smiles = smiles_of(data, generator.shapes, [data.faces.shape[1] - 1])
    for (smile,) in smiles:
        mesh = smile.neutral_mesh
        wanted = mesh + (smile.mesh - mesh) * generator.shapes["fade"][:, None]
        for name, (refiner, shapes) in ways.items():
            size = smile.neutral.shape[0]
            painter = Painter(smile.neutral, mesh, ALIGNED, size, shapes, refiner, generator.device)
            found[name].append(painter.paint(wanted[None])[0])
    return {name: np.stack(faces) for name, faces in found.items()}


def scores(faces, data, size):
    """(whole (n,), mouth (n,)) of apex faces at a size."""
    scale, apex = size / faces.shape[1], resized(data.faces[:, -1], size)
    found = []
    for face, true, points in zip(resized(faces, size), apex, rescaled(data.points[:, -1], scale), strict=True):
        found.append(
            (ssim(face[None], true[None]), ssim_in(face[None], true[None], boxes(points[None], "mouth", size)))
        )
    return np.array(found).T


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, default=Path("results/london"))
    parser.add_argument("--fold", type=int, default=10)
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--picture", type=Path)
    parser.add_argument("--strength", type=float, default=1.0, help="of the picture's smiles")
    parser.add_argument("--people", type=int, help="so many of them in the picture, the first ones")
    asked = parser.parse_args()
    weights = asked.weights or asked.results / f"fold{asked.fold}/cmm_mesh/seed1/cmm_mesh.safetensors"
    if asked.picture:
        draw(asked.picture, asked.results, asked.fold, weights, asked.strength, asked.people)
    sys.exit(main(asked.results, asked.fold, weights))
