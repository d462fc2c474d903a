import dataclasses
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from waiting import wait_for

from cmm.core.tables import read_table
from cmm.core.video import probe
from cmm.datasets.actors.dynamics import PEAK, PHASES, TRACE, perform
from cmm.datasets.actors.make_actors import Settings, clip_of, main, render_clip
from cmm.datasets.actors.people import HAIR_STYLES, SMILE_STYLES, draw_person
from cmm.datasets.layouts.uva_nemo import list_files

SMALL = Settings(people=10, size=128, fps=10)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    out = tmp_path_factory.mktemp("actors") / "set"
    main(out, SMALL, threads=2)
    return out


def test_same_seed_same_pixels_another_seed_other_ones():
    first, act = render_clip(1, "spontaneous", SMALL)
    again, _ = render_clip(1, "spontaneous", SMALL)
    np.testing.assert_array_equal(first, again)
    other, _ = render_clip(1, "spontaneous", dataclasses.replace(SMALL, seed=8))
    assert first.shape[1:] == (128, 128, 3)
    assert first.shape[0] == len(act.au12)
    assert not np.array_equal(first[0], other[0])


def test_files_have_uva_nemos_layout(written):
    rows = list_files(written)
    assert len(rows) == 20
    assert {row["expression"] for row in rows} == {"posed", "spontaneous"}
    assert all(row["reason"] == "" and (written / row["file"]).is_file() for row in rows)
    folds = pd.DataFrame(rows).groupby("subject")["fold"]
    assert (folds.nunique() == 1).all(), "a person must not be in two folds"
    assert set(folds.first()) == set(range(1, 11))


def test_parallel_rendering_gives_the_same_bytes(written, tmp_path):
    main(tmp_path / "one", SMALL, threads=1)
    name = clip_of(3, "posed").name
    assert (tmp_path / "one/videos" / name).read_bytes() == (written / "videos" / name).read_bytes()


def test_a_killed_rendering_ends_at_once_and_leaves_nothing(tmp_path):
    words = ["make_actors", "--out", str(tmp_path / "set"), "--threads", "2", "--size", "1024", "--fps", "120"]
    process = subprocess.Popen([sys.executable, "-m", "cmm", *words], stderr=subprocess.PIPE, text=True)
    try:
        wait_for(lambda: list(tmp_path.rglob("videos")), "it had begun", process)
        process.terminate()
        _, said = process.communicate(timeout=60)  # two clips, which a worker renders at a time, would take minutes
    finally:
        process.kill()
    assert (process.returncode, said.splitlines()[-1]) == (130, "cmm make_actors: stopped")
    assert not list(tmp_path.iterdir())


def test_truth_is_one_row_a_frame(written):
    truth = read_table(written / "truth.parquet", ["video", "frame", "AU06", "AU12", "AU25", "blink", "phase"])
    for video, rows in truth.groupby("video"):
        assert probe(written / "videos" / f"{video}.mp4").frames == len(rows) == rows["frame"].max()
        turns = rows["phase"][rows["phase"] != rows["phase"].shift()].tolist()
        assert turns == ["neutral", "onset", "apex", "offset", "neutral"]
    assert truth[["AU06", "AU12", "AU25", "blink"]].stack().between(0, 1).all()


def curves(expression, count=40, fps=50):
    for person in range(count):
        yield perform(draw_person(7, person).style, expression, fps, np.random.default_rng(person))


def test_posed_and_spontaneous_differ_as_the_literature_says():
    speed, duration, cheek, frames = {}, {}, {}, []
    for expression in ("posed", "spontaneous"):
        acts = list(curves(expression))
        speed[expression] = [np.diff(act.au12).max() for act in acts]
        duration[expression] = [np.mean(act.phase == PHASES.index("onset")) * len(act.phase) for act in acts]
        cheek[expression] = [act.au06.max() for act in acts]
        frames += [len(act.au12) for act in acts]
    assert min(speed["posed"]) > max(speed["spontaneous"])
    assert max(duration["posed"]) < min(duration["spontaneous"])
    assert max(cheek["posed"]) < min(cheek["spontaneous"])
    assert min(frames) >= 100
    assert max(frames) <= 200


def test_phases_are_those_of_the_curve():
    for act in curves("posed", 10):
        onset = act.au12[act.phase == PHASES.index("onset")] / act.au12.max()
        assert onset[0] > TRACE
        assert onset[-1] < PEAK
        assert (act.au12[act.phase == PHASES.index("neutral")] <= TRACE * act.au12.max()).all()


def test_the_population_is_varied():
    people = [draw_person(7, i) for i in range(40)]
    assert {person.style for person in people} == set(SMILE_STYLES)
    assert {person.hair_style for person in people} == set(HAIR_STYLES)
    assert {person.glasses for person in people} == {"none", "round", "square"}
    assert np.ptp([person.skin.mean() for person in people]) > 0.4


def test_a_real_tracker_sees_faces_that_smile(tracker):
    """On a few clips; `make prove-actors` measures the whole set."""
    settings = dataclasses.replace(SMALL, size=256, fps=12)
    measured, true = [], []
    for person in (0, 4, 8, 11):
        for expression in ("posed", "spontaneous"):
            frames, act = render_clip(person, expression, settings)
            faces = [tracker.track(frame) for frame in frames]
            assert all(faces), f"person {person}: {sum(face is None for face in faces)} frames lost"
            table = pd.DataFrame([face.measures for face in faces])
            measured.append(tracker.action_units(table)["AU12_proxy"])
            true.append(act.au12)
    assert np.corrcoef(np.concatenate(measured), np.concatenate(true))[0, 1] >= 0.95
