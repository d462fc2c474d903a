"""Alignment and landmarks: properties that hold for any face."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from skimage.transform import SimilarityTransform

from cmm.faces.alignment import TEMPLATE, align_sequence, similarity, transform, warp
from cmm.faces.landmark_images import draw_landmarks
from cmm.faces.landmarks import eye_centres, interocular_distance, mouth_centre

FACE = np.random.default_rng(3).uniform(60, 200, (68, 2))
FACE[[36, 39, 42, 45]] = [(80, 100), (110, 102), (150, 101), (180, 99)]
FACE[[48, 54]] = [(105, 180), (155, 181)]

turns = st.floats(-3, 3)
scales = st.floats(0.2, 5)
shifts = st.tuples(st.floats(-100, 100), st.floats(-100, 100))


def moved(points, turn, scale, shift):
    matrix = scale * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    return points @ matrix.T + shift


@given(turns, scales, shifts)
def test_similarity_undoes_any_similarity(turn, scale, shift):
    matrix = similarity(moved(FACE, turn, scale, shift), FACE)
    np.testing.assert_allclose(transform(matrix, moved(FACE, turn, scale, shift)), FACE, atol=1e-6)


@given(st.integers(0, 10_000))
def test_similarity_agrees_with_scikit_image(seed):
    rng = np.random.default_rng(seed)
    source, target = rng.normal(size=(5, 2)), rng.normal(size=(5, 2))
    expected = SimilarityTransform.from_estimate(source, target).params[:2]
    ours = similarity(source, target)
    if np.linalg.det(expected[:, :2]) > 1e-3:  # scikit-image may give a degenerate fit
        np.testing.assert_allclose(ours, expected, atol=1e-6)


def test_similarity_of_one_point_is_refused():
    with pytest.raises(ValueError, match="coincide"):
        similarity(np.ones((3, 2)), TEMPLATE)


@given(turns, scales, shifts, st.sampled_from([32, 64, 128]))
def test_alignment_does_not_depend_on_the_head_pose(turn, scale, shift, size):
    straight = align_sequence(FACE[None], size)
    turned = align_sequence(moved(FACE, turn, scale, shift)[None], size)
    np.testing.assert_allclose(
        transform(turned[0], moved(FACE, turn, scale, shift)), transform(straight[0], FACE), atol=1e-6
    )


def test_neutral_frame_meets_the_template():
    aligned = transform(align_sequence(FACE[None], 64)[0], FACE)
    anchors = np.vstack([eye_centres(aligned), mouth_centre(aligned)])
    assert np.abs(anchors - (TEMPLATE * 64 - 0.5)).max() < 2.0


def test_a_mouth_that_opens_does_not_move_the_eyes():
    faces = np.stack([FACE] * 8)
    faces[4:, 48:] += (0, 30)
    aligned = transform(align_sequence(faces, 64, smoothing=0), faces)
    np.testing.assert_allclose(eye_centres(aligned), np.broadcast_to(eye_centres(aligned[0]), (8, 2, 2)), atol=1e-6)
    assert mouth_centre(aligned)[7, 1] - mouth_centre(aligned)[0, 1] > 5


def test_a_blink_does_not_move_the_eye_centres():
    blink = FACE.copy()
    blink[[37, 38, 40, 41, 43, 44, 46, 47]] += (0, 6)
    np.testing.assert_array_equal(eye_centres(blink), eye_centres(FACE))


def test_interocular_distance_is_a_distance():
    assert interocular_distance(3 * FACE) == pytest.approx(3 * interocular_distance(FACE))


@pytest.mark.parametrize("size", [32, 64, 128])
def test_warp_puts_pixels_where_transform_puts_points(size):
    picture = np.zeros((256, 256, 3), np.uint8)
    spot = np.array([150.0, 101.0])
    picture[95:108, 144:157] = 255
    matrix = align_sequence(FACE[None], size)[0]
    small = warp(picture, matrix, size).astype(float)[..., 0]
    rows, columns = np.mgrid[:size, :size]
    centre = np.array([(columns * small).sum(), (rows * small).sum()]) / small.sum()
    np.testing.assert_allclose(centre, transform(matrix, spot[None])[0], atol=0.35)


def test_landmark_images_are_thin_and_binary():
    points = np.full((68, 2), -50.0)
    points[:17] = np.stack([np.linspace(2, 60, 17), np.full(17, 30.0)], axis=1)
    image = draw_landmarks(points, 64)
    assert image.dtype == np.uint8
    assert set(np.unique(image)) == {0, 1}
    assert image[30, 2:61].all()
    assert image.sum() == 59, "one pixel wide, and nothing else within the picture"


def test_eyes_and_lips_are_closed_contours():
    points = np.full((68, 2), -50.0)
    angle = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    points[48:60] = 32 + 12 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    from scipy.ndimage import binary_fill_holes

    image = draw_landmarks(points, 64)
    assert binary_fill_holes(image)[32, 32]
