"""The workflow as a module of another one, from another working directory, with a config of its own."""

import os
import subprocess

import pytest
from running import SNAKEMAKE

pytestmark = pytest.mark.workflow

OUTER = """
configfile: "mine.yaml"


rule everything:
    input:
        "count.txt",


module cmm_net:
    snakefile:
        "{code}/Snakefile"
    config:
        config["smiles"]


use rule * from cmm_net as cmm_net_*


use rule train_landmark_vae from cmm_net as cmm_net_train_landmark_vae with:
    threads: 1


rule count:
    input:
        rules.cmm_net_index_videos.output[0].format(dataset="actors"),
    output:
        "count.txt",
    shell:
        "ls -l {{input}} > {{output}}"
"""
CONFIG = """
epochs: not ours
smiles:
  actors: {people: 10, fps: 12, size: 128}
  tracks: {shards: 1}
  rasters: {frames: 4, image_size: 32, shards: 1}
  state_seconds: 3
"""


@pytest.fixture
def outer(fresh):
    (fresh.folder / "Snakefile").write_text(OUTER.format(code=fresh.code))
    (fresh.folder / "mine.yaml").write_text(CONFIG)

    def run(*words):
        done = subprocess.run(
            [SNAKEMAKE, "--cores", "2", *words], cwd=fresh.folder, capture_output=True, text=True, timeout=500,
            env={**os.environ, "XDG_CACHE_HOME": str(fresh.folder / ".cache")},
        )  # fmt: skip
        return done.returncode, done.stdout + done.stderr

    return fresh.folder, run


def test_the_workflow_is_a_module_of_another(outer):
    folder, run = outer
    code, out = run("--show-failed-logs")
    assert code == 0, out
    assert (folder / "results/actors/index.parquet").exists()
    assert "index.parquet" in (folder / "count.txt").read_text()
    assert "Nothing to be done" in run()[1], "the first rule of the outer workflow is what runs"


def test_its_config_holds_there_and_its_mistakes_are_named(outer):
    folder, run = outer
    out = run("-n", "-p", "results/actors/fold10/cmm_net/seed1/landmark_vae.safetensors")[1]
    assert "--state-seconds 3" in out
    assert "--frames 4 --image-size 32" in out
    assert "--epochs 50" in out, "the defaults lie below"
    (folder / "mine.yaml").write_text(CONFIG + "  landmark_vae: {epoch: 3}\n")
    code, out = run("-n")
    assert code == 1
    assert "config: unknown key landmark_vae.epoch" in out


def test_it_runs_from_elsewhere(finished, tmp_path):
    """Started in a third folder, by a relative path to the Snakefile."""
    done = subprocess.run(
        [SNAKEMAKE, "-n", "-s", os.path.relpath(finished.code / "Snakefile", tmp_path), "-d", "run"],
        cwd=tmp_path, capture_output=True, text=True, timeout=100,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "total" in done.stdout
