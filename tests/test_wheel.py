"""A wheel holds what the verbs need: unpacked elsewhere, it works without the clone."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PARTS = ("Snakefile", "config/demo.yaml", "config/datasets.tsv", "rules/train.smk", "workflow/Snakefile")
PARTS += ("envs/train.yaml", "profiles/slurm/partitions.yaml", "workflow/schemas/config.schema.yaml")


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory):
    """The folder into which a wheel of this project has been unpacked."""
    pytest.importorskip("setuptools")
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if tracked.returncode:
        pytest.skip("not a git checkout")
    for name in tracked.stdout.splitlines():
        if (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", folder, source]
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    [wheel] = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "unpacked")
    return folder / "unpacked"


def test_it_holds_rules_configs_and_environments(unpacked):
    held = {str(path.relative_to(unpacked)) for path in unpacked.rglob("*") if path.is_file()}
    for part in PARTS:
        assert any(name.endswith(f"/{part}") for name in held), part
    assert not any("test" in Path(name).parts[0] for name in held)


@pytest.mark.parametrize("words", [["datasets"], ["--version"], ["run", "-n", "--configfile", "config/demo.yaml"]])
def test_verbs_work_anywhere(unpacked, tmp_path, words):
    environment = {**os.environ, "PYTHONPATH": str(unpacked), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    command = [sys.executable, "-c", "import sys; from cmm.cli import main; sys.exit(main())", *words]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    if words[0] == "run":
        assert "train_translation" in done.stdout + done.stderr
        assert str(unpacked) in done.stdout + done.stderr, "its own rules"
