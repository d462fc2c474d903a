"""The house keeps its shape: imports run one way, and methods are named in their own folders alone."""

import ast
import re
from pathlib import Path

import pytest

from cmm.methods.registry import METHODS

ROOT = Path(__file__).parent.parent
# Each folder imports from those before it alone. `commands` lists the verbs; the command line and the rules read it.
ORDER = ("core", "networks", "faces", "datasets", "sequences", "training", "methods", "generation", "evaluation")
ORDER += ("bundles", "app", "study", "tables", "figures", "commands", "cli", "workflow")
MODULES = [path for path in sorted((ROOT / "cmm").rglob("*.py")) if path.parent != ROOT / "cmm" or path.stem in ORDER]


def place(name):
    """Where a module of the package lies in ORDER; the package itself is below all."""
    part = (name.split(".") + [""])[1]
    return ORDER.index(part) if part in ORDER else -1


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_import_runs_back_up(path):
    mine = place(".".join(path.relative_to(ROOT).with_suffix("").parts))
    for node in ast.walk(ast.parse(path.read_bytes())):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports by dots"
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        for name in names:
            assert name.split(".")[0] != "cmm" or place(name) <= mine, f"{path} imports {name}, which lies after it"


def test_every_folder_has_its_place():
    parts = {path.name for path in (ROOT / "cmm").iterdir() if (path / "__init__.py").is_file()}
    assert parts <= set(ORDER)


@pytest.mark.parametrize("method", METHODS)
def test_a_method_is_named_in_its_folder_alone(method):
    """The package and the rules; configs, tests and docs do name methods."""
    stages = [stage.name for stage in METHODS[method].stages]
    known = re.compile(rf"\b({'|'.join([method, *(f'train_{stage}' for stage in stages)])})\b")
    blocks = re.compile(rf"[\"'{{]({'|'.join(stages)})\b")
    files = [path for path in (ROOT / "cmm").rglob("*") if path.suffix in (".py", ".html")]
    files += [ROOT / "Snakefile", *(ROOT / "rules").iterdir(), *(ROOT / "workflow/report").iterdir()]
    files += (ROOT / "profiles").rglob("*.yaml")
    for path in files:
        if ROOT / f"cmm/methods/{method}" not in path.parents:
            code = path.read_text() if path.suffix != ".yaml" else re.sub("#.*", "", path.read_text())
            assert not known.search(code), f"{path} names {method}"
            assert path.suffix != ".rst" or not blocks.search(code), f"{path} names a stage of {method}"


def test_methods_do_not_import_each_other():
    for path in (ROOT / "cmm/methods").rglob("*.py"):
        mine = path.relative_to(ROOT / "cmm/methods").parts[0]
        others = set(METHODS) - {mine}
        assert not re.search(rf"cmm\.methods\.({'|'.join(others)})\b", path.read_text()), path
