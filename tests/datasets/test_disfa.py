"""DISFA and DISFA+ on a miniature of their published layouts, odd spellings included."""

import pytest

from cmm.datasets.layouts.disfa import list_files
from cmm.errors import UserError

HEAD = "# a header\n# another\n"


@pytest.fixture
def root(tmp_path):
    videos = tmp_path / "DISFA/Videos_LeftCamera"
    videos.mkdir(parents=True)
    for name in ("LeftVideoSN001_comp.avi", "LeftVideoSN003_Comp.avi", "leftvideosn004_comp.avi", "notes.txt"):
        (videos / name).touch()
    for person, trial, lines in (
        ("SN001", "Z_HappyText_TrailNo_1", "000.jpg     0\n001.jpg     4\n"),
        ("SN001", "A1_AU1_TrailNo_1", "000.jpg     0\n001.jpg     1\n"),
        ("sn003", "Y_HappyDescribed_TrailNo_2", "000.jpg 2\n"),
        ("SN004", "Z_SupriseText_TrailNo_2", None),
    ):
        (tmp_path / "DISFAPlus/Images" / person / trial).mkdir(parents=True)
        labels = tmp_path / "DISFAPlus/labels" / person.lower() / trial
        labels.mkdir(parents=True)
        if lines is not None:
            (labels / "AU12.txt").write_text(HEAD + lines)
    return tmp_path


def test_both_sets_are_listed_with_the_smiles_of_disfa_plus(root):
    rows = {row["file"]: row for row in list_files(root)}
    left, images = "DISFA/Videos_LeftCamera/", "DISFAPlus/Images/"
    assert {file: (row["subject"], row["expression"]) for file, row in rows.items()} == {
        left + "LeftVideoSN001_comp.avi": ("SN001", "spontaneous"),
        left + "LeftVideoSN003_Comp.avi": ("SN003", "spontaneous"),
        left + "leftvideosn004_comp.avi": ("SN004", "spontaneous"),
        images + "SN001/Z_HappyText_TrailNo_1": ("SN001", "posed"),
        images + "sn003/Y_HappyDescribed_TrailNo_2": ("SN003", "posed"),
        images + "SN004/Z_SupriseText_TrailNo_2": ("SN004", "posed"),
    }
    assert rows[images + "SN004/Z_SupriseText_TrailNo_2"]["reason"].startswith("no Labels/SN004")


def test_a_person_is_in_one_of_three_folds(root):
    rows = list_files(root)
    folds = {row["subject"]: {other["fold"] for other in rows if other["subject"] == row["subject"]} for row in rows}
    assert sorted(fold for found in folds.values() for fold in found) == [1, 2, 3]
    assert rows == list_files(root)


def test_a_line_that_is_no_label_is_the_reason_of_its_trial_alone(root):
    labels = root / "DISFAPlus/labels/sn001/Z_HappyText_TrailNo_1/AU12.txt"
    labels.write_text(HEAD + "000.jpg\n")
    reasons = {row["file"].rpartition("/")[2]: row["reason"] for row in list_files(root)}
    assert reasons["Z_HappyText_TrailNo_1"] == "AU12.txt, line 3: '000.jpg' is not 'image intensity'"
    assert reasons["Y_HappyDescribed_TrailNo_2"] == ""


def test_neither_set_is_an_error(tmp_path):
    with pytest.raises(UserError, match="neither DISFA's Videos_LeftCamera"):
        list_files(tmp_path)
