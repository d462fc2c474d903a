"""Runs killed at random moments, Snakemake and all its children at once, then run again.

Afterwards everything is as after a run that nobody killed, bit for bit; in between nobody
can see a half-written file, and of a sharded stage only the shard in flight is redone.
`--kills N` kills each family of stages N times; without it, one of shards and one training once.
"""

import os
import random
import shutil
import signal
import subprocess

import h5py
import numpy as np
import psutil
import pytest
import torch
from safetensors.torch import load_file
from waiting import hear_ctrl_c, wait_for

from cmm.core.hdf5 import RECORD
from cmm.core.records import READERS, read_record
from cmm.core.tables import read_table
from cmm.core.video import read_frames

pytestmark = pytest.mark.workflow
ACTORS, RUN = "results/actors", "results/actors/fold10/cmm_net/seed1"
DATA = {  # family: (target, what is removed so that it is made again)
    "make_actors": ("data/actors", "data/actors"),
    "measure_tracks": (f"{ACTORS}/tracks.parquet", f"{ACTORS}/tracks"),
    "draw_rasters": (f"{ACTORS}/smiles.h5", f"{ACTORS}/rasters"),
    "generate_smiles": (f"{RUN}/generated.h5", f"{RUN}/generated.h5"),
}
TRAINING = {"landmark_vae": 8, "conditional_lstm": 4, "multi_mode_lstm": 3, "translation": 2}  # epochs: some seconds


FEW = ("measure_tracks", "multi_mode_lstm")  # which `make test` kills


def pytest_generate_tests(metafunc):
    kills = metafunc.config.getoption("kills")
    for name, every in (("family", DATA), ("stage", TRAINING)):
        if name in metafunc.fixturenames:
            metafunc.parametrize(name, [one for one in every if kills or one in FEW])
            metafunc.parametrize("kill", range(kills or 1))


def copy(workflow, folder):
    shutil.copytree(workflow.folder, folder)
    return type(workflow)(workflow.code, folder)


def run_and_kill(workflow, target, change, enough, moment):
    """Start the workflow and kill its whole tree, `moment` seconds after there is `enough`; False if it had ended."""
    command = workflow.command("--cores", "1", target, change=change)
    devnull = subprocess.DEVNULL
    process = psutil.Popen(command, env=workflow.environment, cwd=workflow.folder, stdout=devnull, stderr=devnull)
    wait_for(lambda: enough(workflow) or process.poll() is not None, "there was something to see")
    try:
        process.wait(timeout=moment)
    except psutil.TimeoutExpired:
        tree = [process, *process.children(recursive=True)]
        for one in tree:
            one.suspend()  # so that nobody starts a child, or cleans up, while the others die
        tree += [child for child in process.children(recursive=True) if child not in tree]
        for one in tree:
            one.kill()
        psutil.wait_procs(tree, timeout=60)
        return True
    return False


def assert_whole(folder):
    """Every file under its final name can be read to its end; results say how they were made."""
    for path in folder.rglob("*"):
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(folder).parts):
            content(path)
            if path.suffix in READERS and "data" not in path.relative_to(folder).parts:
                read_record(path)


def content(path):
    """What a result holds, comparable."""
    if path.suffix == ".safetensors":
        return load_file(path)
    if path.suffix == ".h5":
        with h5py.File(path) as file:
            return {name: file[name][()] for name in file if name != RECORD}  # which says when
    if path.suffix == ".mp4":
        return sum(1 for _ in read_frames(path)), path.read_bytes()
    return read_table(path) if path.suffix == ".parquet" else path.read_bytes()


def assert_same(one, two):
    first, second = content(one), content(two)
    if one.suffix == ".safetensors":
        assert all(torch.equal(first[key], second[key]) for key in first)
    elif one.suffix == ".h5":
        assert all(np.array_equal(first[key], second[key]) for key in first)
    elif one.suffix == ".parquet":
        assert first.equals(second)
    else:
        assert first == second


def kill_once(prepared, target, change, seconds, name, tmp_path, enough):
    """A copy of `prepared` whose run was killed at a moment that `name` draws, some of `seconds` after `enough`.

    Earlier if the run, or the job that makes the target, had ended by then.
    """
    moment = random.Random(name).uniform(0, 0.5) * seconds
    for attempt in range(10):
        workflow = copy(prepared, tmp_path / str(attempt))
        if run_and_kill(workflow, target, change, enough, moment) and not (workflow.folder / target).exists():
            print(f"{name}: killed {moment:.1f} s after there was something to see")
            return workflow
        moment *= 0.5
    raise AssertionError("it could not be killed in the midst of its work")


def assert_nothing_is_left(folder):
    left = [path for path in folder.rglob(".*") if ".snakemake" not in str(path.relative_to(folder))]
    assert left == [], "temporaries of the killed process"


def test_killed_data_stages_redo_the_shard_in_flight(family, kill, finished, tmp_path):
    target, removed = DATA[family]
    prepared = copy(finished, tmp_path / "prepared")
    path = prepared.folder / removed
    files = [file for file in shards(path) if "outcomes" not in file.name] or [path]
    seconds = sum(read_record(file)["seconds"] for file in files)
    for gone in {path, prepared.folder / target}:  # with the target there, nobody would miss the shards
        shutil.rmtree(gone) if gone.is_dir() else gone.unlink()

    logs = [log.relative_to(prepared.folder) for log in (prepared.folder / "logs").rglob(f"{family}*.log")]
    for log in logs:
        (prepared.folder / log).unlink()

    def some_shard_is_complete(workflow):
        """Or, of what has no shards, that the job has begun."""
        return shards(workflow.folder / removed) if files[1:] else (workflow.folder / logs[0]).exists()

    name = f"{family} {kill}"
    workflow = kill_once(prepared, target, None, seconds, name, tmp_path, some_shard_is_complete)
    assert_whole(workflow.folder)
    done = {file: file.stat().st_mtime_ns for file in shards(workflow.folder / removed)}
    workflow.run("--unlock")
    workflow.run("--cores", "1", target)

    redone = {file.name.split(".")[0] for file, time_ns in done.items() if file.stat().st_mtime_ns != time_ns}
    assert len(redone) <= 1, "shards that were complete"
    for file in [finished.folder / target] if family != "make_actors" else (finished.folder / target).rglob("*.mp4"):
        assert_same(workflow.folder / file.relative_to(finished.folder), file)
    assert_nothing_is_left((workflow.folder / target).parent)


def shards(folder):
    """Files of a folder of shards."""
    return sorted(path for path in folder.glob("*") if path.suffix in (".parquet", ".h5")) if folder.is_dir() else []


def test_killed_trainings_end_with_the_same_weights(stage, kill, trained, tmp_path):
    prepared, reference, change, seconds = trained(stage)
    target = f"{RUN}/{stage}.safetensors"
    state = f"{RUN}/{stage}.state"

    def it_has_a_state(workflow):
        return (workflow.folder / state / "state.pt").is_file()

    name = f"{stage} {kill}"
    workflow = kill_once(prepared, target, change | {"state_seconds": 0}, seconds, name, tmp_path, it_has_a_state)
    assert_whole(workflow.folder)
    workflow.run("--unlock")
    workflow.run("--cores", "1", target, change=change)

    log = (workflow.folder / f"logs/actors/fold10/cmm_net/seed1/train_{stage}.log").read_text()
    assert "going on after epoch" in log
    assert_same(workflow.folder / target, reference / target)
    assert not (workflow.folder / state).exists()
    assert_nothing_is_left(workflow.folder / RUN)


def test_ctrl_c_ends_every_process_within_ten_seconds(finished, tmp_path):
    workflow = copy(finished, tmp_path / "interrupted")
    (workflow.folder / f"{RUN}/landmark_vae.safetensors").unlink()
    shutil.rmtree(workflow.folder / f"{ACTORS}/tracks")
    (workflow.folder / f"{ACTORS}/tracks.parquet").unlink()
    logs = [workflow.folder / "logs/actors" / name for name in ("measure_tracks.0.log", "measure_tracks.1.log")]
    for log in logs:
        log.unlink()
    command = workflow.command("--cores", "2", f"{ACTORS}/tracks.parquet")
    devnull = subprocess.DEVNULL
    process = psutil.Popen(command, env=workflow.environment, cwd=workflow.folder, stdout=devnull, stderr=devnull,
                           start_new_session=True, preexec_fn=hear_ctrl_c)  # fmt: skip

    def begun():
        tree = process.children(recursive=True)
        return tree if len(tree) > 2 and all(log.exists() for log in logs) else None

    tree = wait_for(begun, "two shards were begun", process)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    _, alive = psutil.wait_procs([process, *tree], timeout=10)
    assert alive == []
    assert process.returncode != 0
    assert_whole(workflow.folder)


@pytest.fixture(scope="module")
def trained(finished, tmp_path_factory):
    """Function: of a stage, the run before it is trained, a folder where it has been, its config, its seconds."""
    known = {}

    def run(stage):
        if stage not in known:
            change = {stage: {"epochs": TRAINING[stage]}}
            prepared = copy(finished, tmp_path_factory.mktemp(stage) / "prepared")
            (prepared.folder / f"{RUN}/{stage}.safetensors").unlink()
            workflow = copy(prepared, prepared.folder.with_name("undisturbed"))
            workflow.run("--cores", "1", f"{RUN}/{stage}.safetensors", change=change)
            seconds = read_record(workflow.folder / f"{RUN}/{stage}.safetensors")["seconds"]
            known[stage] = prepared, workflow.folder, change, seconds
        return known[stage]

    return run
