import numpy as np
import pandas as pd
import pytest

from cmm.errors import UserError
from cmm.faces.landmarks import X_COLUMNS, Y_COLUMNS
from cmm.faces.smiles import Settings, au_columns, find_phases, smooth_curves

FPS = 50
FACE = np.random.default_rng(0).uniform(0, 200, (68, 2))


def track(au12, au6=None, blink=None, suffix="_proxy", scale=1.0):
    count = len(au12)
    still = {name: np.full(count, value) for name, value in zip(X_COLUMNS + Y_COLUMNS, FACE.T.ravel(), strict=True)}
    return pd.DataFrame(
        still
        | {
            "video": "v",
            "frame": np.arange(1, count + 1),
            "timestamp": np.arange(count) / FPS,
            "success": True,
            f"AU06{suffix}": (au12 if au6 is None else au6) * scale,
            f"AU12{suffix}": au12 * scale,
            "AU45_proxy": np.zeros(count) if blink is None else blink,
        }
    )


def smile(start, rise, hold, count=200, level=0.8):
    """Minimum-jerk rise over `rise` frames from `start`, `hold` frames, and back."""
    x = np.arange(count)
    up, down = (np.clip((x - s) / rise, 0, 1) for s in (start, start + rise + hold))
    ease = lambda u: u**3 * (10 - 15 * u + 6 * u**2)  # noqa: E731
    return level * (ease(up) - ease(down))


def true_phase(curve):
    above = np.flatnonzero(curve > 0.05 * curve.max())[0]
    peak = np.flatnonzero(curve >= 0.95 * curve.max())[0]
    return above + 1, peak + 1


def phases(table, **changes):
    settings = Settings(**changes)
    return find_phases(smooth_curves(table, settings.smoothing), settings)


@pytest.mark.parametrize("rise", [14, 25, 45])
def test_onset_and_apex_of_a_clean_smile(rise):
    curve = smile(30, rise, 40)
    [(onset, apex)] = phases(track(curve))
    true_onset, true_apex = true_phase(curve)
    assert abs(onset - true_onset) <= 3
    assert abs(apex - true_apex) <= 3


def test_noise_does_not_make_smiles():
    rng = np.random.default_rng(0)
    curve = smile(30, 25, 60)
    errors = []
    for _ in range(20):
        noisy = np.clip(curve + rng.normal(0, 0.04, len(curve)), 0, 1)
        found = phases(track(noisy))
        assert len(found) == 1
        errors.append(np.abs(np.subtract(found[0], true_phase(curve))))
    assert np.median(errors, axis=0).max() <= 4


def test_nothing_in_a_neutral_face():
    assert phases(track(np.full(200, 0.05))) == []


def test_two_smiles_are_two_phases():
    curve = smile(20, 15, 20) + smile(110, 20, 20)
    (first, _), (second, _) = phases(track(curve))
    assert abs(first - 22) <= 5
    assert abs(second - 113) <= 5


def test_a_smile_cut_by_the_start_is_no_neutral_to_smile_phase():
    assert phases(track(smile(20, 15, 60)[40:])) == []


def test_a_smile_that_ends_with_the_clip_counts():
    curve = smile(20, 25, 200)[:80]
    assert len(phases(track(curve))) == 1


def test_blinks_are_bridged():
    curve = smile(60, 25, 60)
    blink = np.exp(-(((np.arange(200) - 40) / 3) ** 2))
    au6 = np.maximum(0.5 * curve, 0.9 * blink)
    with_blink = smooth_curves(track(curve, au6, blink), 0.06)
    without = smooth_curves(track(curve, 0.5 * curve), 0.06)
    assert np.abs(with_blink["AU06"] - without["AU06"]).max() < 0.05
    assert phases(track(curve, au6, blink)) == phases(track(curve, 0.5 * curve))


def test_frames_without_a_face_are_interpolated():
    curve = smile(30, 25, 40)
    table = track(curve)
    table.loc[40:44, ["AU06_proxy", "AU12_proxy"]] = np.nan
    [(onset, apex)] = phases(table)
    assert np.abs(np.subtract((onset, apex), true_phase(curve))).max() <= 3


def test_intensities_are_preferred_and_scaled():
    curve = smile(30, 25, 40)
    table = track(curve, suffix="_r", scale=5)
    table["AU12_proxy"] = 0.0
    assert au_columns(table) == ("AU06_r", "AU12_r")
    assert phases(table) == phases(track(curve))


def test_a_rise_of_many_seconds_is_no_onset():
    assert phases(track(smile(10, 180, 20, count=260)), max_seconds=1.0) == []


def test_an_apex_at_the_whole_rise_is_found():
    curve = smile(30, 25, 40)
    [(onset, apex)] = phases(track(curve), apex_share=1.0)
    assert onset < true_phase(curve)[1] <= apex


def test_tracks_without_aus_are_named():
    with pytest.raises(UserError, match="the tracks hold no AU12"):
        au_columns(pd.DataFrame({"video": []}))
