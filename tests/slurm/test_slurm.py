"""The workflow on a real Slurm, with the profile that is shipped: `make test-slurm`."""

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import yaml
from cluster import cluster, jobs, slurm, wait_for_job, why_not
from safetensors.torch import load_file
from waiting import hear_ctrl_c, wait_for

ROOT = Path(__file__).parent.parent.parent
SNAKEMAKE = Path(sys.executable).with_name("snakemake")
RUN = "results/actors/fold10/cmm_net/seed1"
TRAINING = {"train_landmark_vae", "train_conditional_lstm", "train_multi_mode_lstm", "train_translation"}


@pytest.fixture(scope="session")
def nodes(request, tmp_path_factory):
    """The folder of the cluster's state."""
    if not request.config.getoption("slurm"):
        pytest.skip("starts a Slurm cluster on this machine: make test-slurm")
    if reason := why_not():
        pytest.skip(f"no Slurm cluster here: {reason}")
    folder = tmp_path_factory.mktemp("slurm")
    with cluster(folder):
        yield folder


@pytest.fixture
def start(nodes, tmp_path):
    """Function that starts Snakemake in the test's folder with the shipped profile, made quick; gives the process."""

    started = []

    def run(*words, change=None):
        (tmp_path / "change.yaml").write_text(yaml.safe_dump(change or {"seeds": [1]}))
        command = [SNAKEMAKE, "-s", ROOT / "Snakefile", "-d", tmp_path, "--workflow-profile", profile(tmp_path), *words]
        command += ["--configfile", ROOT / "config/test.yaml", tmp_path / "change.yaml"]
        log = open(tmp_path / "snakemake.log", "a")  # noqa: SIM115 - the process writes it
        process = subprocess.Popen(
            [str(word) for word in command], stdout=log, stderr=log, cwd=tmp_path, start_new_session=True,
            env={**os.environ, "XDG_CACHE_HOME": str(tmp_path / ".cache")},
            preexec_fn=hear_ctrl_c,
        )  # fmt: skip
        started.append(process)
        return process

    yield run
    for process in started:
        if process.poll() is None:  # the test failed
            os.killpg(process.pid, signal.SIGKILL)


def profile(folder):
    """The shipped profile for this cluster: no accounting, no conda, no waiting; all else as it is."""
    settings = yaml.safe_load((ROOT / "profiles/slurm/config.yaml").read_text())
    del settings["software-deployment-method"]
    settings |= {"slurm-status-command": "squeue", "slurm-no-account": True, "latency-wait": 5}
    settings |= {"slurm-init-seconds-before-status-checks": 1, "seconds-between-status-checks": 1}
    # Too little for a training at first, but not for its second attempt.
    settings["set-resources"] = {"train_landmark_vae": {"mem_mb": "250 * attempt ** 3"}}
    (folder / "profile").mkdir(exist_ok=True)
    shutil.copy(ROOT / "profiles/slurm/partitions.yaml", folder / "profile")
    (folder / "profile/config.yaml").write_text(yaml.safe_dump(settings))
    return folder / "profile"


def finish(process, folder, seconds=900):
    """Wait until Snakemake has ended; what it printed."""
    process.wait(timeout=seconds)
    text = (folder / "snakemake.log").read_text()
    assert process.returncode == 0, text[-6000:]
    return text


def memory(job):
    return int(re.search(r"mem=(\d+)M", job["TRES"])[1])


def test_the_whole_workflow_to_the_report(nodes, start, tmp_path):
    """With a job killed for its memory and one cancelled on the way."""
    process = start(change={"translation": {"epochs": 4}, "state_seconds": 0})
    state = tmp_path / RUN / "translation.state/state.pt"
    running = wait_for_job(
        lambda job: job["rule"] == "train_translation" and job["JobState"] == "RUNNING" and state.exists(),
        process, "a training that has a state",
    )  # fmt: skip
    slurm("scancel", running["JobId"])
    finish(process, tmp_path)
    assert (tmp_path / RUN / "films").is_dir()

    done = jobs()
    print_summary(done)
    assert {job["rule"] for job in done} >= TRAINING | {"make_actors", "measure_tracks", "measure_motion"}
    for job in done:
        asked = "gpu" in job.get("TresPerJob", "") + job.get("TresPerNode", "")
        assert asked == (job["rule"] in TRAINING), job
        assert job["Partition"] == ("gpu" if job["rule"] in TRAINING else "cpu"), job
        assert job["NodeList"] == "n1" or job["Partition"] == "cpu"
    of = {rule: [job for job in done if job["rule"] == rule] for rule in TRAINING}
    killed, *others = of["train_landmark_vae"]
    assert killed["JobState"] != "COMPLETED"
    assert f"[{killed['JobId']}.batch] error: Exceeded job memory limit" in (nodes / "slurmd-n1.log").read_text()
    assert others[-1]["JobState"] == "COMPLETED"
    assert memory(others[-1]) > memory(killed)
    cancelled, repeated = of["train_translation"]
    assert (cancelled["JobState"], repeated["JobState"]) == ("CANCELLED", "COMPLETED")
    assert memory(repeated) > memory(cancelled)
    log = (tmp_path / "logs/actors/fold10/cmm_net/seed1/train_translation.log").read_text()
    assert "going on after epoch" in log

    report = start("--report", "report.html")
    finish(report, tmp_path)
    assert "Tables of the paper" in (tmp_path / "report.html").read_text()


def test_ctrl_c_leaves_no_job_behind(start, tmp_path):
    process = start("data/actors", change={"actors": {"people": 40, "size": 256}})
    before = {job["JobId"] for job in jobs()}
    wait_for_job(lambda job: job["JobId"] not in before and job["JobState"] == "RUNNING", process, "a running job")
    os.killpg(process.pid, signal.SIGINT)
    assert process.wait(timeout=120) != 0
    states = {job["JobState"] for job in jobs() if job["JobId"] not in before}
    assert states <= {"CANCELLED", "COMPLETING", "FAILED"}
    assert slurm("squeue", "-h", "-t", "PENDING,RUNNING") == ""
    assert not (tmp_path / "data/actors/truth.parquet").exists()


def test_an_array_outlives_a_node_that_is_drained(request, nodes, start, tmp_path):
    """Fifty shards of a data set are one sbatch; each is done once, on whichever node is left."""
    shards = request.config.getoption("slurm_shards")
    change = {"tracks": {"shards": shards, "action_units": "proxies"}, "motion": {"action_units": "proxies"}}
    words = ["--slurm-array-jobs", "measure_tracks, draw_rasters", "--slurm-array-limit", 50, "--jobs", 5000]
    before = {job["JobId"] for job in jobs()}
    process = start(*words, "results/actors/videos.parquet", change=change)

    def of_array():
        found = [job for job in jobs() if job["JobId"] not in before and job["rule"] == "measure_tracks"]
        return [job for job in found if job.get("ArrayTaskId", "").isdigit()]  # not those that wait together

    wait_for(lambda: sum(job["JobState"] == "COMPLETED" for job in of_array()) >= shards // 4, "a quarter was done",
             process=process, seconds=600, pause=0.2)  # fmt: skip
    slurm("scontrol", "update", "NodeName=n2", "State=DRAIN", "Reason=test")
    drained = max(job["StartTime"] for job in of_array())
    try:
        finish(process, tmp_path, 900 + 10 * shards)
    finally:
        slurm("scontrol", "update", "NodeName=n2", "State=RESUME")
    done = of_array()
    assert len({job["ArrayJobId"] for job in done}) == -(-shards // 50)
    # Snakemake hands in a hundred jobs a second, and tasks are numbered anew for each such portion.
    assert len(done) == len({(job["ArrayJobId"], job["ArrayTaskId"]) for job in done}) == shards
    logs = [tmp_path / f"logs/actors/measure_tracks.{shard}.log" for shard in range(shards)]
    assert {log.read_text().count("python -m cmm measure_tracks") for log in logs} == {1}, "none was begun twice"
    assert {job["JobState"] for job in done} == {"COMPLETED"}
    assert all(job["NodeList"] == "n1" for job in done if job["StartTime"] > drained)
    assert {job["NodeList"] for job in done} == {"n1", "n2"}
    tracks = [tmp_path / f"results/actors/tracks/{shard}.parquet" for shard in range(shards)]
    assert len({path.stat().st_ino for path in tracks}) == shards


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--slurm-array-limit", 50], "with slurm-array-jobs, jobs must be at least 1006: --jobs 1006"),
        (["--jobs", 5000], "with slurm-array-jobs, say --slurm-array-limit 50"),
    ],
)
def test_arrays_that_the_plugin_would_forget_or_break_are_refused(start, tmp_path, words, message):
    process = start("--slurm-array-jobs", "measure_tracks", *words, "results/actors/videos.parquet")
    assert process.wait(timeout=200) != 0
    assert message in (tmp_path / "snakemake.log").read_text()


def test_two_nodes_train_together(nodes, smiles, tmp_path):
    """srun starts a torchrun on each of two nodes, as docs/cluster.md says; the weights are those of one process."""
    words = ["--smiles", smiles, "--fold", 0, "--epochs", 2, "--batch-size", 4, "--learning-rate", 1e-5]
    words += ["--precision", "fp32"]  # bf16 rounds so coarsely that Adam takes small gradients' steps either way

    def command(name, processes):
        files = ["--out", tmp_path / f"{name}.safetensors", "--losses", tmp_path / f"{name}.tsv"]
        files += ["--state", tmp_path / f"{name}.state", "--processes", processes]
        return ["-m", "cmm", "train_landmark_vae", *words, *files]

    subprocess.run([sys.executable, *map(str, command("one", 1))], check=True, capture_output=True, timeout=200)
    torchrun = ["-m", "torch.distributed.run", "--nnodes=2", "--nproc-per-node=1", "--rdzv-backend=c10d"]
    torchrun += ["--rdzv-id=cmm", "--rdzv-endpoint=$(scontrol show hostname $SLURM_JOB_NODELIST | head -1):29500"]
    job = ["#!/bin/bash", "#SBATCH --nodes=2 --ntasks-per-node=1 --partition=cpu --mem=4000 --wait"]
    job += [f"#SBATCH --output={tmp_path}/two.log", f"export PYTHONPATH={ROOT}"]
    job += [" ".join(map(str, ["srun", sys.executable, *torchrun, *command("two", 2)]))]
    (tmp_path / "job.sh").write_text("\n".join(job) + "\n")
    done = subprocess.run(["sbatch", tmp_path / "job.sh"], cwd=tmp_path, timeout=200, check=False)
    said = (tmp_path / "two.log").read_text()
    assert done.returncode == 0, said[-3000:]
    assert "2 processes" in said
    one, two = (load_file(tmp_path / f"{name}.safetensors") for name in ("one", "two"))
    distance = torch.cat([(one[key].double() - two[key].double()).abs().flatten() for key in one])
    assert distance.mean() < 5e-6, "half a step of the learning rate, as in tests/training/test_processes.py"


def print_summary(done):
    """The table of docs/cluster.md."""
    print("\n| job | rule | partition | node | GPUs | memory [MB] | state | run time |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for job in done:
        gpus = 1 if job["rule"] in TRAINING else ""
        cells = [job["JobId"], job["rule"], job["Partition"], job["NodeList"], gpus, memory(job)]
        print("| " + " | ".join(map(str, [*cells, job["JobState"], job["RunTime"]])) + " |")


def test_why_not_says_what_is_missing(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert why_not() == "slurmctld is not installed"
