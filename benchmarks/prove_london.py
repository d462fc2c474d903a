"""Measures a CMM-Net trained on the London photographs: `make prove-london`, after the run of config/london.yaml.

SSIM to the held-out people's own sequences: over the sequence, and at its end, whole and in
the mouth's region; with the true landmark images (the translation stage alone) and with
generated ones. The unchanged neutral photograph stands beside them: a method that is no
nearer to the smile than it has done nothing. Exits with 1 if a bound does not hold.
"""

import sys
from pathlib import Path

import numpy as np
import torch
from checks import report

from cmm.core.tables import read_table
from cmm.core.weights_file import load_networks
from cmm.evaluation.metrics.regions import boxes
from cmm.evaluation.metrics.ssim import ssim, ssim_in
from cmm.generation.generated_file import read_pair
from cmm.networks.translation import TranslationUNet
from cmm.sequences.smiles_file import read_smiles
from cmm.training.tensors import faces_to_tensor, images_to_tensor, tensor_to_faces

FOLD = 10


def main(results=Path("results/london")):
    run = results / f"fold{FOLD}/cmm_net/seed1"
    made, data = read_pair(run / "generated.h5", results / "smiles.h5", FOLD, ("landmarks", "faces", "points"))
    translated = translate(run / "translation.safetensors", data)
    still = np.repeat(data.faces[:, :1], data.faces.shape[1], axis=1)
    rows = {"neutral photograph": still, "true landmarks": translated}
    rows |= {mode: made.faces[:, i] for i, mode in enumerate(made.modes)}
    print(f"{'SSIM':22}{'sequence':>10}{'end':>10}{'end, mouth':>12}")
    table = {}
    for name, faces in rows.items():
        scores = [(ssim(f, o), ssim(f[-1:], o[-1:]), mouth(f[-1], o[-1], p[-1]))
                  for f, o, p in zip(faces, data.faces, data.points, strict=True)]  # fmt: skip
        table[name] = np.mean(scores, axis=0)
        print(f"{name:22}{table[name][0]:10.3f}{table[name][1]:10.3f}{table[name][2]:12.3f}")
    whole = read_smiles(results / "smiles.h5", arrays=())
    people = read_table(results / "videos.parquet")["subject"].nunique()
    neutral, true = table["neutral photograph"], table["true landmarks"]
    generated = np.array([table[mode] for mode in made.modes])
    checks = [
        ("people that survive, a share", len(set(whole.subject)) / people, ">=", 0.98),
        ("true landmarks: sequence", true[0], ">=", 0.93),
        ("true landmarks: end, whole", true[1], ">=", 0.87),
        ("true landmarks: end, mouth", true[2], ">=", 0.77),
        ("generated: sequence, the least of conditional and modes", generated[:, 0].min(), ">=", 0.85),
        ("generated: end, mouth, conditional", generated[0, 2], ">=", neutral[2]),
        ("generated: end, mouth, the least of the modes", generated[1:, 2].min(), ">=", neutral[2]),
    ]
    print(f"{len(set(whole.subject))} of {people} people, {len(whole)} sequences; {len(made.smile)} held out,"
          f" of {len(set(made.subject))} people")  # fmt: skip
    return report(checks)


@torch.inference_mode()
def translate(weights, data):
    """Faces (n, t, s, s, 3) of the neutral faces and the true landmark images."""
    unet = load_networks(weights, translation=TranslationUNet)[0]["translation"]
    faces = []
    for face, landmarks in zip(faces_to_tensor(data.faces[:, 0]), data.landmarks, strict=True):
        drawn = images_to_tensor(landmarks)
        faces.append(tensor_to_faces(unet(face.expand(len(drawn), -1, -1, -1), drawn)))
    return np.stack(faces)


def mouth(face, original, points):
    """SSIM of two faces (s, s, 3) within the box of the original's lips."""
    return ssim_in(face[None], original[None], boxes(points[None], "mouth", len(face)))


if __name__ == "__main__":
    sys.exit(main(*map(Path, sys.argv[1:])))
