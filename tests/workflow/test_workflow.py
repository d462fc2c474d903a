"""The workflow itself, on real miniature DAGs run by the real Snakemake."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import h5py
import pytest
import yaml
from running import ROOT

from cmm.cli import main as cli
from cmm.core.tables import read_csv, read_table
from cmm.study.database import Database
from cmm.study.prepare_study import read_pairs

pytestmark = pytest.mark.workflow
RUN = "results/actors/fold10/cmm_net/seed1"


def test_the_whole_path_runs(finished):
    assert set(read_table(finished.folder / "results/actors/videos.parquet")["status"]) == {"ok"}
    with h5py.File(finished.folder / RUN / "generated.h5") as file:
        assert file["faces"].shape == (2, 4, 8, 32, 32, 3)
    for name in ("films", "sequences", "strips", "labels", "scores/pictures.parquet", "losses.svg"):
        assert (finished.folder / RUN / name).exists()
    assert "| original |  | posed | 1, 1, 1 | 1.000 |" in (finished.folder / "results/tables/scores.md").read_text()


def test_a_second_run_does_nothing(finished):
    assert "Nothing to be done" in finished.run()


def test_logs_show_a_command_that_a_person_can_type(finished):
    log = (finished.folder / "logs/actors/find_smiles.log").read_text()
    command = re.search(r"\$ python -m (cmm find_smiles .*)", log)[1]
    before = read_table(finished.folder / "results/actors/smiles.parquet")
    out = finished.folder / "typed.parquet"
    typed = command.replace("results/actors/smiles.parquet", str(out)).split()
    subprocess.run([sys.executable, "-m", *typed], cwd=finished.folder, check=True, capture_output=True)
    assert read_table(out).equals(before)


def test_the_report_builds(finished):
    finished.run("--report", finished.folder / "report.html")
    text = (finished.folder / "report.html").read_text()
    for words in ("Tables of the paper", "4. Videos", "Figure 4", "Figure 8", "all scores"):
        assert words in text


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"landmark_vae": {"epoch": 3}}, "config: unknown key landmark_vae.epoch"),
        ({"datasets": ["uva_nemo"]}, "data set uva_nemo: its root data/uva_nemo does not exist"),
    ],
)
def test_config_mistakes_stop_at_once(fresh, change, message):
    out = fresh.run("-n", change=change, check=False)
    assert message in out
    assert "Traceback" not in out


def test_missing_licensed_data_is_a_line_each(fresh):
    paper = yaml.safe_load((fresh.code / "config/paper.yaml").read_text())
    out = fresh.run("-n", change=paper, check=False)
    for line in (
        "data set uva_nemo: its root data/uva_nemo does not exist. 1240 videos.*: ask at https.* Put it",
        "data set disfa_pair: its root data/disfa does not exist. the nine people.*: ask at http.* Put it",
    ):
        assert re.search(f"^{line}", out, re.MULTILINE)


DATASET = {"make_actors", "index_videos", "train_action_units", "measure_tracks", "gather_tracks", "find_smiles"}
DATASET |= {"draw_rasters", "gather_rasters"}
MODELS = DATASET | {"train_landmark_vae", "train_conditional_lstm", "train_multi_mode_lstm", "train_translation"}
VIDEOS = MODELS | {"generate_smiles", "render_films"}
SCORES = MODELS | {"generate_smiles", "generate_controls", "train_expression_classifier", "gather_scores"}
SCORES |= {"measure_pictures", "measure_motion", "measure_identity", "measure_expression"}
FIGURES = SCORES | {"plot_au_curves", "plot_labels", "plot_modes", "plot_methods", "plot_mean_curves", "plot_losses"}
FIGURES |= {"plot_contact_sheet"}
EVERYTHING = VIDEOS | FIGURES | {"tabulate_scores", "tabulate_comparisons", "tabulate_paper", "tabulate_videos"}
EVERYTHING |= {"tabulate_datasets", "tabulate_overview"}
EVERYTHING |= {"tabulate_provenance", "tabulate_resources"}  # the pages of which list everything else


@pytest.mark.parametrize(
    ("milestone", "stages"),
    [
        ("dataset", DATASET | {"tabulate_videos", "plot_contact_sheet"}),
        ("models", MODELS),
        ("videos", VIDEOS),
        ("figures", FIGURES),
        ("tables", EVERYTHING),
        ("report", EVERYTHING),
    ],
)
def test_a_milestone_runs_what_leads_to_it(fresh, milestone, stages):
    assert fresh.planned(milestone) == stages
    if milestone == "report":
        assert fresh.dry_run(milestone) == stages


def test_openface_judges_the_videos_that_are_written_for_it(fresh):
    change = {"motion": {"backend": "openface", "action_units": "proxies"}}
    scores = [f"results/actors/fold10/{run}/scores/motion.parquet" for run in ("cmm_net/seed1", "controls/seed0")]
    out = fresh.run("-n", "-p", *scores, change=change)
    assert re.search(r"^render_films +2$", out, re.MULTILINE)
    for run in ("cmm_net/seed1", "controls/seed0"):
        folder = f"results/actors/fold10/{run}/sequences"
        assert re.search(f"measure_motion .*--sequences {folder} .*--backend openface", out)


def test_runs_are_data_sets_folds_methods_and_seeds(fresh):
    (fresh.folder / "mine").mkdir()
    sources = {"mine": {"layout": "folder", "root": "mine", "table": "mine.csv", "folds": [2]}}
    (fresh.folder / "mine.csv").touch()
    change = {"datasets": ["actors", "mine"], "folds": [1, 10], "seeds": [1, 2, 3], "sources": sources}
    out = fresh.run("-n", "models", change=change)
    assert re.search(r"^train_translation +9$", out, re.MULTILINE), "(2 folds + 1 fold) x 3 seeds"


def test_a_folder_of_ones_own(tmp_path, fresh, finished):
    """Other people's videos, in a layout of their own, with a bad file among them."""
    root = tmp_path / "mine"
    root.mkdir()
    lines = ["file,subject,expression,fold"]
    for i in (1, 2, 10):
        source = finished.folder / f"data/actors/videos/{i:03d}_deliberate_smile_1.mp4"
        shutil.copy(source, root / f"{i}.mp4")
        lines.append(f"{i}.mp4,p{i},posed,{i}")
    (root / "broken.mp4").write_text("no video")
    lines.append("broken.mp4,p4,posed,4")
    (tmp_path / "mine.csv").write_text("\n".join(lines) + "\n")
    source = {"layout": "folder", "root": str(root), "table": str(tmp_path / "mine.csv")}
    change = {"datasets": ["mine"], "sources": {"mine": source}, "tracks": {"action_units": "proxies"}}
    said = fresh.run("dataset", change=change)
    assert "mine: 3 of 4 videos used" in said
    table = (fresh.folder / "results/tables/videos.tsv").read_text()
    assert "mine\tposed\tok\t\t3\t3" in table
    assert "mine\tposed\tunreadable\tnot a readable video" in table


def test_lint_is_clean(fresh):
    out = fresh.run("--lint")
    assert "Congratulations" in out


@pytest.fixture
def ten_londoners(fresh):
    """The workflow that lists ten people's photographs instead of all."""
    listing = fresh.code / "config/checksums/london.tsv"
    text = listing.read_text()
    head, *lines = text.splitlines(keepends=True)
    people = sorted({line.split("/")[1][:3] for line in lines})[:10]
    listing.write_text(head + "".join(line for line in lines if line.split("/")[1][:3] in people))
    yield fresh
    listing.write_text(text)


@pytest.mark.shared
def test_london_photographs_become_a_training_set(ten_londoners, shared):
    """From a mirror's files over the download, the videos and the tracks to smiles.h5; nobody is lost silently."""
    mirror, fresh = shared("london/SHA256SUMS").parents[1], ten_londoners
    change = yaml.safe_load((fresh.code / "config/london.yaml").read_text())
    change |= {"downloads": {"mirror": str(mirror)}, "photographs": {"size": 192, "fps": 25}}
    change |= {"tracks": {"shards": 2, "action_units": "proxies"}}
    fresh.run("dataset", change=change)
    videos = read_table(fresh.folder / "results/london/videos.parquet")
    assert videos["subject"].nunique() == 10
    assert (videos["status"] == "ok").all()
    found = read_table(fresh.folder / "results/london/smiles.parquet")
    assert found["subject"].nunique() >= 9
    log = (fresh.folder / "logs/london/find_smiles.log").read_text()
    assert all(f"{video}: no neutral-to-smile phase" in log for video in set(videos["video"]) - set(found["video"]))
    assert fresh.planned("dataset", change=change) == set()


def test_methods_ablations_and_the_study_join_what_is_there(again):
    """Methods, trained and not, and an ablation beside CMM-Net: nothing of it is made again, but the tables of all."""
    change = {"methods": ["cmm_net", "cra_net", "video_gan", "cmm_mesh"], "pretrained": ["cmm_mesh"]}
    variants = {
        "four_modes": {"multi_mode_lstm": {"modes": 4}},
        "without_tuning": {"conditional_lstm": {"fine_tuning_rate": 0.0}},
    }
    change["ablations"] = {"cmm_net": variants}
    out = again.run("-n", change=change)
    planned = dict(re.findall(r"^(\w+) +(\d+)$", out, re.MULTILINE))
    assert {name: int(n) for name, n in planned.items() if name.startswith("train_")} == {
        "train_face_vae": 1,
        "train_cra_net": 1,
        "train_video_gan": 1,
        "train_multi_mode_lstm": 2,
        "train_conditional_lstm": 1,
    }, "what an ablation changes, and what is made from that; what is pretrained is not trained"
    assert planned["generate_smiles"] == "5"
    del variants["without_tuning"]  # planned is enough: it would run as the other does
    # What compares methods. The films, strips and loss curves of each are as CMM-Net's.
    compared = ["tables/table1.md", "tables/comparisons.html", "tables/ablations.tsv", "actors/fold10/methods"]
    targets = [f"results/{name}" for name in [*compared, "actors/study"]]
    again.run(*targets, change=change)
    assert again.planned(*targets, change=change) == set()
    tables = again.folder / "results/tables"
    table1 = (tables / "table1.md").read_text()
    names = (
        "original",
        "Video-GAN",
        "CRA-Net",
        "CMM-Net, conditional sequence",
        "CMM-mesh, mean smile (beyond the paper)",
    )
    assert all(f"| {name} |" in table1 for name in names)
    gaps = [line.split(" | ")[0] for line in table1.splitlines() if "not run" in line]
    assert gaps == ["| another person (control)"], "one person alone is in the fold"
    ablations = (tables / "ablations.tsv").read_text()
    assert all(name in ablations for name in ("CMM-Net\t3", "four modes\t4"))
    assert len(list((again.folder / "results/actors/fold10/methods").glob("*.png"))) == 2

    change["ratings"] = [rate(again.folder / "results/actors/study", again.folder)]
    targets.append("results/tables/table2.html")
    again.run(*targets, change=change)
    table2 = (tables / "table2.md").read_text()
    assert "| actors | cmm_net / cra_net | all |" in table2
    assert "| 100.0% |" in table2, "all alike, and one rater has no interval"
    again.run(*targets, "--report", again.folder / "report.html", change=change)
    report = (again.folder / "report.html").read_text()
    assert all(words in report for words in ("Ablations", "Figure 7", "paired tests", "Table 2 of the paper"))


def test_a_method_that_is_trained_elsewhere_stands_in_tables_figures_and_study(again):
    """It gets the sequences as files, and what it made of the test people is scored as all others are."""
    exported = "results/actors/fold10/sequences"
    again.run(exported)
    made = again.folder / "elsewhere/actors/fold10"
    made.mkdir(parents=True)
    change = {"external": {"copy_cat": "elsewhere"}}
    for name in read_csv(again.folder / exported / "pairs.csv")["source"]:
        folder = made / Path(name).stem
        folder.mkdir()
        for mode in ("conditional", "mode_1"):
            shutil.copy(again.folder / exported / "test" / name, folder / f"{mode}.png")
    targets = ["results/tables/table1.md", "results/tables/comparisons.html", "results/overview.html"]
    targets += ["results/actors/fold10/methods", "results/actors/study"]
    planned = again.planned(*targets, change=change)
    assert {"import_sequences", "plot_methods", "prepare_study"} <= planned
    assert not planned & MODELS
    again.run(*targets, change=change)
    table1 = (again.folder / "results/tables/table1.md").read_text()
    assert "| copy cat (beyond the paper) |" in table1
    assert "| copy cat, mean of the modes (beyond the paper) |" in table1
    assert "seeds 1." in table1, "of what was made elsewhere there is none"
    scores = read_table(again.folder / "results/tables/scores.parquet")
    mine = scores[(scores["method"] == "copy_cat") & (scores["metric"] == "ssim")]
    assert (mine["value"] == 1).all()
    assert sorted(mine["mode"]) == ["1", "1", "conditional", "conditional"]
    assert "difference to copy cat" in (again.folder / "results/tables/comparisons.html").read_text()
    assert set(read_pairs(again.folder / "results/actors/study")["comparison"]) >= {"cmm_net / copy_cat"}
    assert "copy cat" in (again.folder / "results/overview.html").read_text()
    assert again.planned(*targets, change=change) == set()
    strip = next(made.rglob("*.png"))
    cv2.imwrite(str(strip), cv2.imread(str(strip)))  # written again in its place
    assert "import_sequences" in again.planned(*targets, change=change)


def test_an_external_method_without_its_videos_is_a_line(fresh):
    out = fresh.run("-n", change={"external": {"copy_cat": "elsewhere"}}, check=False)
    assert "external.copy_cat: missing: elsewhere/actors/fold10. What to train it on is written, while" in out
    assert "Traceback" not in out
    for name in ("cra_net", "sequences"):
        out = fresh.run("-n", change={"external": {name: "elsewhere"}}, check=False)
        assert f"external.{name}: the workflow has that name itself" in out


@pytest.fixture
def newcomer(again):
    """The method of docs/methods.md in the workflow's folder: what its page says, and no more; its config."""
    page = (ROOT / "docs/methods.md").read_text()
    folder = again.code / "cmm/methods/mean_motion"
    folder.mkdir()
    (folder / "__init__.py").touch()
    for name, text in re.findall(r"`cmm/methods/mean_motion/(\w+\.py)`.*?```python\n(.*?)```", page, re.DOTALL):
        (folder / name).write_text(text)
    yield again, yaml.safe_load(re.search(r"```yaml\n(.*?)```", page, re.DOTALL)[1])
    shutil.rmtree(folder)


def test_a_method_is_a_folder_and_a_config_block(newcomer):
    """It is trained, generated, scored, and in tables, figures and the study; nothing of CMM-Net is made again."""
    again, change = newcomer
    mine = "results/actors/fold10/mean_motion/seed1"
    made = [f"{mine}/films", f"{mine}/losses.svg", "results/tables/table1.md", "results/tables/scores.md"]
    made += ["results/tables/comparisons.html", "results/actors/fold10/methods", "results/actors/study"]
    planned = again.dry_run(*made, change=change)
    assert "train_mean_motion" in planned
    assert not planned & MODELS
    again.run(*made, change=change)
    tables = again.folder / "results/tables"
    assert "| Mean motion (beyond the paper) |" in (tables / "table1.md").read_text()
    assert "| Mean motion | conditional |" in (tables / "scores.md").read_text()
    assert "difference to Mean motion" in (tables / "comparisons.html").read_text()
    assert set(read_pairs(again.folder / "results/actors/study")["comparison"]) >= {"cmm_net / mean_motion"}
    record = subprocess.run(
        [sys.executable, "-m", "cmm", "provenance", again.folder / mine / "mean_motion.safetensors"],
        cwd=again.code, check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert "stage: cmm.methods.mean_motion.mean_motion" in record.stdout
    wrong = change | {"mean_motion": change["mean_motion"] | {"epoch": 1}}
    assert "config: unknown key mean_motion.epoch" in again.run("-n", change=wrong, check=False)


def rate(study, folder):
    """Rate all pairs of a study as similar; the name of the ratings' table in `folder`."""
    database = Database(folder / "answers.sqlite", read_pairs(study))
    while (offer := database.offer("one")) is not None:
        database.answer("one", offer[0], "similar")
    words = ["--database", folder / "answers.sqlite", "--out", folder / "ratings.parquet"]
    assert cli(["study", "export", *map(str, words)]) == 0
    return "ratings.parquet"
