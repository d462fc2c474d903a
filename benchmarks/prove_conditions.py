"""Measures what methods make of strengths, lengths and labels on held-out people: `make prove-conditions`.

After a run whose methods are told more than the expression (config/beyond.yaml). For each such method:
strength 0 gives back the input; AU12, as the tracker sees it, grows with the strength; sequences of
several lengths agree at the nearest times; AU12 grows with its label. Exits with 1 if a bound does not
hold.
"""

import sys
from pathlib import Path

import numpy as np
from checks import report
from scipy.stats import spearmanr

from cmm.core.errors import UserError
from cmm.core.pictures import resized
from cmm.evaluation.metrics.ssim import ssim
from cmm.evaluation.retracking import look, retrack
from cmm.faces.small_faces import track_small
from cmm.faces.trackers import load as load_tracker
from cmm.generation.generate_smiles import neutral_of
from cmm.methods.generator import Condition
from cmm.methods.loading import load_folder
from cmm.methods.registry import METHODS
from cmm.sequences.smiles_file import read_smiles
from cmm.training.strengths import strengths_of

STRENGTHS = np.linspace(0, 1, 11)
INTENSITIES = np.linspace(0, 5, 11)
LENGTHS = (16, 32, 128)


def main(results=Path("results/actors"), fold=10):
    data, checks = read_smiles(results / "smiles.h5", fold, held_out=True), []
    people = len(set(data.subject))
    with load_tracker("mediapipe") as tracker:
        limit = correlations(tracker, data, *frames_at(data, STRENGTHS))
        for name, method in METHODS.items():
            run = results / f"fold{fold}/{name}/seed1"
            if method.honours and all((run / f"{stage}.safetensors").is_file() for stage in method.weights):
                found = measure(load_folder(name, run), data, tracker, method.honours)
                checks += [(f"{name}: {what}", *rest) for what, *rest in found]
    if not checks:
        sys.exit(f"{results}/fold{fold} holds no method that is told more than the expression: run config/beyond.yaml")
    print(f"{people} people, {len(data)} sequences, fold {fold}")
    print(
        "rank correlations of the originals' own frames, the tracker's limit: " + ", ".join(f"{r:.2f}" for r in limit)
    )
    return report(checks)


def measure(generator, data, tracker, honours):
    """Checks of one method."""
    neutral = neutral_of(data, np.arange(len(data)), generator.size)

    def made(**told):
        made = generator(neutral, [Condition(name, **told) for name in data.expression], modes=False)
        return resized(made.faces[:, 0], data.faces.shape[2])

    checks = []
    if "strength" in honours:
        ends = np.stack([made(strength=float(a), frames=2)[:, -1] for a in STRENGTHS], axis=1)
        same = np.mean([ssim(face[None], true[None]) for face, true in zip(ends[:, 0], data.faces[:, 0], strict=True)])
        checks.append(("SSIM of strength 0 with the input", same, ">=", 0.95))
        checks.append(("sequences whose AU12 grows with strength", *grows(tracker, data, ends, STRENGTHS, 0.95)))
    if "frames" in honours:
        sequences = {length: made(frames=length) for length in LENGTHS}
        least = min(agreement(sequences[a], sequences[LENGTHS[-1]]) for a in LENGTHS[:-1])
        checks.append(("least SSIM of two lengths at the nearest times", least, ">=", 0.98))
    if "action_units" in honours:
        ends = np.stack([made(action_units={"AU12": float(a)}, frames=2)[:, -1] for a in INTENSITIES], axis=1)
        checks.append(("sequences whose AU12 grows with its label", *grows(tracker, data, ends, INTENSITIES, 0.9)))
    return checks


def grows(tracker, data, ends, levels, least):
    """(share of the sequences whose measured AU12 has a rank correlation of `least` with the levels, sign, bound)."""
    found = correlations(tracker, data, ends, np.broadcast_to(levels, ends.shape[:2]))
    print("rank correlations: " + ", ".join(f"{value:.2f}" for value in found))
    return float(np.mean(np.array(found) >= least)), ">=", 0.9


def correlations(tracker, data, faces, levels):
    """Rank correlations (n,) of measured AU12 with the levels (n, m) of faces (n, m, s, s, 3)."""
    found = []
    for neutral, pictures, level in zip(data.faces[:, 0], faces, levels, strict=True):
        au12 = retrack(tracker, look(tracker, pictures), track_small(tracker, neutral)).au12
        found.append(spearmanr(level, au12, nan_policy="omit").statistic)
    return found


def frames_at(data, levels):
    """(faces (n, m, s, s, 3), strengths (n, m)) of the sequences' own frames that come nearest to so strong smiles."""
    strengths = strengths_of(data.action_units)
    nearest = np.abs(strengths[:, :, None] - levels).argmin(axis=1)
    faces = np.stack([sequence[chosen] for sequence, chosen in zip(data.faces, nearest, strict=True)])
    return faces, np.take_along_axis(strengths, nearest, axis=1)


def agreement(few, many):
    """Least SSIM, over sequences and the times of the shorter one, of two lengths' pictures at the nearest times."""
    nearest = np.round(np.linspace(0, many.shape[1] - 1, few.shape[1])).astype(int)
    return min(ssim(one[None], other[None]) for i in range(len(few)) for one, other in
               zip(few[i], many[i][nearest], strict=True))  # fmt: skip


if __name__ == "__main__":
    try:
        sys.exit(main())
    except UserError as error:
        sys.exit(str(error))
