"""From a photograph to smile videos, and the scores of what was generated: after `make demo`."""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2
import h5py
import numpy as np
from machine import RESULTS, in_turn, spread, write

from cmm.datasets.actors.make_actors import Settings, render_clip
from cmm.faces.trackers import load
from cmm.generation import generate
from cmm.generation import smiler as smilers
from cmm.generation.photographs import neutral_of, see
from cmm.methods.generator import Condition
from cmm.methods.loading import load_folder

ROOT = Path(__file__).parent.parent
RUN = ROOT / "results/actors/fold10/cmm_net/seed1"
SMILES = ROOT / "results/actors/smiles.h5"
ROUNDS = 3


def command(*words):
    """Seconds of a command of ours."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-m", "cmm", *map(str, words)], check=True, capture_output=True, cwd=ROOT)
    return time.perf_counter() - start


def seen(image, size):
    """(picture, its face, the similarity to an aligned one of a size) of a photograph."""
    with load(generate.Settings.backend) as tracker:
        photograph = see(image, tracker)
    return photograph.picture, photograph.faces[0], photograph.matrix(photograph.faces[0], size)


def photograph(folder):
    """Rows of a photograph's way to videos: a command, and a generator that has been loaded."""
    image = folder / "neutral.png"
    cv2.imwrite(str(image), render_clip(3, "posed", Settings())[0][0][..., ::-1])
    words = ["generate", image, "--expression", "posed", "--model", RUN]
    first = [command(*words, "--out", folder / f"out{i}") for i in range(ROUNDS)]
    generator = load_folder("cmm_net", RUN)
    picture, face, matrix = seen(image, generator.size)
    neutral = neutral_of(picture, face, matrix, generator.size)
    conditions = [Condition("posed")]
    again = in_turn({"again": lambda: generator(neutral, conditions)}, 7)["again"]
    films = generator.modes + 1
    return [
        {"what": f"photograph to {films} videos, the whole command [s]", "value": spread(first)},
        {"what": f"{films} more sequences from a loaded generator [s]", "value": spread(again)},
    ]


def whole_photograph(folder):
    """Rows of a photograph's way to videos of all of it, with the weights inside the package."""
    image = folder / "large.png"
    cv2.imwrite(str(image), cv2.resize(render_clip(3, "posed", Settings())[0][0], (1024, 1024))[..., ::-1])
    first = [command("generate", image, "--out", folder / f"whole{i}") for i in range(ROUNDS)]
    smiler = smilers.load()
    films = smiler.generator.modes + 1
    studio = generate.Studio(smiler, smiler.condition(), smiler.count(), generate.Settings())
    photograph = see(image, smiler.tracker)
    matrices = [photograph.matrix(face, smiler.generator.size) for face in photograph.faces]
    out = iter(range(100))

    def videos():
        made, _ = smiler.sequences(photograph, photograph.faces[0], studio.condition, smiler.count())
        generate.whole(folder, photograph, matrices, [made], studio, {})

    seconds = in_turn({"videos": videos, "next": lambda: generate.smile(image, folder / f"next{next(out)}", studio)}, 5)
    return [
        {"what": f"1024 px to {films} videos by the weights inside, the whole command [s]", "value": spread(first)},
        {
            "what": "its videos alone, all loaded, the face tracked [s]",
            "value": spread(seconds["videos"]),
        },
        {"what": "the next photograph of a folder, strip and all [s]", "value": spread(seconds["next"])},
    ]


def scores(folder):
    """Rows of every family of scores, in seconds for 1000 sequences."""
    with h5py.File(RUN / "generated.h5") as file:
        count = int(np.prod(file["faces"].shape[:2]))
    rows, more = [], {"motion": ["--curves", folder / "curves.parquet"]}
    more["expression"] = ["--classifier", RUN.parents[1] / "expression_classifier.safetensors"]
    for family in ("pictures", "motion", "identity", "expression"):
        words = [f"measure_{family}", "--smiles", SMILES, "--generated", RUN / "generated.h5", "--dataset", "actors"]
        words += ["--fold", 10, "--method", "cmm_net", "--seed", 1, "--out", folder / f"{family}.parquet"]
        seconds = [command(*words, *more.get(family, [])) for _ in range(ROUNDS)]
        start = [command(f"measure_{family}", "--help") for _ in range(ROUNDS)]
        work = [1000 * (a - np.median(start)) / count for a in seconds]
        rows.append({"what": f"measure_{family}, start [s]", "value": spread(start)})
        rows.append({"what": f"measure_{family}, 1000 sequences without the start [s]", "value": spread(work)})
    return rows


def main():
    if not (RUN / "generated.h5").is_file():
        print("generation is left out: make demo has not been run")
        (RESULTS / "generation.tsv").unlink(missing_ok=True)  # of another machine, perhaps
        return
    with tempfile.TemporaryDirectory() as name:
        write("generation", photograph(Path(name)) + whole_photograph(Path(name)) + scores(Path(name)))


if __name__ == "__main__":
    main()
