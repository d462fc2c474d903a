"""The unedited environment files, created and used by each family of rules: `make test-conda`.

Real here: Snakemake's side, the solver and installer (py-rattler), the pip sections with
their real packages, the activation of one environment a rule. Not real: the conda program
(standin.py) and conda-forge's own packages, python and pip (channel.py).
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from cmm.core.records import read_record

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
SNAKEMAKE = Path(sys.executable).with_name("snakemake")
RUN = "results/actors/fold10/cmm_net/seed1"
ACTIVATE = 'export CONDA_PREFIX="$1" CONDA_SHLVL=1\nexport PATH="$1/bin:$PATH"\n'


@pytest.fixture(scope="module")
def conda(request, tmp_path_factory):
    """Environment variables under which `conda` is the stand-in."""
    if not request.config.getoption("conda"):
        pytest.skip("installs four environments, minutes and gigabytes: make test-conda")
    channel = pytest.importorskip("channel", reason="py-rattler is not installed")
    root = tmp_path_factory.mktemp("conda")
    (root / "bin").mkdir()
    (root / "bin/activate").write_text(ACTIVATE)
    (root / "bin/conda").write_text(f"#!{sys.executable}\n" + (HERE / "standin.py").read_text())
    (root / "bin/conda").chmod(0o755)
    pinned = yaml.safe_load((ROOT / "envs/train.yaml").read_text())["dependencies"]
    channel.make_channel(root / "channel", dict(pin.split("=") for pin in pinned if isinstance(pin, str)))
    path = os.pathsep.join([str(root / "bin"), os.environ["PATH"]])
    return {**os.environ, "PATH": path, "STANDIN_CHANNEL": str(root / "channel")}


@pytest.fixture(scope="module")
def run(conda, tmp_path_factory):
    """Function that runs the workflow with one environment a family, in a copy where files may be edited."""
    code, folder = tmp_path_factory.mktemp("code"), tmp_path_factory.mktemp("run")
    for part in ("cmm", "config", "envs", "rules", "workflow"):
        shutil.copytree(ROOT / part, code / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "Snakefile", code)

    def snakemake(*words):
        command = [SNAKEMAKE, "-s", code / "Snakefile", "-d", folder, "--cores", "2", "--show-failed-logs", *words]
        command += ["--workflow-profile", "none", "--sdm", "conda", "--configfile", code / "config/test.yaml"]
        environment = {**conda, "XDG_CACHE_HOME": str(folder / ".cache")}
        done = subprocess.run(command, capture_output=True, text=True, cwd=folder, env=environment, timeout=3000)
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-6000:]
        return done.stdout + done.stderr

    return code, folder, snakemake


def test_each_family_of_rules_runs_in_its_environment(run):
    _, folder, snakemake = run
    snakemake()
    assert len(list((folder / ".snakemake/conda").glob("*/pyvenv.cfg"))) == 4
    versions = {name: read_record(folder / path)["versions"] for name, path in RESULTS.items()}
    present = {
        name: {p for p in ("torch", "mediapipe", "scikit-image", "av") if versions[name][p]} for name in versions
    }
    assert present == {
        "faces": {"mediapipe", "av"},
        "train": {"torch"},
        "evaluate": {"mediapipe", "scikit-image", "av", "torch"},
        "report": {"av"},
    }
    assert "Nothing to be done" in snakemake("-n")


RESULTS = {
    "faces": "results/actors/tracks.parquet",
    "train": f"{RUN}/translation.safetensors",
    "evaluate": f"{RUN}/scores/motion.parquet",
    "report": f"{RUN}/losses.svg",
}


def test_a_changed_environment_reruns_its_rules_and_what_follows(run):
    code, _, snakemake = run
    path = code / "envs/evaluate.yaml"
    path.write_text(path.read_text().replace("tqdm==", "tqdm>="))
    planned = set(re.findall(r"^(\w+) +\d+$", snakemake("-n"), re.MULTILINE)) - {"report", "all", "total"}
    assert planned == {
        "generate_controls", "train_expression_classifier", "measure_pictures", "measure_motion", "measure_identity",
        "measure_expression", "gather_scores", "tabulate_scores", "tabulate_comparisons", "tabulate_paper",
        "plot_mean_curves", "tabulate_overview", "tabulate_provenance", "tabulate_resources",
    }  # fmt: skip
