"""A run that fails says at its end which jobs failed, and what each said last."""

import pytest

from cmm.workflow.failures import MOST, failures, summary

ERROR = """[Sun Nov 29 08:32:50 2026]
Error in rule {rule}:
    message: None
    jobid: {job}
    input: results/actors/index.parquet
    output: results/actors/tracks/{job}.parquet
    log: {log} (check log file(s) for error details)
    shell:
        python -m cmm {rule} --shard {job}
        (command exited with non-zero exit code)
Logfile {log}:
================================================================================
Error in rule of_another: is what a log may hold
================================================================================
"""
DONE = "[Sun Nov 29 08:32:51 2026]\nFinished jobid: {job} (Rule: {rule})\n1 of 3 steps (33%) done\n"


def error(job, rule="measure_tracks", log="logs/{job}.log"):
    return ERROR.format(rule=rule, job=job, log=log.format(job=job))


def test_what_failed_last_is_listed_and_what_was_repeated_is_not():
    text = error(1) + error(2) + DONE.format(job=2, rule="measure_tracks") + error(3, "draw_rasters") + error(1)
    assert failures(text) == [("draw_rasters", "logs/3.log"), ("measure_tracks", "logs/1.log")]
    assert failures(DONE.format(job=4, rule="all")) == []


def test_a_job_without_a_log_is_listed_too():
    text = "Error in rule x:\n    jobid: 1\n    output: a\n" + error(2)
    assert failures(text) == [("x", None), ("measure_tracks", "logs/2.log")]


def test_last_words_are_those_of_the_jobs_own_log(tmp_path):
    (tmp_path / "1.log").write_text("begin\ncmm measure_tracks: error: the disk is full\n\n")
    (tmp_path / "2.log").write_text("")
    (tmp_path / "slurm.log").write_text("slurmstepd: error: Exceeded job memory limit")
    logs = [f"{tmp_path}/1.log", f"{tmp_path}/2.log", f"{tmp_path}/3.log"]
    logs += [f"{tmp_path}/1.log, {tmp_path}/slurm.log", f"{tmp_path}/2.log, {tmp_path}/slurm.log"]  # as Slurm's plugin
    (tmp_path / "run.log").write_text("".join(error(job, log=log) for job, log in enumerate(logs)))
    head, *lines = summary([tmp_path / "run.log"])
    assert head.startswith("5 jobs failed")
    assert lines[0] == f"  measure_tracks: {tmp_path}/1.log: cmm measure_tracks: error: the disk is full"
    assert "nothing is written there" in lines[1]
    assert "nothing is written there" in lines[2]
    assert lines[3] == lines[0]
    assert lines[4].endswith("slurm.log: slurmstepd: error: Exceeded job memory limit")


def test_thousands_are_counted_and_some_listed(tmp_path):
    (tmp_path / "run.log").write_text("".join(map(error, range(1000))))
    lines = summary([tmp_path / "run.log"])
    assert len(lines) == MOST + 2
    assert lines[0].startswith("1000 jobs failed")
    assert "980 more" in lines[-1]


@pytest.mark.workflow
def test_a_failing_run_ends_with_its_failures(again):
    index = again.folder / "results/actors/index.parquet"
    index.write_bytes(index.read_bytes()[:2000])
    said = again.run("results/actors/tracks.parquet", "--keep-going", check=False)
    assert "1 job failed; what is done stays done" in said
    log = "logs/action_units/videos/fold10/train_action_units.log"
    assert (
        said.count(f"  train_action_units: {log}: cmm train_action_units: error: results/actors/index.parquet is") == 1
    )
