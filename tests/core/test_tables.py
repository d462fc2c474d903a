"""Tables that are written and read in parts."""

import random

import numpy as np
import pandas as pd
import pytest
from damage import refused_flips

from cmm.core import tables
from cmm.core.errors import UserError
from cmm.core.tables import by_video, read_provenance, read_table, write_table, write_tables


@pytest.fixture(autouse=True)
def small_groups(monkeypatch):
    monkeypatch.setattr(tables, "GROUP", 5)


def frame_of(video, rows, **columns):
    return pd.DataFrame({"video": video, "frame": np.arange(rows), **columns})


def test_parts_come_back_as_one_table_and_video_by_video(tmp_path):
    parts = [frame_of("a", 3, AU12=1.0), frame_of("b", 4), frame_of("c", 12, AU12=2.0), frame_of("d", 1, AU12=3.0)]
    write_tables(parts, tmp_path / "t.parquet", {"stage": "made"})
    whole = read_table(tmp_path / "t.parquet", ["video", "frame", "AU12"])
    pd.testing.assert_frame_equal(whole, pd.concat(parts, ignore_index=True))
    assert read_provenance(tmp_path / "t.parquet")["stage"] == "made"
    rows_of = by_video([tmp_path / "t.parquet"], ["frame", "AU12"])
    for part in parts:
        again = rows_of(part["video"][0])
        np.testing.assert_array_equal(again["frame"], part["frame"])
        np.testing.assert_array_equal(again["AU12"], part.get("AU12", np.full(len(part), np.nan)))


def test_a_column_that_comes_too_late_is_refused(tmp_path):
    parts = [frame_of("a", 6), frame_of("b", 6, AU12=1.0)]
    with pytest.raises(ValueError, match="no column for AU12"):
        write_tables(parts, tmp_path / "t.parquet", {})
    assert list(tmp_path.iterdir()) == []


def test_a_flipped_bit_anywhere_is_one_line_or_changes_nothing(tmp_path):
    """Of the footer, too, which has no checksum of Parquet's own."""
    path = tmp_path / "t.parquet"
    frame = frame_of("a", 4, AU12=[0.5, np.nan, 2.0, 3.0], name=["x", "y", None, "ü"])
    write_table(frame, path, {"stage": "made"})

    def read():
        return [part.to_csv() for part in (read_table(path), by_video(path, ["frame"])("a"))], read_provenance(path)

    assert refused_flips(path, read, 300, random.Random(0)) > 200


def test_videos_of_many_parts_are_found_in_any_order(tmp_path):
    numbers, paths, whole = np.random.default_rng(0), [], {}
    for part in range(2 * tables.HELD):
        frames = []
        for video in range(4):
            count = int(numbers.integers(1, 8))
            frame = pd.DataFrame(
                {"video": f"{part}-{video}", "frame": range(1, count + 1), "AU12": numbers.random(count)}
            )
            whole[f"{part}-{video}"] = frame
            frames.append(frame if part else frame.drop(columns="AU12"))  # the first lacks a column
        paths.append(tmp_path / f"{part}.parquet")
        write_tables(frames, paths[-1], {})
    rows = by_video(paths, ["frame"])
    for video in numbers.permutation(list(whole)):
        expected = whole[video].assign(AU12=np.nan) if video.startswith("0-") else whole[video]
        pd.testing.assert_frame_equal(rows(video)[list(expected)], expected)
    with pytest.raises(UserError, match="no rows of video 'nobody'"):
        rows("nobody")
