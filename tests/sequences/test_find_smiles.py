import numpy as np
import pandas as pd
import pytest

from cmm.core.errors import UserError
from cmm.core.tables import read_table, write_table
from cmm.faces.backends import au_columns
from cmm.faces.landmarks import X_COLUMNS, Y_COLUMNS, eye_centres, interocular_distance, lip_corners
from cmm.sequences import find_smiles
from cmm.sequences.au_curves import smooth_curves
from cmm.sequences.find_smiles import Settings, find_faint_phase, find_phases, held_until

FPS = 50
PLAIN = np.zeros((68, 2))  # eyes, nose's base and mouth of a frontal face, in IOD
PLAIN[[36, 39]], PLAIN[[42, 45]], PLAIN[33] = (-0.5, 0), (0.5, 0), (0, 0.75)
PLAIN[48], PLAIN[54], PLAIN[51], PLAIN[57] = (-0.4, 1.1), (0.4, 1.1), (0, 1.05), (0, 1.25)
FACE = 60 * PLAIN + 100


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


@pytest.mark.parametrize(("hold", "share"), [(5, 0.8), (40, 0.8), (40, 0.5), (500, 0.8)])
def test_a_smile_is_held_until_it_loses_a_share_of_its_rise(hold, share):
    curve = smile(30, 20, hold)
    curves = smooth_curves(track(curve), Settings().smoothing)
    [(onset, apex)] = phases(track(curve))
    level = curves["AU12"].to_numpy()
    falls = np.flatnonzero((curve < share * 0.8 * 0.95) & (np.arange(200) > apex))
    assert abs(held_until(curves, level, onset, apex, share) - (falls[0] if len(falls) else 200)) <= 3
    assert held_until(curves, level, onset, apex, 0.0) == 200
    assert held_until(curves, level, onset, 200, share) == 200, "an apex at the video's end"
    assert held_until(curves, -level, onset, apex, 1.0) >= apex, "a level that does not rise"


def test_a_smile_is_held_as_long_as_there_is_a_face():
    """Whatever the curves say, which go on over frames without one."""
    curve = smile(30, 20, 500)
    [(onset, apex)] = phases(track(curve))
    curves = smooth_curves(track(curve).assign(success=np.arange(1, 201) < apex + 7), Settings().smoothing)
    assert held_until(curves, curves["AU12"].to_numpy(), onset, apex, 0.8) == apex + 6


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


def with_faint(table, **changes):
    settings = Settings(**changes)
    curves = smooth_curves(table, settings.smoothing)
    return find_phases(curves, settings) or find_faint_phase(curves, settings)


def moved(table, curve):
    """Tracks whose lip corners part by `curve` [IOD]."""
    iod = interocular_distance(FACE)
    eyes = np.diff(eye_centres(FACE), axis=0)[0] / iod
    for i, side in ((48, -1), (54, 1)):
        for axis, columns in enumerate((X_COLUMNS, Y_COLUMNS)):
            table[columns[i]] = FACE[i, axis] + side * 0.5 * curve * eyes[axis] * iod
    return table


@pytest.mark.parametrize("level", [0.05, 0.1, 0.2])
def test_a_faint_smile_counts_in_a_still_face(level):
    curve = smile(40, 25, 60)
    table = moved(track(level * curve), 0.5 * level * curve)
    assert phases(table) == []
    [(onset, apex)] = with_faint(table)
    assert np.abs(np.subtract((onset, apex), true_phase(curve))).max() <= 4
    assert with_faint(table, faint_rise=1.0) == [], "turned off"


def test_talking_is_no_smile(rng):
    """Lips that move at the pace of syllables, as far as a faint smile would."""
    time = np.arange(400) / FPS
    for _ in range(10):
        rates, starts = rng.uniform(1.5, 5, 4), rng.uniform(0, 2 * np.pi, 4)
        speech = np.mean([np.sin(2 * np.pi * r * time + s) for r, s in zip(rates, starts, strict=True)], axis=0)
        assert with_faint(moved(track(np.clip(0.12 * speech, 0, 1)), 0.08 * speech)) == []


@pytest.mark.parametrize("share", [0.6, 1.0])
def test_a_blip_is_no_faint_smile(share):
    curve = 0.1 * np.exp(-(((np.arange(200) - 90) / 4) ** 2)) * share
    assert with_faint(track(curve)) == []


def test_a_change_between_two_smiles_is_no_faint_one():
    curve = 0.5 + 0.46 * smile(40, 25, 200, level=1.0)
    assert with_faint(track(curve)) == []
    assert with_faint(track(0.5 + 0.1 * smile(40, 25, 60))) == []


def test_two_faint_smiles_are_none():
    """Where the face moves before and after as well, nothing stands out."""
    assert with_faint(track(0.1 * (smile(20, 15, 25) + smile(110, 15, 25)))) == []


def test_a_turned_or_tilted_head_moves_no_lip_corners(rng):
    """Rotation about the vertical axis shortens what lies across; the corners' way hardly changes, a smile's does."""
    x, y = PLAIN[:, 0], PLAIN[:, 1]
    turned = np.stack([x * np.cos(0.5), y], axis=1)
    angle = 0.3
    tilted = PLAIN @ np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    smiling = PLAIN.copy()
    smiling[[48, 54]] += [(-0.1, -0.1), (0.1, -0.1)]
    still = lip_corners(PLAIN)
    assert lip_corners(turned) == pytest.approx(still, abs=0.02)
    assert lip_corners(tilted) == pytest.approx(still)
    assert lip_corners(7 * PLAIN + 3) == pytest.approx(still)
    assert lip_corners(smiling) > still + 0.3


def test_half_of_a_smile_is_one():
    """A lopsided smile: the tracker's mean of both sides is half as high."""
    curve = smile(40, 25, 60, level=0.8)
    [(onset, apex)] = phases(track(curve / 2))
    assert np.abs(np.subtract((onset, apex), true_phase(curve))).max() <= 3


def test_a_rise_that_was_hardly_seen_does_not_count():
    table = track(smile(40, 25, 60))
    lost = table["frame"].between(42, 62)
    table.loc[lost, ["AU06_proxy", "AU12_proxy"]] = np.nan
    table.loc[lost, "success"] = False
    assert phases(table) == []
    assert len(phases(table, max_lost=1.0)) == 1


def test_a_varying_frame_rate_changes_nothing():
    """The same smile, every second frame of the first half missing."""
    curve = smile(60, 30, 60)
    whole = track(curve)
    thin = whole[(whole["frame"] > 100) | (whole["frame"] % 2 == 1)].copy()
    seconds = whole.set_index("frame")["timestamp"]
    expected = [tuple(seconds[list(phase)]) for phase in phases(whole)]
    found = [tuple(seconds[list(phase)]) for phase in phases(thin)]
    np.testing.assert_allclose(found, expected, atol=0.061)


def test_an_apex_at_the_whole_rise_is_found():
    curve = smile(30, 25, 40)
    [(onset, apex)] = phases(track(curve), apex_share=1.0)
    assert onset < true_phase(curve)[1] <= apex


def test_tracks_without_aus_are_named():
    with pytest.raises(UserError, match="the tracks hold no AU12"):
        au_columns(pd.DataFrame({"video": []}))


@pytest.mark.parametrize(("per_video", "count"), [("first", 1), ("all", 2)])
def test_the_first_phase_of_a_video_counts_or_all_of_them(tmp_path, per_video, count):
    videos = {"video": ["v"], "subject": ["a"], "expression": ["posed"], "fold": [1], "fps": [50.0], "status": ["ok"]}
    coded = {"video": pd.Series(dtype=str), "frame": pd.Series(dtype=int), "AU06": 0.0, "AU12": 0.0}
    curve = smile(30, 25, 40, count=400) + smile(250, 25, 40, count=400)
    tables = {"videos": pd.DataFrame(videos), "tracks": track(curve), "labels": pd.DataFrame(coded)}
    files = [tmp_path / f"{name}.parquet" for name in tables]
    for path, table in zip(files, tables.values(), strict=True):
        write_table(table, path, {})
    find_smiles.main(*files, tmp_path / "smiles.parquet", tmp_path / "smiles.tsv", Settings(per_video=per_video))
    found = read_table(tmp_path / "smiles.parquet")
    assert found["smile"].tolist() == ["v@1", "v@2"][:count]
    assert found["onset_frame"].is_monotonic_increasing
