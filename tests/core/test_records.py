"""Every kind of result says how it was made, and gives it back."""

import json
import subprocess
import sys

import h5py
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import torch

from cmm.cli import main
from cmm.core.errors import UserError
from cmm.core.figure_file import save_figure
from cmm.core.files import file_digest
from cmm.core.html_tables import comment, table_page
from cmm.core.provenance import commit, provenance
from cmm.core.records import READERS, read_record
from cmm.core.tables import write_table, write_tsv
from cmm.core.video import write_video
from cmm.core.weights_file import save_networks
from cmm.generation.write_sequence import write_animation
from cmm.methods.cmm_net.landmark_vae import Settings
from cmm.tables import tabulate_provenance


@pytest.fixture
def about(tmp_path):
    (tmp_path / "input").write_text("data")
    return provenance("cmm.methods.cmm_net.landmark_vae", Settings(), [tmp_path / "input"], odd="-->'\"<b>&amp; ü")


def untimed(record):
    """A record without the time: some are written later than they are made."""
    return {key: value for key, value in record.items() if key != "seconds"}


def write(path, about):
    """Write the smallest result of the kind that `path` names."""
    frame = pd.DataFrame({"a": [1]})
    if path.suffix == ".parquet":
        write_table(frame, path, about)
    elif path.suffix == ".tsv":
        write_tsv(frame, path, about)
    elif path.suffix == ".h5":
        with h5py.File(path, "w") as file:
            file.attrs["provenance"] = json.dumps(about)
    elif path.suffix in (".gif", ".webp"):
        write_animation(path, np.zeros((2, 8, 8, 3), np.uint8), 8, about)
    elif path.suffix == ".safetensors":
        net = torch.nn.Linear(1, 1)
        net.architecture = {}
        save_networks(path, {"net": net}, about)
    elif path.suffix == ".mp4":
        write_video(path, np.zeros((2, 16, 16, 3), np.uint8), 25, about=about)
    elif path.suffix in (".png", ".svg"):
        save_figure(plt.figure(), path, about)
    elif path.suffix == ".html":
        path.write_text(table_page("t", ["a"], [["1"]], about))
    elif path.suffix == ".md":
        path.write_text("| a |\n" + comment(about))


@pytest.mark.parametrize("suffix", READERS)
def test_what_was_written_is_read(suffix, about, tmp_path, capsys):
    path = tmp_path / f"result{suffix}"
    write(path, about)
    assert untimed(read_record(path)) == untimed(about)
    assert main(["provenance", str(path)]) == 0
    out = capsys.readouterr().out
    assert "stage: cmm.methods.cmm_net.landmark_vae" in out
    assert "epochs: 50" in out


def test_the_record_holds_settings_code_inputs_versions_and_time(about, tmp_path):
    assert about["settings"]["epochs"] == 50
    assert len(about["code"]) == 16
    assert about["inputs"] == {str(tmp_path / "input"): file_digest(tmp_path / "input")}
    assert about["versions"]["torch"].startswith("2.13.0")
    assert about["seconds"] > 0


def test_a_folder_gives_the_record_of_its_files(about, tmp_path):
    (tmp_path / "films").mkdir()
    (tmp_path / "films/a.txt").touch()
    write(tmp_path / "films/b.mp4", about)
    assert untimed(read_record(tmp_path / "films")) == untimed(about)


@pytest.mark.parametrize("suffix", [*READERS, ".txt"])
@pytest.mark.parametrize("content", [b"", b"something else"])
def test_a_file_that_is_no_result_is_one_line(suffix, content, tmp_path):
    (tmp_path / f"a{suffix}").write_bytes(content)
    with pytest.raises(UserError) as error:
        read_record(tmp_path / f"a{suffix}")
    assert "\n" not in str(error.value)


def test_the_commit_is_that_of_this_checkout(monkeypatch, tmp_path):
    import cmm.core.provenance as module

    tmp_path /= "my project"
    tmp_path.mkdir()

    def git(*words):
        subprocess.run(["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=b", *words], check=True)

    monkeypatch.setattr(module, "ROOT", tmp_path)
    commit.cache_clear()
    assert commit() is None, "no checkout"
    git("init", "-q")
    (tmp_path / "a").write_text("1")
    git("add", "a")
    git("commit", "-qm", "first")
    commit.cache_clear()
    clean = commit()
    assert len(clean) == 12
    (tmp_path / "a").write_text("2")
    commit.cache_clear()
    assert commit() == clean + "+"
    (tmp_path / "inner").mkdir()
    monkeypatch.setattr(module, "ROOT", tmp_path / "inner")
    commit.cache_clear()
    assert commit() is None, "a folder inside of another project's checkout"
    commit.cache_clear()


def test_the_command_is_one_that_a_person_can_type(tmp_path):
    (tmp_path / "a.csv").write_text("file,subject,expression\nb.mp4,p,posed\n")
    words = ["index_videos", "--dataset", "d", "--layout", "folder", "--root", str(tmp_path)]
    words += ["--table", str(tmp_path / "a.csv"), "--out", str(tmp_path / "i.parquet")]
    words += ["--labels", str(tmp_path / "l.parquet")]
    subprocess.run([sys.executable, "-m", "cmm", *words], check=True, capture_output=True)
    assert read_record(tmp_path / "i.parquet")["command"] == " ".join(["python", "-m", "cmm", *words])


def test_the_table_says_versions_once(about, tmp_path):
    paths = [tmp_path / "a.parquet", tmp_path / "b.png", tmp_path / "c.parquet"]
    for path in paths[:2]:
        write(path, about)
    write(paths[2], about | {"versions": {"torch": "3"}})
    tabulate_provenance.main(paths, tmp_path / "t.html")
    text = (tmp_path / "t.html").read_text()
    assert text.count("torch 2.13.0") == 1
    assert text.count("<td>as above</td>") == 1
    assert "<td>torch 3</td>" in text
    assert "epochs 50" in text
