"""Cues of smiles, and the best of K modes, on curves and points whose values are known."""

import numpy as np
import pytest

from cmm.evaluation.measure_motion import covered
from cmm.evaluation.metrics.cues import asymmetry, smile_cues
from cmm.evaluation.score_rows import Rows, ScoringRun

FACE = np.zeros((68, 2))
FACE[[36, 39, 42, 45]] = (0, 0), (20, 0), (80, 0), (100, 0)  # the eyes' centres are 80 apart
FACE[[48, 54]] = (30, 80), (70, 80)


def ramp(start, end, height, frames=40):
    return np.clip((np.arange(frames) - start) / (end - start), 0, 1) * height


def smiling(left, right, frames=8):
    """Points (t, 68, 2) whose lip corners go so far, in pixels."""
    points = np.repeat(FACE[None], frames, axis=0)
    points[:, 48, 1] -= np.linspace(0, left, frames)
    points[:, 54, 1] -= np.linspace(0, right, frames)
    return points


def test_cues_of_an_even_rise():
    cues = smile_cues(ramp(8, 28, 0.2), ramp(8, 28, 0.8), smiling(10, 10))
    assert cues["smile_amplitude"] == pytest.approx(0.8)
    assert cues["peak_speed"] == pytest.approx(0.8 / 20)
    assert cues["onset_duration"] == pytest.approx(0.8 * 20)
    assert cues["au6_share"] == pytest.approx(0.25)
    assert cues["smile_asymmetry"] == 0


def test_a_faster_smile_has_a_shorter_onset_and_a_higher_speed():
    slow, fast = (smile_cues(ramp(8, end, 0.1), ramp(8, end, 0.8), smiling(1, 1)) for end in (34, 16))
    assert fast["onset_duration"] < slow["onset_duration"]
    assert fast["peak_speed"] > slow["peak_speed"]


def test_a_frozen_or_a_lost_face_has_no_cues():
    still = smile_cues(np.zeros(20), np.zeros(20), smiling(0, 0))
    assert still["smile_amplitude"] == 0
    assert np.isnan([still["onset_duration"], still["au6_share"], still["smile_asymmetry"]]).all()
    noise = np.random.default_rng(0).normal(0, 0.05, (8, 68, 2))
    assert np.isnan(asymmetry(FACE + noise)), "a tracker's noise has no sides"
    lost = smile_cues(np.full(20, np.nan), np.full(20, np.nan), np.full((20, 68, 2), np.nan))
    assert np.isnan([*lost.values()]).all()


def test_asymmetry():
    assert asymmetry(smiling(9, 3)) == pytest.approx(0.5)
    assert asymmetry(smiling(3, 9)) == pytest.approx(0.5)
    assert asymmetry(smiling(9, 0)) == pytest.approx(1)
    far = smiling(9, 3) * 2.5 + 7
    assert asymmetry(far) == pytest.approx(0.5), "whatever the picture's scale"


def test_a_smile_is_covered_where_a_mode_comes_half_of_the_way():
    original = smiling(10, 10)
    assert covered(original, [smiling(0, 0), smiling(9, 9)]) == 1
    assert covered(original, [smiling(0, 0), smiling(4, 4)]) == 0
    lost = np.full_like(original, np.nan)
    assert covered(original, [lost, original]) == 1
    assert covered(original, [lost, lost]) == 0, "who loses the face has not come near"
    assert np.isnan(covered(lost, [original]))
    assert np.isnan(covered(smiling(0, 0), [original])), "an original that stands still is near to everything"


def test_the_best_of_the_modes_is_the_best_for_its_score():
    class Made:
        expression, subject, smile = ["posed"], ["a"], ["a1"]

    rows = Rows(Made, ScoringRun(None, None, "tiny", "cmm_net", 10, 1, None))
    nan = float("nan")
    found = {"conditional": (0.95, 0.0), "1": (0.7, 0.3), "2": (0.9, 0.1), "3": (nan, nan)}
    found = {mode: {"ssim": first, "landmark_error": second} for mode, (first, second) in found.items()}
    rows.best(0, found, "ssim", "landmark_error")
    assert {row["metric"]: row["value"] for row in rows.rows} == {"best_ssim": 0.9, "best_landmark_error": 0.1}
    assert {row["mode"] for row in rows.rows} == {"all"}
    rows.best(0, {"conditional": {"ssim": 0.9}}, "ssim")
    assert len(rows.rows) == 2, "a method without modes has no best one"
