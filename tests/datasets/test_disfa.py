"""DISFA and DISFA+ on a miniature of their published layouts, odd spellings included."""

import cv2
import numpy as np
import pandas as pd
import pytest

from cmm.core.errors import UserError
from cmm.core.tables import read_table, write_table
from cmm.core.video import write_video
from cmm.datasets import index_videos
from cmm.datasets.layouts import disfa, disfa_pair, disfa_plus
from cmm.faces.landmarks import X_COLUMNS, Y_COLUMNS
from cmm.sequences import find_smiles

HEAD = "# a header\n# another\n"
FRAMES = 100


@pytest.fixture
def root(tmp_path):
    """Three people of DISFA, of whom two are in DISFA+; the second of them has no smile there, but a bad trial."""
    grey = np.full((FRAMES, 64, 64, 3), 90, np.uint8)
    left, right = tmp_path / "DISFA/Videos_LeftCamera", tmp_path / "DISFA/Video_RightCamera"
    for folder, name in ((left, "LeftVideoSN001_comp.avi"), (right, "RightVideoSN001_Comp.avi"),
                         (left, "LeftVideoSN003_Comp.avi"), (right, "rightvideosn004_comp.avi")):  # fmt: skip
        folder.mkdir(parents=True, exist_ok=True)
        write_video(folder / name, grey, 20)
    (left / "notes.txt").touch()
    for person in ("SN001", "SN003"):
        labels = tmp_path / f"DISFA/ActionUnit_Labels/{person}"
        labels.mkdir(parents=True)
        for unit in (1, 6, 12):
            level = [3 if 40 <= i < 70 and unit > 5 else 0 for i in range(1, FRAMES + 1)]
            lines = [f"{i},{value}" for i, value in enumerate(level, 1)]
            (labels / f"{person}_au{unit}.txt").write_text("\n".join(lines) + "\n")
    for person, trial, levels in (
        ("SN001", "Z_HappyText_TrailNo_1", (0, 1, 4)),
        ("SN001", "A1_AU1_TrailNo_1", (0, 1, 1)),
        ("sn003", "Y_HappyDescribed_TrailNo_2", (2,)),
        ("SN003", "Z_SupriseText_TrailNo_2", None),
    ):
        images = tmp_path / "DISFAPlus/Images" / person / trial
        images.mkdir(parents=True)
        for i in range(len(levels or "x")):
            cv2.imwrite(str(images / f"{i:03d}.jpg"), grey[0])
        labels = tmp_path / "DISFAPlus/labels" / person.lower() / trial
        labels.mkdir(parents=True)
        for unit in ("AU12", "AU6") if levels else ():
            text = "".join(f"{i:03d}.jpg     {level}\n" for i, level in enumerate(levels))
            (labels / f"{unit}.txt").write_text(HEAD + text)
    return tmp_path


def listed(rows):
    return {row["file"].rpartition("/")[2]: (row["subject"], row["expression"], bool(row["reason"])) for row in rows}


def test_disfa_has_a_video_a_person(root):
    assert listed(disfa.list_files(root)) == {
        "LeftVideoSN001_comp.avi": ("SN001", "spontaneous", False),
        "LeftVideoSN003_Comp.avi": ("SN003", "spontaneous", False),
        "rightvideosn004_comp.avi": ("SN004", "spontaneous", False),
    }


def test_disfa_plus_gives_its_smiles_and_what_cannot_be_read(root):
    assert listed(disfa_plus.list_files(root)) == {
        "Z_HappyText_TrailNo_1": ("SN001", "posed", False),
        "Y_HappyDescribed_TrailNo_2": ("SN003", "posed", False),
        "Z_SupriseText_TrailNo_2": ("SN003", "posed", True),
    }


def test_the_pair_is_the_people_of_both(root):
    rows = disfa_pair.list_files(root)
    assert {(row["subject"], row["expression"]) for row in rows} == {
        (person, kind) for person in ("SN001", "SN003") for kind in ("posed", "spontaneous")
    }


@pytest.mark.parametrize("layout", [disfa, disfa_plus, disfa_pair])
def test_a_person_is_in_one_of_three_folds(root, layout):
    rows = layout.list_files(root)
    folds = {row["subject"]: {other["fold"] for other in rows if other["subject"] == row["subject"]} for row in rows}
    assert {person: {fold} for person, fold in disfa.deal(folds).items()} == folds, "the same in every layout"
    assert rows == layout.list_files(root)


def test_the_split_of_nine_people_is_two_thirds_and_one_third():
    folds = disfa.deal(disfa.PAIRED)
    assert sorted(folds.values()) == [1, 1, 1, 2, 2, 2, 3, 3, 3]
    everybody = disfa.deal([f"SN{i:03d}" for i in range(1, 33)])
    assert folds.items() <= everybody.items()


def test_human_labels_are_read(root):
    table = disfa.read_labels(root, "DISFA/Videos_LeftCamera/LeftVideoSN001_comp.avi")
    assert table["frame"].tolist() == list(range(1, FRAMES + 1))
    assert table.loc[table["AU12"] == 3, "frame"].tolist() == list(range(40, 70))
    assert disfa.read_labels(root, "DISFA/Video_RightCamera/rightvideosn004_comp.avi") is None
    table = disfa_plus.read_labels(root, "DISFAPlus/Images/SN001/Z_HappyText_TrailNo_1")
    assert table.to_dict("list") == {"frame": [1, 2, 3], "AU06": [0, 1, 4], "AU12": [0, 1, 4]}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("000.jpg", "AU12.txt, line 3: '000.jpg' is not 'image intensity' with an intensity 0-5"),
        ("000.jpg 7", "AU12.txt, line 3: '000.jpg 7' is not 'image intensity' with an intensity 0-5"),
        ("009.jpg 1", "AU12 of Z_HappyText_TrailNo_1 is not coded for 000.jpg (3 of 3)"),
    ],
)
def test_a_bad_label_is_the_reason_of_its_trial_alone(root, line, reason):
    (root / "DISFAPlus/labels/sn001/Z_HappyText_TrailNo_1/AU12.txt").write_text(HEAD + line + "\n")
    reasons = {row["file"].rpartition("/")[2]: row["reason"] for row in disfa_plus.list_files(root)}
    assert reasons["Z_HappyText_TrailNo_1"] == reason
    assert reasons["Y_HappyDescribed_TrailNo_2"] == ""


def test_labels_outside_of_the_root_are_not_read(root, tmp_path):
    secret = tmp_path.parent / f"{tmp_path.name} secret.txt"
    secret.write_text("my secret line\n")
    for file, read, video in (
        (
            "DISFAPlus/labels/sn001/Z_HappyText_TrailNo_1/AU12.txt",
            disfa_plus.read_labels,
            "DISFAPlus/Images/SN001/Z_HappyText_TrailNo_1",
        ),
        (
            next(root.rglob("*_au12.txt")).relative_to(root),
            disfa.read_labels,
            "DISFA/Videos_LeftCamera/LeftVideoSN001_comp.avi",
        ),
    ):
        (root / file).unlink()
        (root / file).symlink_to(secret)
        with pytest.raises(UserError, match="points outside of") as error:
            read(root, video)
        assert "my secret" not in str(error.value)


def test_spontaneous_smiles_are_found_on_the_human_labels(root, tmp_path):
    """The tracks of these grey videos show nothing; the coders saw a smile from frame 40 to 69."""
    index, labels = tmp_path / "index.parquet", tmp_path / "labels.parquet"
    index_videos.main("disfa", "disfa", root, index, labels)
    table = read_table(index)
    assert table["status"].tolist() == ["ok"] * 3
    still = pd.DataFrame(dict.fromkeys(X_COLUMNS + Y_COLUMNS, 0.0), index=range(FRAMES))
    still[X_COLUMNS[45]] = 1.0  # two eyes
    still = still.assign(AU06_proxy=0.0, AU12_proxy=0.0, AU45_proxy=0.0, success=True)
    still = still.assign(frame=range(1, FRAMES + 1), timestamp=np.arange(FRAMES) / 20)
    tracks = tmp_path / "tracks.parquet"
    write_table(pd.concat([still.assign(video=name) for name in table["video"]]), tracks, {})
    out, tsv = tmp_path / "smiles.parquet", tmp_path / "smiles.tsv"
    find_smiles.main(index, tracks, labels, out, tsv, find_smiles.Settings())
    found = read_table(out)
    assert found["subject"].tolist() == ["SN001", "SN003"]
    assert found["found_by"].unique().tolist() == ["human labels"]
    assert (found["onset_frame"].sub(39).abs() <= 3).all()
    assert (found["apex_frame"].sub(41).abs() <= 3).all()
    assert pd.read_csv(tsv, sep="\t")["onset_seconds"].between(1.7, 2.1).all(), "the list for inspection"


def test_a_label_of_no_frame_is_the_reason_of_its_video_alone(root, tmp_path):
    path = root / "DISFA/ActionUnit_Labels/SN001/SN001_au6.txt"
    path.write_text(path.read_text().replace("7,0", "x7,0", 1))
    index_videos.main("disfa", "disfa", root, tmp_path / "index.parquet", tmp_path / "labels.parquet")
    table = read_table(tmp_path / "index.parquet").set_index("subject")
    assert table["reason"].to_dict() == {
        "SN001": "SN001_au6.txt: 'x7' is no number of a frame",
        "SN003": "",
        "SN004": "",
    }


@pytest.mark.parametrize(
    ("layout", "message"),
    [(disfa, "no Videos_LeftCamera"), (disfa_plus, "no Images/SN001"), (disfa_pair, "no Videos_LeftCamera")],
)
def test_a_missing_set_is_an_error(tmp_path, layout, message):
    with pytest.raises(UserError, match=message):
        layout.list_files(tmp_path)


def test_two_sets_without_a_common_person_are_no_pair(root):
    for name, other in (("SN001", "SN025"), ("sn003", "SN026"), ("SN003", "SN027")):
        (root / "DISFAPlus/Images" / name).rename(root / "DISFAPlus/Images" / other)
    with pytest.raises(UserError, match="nobody who is in DISFA and in DISFA"):
        disfa_pair.list_files(root)


def test_split_by_videos_deals_those_of_each_expression(root, tmp_path, caplog):
    tables = {"out": tmp_path / "index.parquet", "labels": tmp_path / "labels.parquet"}
    index_videos.main(dataset="d", layout="disfa", root=root, split="videos", **tables)
    index = read_table(tables["out"])
    assert sorted(index["fold"]) == [1, 2, 3], "three videos of one expression, one a fold"
    assert "people of the test are in the training" in caplog.text
    with pytest.raises(UserError, match="--split x: choose one of people, videos"):
        index_videos.main(dataset="d", layout="disfa", root=root, split="x", **tables)
