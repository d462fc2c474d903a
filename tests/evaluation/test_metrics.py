"""Metrics against independent implementations, and their limits."""

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.linalg import sqrtm
from scipy.ndimage import gaussian_filter
from skimage.metrics import peak_signal_noise_ratio
from torchmetrics.functional.image import structural_similarity_index_measure
from torchmetrics.image.fid import _compute_fid
from torchmetrics.image.inception import InceptionScore

from cmm.evaluation.measure_identity import identity_distance
from cmm.evaluation.metrics.au_curve import curve_correlation, curve_distance, mean_curve
from cmm.evaluation.metrics.distributions import frechet_distance, inception_score, video_features
from cmm.evaluation.metrics.diversity import beyond_amplitude, landmark_distance, mode_diversity
from cmm.evaluation.metrics.perceptual import perceptual_distance
from cmm.evaluation.metrics.psnr import psnr
from cmm.evaluation.metrics.regions import boxes, cut
from cmm.evaluation.metrics.smoothness import temporal_roughness
from cmm.evaluation.metrics.ssim import ssim, ssim_in
from cmm.evaluation.retracking import look, retrack
from cmm.faces.trackers import Face


def literal_ssim(x, y):
    """Wang et al. 2004, equation 13, on one channel; borders of the window left out."""
    x, y = x.astype(float), y.astype(float)
    blur = lambda image: gaussian_filter(image, 1.5, truncate=3.5)  # noqa: E731
    mx, my = blur(x), blur(y)
    vx, vy, vxy = blur(x * x) - mx**2, blur(y * y) - my**2, blur(x * y) - mx * my
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    value = (2 * mx * my + c1) * (2 * vxy + c2) / ((mx**2 + my**2 + c1) * (vx + vy + c2))
    return value[5:-5, 5:-5].mean()


def test_ssim(rng):
    a = rng.integers(0, 255, (2, 24, 24, 3), np.uint8)
    b = np.clip(a + rng.normal(0, 20, a.shape), 0, 255).astype(np.uint8)
    expected = np.mean([literal_ssim(a[t, ..., c], b[t, ..., c]) for t in range(2) for c in range(3)])
    assert ssim(b, a) == pytest.approx(expected, abs=1e-6)
    assert ssim(a, a) == pytest.approx(1)
    x, y = (torch.from_numpy(v).permute(0, 3, 1, 2).double() for v in (b, a))
    theirs = structural_similarity_index_measure(x, y, sigma=1.5, kernel_size=11, data_range=255.0)
    assert ssim(b, a) == pytest.approx(theirs.item(), abs=1e-3), "torchmetrics leaves out other borders"


def test_ssim_in_a_box_sees_the_box_alone(rng):
    a = rng.integers(0, 255, (2, 40, 40, 3), np.uint8)
    b = a.copy()
    b[:, :, 25:] = 0
    left, whole = np.array([[2, 2, 12, 38]] * 2), np.array([[0, 0, 40, 40]] * 2)
    assert ssim_in(b, a, left) == pytest.approx(1)
    assert ssim_in(b, a, whole) < 0.8


def test_boxes_hold_the_points_and_stay_inside(rng):
    points = rng.uniform(20, 44, (3, 68, 2))
    for region, numbers in (("mouth", range(48, 60)), ("eyes", range(36, 48))):
        found = boxes(points, region, 64)
        chosen = points[:, list(numbers)]
        assert (found[:, :2] <= chosen.min(axis=1)).all()
        assert (found[:, 2:] >= chosen.max(axis=1)).all()
    outside = boxes(points + 1000, "mouth", 64)
    assert (outside[:, :2] == 62).all(), "two pixels at least"
    assert (outside[:, 2:] == 64).all()
    assert cut(np.zeros((64, 64, 3)), outside[0]).shape == (2, 2, 3)


def test_psnr(rng):
    a, b = rng.integers(0, 255, (2, 3, 16, 16, 3), np.uint8)
    assert psnr(a, b) == pytest.approx(peak_signal_noise_ratio(b, a))
    assert psnr(a, a) == float("inf")


def test_temporal_roughness():
    fading = np.arange(10, dtype=np.uint8)[:, None, None, None] * np.ones((10, 4, 4, 3), np.uint8)
    assert temporal_roughness(fading) == 0
    flicker = fading.copy()
    flicker[5] += 6
    assert temporal_roughness(flicker) == pytest.approx((6 + 12 + 6) / 8)
    assert np.isnan(temporal_roughness(fading[:2]))


def test_perceptual_distance_literally(rng):
    first, second = (
        [rng.normal(size=(4, 3, 3)), rng.normal(size=(6, 2, 2))],
        [
            rng.normal(size=(4, 3, 3)),
            rng.normal(size=(6, 2, 2)),
        ],
    )
    total = 0
    for a, b in zip(first, second, strict=True):
        c, h, w = a.shape
        for y in range(h):
            for x in range(w):
                u, v = a[:, y, x] / np.linalg.norm(a[:, y, x]), b[:, y, x] / np.linalg.norm(b[:, y, x])
                total += sum((u[k] - v[k]) ** 2 for k in range(c)) / (h * w) / 2
    assert perceptual_distance(first, second) == pytest.approx(total)
    assert perceptual_distance(first, first) == 0
    assert perceptual_distance([np.zeros((2, 1, 1))], [np.ones((2, 1, 1))]) == pytest.approx(1), (
        "a dead place is no NaN"
    )


def probabilities(rng, n=40, c=7):
    values = rng.exponential(size=(n, c))
    return values / values.sum(axis=1, keepdims=True)


class Logits(torch.nn.Module):
    """What torchmetrics wants of a network; its pictures carry the logits."""

    num_features = 7

    def forward(self, images):
        return images.flatten(1)[:, :7].float()


def test_inception_score(rng):
    given = probabilities(rng)
    marginal = given.mean(axis=0)
    literal = np.exp(np.mean([sum(p * np.log(p / q) for p, q in zip(row, marginal, strict=True)) for row in given]))
    assert inception_score(given)[0] == pytest.approx(literal)
    theirs = InceptionScore(feature=Logits(), splits=1, normalize=True)
    theirs.inception.forward = Logits().forward
    theirs._update_count = 1
    theirs.features = [torch.log(torch.from_numpy(given)).double()]
    assert inception_score(given)[0] == pytest.approx(theirs.compute()[0].item(), rel=1e-5)
    parts = [inception_score(part)[0] for part in np.array_split(given, 4)]
    assert inception_score(given, 4) == pytest.approx((np.mean(parts), np.std(parts)))
    assert inception_score(np.tile(given[:1], (5, 1)))[0] == pytest.approx(1), "one class for all"
    assert inception_score(np.eye(5))[0] == pytest.approx(5), "every class, surely"
    assert np.isnan(inception_score(given[:3], 4)).all()


def test_frechet_distance(rng):
    first, second = rng.normal(size=(30, 6)), rng.normal(1, 2, size=(25, 6))
    moments = [(x.mean(axis=0), np.cov(x, rowvar=False)) for x in (first, second)]
    literal = ((moments[0][0] - moments[1][0]) ** 2).sum() + np.trace(
        moments[0][1] + moments[1][1] - 2 * np.real(sqrtm(moments[0][1] @ moments[1][1]))
    )
    assert frechet_distance(first, second) == pytest.approx(literal)
    theirs = _compute_fid(*(torch.from_numpy(value) for pair in moments for value in pair))
    assert frechet_distance(first, second) == pytest.approx(theirs.item())
    assert frechet_distance(first, first) == pytest.approx(0, abs=1e-9)
    assert np.isnan(frechet_distance(first[:1], second))
    few = rng.normal(size=(4, 50)), rng.normal(size=(5, 50))
    cov = [np.cov(x, rowvar=False) for x in few]
    root = np.trace(np.real(sqrtm(cov[0] @ cov[1] + 0j)))
    literal = ((few[0].mean(0) - few[1].mean(0)) ** 2).sum() + np.trace(cov[0] + cov[1]) - 2 * root
    assert frechet_distance(*few) == pytest.approx(literal, rel=1e-3), "fewer pictures than features"


def test_video_features_tell_still_from_moving(rng):
    still = np.repeat(rng.normal(size=(2, 1, 5)), 6, axis=1)
    found = video_features(still)
    assert found.shape == (2, 15)
    np.testing.assert_allclose(found[:, 5:], 0, atol=1e-12)
    moving = still + np.arange(6)[None, :, None]
    np.testing.assert_allclose(video_features(moving)[:, 5:10], 5)
    np.testing.assert_allclose(video_features(moving)[:, 10:], 1)


def test_identity_distance():
    assert identity_distance([[3, 4], [0, 0]], [0, 0]) == pytest.approx(2.5)


def test_mean_curve_smooths_over_five_frames_and_averages():
    curves = np.array([[0, 0, 0, 5, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0, 0]], float)
    np.testing.assert_allclose(mean_curve(curves), [0, 0.5, 0.5, 0.5, 0.5, 0.5, 0, 0])


def test_curve_distance_literally(rng):
    a, b = rng.uniform(size=(2, 4, 12))

    def literal(curves):
        padded = [[c[max(0, min(11, t + d))] for t in range(12) for d in range(-2, 3)] for c in curves]
        return np.reshape(padded, (len(curves), 12, 5)).mean(2).mean(0)

    assert curve_distance(a, b) == pytest.approx(np.abs(literal(a) - literal(b)).sum())
    assert curve_distance(a, a) == 0


def test_curves_with_lost_frames_are_bridged_and_lost_ones_left_out():
    whole = np.tile(np.linspace(0, 1, 10), (3, 1))
    holes = whole.copy()
    holes[0, 4] = np.nan
    holes[1] = np.nan
    np.testing.assert_allclose(mean_curve(holes), mean_curve(whole))
    assert np.isnan(mean_curve(np.full((2, 10), np.nan))).all(), "nothing to say of faces that were never found"
    assert np.isnan(curve_distance(np.full((3, 10), np.nan), whole))
    lost = np.array([whole[0], whole[0], np.full(10, np.nan)])
    original = np.array([whole[0], whole[0], whole[0] + 5])
    assert curve_distance(lost, original) == 0, "the video that was lost is left out of the originals, too"
    assert curve_correlation(lost, original) == pytest.approx(1)


class Eyes:
    """A tracker that reads how far the eyes are closed off a face's grey level, and AU6 off the closed eyes."""

    def track(self, image):
        grey = float(image.mean()) / 255
        return Face(np.zeros((68, 2)), 1.0, {"closed": grey, "smile": 0.5}, 1)

    def action_units(self, measures, neutral):
        closed = measures["closed"] - neutral["closed"]
        return pd.DataFrame({"AU06_proxy": closed, "AU12_proxy": measures["smile"], "AU45_proxy": closed})


def test_au6_says_nothing_in_a_blink():
    closed = np.zeros(32)
    closed[10:14] = 0.8
    closed[14] = 0.2  # the lids still move
    frames = np.broadcast_to((closed * 255).astype(np.uint8)[:, None, None, None], (32, 64, 64, 3))
    track = retrack(Eyes(), look(Eyes(), frames), Eyes().track(frames[0]))
    assert np.flatnonzero(np.isnan(track.au06)).tolist() == [9, 10, 11, 12, 13, 14]
    assert not np.isnan(track.au12).any()
    assert track.tracked == 1
    np.testing.assert_allclose(mean_curve([track.au06]), 0)

    for first in (10, 20, 31, 0):
        closed = np.where(np.arange(32) >= first, 0.8, 0.0)
        frames = np.broadcast_to((closed * 255).astype(np.uint8)[:, None, None, None], (32, 64, 64, 3))
        neutral = Eyes().track(np.zeros((64, 64, 3)))
        assert not np.isnan(retrack(Eyes(), look(Eyes(), frames), neutral).au06).any(), (
            "eyes that are closed at the apex smile"
        )


def test_a_lost_input_face_takes_the_action_units_alone():
    track = retrack(Eyes(), look(Eyes(), np.zeros((4, 64, 64, 3), np.uint8)), None)
    assert track.tracked == 1
    assert np.isnan(track.au12).all()


def test_curve_correlation(rng):
    a, b = rng.uniform(size=(2, 4, 12)).cumsum(axis=2)
    assert curve_correlation(a, b) == pytest.approx(np.corrcoef(mean_curve(a), mean_curve(b))[0, 1])
    assert curve_correlation(a, a) == pytest.approx(1)
    assert np.isnan(curve_correlation(np.zeros((4, 12)), b)), "a frozen face"


def face(rng):
    points = rng.uniform(0, 60, (68, 2))
    points[[36, 39, 42, 45]] = [(10, 20), (20, 20), (40, 20), (50, 20)]  # inter-ocular distance 30
    return np.stack([points] * 5)


def test_landmark_distance_is_in_interocular_distances(rng):
    sequence = face(rng)
    assert landmark_distance(sequence, sequence + (3, 0)) == pytest.approx(0.1)
    lost = sequence + (3, 0)
    lost[2] = np.nan
    assert landmark_distance(sequence, lost) == pytest.approx(0.1)
    assert np.isnan(landmark_distance(sequence, np.full_like(sequence, np.nan)))


def test_mode_diversity_is_the_mean_over_pairs(rng):
    sequence = face(rng)
    modes = np.stack([sequence, sequence + (3, 0), sequence + (6, 0)])
    assert mode_diversity(modes) == pytest.approx((0.1 + 0.1 + 0.2) / 3)
    assert mode_diversity(np.stack([sequence] * 3)) == 0
    assert np.isnan(mode_diversity(modes[:1]))


def moving(rng, way, curve):
    """A sequence (32, 68, 2) that goes `way` (68, 2) along a curve (32,)."""
    return face(rng)[:1] + np.asarray(curve)[:, None, None] * way


def test_diversity_beyond_amplitude_sees_all_but_amplitude():
    smile, curve = np.zeros((68, 2)), np.linspace(0, 1, 32)
    smile[[48, 54]] = [(-3, -2), (3, -2)]  # px; the inter-ocular distance is 30

    def apart(way, other_curve=curve):
        return beyond_amplitude(
            [moving(np.random.default_rng(0), *one) for one in ((smile, curve), (way, other_curve))]
        )

    assert [apart(share * smile) for share in (1, 0.5, 0)] == pytest.approx([0, 0, 0], abs=1e-12)
    opened, closed, one_side, turned = (smile.copy() for _ in range(4))
    opened[[66, 62]] = [(0, 3), (0, -1)]
    closed[[41, 40, 46, 47], 1] = -1.5
    one_side[48] = 0
    turned[[48, 54]] = [(-3, 2), (3, 2)]
    for way in (opened, closed, one_side, turned):
        assert apart(way) > 3e-4
    assert apart(smile, curve**4) > 3e-4  # timing
    first, second = moving(np.random.default_rng(0), smile, curve), moving(np.random.default_rng(0), opened, curve)
    # literally: the smaller way, less its part along the greater one
    residual = smile - (smile * opened).sum() / (opened**2).sum() * opened
    expected = (np.linalg.norm(residual, axis=1) / 30).mean() * curve.mean()
    assert beyond_amplitude([first, second]) == pytest.approx(expected)
    assert np.isnan(beyond_amplitude([first]))
    assert np.isnan(beyond_amplitude([first, np.full_like(first, np.nan)]))
