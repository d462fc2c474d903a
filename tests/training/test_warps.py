"""Faces bent into those of other people."""

import numpy as np
import pytest

from cmm.faces.landmark_images import draw_landmarks
from cmm.sequences.smiles_file import read_smiles
from cmm.training.warps import NUMBERS, UNLIKE, bend_points, fields_of, landmarks_of

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


def test_frames_of_a_sequence_are_bent_alike_and_without_fields_not_at_all(smiles):
    data, alone = (read_smiles(smiles, arrays=(name,)) for name in ("landmarks", "points"))
    bend, where = fields(2, side=data.side), np.array([3, 0])
    assert (data.frames, data.side) == data.landmarks.shape[1:3]
    np.testing.assert_array_equal(landmarks_of(data, where), data.landmarks[where])
    np.testing.assert_array_equal(landmarks_of(alone, where), data.landmarks[where])
    drawn = landmarks_of(alone, where, bend)
    assert drawn.shape == data.landmarks[where].shape
    assert (drawn != data.landmarks[where]).any()
    for i, sequence in enumerate(where):
        for frame in (0, data.frames - 1):
            expected = draw_landmarks(bend_points(alone.points[sequence][frame], bend[i]), data.side)
            np.testing.assert_array_equal(drawn[i, frame], expected)
    single = landmarks_of(alone, (where, np.array([3, 2])), bend)
    np.testing.assert_array_equal(single, [drawn[0, 3], drawn[1, 2]])
