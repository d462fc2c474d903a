"""Metrics against independent implementations, and their limits."""

import numpy as np
import pandas as pd
import pytest
from scipy.ndimage import gaussian_filter

from cmm.evaluation.au_curve import curve_distance, mean_curve
from cmm.evaluation.diversity import landmark_distance, mode_diversity
from cmm.evaluation.scores import UNITS, set_scores
from cmm.evaluation.ssim import ssim
from cmm.evaluation.table import METRICS, tabulate, to_markdown


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


def test_mean_curve_smooths_over_five_frames_and_averages():
    curves = np.array([[0, 0, 0, 5, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0, 0]], float)
    np.testing.assert_allclose(mean_curve(curves), [0, 0.5, 0.5, 0.5, 0.5, 0.5, 0, 0])


def test_curve_distance_literally(rng):
    a, b = rng.uniform(size=(4, 12)), rng.uniform(size=(6, 12))

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


def test_set_scores_compare_with_the_originals_of_the_same_expression():
    curve = np.linspace(0, 1, 8)
    rows = [
        {"expression": e, "method": m, "mode": m, "AU06": v * curve, "AU12": v * curve}
        for e in ("posed", "spontaneous")
        for m, v in (("original", 1.0), ("cmm_net", 0.5 if e == "posed" else 1.0))
    ]
    values = {(r["expression"], r["method"], r["metric"]): r["value"] for r in set_scores(rows)}
    assert values["posed", "original", "au12_curve_distance"] == 0
    assert values["spontaneous", "cmm_net", "au6_curve_distance"] == 0
    assert values["posed", "cmm_net", "au12_curve_distance"] > 1


def test_table_has_a_line_a_mode_and_leaves_gaps():
    rows = pd.DataFrame(
        [
            ("actors", "cmm_net", "1", "posed", "ssim", 0.8, "s1"),
            ("actors", "cmm_net", "1", "posed", "ssim", 0.9, "s2"),
            ("actors", "original", "original", "posed", "ssim", 1.0, "s1"),
            ("actors", "cmm_net", "all", "posed", "mode_diversity", 0.03, "s1"),
            ("actors", "cmm_net", "1", "posed", "au12_at_end", 0.6, "s1"),
            ("actors", "original", "original", "posed", "au12_at_end", 0.8, "s1"),
        ],
        columns=["dataset", "method", "mode", "expression", "metric", "value", "smile"],
    )
    table = tabulate(rows)
    assert table["method"].tolist() == ["original", "cmm_net", "cmm_net"]
    one = table[table["mode"] == "1"].iloc[0]
    assert one["ssim"] == pytest.approx(0.85)
    assert one["n"] == 2
    assert one["au12_end_ratio"] == pytest.approx(0.75)
    assert "| actors | cmm_net | 1 | posed | 2 | 0.850 |  |" in to_markdown(table)


def test_every_metric_has_a_unit_and_a_column():
    assert set(UNITS) | {"au12_end_ratio"} == set(METRICS), "the ratio is made of two means"
