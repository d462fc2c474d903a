"""What a run will cost: work read off commands, rates read off a run, plans laid on nodes."""

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from running import ROOT

from cmm.cli import main as cli
from cmm.core.errors import UserError
from cmm.workflow.estimate import size_in_words
from cmm.workflow.rates import fit, measured, read_rates
from cmm.workflow.schedule import Task, wall_seconds
from cmm.workflow.sizes import known_as, size_of
from cmm.workflow.work import Job, Size, amount, modes_of, read_job, unit

RUN = "logs/actors/fold10/cmm_net/seed1"
SIZES = {"actors": Size(videos=80, frames=12_000, sequences=80, held_out={10: 8})}


def command(words, log, start="12:00:01 $ python -m cmm"):
    return read_job(f"{start} {words}", log)


def test_a_training_sees_images_as_often_as_its_flags_say():
    words = "train_multi_mode_lstm --smiles results/actors/smiles.h5 --fold 10 --epochs 4 --frames-drawn 8 --modes 3"
    job = command(f"{words} > {RUN}/train_multi_mode_lstm.log 2>&1", f"{RUN}/train_multi_mode_lstm.log")
    assert (job.verb, job.dataset, job.fold, job.method) == ("train_multi_mode_lstm", "actors", 10, "cmm_net")
    assert unit(job, SIZES) == "images trained on"
    assert amount(job, SIZES) == 72 * 8 * 4 * 3
    small = {"actors": Size(80, 12_000, 80, held_out={10: 8}, length=8, side=32)}
    drawn = Job(job.verb, {"epochs": ["2"], "frames-drawn": ["0"]}, "actors", 10, "cmm_net")
    assert amount(drawn, small) == 72 * 8 * 2 / 4
    capped = Job("train_cmm_mesh", {"epochs": ["2"], "frames-drawn": ["4"], "sequences-drawn": ["50"]}, "actors", 10)
    assert amount(capped, SIZES) == 50 * 4 * 2


@pytest.mark.parametrize(
    ("words", "log", "found"),
    [
        ("measure_tracks --index results/actors/index.parquet --shards 4", "logs/actors/measure_tracks.0.log", 3000),
        ("gather_tracks --shards results/actors/tracks/0.parquet a b", "logs/actors/gather_tracks.log", 12_000),
        ("train_action_units --index results/actors/index.parquet --held-out 10 --frame-step 5",
         "logs/action_units/faces/fold10.log", 2400),
        ("make_actors --people 10 --size 128 --fps 25", "logs/actors/make_actors.log", 2.5),
        ("measure_motion --fold 10 --method controls", "logs/actors/fold10/controls/seed0/measure_motion.log", 24),
        ("measure_motion --fold 10", f"{RUN}/measure_motion.log", 32),
        ("measure_motion --fold 3", "logs/actors/fold3/video_gan/seed1/measure_motion.log", 8),
        ("train_expression_classifier --fold 10", "logs/actors/fold10/train_expression_classifier.log", 72),
        ("tabulate_scores --tsv a", "logs/tabulate_scores.log", 1),
        ("draw_rasters --shards 2", "logs/other/draw_rasters.0.log", 1),  # of a data set whose size nobody knows
    ],
)  # fmt: skip
def test_work_grows_with_what_a_stage_goes_through(words, log, found):
    assert amount(command(words, log), SIZES) == found


@pytest.mark.parametrize("line", ["", "Traceback (most recent call last):", "cmm", "echo 'cmm"])
def test_a_line_without_a_command_is_none(line):
    assert read_job(line, "logs/actors/x.log") is None


def jobs(verb, amounts, seconds, kind="frames"):
    row = {"verb": verb, "unit": kind, "cpu_seconds": 1.0, "memory_mib": 100.0, "bytes": 10.0, "gpu": False}
    return pd.DataFrame([row | {"amount": a, "seconds": s} for a, s in zip(amounts, seconds, strict=True)])


def test_start_and_rate_are_told_apart_where_jobs_differ():
    amounts = np.array([100.0, 500.0, 1000.0, 2000.0])
    (rate,) = fit(jobs("find_smiles", amounts, 3 + 0.02 * amounts))
    assert rate.start_seconds == pytest.approx(3)
    assert rate.unit_seconds == pytest.approx(0.02)
    assert rate.unit_bytes == pytest.approx(40 / 3600, rel=1e-3)


def test_jobs_that_are_alike_start_as_the_shortest_job_of_the_run():
    table = pd.concat([jobs("index_videos", [5], [1.5]), jobs("measure_tracks", [100, 110], [21.5, 23.5])])
    first, second = fit(table)
    assert (second.start_seconds, second.unit_seconds) == (1.5, 0.2)
    assert (first.start_seconds, first.unit_seconds) == (0.75, 0.15), "no job does nothing but start"


tasks = st.lists(
    st.tuples(st.integers(1, 9), st.integers(1, 4), st.integers(0, 1), st.integers(0, 2**20)), min_size=1, max_size=12
).map(
    lambda rows: [
        Task(seconds, threads, gpu, tuple(other for other in range(i) if before >> other & 1 and before % 3 == 0))
        for i, (seconds, threads, gpu, before) in enumerate(rows)
    ]
)


@given(tasks, st.integers(1, 3), st.integers(1, 4))
def test_a_schedule_is_neither_impossible_nor_idle(tasks, nodes, cores):
    found = wall_seconds(tasks, nodes, cores, 1)
    ends = []
    for task in tasks:
        ends.append(task.seconds + max((ends[other] for other in task.before), default=0))
    occupied = sum(task.seconds * min(task.threads, cores) for task in tasks)
    assert found >= max(max(ends), occupied / (nodes * cores))
    assert found <= sum(task.seconds for task in tasks)
    assert wall_seconds(tasks, 100, 100, 100) == max(ends)


def test_a_schedule_by_hand():
    tasks = [Task(4), Task(2), Task(3, threads=2), Task(5, gpu=1, before=(0,)), Task(5, gpu=1, before=(1,))]
    # Core 1: 0-4 the first; core 2: 0-2 the second, 2-7 the last, whose GPU is free at 7; both cores 7-10 the third ...
    assert wall_seconds(tasks, 1, 2, 1) == 15
    assert wall_seconds(tasks, 2, 2, 1) == 9


def test_tasks_that_wait_for_each_other_are_refused():
    with pytest.raises(ValueError, match="wait for each other"):
        wall_seconds([Task(1, before=(1,)), Task(1, before=(0,))], 1, 1, 1)


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0 B"), (999, "999 B"), (1_500, "1.5 kB"), (2e12, "2 TB"), (5e15, "5e+03 TB")]
)
def test_bytes_in_words(number, text):
    assert size_in_words(number) == text


def test_a_number_of_every_stage_is_in_our_own_rates():
    from cmm.commands import AFTER, BEFORE, STAGES, TOOLS

    rates = read_rates()
    rare = {"download_dataset", "describe_config", "tabulate_study", "tabulate_ablations"}
    asked = {*BEFORE, *AFTER, *STAGES} - {*TOOLS} - rare - {"tabulate_search"}
    assert asked <= {*rates}, asked - {*rates}
    assert all(rate.unit_seconds > 0 for rate in rates.values())


@pytest.mark.workflow
def test_a_run_forecasts_itself(finished, tmp_path):
    """Rates of the miniature give the jobs and the times of the same miniature in an empty folder."""
    rates = tmp_path / "rates.tsv"
    assert cli(["rates", "--folder", str(finished.folder), "--out", str(rates)]) == 0
    taken = measured(finished.folder)
    assert {"train_translation", "measure_tracks", "gather_scores"} <= set(taken["verb"])
    empty = tmp_path / "empty"
    empty.mkdir()
    words = ["--configfile", ROOT / "config/test.yaml", "--rates", rates, "--cores", "2", "--json"]
    asked = [sys.executable, "-m", "cmm", "estimate", *map(str, words)]
    where = finished.environment | {"PYTHONPATH": str(ROOT)}
    said = subprocess.run(asked, cwd=empty, capture_output=True, text=True, check=True, env=where)
    forecast = json.loads(said.stdout)
    assert forecast["not_counted"] == []
    assert sum(stage["jobs"] for stage in forecast["stages"]) == len(taken)
    hours = sum(stage["hours"] for stage in forecast["stages"])
    assert hours * 3600 == pytest.approx(taken["seconds"].sum(), rel=0.3)
    assert hours * 3600 / 2 <= forecast["wall_seconds"]["1"] <= hours * 3600


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--size", "actors=80"], "--size actors=80: write"),
        (["--size", "actor=80,5"], "no data set 'actor' in sources"),
        (["--configfile", "mine.yaml"], "nobody says how large mine is"),
        (["--size", "actors=80,-3"], "--size actors=80,-3: write"),
        (["--rates", "nowhere.tsv"], "nowhere.tsv"),
        (["--configfile", "config/demos.yaml"], "config/demos.yaml does not exist: did you mean config/demo.yaml?"),
        (["--config", "seeds=[a]"], "config: seeds.0: 'a' is not of type 'integer'"),
        (["--config", "datasets=[disfa_plus]"], "nobody says how large disfa_plus is"),
        (["--nodes", "0"], "are 1 or more"),
        (["--targets", "nothing_of_the_kind"], "Snakemake makes no plan"),
    ],
)
def test_mistakes_are_a_line(tmp_path, monkeypatch, capsys, words, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.yaml").write_text("datasets: [mine]\nsources: {mine: {layout: folder, root: a, table: t.csv}}")
    (tmp_path / "t.csv").write_text("file,subject,expression,fold\n")
    assert cli(["estimate", *words]) == 1
    said = capsys.readouterr().err
    assert message in said
    assert "Traceback" not in said


def test_a_folder_without_a_run_has_no_rates(tmp_path, capsys):
    assert cli(["rates", "--folder", str(tmp_path)]) == 1
    assert "no job of a run was measured" in capsys.readouterr().err


def test_a_job_that_takes_longer_than_its_rule_asks_for_is_named(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    words = [
        "--config",
        "datasets=[celebv_hq]",
        "--targets",
        "results/celebv_hq/fold10/cmm_net/seed1/translation.safetensors",
    ]
    assert cli(["estimate", *words, "--size", "celebv_hq=35666,5000000"]) == 0
    said = capsys.readouterr().out
    assert "train_translation: a job takes" in said
    assert "for which its rule asks a cluster for 24 h 0 min: --set-resources train_translation:runtime=" in said
    assert cli(["estimate", *words, "--size", "celebv_hq=100,10000"]) == 0
    assert "--set-resources" not in capsys.readouterr().out


@pytest.mark.parametrize(
    "words",
    [
        ["--configfile", "config/london.yaml"],
        ["--configfile", "config/demo.yaml", "config/ablations.yaml"],
        ["--configfile", "config/search.yaml"],
        ["--config", "datasets=[uva_nemo]", "folds=[1,2]"],  # licensed, and not here
        ["--configfile", "mine.yaml", "--size", "mine=30,3000"],  # not here either
        ["--configfile", "config/demo.yaml", "--config", "external={'another': 'elsewhere'}"],  # trained afterwards
    ],
)
def test_data_that_are_elsewhere_can_be_forecast(tmp_path, monkeypatch, capsys, words):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.yaml").write_text("datasets: [mine]\nsources: {mine: {layout: folder, root: a, table: t.csv}}")
    (tmp_path / "t.csv").write_text("file,subject,expression,fold\na,p,posed,10\nb,q,posed,9\n")
    assert cli(["estimate", *words, "--json"]) == 0
    forecast = json.loads(capsys.readouterr().out)
    assert sum(stage["jobs"] for stage in forecast["stages"]) > 30
    assert not list(tmp_path.glob("results*"))
    if "mine.yaml" in words:
        assert forecast["sizes"]["mine"]["folds"] == 2


def test_an_own_size_of_the_rendered_people_is_counted():
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    config["actors"] |= {"people": 400, "fps": 25}
    size, _ = size_of("actors", config, {})
    assert (size.videos, size.frames, size.sequences) == (800, 53_790, 800)
    config["sources"]["search"] = config["sources"]["actors"] | {"layout": "uva_nemo", "reserved": [6, 7, 10]}
    assert size_of("search", config, {})[0].videos == pytest.approx(0.7 * 800), "the same videos under another name"
    config["sources"]["mine"] = config["sources"]["disfa"] | {"layout": "disfa_plus"}
    assert known_as("mine", config["sources"]) == "mine", "several people's own sets may lie in one folder"
    config["sources"]["search"]["together"] = [8, 9]
    assert size_of("search", config, {})[0].tests(8) == pytest.approx(0.2 * 800)
    assert size_of("search", config, {"search": (80, 8000, 80)})[0].tests(8) == pytest.approx(0.2 * 80)
    config["sources"]["uva_nemo"]["reserved"] = [1, 2]
    assert size_of("uva_nemo", config, {})[0].sequences == pytest.approx(0.8 * 1240)


def test_modes_are_those_that_are_trained():
    trained = [
        Job("train_multi_mode_lstm", {"modes": ["8"], "epochs": ["1"]}, "actors", 10, "cmm_net-eight_modes"),
        Job("train_cmm_mesh", {"modes": ["8"], "epochs": ["1"]}, "actors", 10, "cmm_mesh"),
    ]
    modes = modes_of(trained)
    assert modes == {"cmm_net-eight_modes": 8}
    many, one = (Job("measure_motion", {}, "actors", 10, name) for name in ("cmm_net-eight_modes", "cmm_net-other"))
    assert (amount(many, SIZES, modes), amount(one, SIZES, modes)) == (72, 32)
    assert amount(trained[1], SIZES) == 72 * 32, "K is no more work for it"


@pytest.mark.parametrize("cell", ["abc", "", "-1", "inf"])
def test_damaged_rates_are_refused(tmp_path, cell):
    head, first, *rest = (ROOT / "config/rates.tsv").read_text().splitlines()
    cells = first.split("\t")
    cells[4] = cell
    (tmp_path / "rates.tsv").write_text("\n".join([head, "\t".join(cells), *rest]))
    with pytest.raises(UserError, match="is no table of rates"):
        read_rates(tmp_path / "rates.tsv")


def test_rates_of_two_data_sets_of_which_one_was_not_counted():
    table = pd.concat([jobs("index_videos", [1], [3.0], "jobs"), jobs("index_videos", [9000], [300.0], "videos")])
    (rate,) = fit(table)
    assert (rate.unit, rate.jobs) == ("videos", 1)
