"""Faces bent into those of other people."""

import numpy as np
import pytest

from cmm.faces.landmark_images import draw_landmarks
from cmm.sequences.smiles_file import read_smiles
from cmm.training.batches import Batch, EpochGenerators, Glance
from cmm.training.warps import (
    BEYOND,
    NUMBERS,
    UNLIKE,
    bend_points,
    fields_of,
    landmarks_of,
    recombined,
    varied_landmarks,
)

SIDE = 64


def fields(count=1, warp=1.5, side=SIDE, seed=0):
    noise = np.random.default_rng(seed).standard_normal((count, NUMBERS), np.float32)
    return fields_of(noise, warp, side)


def test_without_displacement_nothing_moves():
    field = np.zeros((SIDE, SIDE, 2), np.float32)
    points = np.random.default_rng(1).uniform(-5, 70, (2, 68, 2))
    np.testing.assert_allclose(bend_points(points, field), points, atol=1e-5)


def test_a_point_moves_as_far_as_the_field_says_where_it_lies():
    (field,) = fields()
    across, down = np.array([20, 41]), np.array([30, 7])
    there = bend_points(np.stack([across, down], axis=-1).astype(float), field)
    np.testing.assert_allclose(there, np.stack([across, down], axis=-1) + field[down, across], atol=1e-4)
    outside, border = bend_points(np.array([[-9.0, 30.0], [0.0, 30.0]]), field)
    np.testing.assert_allclose(outside - (-9, 30), border - (0, 30), atol=1e-4)


@pytest.mark.parametrize("side", [32, 128])
def test_displacements_are_as_large_as_they_are_said_to_be_and_mostly_alike_on_both_sides(side):
    found = fields(4000, 1.5, side)
    controls = found[:, side // 8 :: side // 4, side // 8 :: side // 4] * 64 / side
    assert controls.shape[1:3] == (4, 4)
    assert controls.std() == pytest.approx(1.5, rel=0.1)
    mirrored = found[:, :, ::-1] * np.float32([-1, 1])
    unlike, alike = (found - mirrored).std(), (found + mirrored).std()
    assert unlike / alike == pytest.approx(UNLIKE, rel=0.1)


def test_the_same_generator_gives_the_same_displacements():
    np.testing.assert_array_equal(fields(3), fields(3))
    assert (fields(3)[0] != fields(3)[1]).any()


@pytest.fixture
def both(smiles):
    """The Smiles twice: with landmark images alone, and with points alone."""
    return [read_smiles(smiles, arrays=(name,)) for name in ("landmarks", "points")]


def batch(data, rows, kind=Batch):
    return kind(np.array(rows), EpochGenerators.of(1, 0), data)


def test_what_is_not_varied_is_drawn_as_it_is(both):
    data, alone = both
    where = np.array([3, 0])
    assert (data.frames, data.side) == data.landmarks.shape[1:3]
    np.testing.assert_array_equal(landmarks_of(alone, where), data.landmarks[where])
    np.testing.assert_array_equal(varied_landmarks(batch(data, where), where), data.landmarks[where])
    unseen = varied_landmarks(batch(alone, where, Glance), where, recombine=1.0, warp=1.5)
    np.testing.assert_array_equal(unseen, data.landmarks[where], "people held out are seen as they are")


def test_frames_of_a_sequence_are_bent_alike(both):
    data, alone = both
    where = np.array([3, 0])
    bend = fields_of(batch(alone, where).normal(NUMBERS).numpy(), 1.5, data.side)
    made = varied_landmarks(batch(alone, where), where, warp=1.5)
    assert made.shape == data.landmarks[where].shape
    assert (made != data.landmarks[where]).any()
    for i, sequence in enumerate(where):
        for frame in (0, data.frames - 1):
            expected = draw_landmarks(bend_points(alone.points[sequence][frame], bend[i]), data.side)
            np.testing.assert_array_equal(made[i, frame], expected)
    single = varied_landmarks(batch(alone, where), (where, np.array([3, 2])), warp=1.5)
    np.testing.assert_array_equal(single, [made[0, 3], made[1, 2]])


def test_recombined_faces_move_as_their_own_do(rng):
    points = rng.uniform(0, 64, (4, 7, 68, 2))
    one, two = rng.uniform(0, 64, (2, 4, 68, 2))
    made = recombined(points, points[:, 0], one, two, np.array([0.0, 1.0, 0.5, 1.2]))
    np.testing.assert_allclose(made - made[:, :1], points - points[:, :1], atol=1e-9)
    np.testing.assert_allclose(made[:2, 0], [one[0], two[1]])
    np.testing.assert_allclose(made[2:, 0], [(one[2] + two[2]) / 2, one[3] + 1.2 * (two[3] - one[3])])
    frames = recombined(points[:, 3], points[:, 0], one, two, np.array([0.0, 1.0, 0.5, 1.2]))
    np.testing.assert_allclose(frames, made[:, 3])


def test_as_many_items_are_recombined_as_were_asked_for(both, monkeypatch):
    alone, seen = both[1], []
    monkeypatch.setattr("cmm.training.warps.recombined", lambda points, *more: seen.append(more[-1]) or points + 1000.0)
    monkeypatch.setattr("cmm.training.warps.drawn", lambda points, side: points)
    rows = np.arange(800) % len(alone)
    made = varied_landmarks(batch(alone, rows), (rows, 0 * rows), recombine=0.3)
    assert (made.max(axis=(1, 2)) > 500).mean() == pytest.approx(0.3, abs=0.05)
    assert -BEYOND <= seen[0].min() < 0 < 1 < seen[0].max() <= 1 + BEYOND
