"""Real people's videos, laid out as a set that one downloads, through every stage to smiles of trained networks.

The clips that lie beside the repository stand in for RAVDESS's, with its file names and in its folders. What one
epoch on one person's smiles is worth is not asked here: that each clip's way can be followed to the end is.
"""

import hashlib
import shutil

import numpy as np
import pandas as pd
import pytest

from cmm.core.records import read_record
from cmm.core.video import probe
from cmm.evaluation.score_rows import read_scores
from cmm.generation.generated_file import read_generated
from cmm.sequences.smiles_file import read_smiles

pytestmark = [pytest.mark.workflow, pytest.mark.shared]
CLIPS = ("d18", "d19", "s32")
RUN = "ravdess/fold1/cmm_net/seed1"


def test_from_real_videos_to_smiles_of_networks_that_learned_from_them(fresh, shared):
    for actor, name in enumerate(CLIPS, 1):
        folder = fresh.folder / f"ravdess/Actor_{actor:02d}"
        folder.mkdir(parents=True)
        shutil.copy(shared(f"clips/{name}.mp4"), folder / f"02-01-03-01-01-01-{actor:02d}.mp4")
        (folder / f"02-01-05-01-01-01-{actor:02d}.mp4").touch()  # angry: no clip of a smile
    (fresh.folder / "ravdess/SHA256SUMS").touch()
    change = {"datasets": ["ravdess"], "folds": [1], "sources": {"ravdess": {"layout": "ravdess", "root": "ravdess"}}}
    fresh.run("videos", "tables", change=change)

    results = fresh.folder / "results"
    videos = pd.read_parquet(results / "ravdess/videos.parquet")
    assert videos["status"].tolist() == ["ok"] * len(CLIPS), "the happy clips alone, all readable"
    sums = [hashlib.sha256(shared(f"clips/{name}.mp4").read_bytes()).hexdigest() for name in CLIPS]
    assert videos["sha256"].tolist() == sums

    data = read_smiles(results / "ravdess/smiles.h5")
    people = dict(zip(data.subject.tolist(), data.fold.tolist(), strict=True))
    assert people.items() >= {"01": 1, "02": 2}.items(), "both of whom smile from a neutral face"
    used = pd.read_csv(results / "tables/videos.tsv", sep="\t", keep_default_na=False)
    assert used.loc[used["reason"] == "", "videos"].sum() == len(people)
    assert used["videos"].sum() == len(CLIPS), "of each it is known what became of it"
    for i in range(len(data)):
        face, line = np.asarray(data.faces[i], float), data.landmarks[i]
        assert face.std() > 20, "a picture, not a plain field"
        assert 0.02 < line.mean() < 0.4, "lines, not a field"

    made = read_generated(results / RUN / "generated.h5")
    assert set(made.subject) == {"01"}, "the person who was held out"
    assert np.ptp(np.asarray(made.faces[0], float), axis=1).max() > 0, "something moves"
    assert read_record(results / RUN / "translation.safetensors")["fold"] == 1
    for name in ("conditional", "mode_1", "mode_2", "mode_3", "original"):
        film = probe(results / RUN / f"sequences/{made.smile[0]}/{name}.mp4")
        assert (film.frames, film.width) == (8, 64)

    scores = read_scores(results / "tables/scores.parquet")
    values = scores.groupby(["method", "mode", "metric"])["value"].mean()
    assert 0 < values["cmm_net", "conditional", "ssim"] < 1
    assert values["original", "original", "tracked"] > 0.9, "a real face, tracked again"
