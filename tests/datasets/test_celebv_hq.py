"""CelebV-HQ on a miniature in its published format, odd entries included."""

import json
import os
import pickle
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cmm.core.errors import UserError
from cmm.core.tables import read_table
from cmm.core.video import write_video
from cmm.datasets import index_videos
from cmm.datasets.layouts import celebv_hq
from cmm.sequences.find_smiles import inside_spans

ACTIONS = ["blow", "chew", "laugh", "smile"]


def clip(subject, actions=(), emotion="neutral", **more):
    """What the annotation says of a clip; emotion: one, or (emotion, begin, end) of spans."""
    spans = not isinstance(emotion, str)
    labels = (
        [dict(zip(("emotion", "start_sec", "end_sec"), span, strict=True)) for span in emotion] if spans else emotion
    )
    attributes = {"appearance": [0] * 40, "action": [int(name in actions) for name in ACTIONS]}
    attributes["emotion"] = {"sep_flag": spans, "labels": labels}
    box = {"top": 0.1, "bottom": 0.9, "left": 0.2, "right": 0.7}
    duration = {"start_sec": 70.0, "end_sec": 74.0}
    return {"ytb_id": subject, "duration": duration, "bbox": box, "attributes": attributes, "version": "v0.1"} | more


@pytest.fixture
def root(tmp_path):
    clips = {
        "-aB_c_0": clip("-aB_c", ["smile"]),
        "-aB_c_1": clip("-aB_c", emotion="happy"),
        "one_0": clip("one", emotion=[("neutral", 0, 1.2), ("happy", 1.4, 3.0), ("neutral", 3.0, 4.0)]),
        "one_1": clip("one", emotion=[("happy", 0, 1.0), ("neutral", 1.0, 2.0)]),
        "gap_0": clip("gap", ["laugh"], [("neutral", 0, 1.0), ("happy", 2.0, 3.0)]),
        "gone_0": clip("gone", ["smile"]),
        "sad_0": clip("sad", ["chew"], "sadness"),
        "odd_0": clip("odd", ["smile"], [("happy", 2.0, 1.0)]),
        "odd_1": {"ytb_id": "odd"},
        "odd_2": clip("odd", ["smile"], [("neutral", -0.0001, 1.0), ("happy", 1.0, 2.0)]),
    }
    content = {"clips": clips, "meta_info": {"appearance_mapping": ["x"] * 40, "action_mapping": ACTIONS}}
    (tmp_path / celebv_hq.ANNOTATION).write_text(json.dumps(content))
    (tmp_path / "35666/clips").mkdir(parents=True)
    grey = np.full((20, 64, 64, 3), 90, np.uint8)
    for name in clips:
        if name != "gone_0":
            write_video(tmp_path / f"35666/clips/{name}.mp4", grey, 25)
    return tmp_path


def test_clips_of_a_smile_are_listed_with_the_spans_in_which_it_lies(root):
    rows = {row["file"].rpartition("/")[2].removesuffix(".mp4"): row for row in celebv_hq.list_files(root)}
    assert set(rows) == {"-aB_c_0", "-aB_c_1", "one_0", "one_1", "gap_0", "gone_0", "odd_0", "odd_1", "odd_2"}
    assert {name: row["spans"] for name, row in rows.items() if row["spans"]} == {"one_0": "0.000-3.000"}
    assert {row["expression"] for row in rows.values()} == {"smile"}
    assert rows["-aB_c_0"]["subject"] == "v-aB_c", "no name that a program takes for a flag"
    assert rows["one_0"]["fold"] == rows["one_1"]["fold"]
    assert {name for name, row in rows.items() if row["reason"]} == {"odd_0", "odd_1", "odd_2"}


def test_of_a_clip_that_is_there_twice_the_nearest_is_taken_and_said(root, caplog):
    (root / "raw").mkdir()
    shutil.copy(root / "35666/clips/one_0.mp4", root / "raw/one_0.mkv")
    (row,) = [row for row in celebv_hq.list_files(root) if "/one_0" in row["file"]]
    assert row["file"] == "raw/one_0.mkv"
    assert "one_0 is there more than once: raw/one_0.mkv is taken, not 35666/clips/one_0.mp4" in caplog.text


def test_the_index_keeps_what_is_gone_or_odd(root, tmp_path):
    tables = {"out": tmp_path / "index.parquet", "labels": tmp_path / "labels.parquet"}
    index_videos.main(dataset="c", layout="celebv_hq", root=root, **tables)
    index = read_table(tables["out"]).set_index("video")
    status = {name.rpartition("__")[2]: value for name, value in index["status"].items()}
    assert status.pop("gone_0") == "missing"
    assert {status.pop(f"odd_{i}") for i in range(3)} == {"mislabelled"}
    assert set(status.values()) == {"ok"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "put it beside the clips"),
        ("{", "is not CelebV-HQ's annotation"),
        ("[]", "is not CelebV-HQ's annotation"),
        ('{"clips": [], "meta_info": {"action_mapping": ["smile"]}}', "are of another kind"),
        ('{"clips": {}, "meta_info": {"action_mapping": ["chew"]}}', "no action is called smile or laugh"),
    ],
)
def test_another_annotation_is_named(tmp_path, content, message):
    if content is not None:
        (tmp_path / celebv_hq.ANNOTATION).write_text(content)
    with pytest.raises(UserError, match=message):
        celebv_hq.list_files(tmp_path)


def test_phases_outside_of_the_labelled_spans_are_left_out():
    curves = pd.DataFrame({"frame": np.arange(1, 101), "timestamp": 7 + np.arange(100) / 25})
    phases = [(10, 20), (40, 60), (80, 95)]  # 0.4-0.8 s, 1.6-2.4 s, 3.2-3.8 s of the clip
    assert inside_spans(phases, curves, "0.500-0.900;1.000-2.300") == [(10, 20), (40, 60)]
    assert inside_spans(phases, curves, "2.000-3.500") == []


PAGE = Path(__file__).parent.parent.parent / "docs/real_faces.md"


@pytest.fixture
def text_set(tmp_path):
    """CelebV-Text in the form in which public code reads it, and a function that runs the page's program there."""
    span = {"start_sec": 1.0, "end_sec": 5.0}
    clips = {f"{name}.mp4": {"ytb_id": name[:-2], "duration": span} for name in ("one_0", "one_1", "two_0", "three_0")}
    (tmp_path / "celebvtext_info.json").write_text(json.dumps(clips))
    times = ["0:00:01", "0:00:03", 2]
    actions = {"one_0": [("smile", times), ("talk", times)], "one_1": [("talk", times)], "two_0": [("laugh", times)]}
    program = re.search(r"\*\*CelebV-Text\*\*.*?```python\n(.*?)```", PAGE.read_text(), re.DOTALL)[1]

    def convert(content):
        (tmp_path / "annotations.pkl").write_bytes(pickle.dumps(content))
        return subprocess.run(
            [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False
        )

    return tmp_path, convert, actions


def test_celebv_text_is_converted_by_the_pages_program(text_set):
    root, convert, actions = text_set
    assert convert({"act": actions, "emo": {}}).returncode == 0
    rows = {row["file"]: row for row in celebv_hq.list_files(root)}
    assert set(rows) == {"one_0.mp4", "two_0.mp4"}
    assert rows["one_0.mp4"]["subject"] == "vone"
    assert not any(row["reason"] for row in rows.values())


class Program:
    def __reduce__(self):
        return os.system, ("touch ran",)


def test_a_program_in_that_pickle_is_not_run(text_set):
    root, convert, actions = text_set
    done = convert({"act": actions, "emo": Program()})
    assert done.returncode == 1
    assert "it is not plain data" in done.stderr
    assert {path.name for path in root.iterdir()} == {"celebvtext_info.json", "annotations.pkl"}
