"""`cmm init`: somebody's own videos as a data set."""

import csv
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from cmm.cli import main as cli
from cmm.core.video import write_video
from cmm.datasets.actors.make_actors import Settings, render_clip
from cmm.workflow.init import expression, person
from cmm.workflow.run import parted, warn_of_config

CMM = str(Path(sys.executable).with_name("cmm"))


def test_a_config_that_nobody_names_is_not_passed_over_in_silence(tmp_path, caplog):
    (tmp_path / "config.yaml").write_text("seeds: [1]")
    warn_of_config(["-n", "--configfile", "config.yaml"], tmp_path)
    warn_of_config(parted(["-n", "--configfile=config.yaml"]), tmp_path)
    warn_of_config(["-n", "--configfiles", "config.yaml"], tmp_path)
    assert not caplog.text
    warn_of_config(["-n", "dataset"], tmp_path)
    assert "config.yaml of this folder is not read: say --configfile config.yaml" in caplog.text


def rows_of(folder):
    with open(folder / "videos.csv") as file:
        return list(csv.DictReader(file))


def test_persons_and_expressions_come_from_the_names(tmp_path):
    films = tmp_path / "films"
    for name in ("ann/posed 1.mp4", "ann/b.mov", "Ben_spontaneous.mp4", "chen-deliberate-2.MP4", "notes.txt"):
        (films / name).parent.mkdir(parents=True, exist_ok=True)
        (films / name).touch()
    assert cli(["init", str(tmp_path / "mine"), "--videos", str(films)]) == 0
    found = {row["file"]: (row["subject"], row["expression"], row["fold"]) for row in rows_of(tmp_path / "mine")}
    assert found == {
        "Ben_spontaneous.mp4": ("Ben", "spontaneous", "1"),
        "ann/b.mov": ("ann", "smile", "2"),
        "ann/posed 1.mp4": ("ann", "posed", "2"),
        "chen-deliberate-2.MP4": ("chen", "posed", "3"),
    }
    config = yaml.safe_load((tmp_path / "mine/config.yaml").read_text())
    assert config["sources"]["mine"] == {
        "layout": "folder", "root": str(films), "table": "videos.csv", "folds": [3],
    }  # fmt: skip
    assert "fold 3 (chen)" in (tmp_path / "mine/README.md").read_text()


@pytest.mark.parametrize(
    ("file", "who", "what"),
    [
        ("posed/anna_1.mp4", "anna", "posed"),
        ("spontaneous smiles/ben/1.mp4", "ben", "spontaneous"),
        ("01/posed.mp4", "01", "posed"),
        ("anna_posed/1.mp4", "anna_posed", "posed"),
        ("exposed_1.mp4", "exposed", "smile"),
        ("Videos/anna_deliberate2.mp4", "anna", "posed"),
    ],
)
def test_a_folder_that_names_an_expression_is_no_person(file, who, what):
    assert (person(Path(file)), expression(Path(file))) == (who, what)


def test_many_people_are_dealt_to_ten_folds_alike(tmp_path):
    films = tmp_path / "films"
    films.mkdir()
    for i in range(25):
        (films / f"p{i:02d}_1.mp4").touch()
    assert cli(["init", str(tmp_path / "mine"), "--videos", str(films)]) == 0
    counts = [sum(row["fold"] == str(fold) for row in rows_of(tmp_path / "mine")) for fold in range(1, 11)]
    assert sum(counts) == 25
    assert set(counts) == {2, 3}


@pytest.mark.parametrize(
    ("name", "videos", "message"),
    [
        ("My study", None, "small letters, digits and _"),
        ("mine", "none", "is no folder"),
        ("mine", ".", "holds no video"),
        ("mine", "one", "shows 1 person"),
    ],
)
def test_what_cannot_be_is_one_line(tmp_path, monkeypatch, capsys, name, videos, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    if videos == "one":
        (tmp_path / "one").mkdir()
        (tmp_path / "one/ann_1.mp4").touch()
    assert cli(["init", name, *(["--videos", videos] if videos else [])]) == 1
    assert message in capsys.readouterr().err
    assert not (tmp_path / name).exists()


def test_its_folder_runs_up_to_the_training_set(tmp_path):
    """Three real videos, from the list to smiles.h5, by the words of the README."""
    films = tmp_path / "films"
    films.mkdir()
    for i, who in enumerate(("ann", "ben", "chen")):
        write_video(films / f"{who}_posed.mp4", render_clip(i, "posed", Settings(size=192, fps=25))[0], 25)
    assert cli(["init", str(tmp_path / "mine"), "--videos", str(films)]) == 0
    [words] = [line for line in (tmp_path / "mine/README.md").read_text().splitlines() if "cmm run dataset" in line]
    command = [CMM, *words.split("#")[0].split()[1:], "--workflow-profile", "none"]
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / ".cache")}
    done = subprocess.run(command, cwd=tmp_path / "mine", capture_output=True, text=True, timeout=300, env=environment)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    assert (tmp_path / "mine/results/mine/smiles.h5").is_file()
    assert (tmp_path / "mine/results/figures/mine/contact_sheet.png").is_file()
