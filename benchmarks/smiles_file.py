"""smiles.h5: bytes a sequence, and reading it, in order and shuffled, against plain arrays in memory."""

import tempfile
from pathlib import Path

import h5py
import numpy as np
from machine import in_turn, spread, write

from cmm.core.video import write_video
from cmm.datasets.actors.make_actors import Settings, render_clip
from cmm.faces.trackers import load
from cmm.sequences.draw_rasters import Settings as Rasters
from cmm.sequences.draw_rasters import cut_sequences
from cmm.sequences.measure_tracks import track_video
from cmm.sequences.smiles_file import read_smiles, write_smiles

PEOPLE, COPIES, ROUNDS = 4, 16, 7


def make(path, folder):
    """Sequences of a few rendered people, each some times over."""
    sequences, rows = [], []
    with load("mediapipe") as tracker:
        for i in range(PEOPLE):
            write_video(folder / "a.mp4", render_clip(i, "posed", Settings())[0], 50, crf=16)
            track, _ = track_video("a", folder / "a.mp4", tracker)
            phase = [{"onset_frame": 20, "apex_frame": 60}]
            sequences += list(cut_sequences(phase, track, folder / "a.mp4", Rasters())) * COPIES
    for i in range(len(sequences)):
        rows.append({"smile": f"s{i}", "subject": f"p{i}", "expression": "posed", "video": f"v{i}", "fold": i % 4})
    write_smiles(path, sequences, rows, 32, 64, {})
    return len(sequences)


def main():
    with tempfile.TemporaryDirectory() as name:
        folder, path = Path(name), Path(name) / "smiles.h5"
        count = make(path, folder)
        order = np.random.default_rng(0).permutation(count)
        data = read_smiles(path)
        plain = {"faces": data.faces.copy(), "landmarks": data.landmarks.copy()}

        def from_file(rows):
            with h5py.File(path) as file:
                return sum(int(file[name][i].sum(dtype=np.int64)) for i in rows for name in plain)

        def from_memory(rows):
            return sum(int(plain[name][i].sum(dtype=np.int64)) for i in rows for name in plain)

        cases = {
            "the file, in order": lambda: from_file(range(count)),
            "the file, shuffled": lambda: from_file(order),
            "arrays in memory, in order": lambda: from_memory(range(count)),
            "arrays in memory, shuffled": lambda: from_memory(order),
            "read_smiles, all at once": lambda: read_smiles(path, arrays=tuple(plain)),
        }
        seconds = in_turn(cases, ROUNDS)
        stored = path.stat().st_size / count
    raw = (data.faces.nbytes + data.landmarks.nbytes + data.points.nbytes) / count
    rows = [{"what": "bytes a sequence in the file", "value": f"{stored:.0f}"}]
    rows += [{"what": "bytes a sequence in memory", "value": f"{raw:.0f}"}]
    rows += [{"what": f"{name} [sequences/s]", "value": spread(count / values)} for name, values in seconds.items()]
    write("smiles_file", rows)


if __name__ == "__main__":
    main()
