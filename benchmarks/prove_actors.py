"""Measures the demo's `actors` against their truth: `make prove-actors`, after `make demo`.

Prints each number with its bound and exits with 1 if one does not hold.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
from checks import report

from cmm.core.tables import read_table
from cmm.faces.backends import au_columns
from cmm.sequences.au_curves import smooth_curves
from cmm.sequences.find_smiles import Settings


def onset_and_apex(truth):
    """Frame numbers of the true onset and apex of one video."""
    return tuple(int(truth["frame"][truth["phase"] == phase].iloc[0]) for phase in ("onset", "apex"))


def main(data=Path("data/actors"), results=Path("results/actors")):
    truth = read_table(data / "truth.parquet")
    tracks = read_table(results / "tracks.parquet")
    found = read_table(results / "smiles.parquet").drop_duplicates("video").set_index("video")
    both = tracks.merge(truth, on=["video", "frame"])
    phases = {video: onset_and_apex(rows) for video, rows in truth.groupby("video")}
    errors = np.array(
        [np.abs(found.loc[v, ["onset_frame", "apex_frame"]].to_numpy(int) - phases[v]) for v in found.index]
    )
    onset, apex = np.median(errors.astype(float), axis=0)
    tracked = len(both) and both["success"].mean() * len(both) / len(truth)
    curves = [smooth_curves(rows, Settings().smoothing).assign(video=video) for video, rows in tracks.groupby("video")]
    cheeks = pd.concat(curves)[["video", "frame", "AU06"]].merge(truth, on=["video", "frame"], suffixes=("", "_true"))
    au6 = np.corrcoef(cheeks["AU06"], cheeks["AU06_true"])[0, 1]
    au12 = np.corrcoef(both[au_columns(tracks)[1]].fillna(0), both["AU12"])[0, 1]
    checks = [
        ("frames tracked", tracked, ">=", 0.99),
        ("AU12 correlation with the truth, all frames", au12, ">=", 0.95),
        ("AU6 correlation with the truth, over blinks", au6, ">=", 0.75),
        ("videos with a phase", len(found) / truth["video"].nunique(), ">=", 0.95),
        ("median onset error [frames]", onset, "<=", 3),
        ("median apex error [frames]", apex, "<=", 4),
    ]
    print(f"{truth['video'].nunique()} videos, {len(truth)} frames")
    return report(checks)


if __name__ == "__main__":
    sys.exit(main())
