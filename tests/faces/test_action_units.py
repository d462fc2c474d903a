"""Action units of our own: the features, the normalisation, the file, and what they are worth on unseen people."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from skimage.feature import hog

from cmm.core.agreement import icc31, mean_absolute_error, pearson
from cmm.core.errors import UserError
from cmm.core.records import read_record
from cmm.core.tables import read_provenance, read_table
from cmm.datasets import index_videos
from cmm.datasets.actors import make_actors
from cmm.evaluation.measure_motion import agreement_of
from cmm.faces import train_action_units
from cmm.faces.action_units import (
    GEOMETRY,
    HOG,
    PULL,
    SIDE,
    Regressors,
    features,
    mirrored_features,
    neutral_frames,
    read_regressors,
    write_regressors,
)
from cmm.faces.alignment import align_sequence, warp
from cmm.faces.landmarks import MIRRORED
from cmm.faces.small_faces import small_face
from cmm.faces.trackers import load
from cmm.sequences import measure_tracks

SETTINGS = make_actors.Settings(people=12, size=160, fps=12)


@pytest.fixture
def regressors(rng):
    weights = rng.normal(0, 0.1, (2, GEOMETRY + 1764 + 1980)).astype(np.float32)
    return Regressors(weights, np.array([-0.5, 1.0], np.float32), {"stage": "train_action_units", "dataset": "made"})


def test_the_appearance_is_a_histogram_of_oriented_gradients(rng):
    """OpenCV interpolates between cells and scikit-image does not: they agree closely, not exactly."""
    image = np.cumsum(np.cumsum(rng.normal(0, 3, (SIDE, SIDE)), 0), 1)
    image = np.uint8(255 * (image - image.min()) / np.ptp(image))
    theirs = hog(image, 9, (8, 8), (2, 2), "L2-Hys")
    ours = HOG.compute(image).reshape(7, 7, 2, 2, 9).transpose(1, 0, 3, 2, 4).ravel()
    assert ours.shape == theirs.shape == (1764,)
    assert pearson(ours, theirs) > 0.8


def test_features_do_not_change_with_the_pictures_size_and_place(clip, tracker):
    frame = clip[0][0]
    points = tracker.track(frame).points
    moved = np.roll(frame, (4, -6), axis=(0, 1))
    one, two = features(frame, points), features(moved, points + np.float32([-6, 4]))
    assert one.shape == (GEOMETRY + 1764 + 1980,)
    np.testing.assert_allclose(one[:GEOMETRY], two[:GEOMETRY], atol=1e-4)
    assert pearson(one[GEOMETRY:], two[GEOMETRY:]) > 0.98


def test_intensities_are_the_regression_on_features_above_the_neutral_ones(regressors, clip, tracker):
    faces = [(frame, tracker.track(frame).points) for frame in clip[0][::8]]
    measures = pd.DataFrame([regressors.measure(*face) for face in faces])
    vectors = np.array([features(*face) for face in faces])
    neutral = vectors[0]
    expected = np.clip((vectors - neutral) @ regressors.weights.T + regressors.intercepts, -5, 5)
    assert expected.min() < 0, "from a known face, what falls is seen to fall"
    found = regressors.intensities(measures, measures.iloc[0])
    assert found.columns.tolist() == ["AU06_r", "AU12_r"]
    np.testing.assert_allclose(found, expected, atol=1e-3)
    level = measures[["AU06_raw", "AU12_raw"]].iloc[neutral_frames(measures[PULL].to_numpy())].mean()
    own = np.clip(measures[["AU06_raw", "AU12_raw"]] - level + regressors.intercepts, 0, 5)
    np.testing.assert_allclose(regressors.intensities(measures), own, atol=1e-5)


def test_the_file_holds_no_pickle_and_says_what_it_was_trained_on(regressors, tmp_path):
    write_regressors(tmp_path / "a.safetensors", regressors)
    again = read_regressors(tmp_path / "a.safetensors")
    np.testing.assert_array_equal(again.weights, regressors.weights)
    np.testing.assert_array_equal(again.intercepts, regressors.intercepts)
    assert again.about == regressors.about == read_record(tmp_path / "a.safetensors")


def test_other_files_are_named(tmp_path):
    with pytest.raises(UserError, match="do not exist: run train_action_units"):
        read_regressors(tmp_path / "none")
    (tmp_path / "text").write_text("no weights")
    with pytest.raises(UserError, match="cannot be read"):
        read_regressors(tmp_path / "text")


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Regressors of the smallest population, and where its files lie."""
    folder = tmp_path_factory.mktemp("units")
    make_actors.main(folder / "actors", SETTINGS, threads=2)
    index_videos.main("actors", "uva_nemo", folder / "actors", folder / "index.parquet", folder / "labels.parquet")
    files = folder / "units.safetensors", folder / "agreement.tsv", folder / "agreement.svg"
    settings = train_action_units.Settings(frame_step=2)
    train_action_units.main(folder / "index.parquet", folder / "actors/truth.parquet", 1.0, *files, 10, settings)
    return folder


def test_people_whom_they_have_not_seen_are_read(trained):
    table = pd.read_csv(trained / "agreement.tsv", sep="\t").set_index(["people", "unit", "estimate"])
    people = table.loc["cross-validation"]
    assert people["persons"].unique().tolist() == [11], "the tenth fold's is kept out"
    assert people.loc[("AU12", "regressor"), "icc"] >= 0.85
    assert people.loc[("AU06", "regressor"), "icc"] >= 0.7
    assert people.loc[("AU06", "regressor"), "icc"] > people.loc[("AU06", "proxy"), "icc"]
    assert {"cross-validation", "held-out people"} == set(table.index.get_level_values("people"))


def test_as_a_backends_option_they_write_true_intensities_and_their_training_set(trained, tmp_path):
    settings = measure_tracks.Settings(action_units="trained", shards=12)
    out = tmp_path / "tracks.parquet"
    files = trained / "index.parquet", 9, out, tmp_path / "outcomes.parquet", settings, trained / "units.safetensors"
    measure_tracks.main(*files)
    table = read_table(out, ["AU06_r", "AU12_r", "AU12_proxy"])
    truth = read_table(trained / "actors/truth.parquet").set_index(["video", "frame"])
    truth = truth.loc[list(zip(table["video"], table["frame"], strict=True))]
    assert icc31(truth["AU12"] * 5, table["AU12_r"]) >= 0.85
    assert read_provenance(out)["tracker"]["action_units"]["settings"]["dataset"] == "actors"


@pytest.mark.parametrize(("units", "given"), [("trained", False), ("proxies", True)])
def test_the_setting_and_the_file_go_together(trained, tmp_path, units, given):
    settings = measure_tracks.Settings(action_units=units)
    path = trained / "units.safetensors" if given else None
    with pytest.raises(UserError, match="do not go together"):
        measure_tracks.main(trained / "index.parquet", 0, tmp_path / "a", tmp_path / "b", settings, path)


def test_the_mirror_changes_a_face_and_not_what_is_said_of_it(clip, tracker):
    frame = clip[0][0]
    points = tracker.track(frame).points
    there = features(np.ascontiguousarray(frame[:, ::-1]), points[MIRRORED] * (-1, 1) + (frame.shape[1] - 1, 0))
    np.testing.assert_array_equal(mirrored_features(frame, points), there)
    assert not np.allclose(there, features(frame, points))


def test_a_judge_of_small_faces_learns_from_small_faces(trained, tmp_path):
    files = tmp_path / "units.safetensors", tmp_path / "agreement.tsv", tmp_path / "agreement.svg"
    settings = train_action_units.Settings(frame_step=4)
    args = trained / "index.parquet", trained / "actors/truth.parquet", 1.0, *files, 10, settings
    train_action_units.main(*args, size=64)
    record = read_regressors(files[0]).about
    assert (record["size"], record["held_out"]) == (64, 10)
    people = pd.read_csv(files[1], sep="\t").set_index(["people", "unit", "estimate"]).loc["cross-validation"]
    assert people.loc[("AU12", "regressor"), "icc"] >= 0.85
    held, learned = record["held_out_people"], record["learned_from"]
    assert len(held) == 1
    assert len(learned) == 11
    said = agreement_of({"action_units": record}, held)
    assert said.keys() == {"au6_judge_agreement", "au12_judge_agreement"}
    assert agreement_of({"backend": "mediapipe"}, held) == {}
    assert agreement_of({"action_units": record}, ["other/001"]) == {}, "nothing is known of other people"
    with pytest.raises(UserError, match="were learned from actors/001, who are judged here"):
        agreement_of({"action_units": record}, [*held, "actors/001"])


def test_a_small_face_is_the_aligned_one(clip, tracker):
    faces = [(frame, tracker.track(frame).points) for frame in clip[0][:60:30]]
    matrices = align_sequence(np.array([points for _, points in faces]), 64, 0)
    for (frame, points), matrix in zip(faces, matrices, strict=True):
        np.testing.assert_array_equal(small_face(frame, points, faces[0][1], 64), warp(frame, matrix, 64))


def test_training_twice_gives_the_same(trained, tmp_path):
    files = tmp_path / "units.safetensors", tmp_path / "agreement.tsv", tmp_path / "agreement.svg"
    settings = train_action_units.Settings(frame_step=2)
    train_action_units.main(trained / "index.parquet", trained / "actors/truth.parquet", 1.0, *files, 10, settings)
    one, two = (read_regressors(folder / "units.safetensors") for folder in (trained, tmp_path))
    np.testing.assert_array_equal(one.weights, two.weights)


def test_too_few_people_are_named(trained, tmp_path):
    labels = read_table(trained / "actors/truth.parquet")
    labels[labels["video"].str.startswith("001")].to_parquet(tmp_path / "few.parquet")
    files = tmp_path / "units.safetensors", tmp_path / "agreement.tsv", tmp_path / "agreement.svg"
    with pytest.raises(UserError, match="there are \\[1\\]; 0 holds nobody out"):
        train_action_units.main(
            trained / "index.parquet", tmp_path / "few.parquet", 1.0, *files, 10, train_action_units.Settings()
        )
    with pytest.raises(UserError, match="intensities of 1 people to learn from; 5 are needed"):
        train_action_units.main(
            trained / "index.parquet", tmp_path / "few.parquet", 1.0, *files, 0, train_action_units.Settings()
        )


def test_dlibs_points_carry_them_too(clip, regressors, tmp_path):
    about = regressors.about | {"settings": {"backend": "dlib"}}
    write_regressors(tmp_path / "a.safetensors", dataclasses.replace(regressors, about=about))
    message = "trained on the points of dlib, not of mediapipe"
    with pytest.raises(UserError, match=message), load("mediapipe", tmp_path / "a.safetensors"):
        pass
    with load("dlib", tmp_path / "a.safetensors") as tracker:
        faces = [tracker.track(frame) for frame in clip[0][:40:10]]
        units = tracker.action_units(pd.DataFrame([face.measures for face in faces]))
    assert units.columns.tolist() == ["AU06_r", "AU12_r"]
    assert tracker.description["action_units"]["dataset"] == "made"


def literal_icc(ratings):
    """Shrout & Fleiss 1979, ICC(3,1) = (BMS - EMS) / (BMS + (k - 1) EMS), from a two-way table of sums of squares."""
    n, k = len(ratings), len(ratings[0])
    grand = sum(map(sum, ratings)) / (n * k)
    rows = [sum(row) / k for row in ratings]
    columns = [sum(row[j] for row in ratings) / n for j in range(k)]
    between = k * sum((row - grand) ** 2 for row in rows)
    judges = n * sum((column - grand) ** 2 for column in columns)
    total = sum((value - grand) ** 2 for row in ratings for value in row)
    bms, ems = between / (n - 1), (total - between - judges) / ((n - 1) * (k - 1))
    return (bms - ems) / (bms + (k - 1) * ems)


def test_agreement_is_what_the_literature_says(rng):
    known = rng.uniform(0, 5, 50)
    other = known + rng.normal(0.3, 1, 50)
    assert icc31(known, other) == pytest.approx(literal_icc(np.stack([known, other], 1).tolist()))
    assert icc31(known, known + 1) == pytest.approx(1), "consistency: a constant does not count"
    assert icc31(known, 0.2 * known) < 0.5, "a scale does"
    assert pearson(known, 2 * known) == pytest.approx(1)
    assert mean_absolute_error(known, known - 0.5) == pytest.approx(0.5)
    assert np.isnan(pearson(known, np.ones(50)))
    # Shrout & Fleiss's own example, table 2: six targets, four judges; of its pairs, judges 1 and 2.
    table = np.array([(9, 2, 5, 8), (6, 1, 3, 2), (8, 4, 6, 8), (7, 1, 2, 6), (10, 5, 6, 9), (6, 2, 4, 7)], float)
    assert literal_icc(table.tolist()) == pytest.approx(0.71, abs=0.005)
    assert icc31(table[:, 0], table[:, 1]) == pytest.approx(literal_icc(table[:, :2].tolist()))
