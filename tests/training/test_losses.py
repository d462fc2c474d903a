"""The losses against a literal transcription of the equations in NumPy."""

import itertools

import numpy as np
import pytest
import torch

from cmm.training.losses import (
    across,
    adversarial_discriminator,
    adversarial_generator,
    kl_divergence,
    landmark_bce,
    landmark_bce_each,
    pull,
    push,
    reconstruction,
    weight_of_others,
)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def test_eq1_landmark_bce(rng):
    logits, x = rng.normal(size=(3, 4, 8, 8)), rng.integers(0, 2, (3, 4, 8, 8)).astype(float)
    total = 0.0
    for i in range(3):
        for t in range(4):
            p = sigmoid(logits[i, t])
            total -= np.sum(x[i, t] * np.log(p) + (1 - x[i, t]) * np.log(1 - p))
    ours = landmark_bce(torch.from_numpy(logits), torch.from_numpy(x))
    assert ours.item() == pytest.approx(total / 12)


def test_kl_divergence_by_its_integral(rng):
    mean, log_deviation = rng.normal(size=(2, 3)), rng.normal(size=(2, 3)) * 0.3
    x = np.linspace(-12, 12, 40_001)
    total = 0.0
    for m, s in zip(mean.ravel(), np.exp(log_deviation).ravel(), strict=True):
        p = np.exp(-0.5 * ((x - m) / s) ** 2) / (s * np.sqrt(2 * np.pi))
        log_ratio = -0.5 * ((x - m) / s) ** 2 - np.log(s) + 0.5 * x**2
        total += np.trapezoid(p * log_ratio, x)
    ours = kl_divergence(torch.from_numpy(mean), torch.from_numpy(log_deviation))
    assert ours.item() == pytest.approx(total / 2, rel=1e-4)


def test_eq2_pull(rng):
    modes, h = rng.normal(size=(2, 3, 5, 7)), rng.normal(size=(2, 5, 7))
    total = 0.0
    for i in range(2):
        for t in range(5):
            average = sum(modes[i, k, t] for k in range(3)) / 3
            total += np.sum((average - h[i, t]) ** 2)
    assert pull(torch.from_numpy(modes), torch.from_numpy(h)).item() == pytest.approx(total / 10)


def test_eq3_push(rng):
    scores = rng.normal(size=(2, 3, 3))
    total = 0.0
    for i in range(2):
        for k in range(3):
            softmax = np.exp(scores[i, k]) / np.exp(scores[i, k]).sum()
            total -= np.log(softmax[k])
    assert push(torch.from_numpy(scores)).item() == pytest.approx(total / 6)


def test_eq4_reconstruction(rng):
    fake, face = rng.normal(size=(2, 3, 4, 4)), rng.normal(size=(2, 3, 4, 4))
    assert reconstruction(torch.from_numpy(fake), torch.from_numpy(face)).item() == pytest.approx(
        np.abs(fake - face).mean()
    )


def test_eq5_and_eq6_adversarial(rng):
    real, fake = rng.normal(size=(2, 1, 6, 6)), rng.normal(size=(2, 1, 6, 6))
    expected_d = 0.5 * (-np.log(sigmoid(real)).mean() - np.log(1 - sigmoid(fake)).mean())
    expected_g = -np.log(sigmoid(fake)).mean()
    ours_d = adversarial_discriminator(torch.from_numpy(real), torch.from_numpy(fake))
    assert ours_d.item() == pytest.approx(expected_d)
    assert adversarial_generator(torch.from_numpy(fake)).item() == pytest.approx(expected_g)


def test_cross_entropy_of_each_sequence_is_eq_1_of_it(rng):
    logits = torch.tensor(rng.normal(size=(2, 3, 4, 5, 5)))
    images = torch.tensor(rng.integers(0, 2, (2, 3, 4, 5, 5)), dtype=torch.float64)
    each = landmark_bce_each(logits, images)
    assert each.shape == (2, 3)
    for i, j in itertools.product(range(2), range(3)):
        assert each[i, j] == pytest.approx(landmark_bce(logits[i, j], images[i, j]).item())
    assert each.mean() == pytest.approx(landmark_bce(logits, images).item())


def test_the_nearest_mode_counts_most_and_the_sum_of_weights_stays(rng):
    losses = torch.tensor([[3.0, 1.0, 2.0], [5.0, 5.0, 4.0]])
    found = weight_of_others(losses, 0.1)
    weights = torch.tensor([[0.1, 1.0, 0.1], [0.1, 0.1, 1.0]]) * 3 / 1.2
    torch.testing.assert_close(found, losses * weights)
    torch.testing.assert_close(weight_of_others(losses, 1.0), losses)
    torch.testing.assert_close(weight_of_others(losses, 0.0).sum(dim=1), 3 * losses.amin(dim=1))


def test_what_lies_across_a_way_does_not_change_along_it(rng):
    vectors, way = torch.tensor(rng.normal(size=(4, 3, 7))), torch.tensor(rng.normal(size=(4, 7)), requires_grad=True)
    found = across(vectors, way)
    assert (found * way[:, None]).sum(dim=-1).abs().max() < 1e-12
    torch.testing.assert_close(across(vectors + 2.5 * way[:, None], way), found)
    torch.testing.assert_close(across(found, way), found)
    assert not found.requires_grad, "the way itself is not trained by it"
