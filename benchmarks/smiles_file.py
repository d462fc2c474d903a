"""smiles.h5 of a small and of a large data set: bytes, reading, and trainings that read it as they go.

Sequences are those of a few rendered people, each with noise of its own. `smiles_file.py --sequences 1000 20000` makes
a large store of so many; without it, 5,000.
"""

import argparse
import importlib
import shutil
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
from machine import in_turn, measured, spread, write
from training import STAGES, stage_of, train_before

from cmm.core.entries import Entries
from cmm.core.video import write_video
from cmm.datasets.actors.make_actors import Settings, render_clip
from cmm.faces.trackers import load
from cmm.sequences.draw_rasters import Settings as Rasters
from cmm.sequences.draw_rasters import cut_sequences
from cmm.sequences.measure_tracks import track_video
from cmm.sequences.smiles_file import read_smiles, write_smiles
from cmm.training.batches import EpochGenerators, shuffled

PEOPLE, ROUNDS = 4, 5
STEPS = {"conditional_lstm": 4, "landmark_vae": 4, "face_vae": 4, "translation": 2}  # of stages, in a round
LITTLE, HELD, EVERYTHING = 32, 256, 10**6  # MiB held: next to nothing, what a job holds, all


def people(folder):
    """Sequences {array: values} of a few rendered people."""
    found = []
    with load("mediapipe") as tracker:
        for i in range(PEOPLE):
            write_video(folder / "a.mp4", render_clip(i, "posed", Settings())[0], 50, crf=16)
            track, _ = track_video("a", folder / "a.mp4", tracker)
            phase = {"onset_frame": 20, "apex_frame": 60, "held_frame": 60}
            found += cut_sequences([phase], track, folder / "a.mp4", Rasters(), tracker)
    return found


def make(path, made, count):
    """A store of `count` of these sequences, each with noise of its own in the faces."""
    random = np.random.default_rng(0)
    shape, noise = made[0]["faces"].shape, random.integers(-2, 3, 2**24, np.int8)

    def sequence(i):
        one = made[i % len(made)]
        start = random.integers(len(noise) - np.prod(shape))
        noisy = one["faces"] + noise[start : start + np.prod(shape)].reshape(shape).astype(np.int16)
        return one | {"faces": np.clip(noisy, 0, 255).astype(np.uint8)}

    rows = [
        {"smile": f"s{i}", "subject": f"p{i}", "expression": ("posed", "spontaneous")[i % 2], "video": f"v{i}",
         "fold": i % 4}
        for i in range(count)
    ]  # fmt: skip
    write_smiles(path, (sequence(i) for i in range(count)), rows, *shape[:2], {})


def reading(path):
    """(Function that reads faces and landmark images of some sequences in random order, how many they are)."""
    data = read_smiles(path, arrays=("faces", "landmarks"), room=LITTLE * 2**20)
    random, some = np.random.default_rng(0), min(len(data), 500)

    def read():
        for i in random.permutation(len(data))[:some]:
            data.faces[i], data.landmarks[i]

    return read, some


def training(stage, folder, held_mb):
    """(Function that makes some steps of a stage on random batches, as the loop does; the Smiles that it reads)."""
    name, before = STAGES[stage]
    module = importlib.import_module(name)
    settings = module.Settings()
    caught = stage_of(module, before, settings, folder, held_mb=held_mb)
    numbers, items = iter(range(10**6)), caught["items"]

    def train():
        random = EpochGenerators.of(1, next(numbers))
        batches = shuffled(items.draw(random), settings.batch_size, random)[: STEPS.get(stage, 1) + 1]
        for chosen, following in pairwise(batches):
            items.expect(items.batch(following, random))
            caught["step"](items.batch(chosen, random))

    return train, items.data


def hold(data):
    """Read all of the Smiles that there is room for; `data` is None for a stage that has read everything before."""
    for array in () if data is None else vars(data).values():
        for _ in array if isinstance(array, Entries) else ():
            pass


def ratio_of(stage, folder):
    """Steps a second of a stage that reads as it goes over those of one that holds all, side by side."""
    streamed, _ = training(stage, folder, LITTLE)
    held, data = training(stage, folder, EVERYTHING)
    hold(data)
    seconds = in_turn({"streamed": streamed, "held": held}, ROUNDS)
    return spread(seconds["held"] / seconds["streamed"])


def one_training(stage, folder):
    """A training for a while, with what a job holds."""
    train, data = training(stage, folder, HELD)
    hold(data)
    train()


def memory(stage, folder):
    """Most resident memory [MiB] of a training in a process of its own."""
    return round(measured([sys.executable, __file__, "--stage", stage, "--folder", folder])[2])


def rows_of(folder, counts):
    """What stores of so many sequences take, the first of them small, and what trainings lose that read as they go."""
    rows, made, stores = [], people(folder), {count: folder / str(count) for count in counts}
    rows.append({"what": "bytes of a sequence in memory", "value": sum(values.nbytes for values in made[0].values())})
    for count, place in stores.items():
        place.mkdir()
        start = time.perf_counter()
        make(place / "smiles.h5", made, count)
        rows.append(
            {"what": f"{count} sequences: written [1/s]", "value": round(count / (time.perf_counter() - start))}
        )
        rows.append({"what": f"{count} sequences: bytes each", "value": (place / "smiles.h5").stat().st_size // count})
        read, some = reading(place / "smiles.h5")
        seconds = in_turn({"read": read}, ROUNDS)["read"]
        rows.append({"what": f"{count} sequences: read in random order [1/s]", "value": spread(some / seconds)})
    make(folder / "smiles.h5", made, 8)
    train_before(folder)
    for place in stores.values():
        for weights in folder.glob("*.safetensors"):
            shutil.copy(weights, place)
    first, *_ = stores.values()
    for stage in STEPS:
        rows.append({"what": f"{stage}: steps, read as it goes / all held", "value": ratio_of(stage, first)})
    for stage in ("conditional_lstm", "translation", "cmm_mesh"):
        for count, place in stores.items():
            rows.append({"what": f"{count} sequences: memory of {stage} [MiB]", "value": memory(stage, place)})
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sequences", type=int, nargs="+", default=[1000, 5000])
    parser.add_argument("--stage", help="this stage alone, in the store of a folder: its memory")
    parser.add_argument("--folder", type=Path)
    asked = parser.parse_args()
    if asked.stage:
        one_training(asked.stage, asked.folder)
        return
    with tempfile.TemporaryDirectory() as name:
        write("smiles_file", rows_of(Path(name), asked.sequences))


if __name__ == "__main__":
    main()
