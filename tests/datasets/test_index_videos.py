import json
import os
import shutil
from collections import Counter

import av
import cv2
import numpy as np
import pytest
from PIL import Image

from cmm.core.errors import UserError
from cmm.core.tables import read_table
from cmm.core.video import write_video
from cmm.core.worker import Killed, Worker
from cmm.datasets.index_videos import main
from cmm.datasets.layouts import folder, uva_nemo


@pytest.fixture
def root(tmp_path):
    """A folder with one good video and several bad files."""
    root = tmp_path / "root"
    root.mkdir()
    frames = np.random.default_rng(0).integers(0, 255, (20, 64, 64, 3), np.uint8)
    write_video(root / "good.mp4", frames, 25)
    write_video(root / "few.mp4", frames[:4], 25)
    write_video(root / "secret.mp4", frames, 25)
    (root / "empty.mp4").touch()
    (root / "broken.mp4").write_bytes(b"nothing of a video" * 100)
    (tmp_path / "outside.mp4").write_bytes((root / "good.mp4").read_bytes())
    return root


def index(root, tmp_path, *lines, reserved=(), together=()):
    table = tmp_path / "table.csv"
    table.write_text("file,subject,expression,fold\n" + "\n".join(lines) + "\n")
    out, labels = tmp_path / "index.parquet", tmp_path / "labels.parquet"
    main("mine", "folder", root, out, labels, table, reserved, together)
    return read_table(tmp_path / "index.parquet").set_index("video")


def test_every_listed_file_keeps_a_row_with_its_reason(root, tmp_path, caplog):
    lines = ["good.mp4,a,posed,1", "few.mp4,a,posed,1", "empty.mp4,b,posed,2", "broken.mp4,b,spontaneous,2"]
    lines += ["gone.mp4,c,posed,3", "grin.mp4,c,A grin,3", "../outside.mp4,d,posed,4", "good.mp4,a,posed,1"]
    lines += [",e,posed,5", "few.mp4,../e,posed,5", "list.m3u8,f,posed,6", "good.mp4,g,posed,\u00b2"]
    lines += ["loop.mp4,h,posed,7", "x" * 300 + ".mp4,h,posed,7"]
    (root / "loop.mp4").symlink_to(root / "loop.mp4")
    (root / "list.m3u8").write_text(f"#EXTM3U\n#EXTINF:10,\n{tmp_path / 'outside.mp4'}\n#EXT-X-ENDLIST\n")
    with caplog.at_level("INFO"):
        table = index(root, tmp_path, *lines)
    status = table["status"].to_dict()
    assert status == {
        "good": "ok",
        "few": "ok",
        "empty": "empty",
        "broken": "unreadable",
        "gone": "missing",
        "grin": "mislabelled",
        "..__outside": "mislabelled",
        "good-8": "mislabelled",
        ".": "mislabelled",
        "few-10": "mislabelled",
        "list.m3u8": "unreadable",
        "good-12": "mislabelled",
        "loop": "mislabelled",
        "x" * 300: "mislabelled",
    }
    assert (table["reason"] != "").tolist() == (table["status"] != "ok").tolist()
    assert "outside" in table.loc["..__outside", "reason"]
    assert table.loc["good", ["fps", "frames", "width", "height"]].tolist() == [25, 20, 64, 64]
    assert "empty: empty (empty file (0 bytes))" in caplog.text
    assert "14 videos:" in caplog.text
    assert "secret" not in table.index, "only what was asked for is read"


def test_two_files_of_one_name_get_names_that_nobody_has(root, tmp_path):
    for name in ("good-3.mp4", "good.m4v"):
        shutil.copy(root / "good.mp4", root / name)
    table = index(root, tmp_path, "good.mp4,a,posed,1", "good-3.mp4,a,posed,1", "good.m4v,a,posed,1")
    assert list(table.index) == ["good", "good-3", "good-4"]
    assert set(table["status"]) == {"ok"}


def test_a_link_to_nowhere_among_images_is_no_image(root, tmp_path):
    folder = root / "images"
    folder.mkdir()
    for i in range(3):
        Image.new("RGB", (64, 64), (i, 0, 0)).save(folder / f"{i}.png")
    (folder / ".#notes.txt").symlink_to(root / "nowhere")
    table = index(root, tmp_path, "images,a,posed,1")
    assert table["status"].tolist() == ["ok"]


def test_a_subject_in_two_folds_would_leak_and_is_not_used(root, tmp_path):
    table = index(root, tmp_path, "good.mp4,a,posed,1", "few.mp4,a,posed,2", "secret.mp4,b,posed,2")
    assert table["status"].tolist() == ["mislabelled", "mislabelled", "ok"]
    assert table.loc["good", "reason"] == "subject a is in folds 1, 2"


def test_a_file_under_other_spellings_counts_once(root, tmp_path):
    (root / "link.mp4").symlink_to(root / "good.mp4")
    (root / "sub").mkdir()
    lines = [
        f"{name},p{i},posed,{i + 1}" for i, name in enumerate(["good.mp4", "./good.mp4", "sub/../good.mp4", "link.mp4"])
    ]
    table = index(root, tmp_path, *lines)
    assert table["status"].tolist() == ["ok", "mislabelled", "mislabelled", "mislabelled"]
    assert table["reason"].str.endswith("is listed twice").sum() == 3


def test_one_unknown_codec_or_size_costs_one_row(root, tmp_path):
    data = (root / "good.mp4").read_bytes()
    assert data.count(b"avc1") >= 1
    (root / "strange.mp4").write_bytes(data.replace(b"avc1", b"zzz9"))
    with av.open(str(root / "wide.mkv"), "w") as container:
        stream = container.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = 40000, 16, "yuv420p"
        frame = av.VideoFrame.from_ndarray(np.zeros((16, 40000, 3), np.uint8), format="rgb24")
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    table = index(root, tmp_path, "good.mp4,a,posed,1", "strange.mp4,b,posed,2", "wide.mkv,c,posed,3")
    assert table["status"].to_dict() == {"good": "ok", "strange": "unreadable", "wide": "unreadable"}
    assert "no decoder here knows" in table.loc["strange", "reason"]
    assert "40000 x 16 pixels" in table.loc["wide", "reason"]


def test_a_pipe_and_a_root_with_a_colon(root, tmp_path):
    """To open a pipe waits for ever; ffmpeg takes what stands before a colon for a protocol."""
    odd = tmp_path / "a:b"
    odd.mkdir()
    (odd / "good.mp4").write_bytes((root / "good.mp4").read_bytes())
    os.mkfifo(odd / "pipe.mp4")
    table = index(odd, tmp_path, "good.mp4,a,posed,1", f"pipe.mp4,b,posed,{'9' * 5000}", "pipe.mp4,b,posed,2")
    assert table["status"].tolist() == ["ok", "mislabelled", "unreadable"]
    assert "no file: a pipe" in table["reason"].iloc[2]
    assert len(table["reason"].iloc[1]) < 100


def test_a_worker_that_is_killed_is_no_videos_fault(root, tmp_path, monkeypatch):
    def killed(self, path):
        raise Killed("a worker's process was killed")

    monkeypatch.setattr(Worker, "do", killed)
    with pytest.raises(Killed):
        index(root, tmp_path, "good.mp4,a,posed,1")


def test_a_hundred_thousand_subjects_are_dealt_at_once(tmp_path):
    lines = [f"{i}.mp4,p{i},posed" for i in range(100_000)]
    (tmp_path / "list.csv").write_text("\n".join(["file,subject,expression", *lines]))
    rows = folder.list_files(tmp_path, tmp_path / "list.csv")  # a search for each subject would take five minutes
    assert Counter(row["fold"] for row in rows) == dict.fromkeys(range(1, 11), 10_000)


def test_odd_members_of_a_folder_of_images_are_named(root, tmp_path):
    picture = np.zeros((32, 32, 3), np.uint8)
    for name in ("link", "folder", "claims"):
        (root / name).mkdir()
        for i in range(3):
            cv2.imwrite(str(root / name / f"{i}.jpg"), picture)
    (root / "link/3.jpg").symlink_to("none.jpg")
    (root / "folder/aa.png").mkdir()
    data = bytearray((root / "claims/0.jpg").read_bytes())
    place = data.index(b"\xff\xc0") + 5  # height and width of the frame's header
    data[place : place + 4] = (65500).to_bytes(2, "big") * 2
    (root / "claims/0.jpg").write_bytes(data)
    table = index(
        root, tmp_path, *(f"{name},{name},posed,{i}" for i, name in enumerate(("link", "folder", "claims"), 1))
    )
    assert set(table["status"]) == {"unreadable"}
    assert table["reason"].str.contains("is no file that can be read|million pixels").all()


def test_people_of_reserved_folds_are_listed_and_take_no_part(root, tmp_path):
    lines = "good.mp4,a,posed,1", "few.mp4,b,posed,2", "empty.mp4,b,posed,2"
    table = index(root, tmp_path, *lines, reserved=[2])
    assert table["status"].to_dict() == {"good": "ok", "few": "reserved", "empty": "empty"}
    assert table.loc["few", "reason"] == "fold 2 takes no part in this run"
    with pytest.raises(UserError, match="reserved: no video is in fold 3"):
        index(root, tmp_path, *lines, reserved=[2, 3])


def test_folds_that_are_held_out_together_become_the_least_of_them(root, tmp_path):
    lines = "good.mp4,a,posed,3", "few.mp4,b,posed,2", "empty.mp4,c,posed,1"
    assert index(root, tmp_path, *lines, together=[3, 2])["fold"].to_dict() == {"good": 2, "few": 2, "empty": 1}
    with pytest.raises(UserError, match="together: no video is in fold 4"):
        index(root, tmp_path, *lines, together=[3, 4])
    with pytest.raises(UserError, match="together: no video is in fold 2"):
        index(root, tmp_path, *lines, reserved=[2], together=[2, 3])


def test_a_byte_order_mark_is_no_part_of_a_name(root, tmp_path):
    table = tmp_path / "table.csv"
    table.write_text("\ufefffile,subject,expression\ngood.mp4,a,posed\n")
    assert folder.list_files(root, table)[0]["file"] == "good.mp4"


def test_without_folds_subjects_are_dealt_by_name(root, tmp_path):
    table = tmp_path / "table.csv"
    table.write_text("file,subject,expression\ngood.mp4,b,posed\nfew.mp4,a,posed\nsecret.mp4,b,posed\n")
    assert [row["fold"] for row in folder.list_files(root, table)] == [2, 1, 2]


@pytest.mark.parametrize(
    ("text", "message"),
    [("file,subject\na,b\n", "no column expression"), ("", "not a CSV"), (None, "does not exist")],
)
def test_bad_tables_are_named(root, tmp_path, text, message):
    table = tmp_path / "table.csv"
    if text is not None:
        table.write_text(text)
    with pytest.raises(UserError, match=message):
        folder.list_files(root, table)


def test_uva_nemo_reads_lists_liberally(tmp_path):
    (tmp_path / "Videos").mkdir()
    (tmp_path / "folds").mkdir()
    (tmp_path / "UvA-NEMO_Smile_Database_File_Details.txt").write_text(
        "UvA-NEMO Smile Database\nfilename\tsubject_code\tgender\tage\tlabel\n"
        "001_deliberate_smile_2.mp4\t001\tmale\t30\tdeliberate\n"
        "016_Spontaneous_Smile_2.MP4 016 female 20 spontaneous\n"
        "017_happy_smile_1.mp4\t017\tmale\t40\tdeliberate\n"
        "018_deliberate_smile_1.mp4\t018\tmale\t40\tdeliberate\n"
    )
    (tmp_path / "folds/P_fold_all_10.txt").write_text("001_deliberate_smile_2\n")
    (tmp_path / "folds/S_fold_all_3.txt").write_text("016_spontaneous_smile_2.mp4\n")
    (tmp_path / "Videos/016_SPONTANEOUS_smile_2.mp4").touch()
    (tmp_path / "Videos/001_deliberate_smile_2.MP4").touch()
    rows = uva_nemo.list_files(tmp_path)
    assert [r["file"] for r in rows[:2]] == ["Videos/001_deliberate_smile_2.MP4", "Videos/016_SPONTANEOUS_smile_2.mp4"]
    assert [(r["subject"], r["expression"], r["fold"]) for r in rows] == [
        ("001", "posed", 10),
        ("016", "spontaneous", 3),
        ("017", None, None),
        ("018", "posed", None),
    ]
    assert [bool(r["reason"]) for r in rows] == [False, False, True, True]


def test_uva_nemo_keeps_what_its_parts_disagree_about(tmp_path, caplog):
    (tmp_path / "videos").mkdir()
    for name in ("001_deliberate_smile_1", "002_deliberate_smile_1", "005_spontaneous_smile_1"):
        (tmp_path / f"videos/{name}.mp4").touch()
    (tmp_path / "UvA-NEMO_Smile_Database_File_Details.txt").write_text(
        "001_deliberate_smile_1.mp4\t001\tmale\t30\tspontaneous\n"
        "002_deliberate_smile_1.mp4\t002\tmale\t30\tdeliberate\n"
        "003_deliberate_smile_1.mp4\t003\tmale\t30\tdeliberate\n"
    )
    (tmp_path / "P_fold_all_1.txt").write_text("001_deliberate_smile_1\n002_deliberate_smile_1\n")
    (tmp_path / "P_fold_all_2.txt").write_text("002_deliberate_smile_1\n003_deliberate_smile_1\n")
    (tmp_path / "S_fold_all_2.txt").write_text("004_spontaneous_smile_1\n")
    assert {row["file"][7:-4]: row["reason"] for row in uva_nemo.list_files(tmp_path)} == {
        "001_deliberate_smile_1": "the name says posed, the details file says spontaneous",
        "002_deliberate_smile_1": "in the lists of folds 1, 2",
        "003_deliberate_smile_1": "",  # index_videos finds that the file is missing
        "004_spontaneous_smile_1": "in S_fold_all_2.txt, but not in the details file",
        "005_spontaneous_smile_1": "in videos/, but not in the details file",
    }


def test_uva_nemo_says_what_is_missing(tmp_path):
    with pytest.raises(UserError, match=r"no UvA-NEMO_Smile_Database_File_Details\.txt|no P_fold"):
        uva_nemo.list_files(tmp_path)


@pytest.mark.shared
def test_uva_nemo_reads_the_published_names_and_folds(tmp_path, shared):
    published = json.loads(shared("protocols/uva_nemo_public_filenames_folds.json").read_text())["folds"]
    for number, stems in published.items():
        for letter, label in (("P", "deliberate"), ("S", "spontaneous")):
            mine = [stem for stem in stems if label in stem]
            (tmp_path / f"{letter}_fold_all_{number}.txt").write_text("\n".join(mine))
    stems = [stem for fold in published.values() for stem in fold]
    lines = [f"{stem}.mp4\t{stem[:3]}\tmale\t30\t{stem.split('_')[1]}" for stem in stems]
    (tmp_path / "UvA-NEMO_Smile_Database_File_Details.txt").write_text("\n".join(lines))
    rows = uva_nemo.list_files(tmp_path)
    assert len(rows) == 1240
    assert not [row for row in rows if row["reason"]]
    assert sum(row["expression"] == "spontaneous" for row in rows) == 597
