"""How a result was made: settings, code, versions. And the code hash that reruns depend on."""

import ast
import dataclasses
import functools
import hashlib
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import cmm

ROOT = Path(cmm.__file__).parent.parent
PACKAGES = ("numpy", "torch", "opencv-python", "mediapipe", "pandas", "h5py", "scikit-image", "av")


def provenance(module, settings, **more):
    """Dict for a result's metadata: stage, settings, hash of its code, package versions."""
    return {
        "cmm": cmm.__version__,
        "stage": module,
        "settings": dataclasses.asdict(settings),
        "code": code_hash(module),
        "versions": {name: _version(name) for name in PACKAGES} | {"python": platform.python_version()},
        **more,
    }


@functools.cache
def code_hash(module):
    """Hash of what `module` and the first-party modules it imports mean.

    Taken from the syntax trees without docstrings, so that comments, documentation and
    layout do not count; Snakemake holds it as a param, so that an edit reruns the stages
    that it can affect and no other.
    """
    digest = hashlib.sha256()
    for name, path in sorted(_closure(module).items()):
        tree = ast.dump(_without_docstrings(ast.parse(path.read_bytes())))
        digest.update(f"{name}\0{tree}".encode())
    return digest.hexdigest()[:16]


def _closure(module):
    """{name: file} of `module` and every `cmm` module it may import, transitively.

    A string that names a module counts as an import: registries load by name.
    """
    found, todo = {}, [module]
    while todo:
        name = todo.pop()
        path = _source(name)
        if path is None or name in found:
            continue
        found[name] = path
        parts = name.split(".")
        todo += [".".join(parts[:i]) for i in range(1, len(parts))]
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.Import):
                todo += [alias.name for alias in node.names if alias.name.startswith("cmm")]
            elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "cmm":
                todo += [node.module] + [f"{node.module}.{alias.name}" for alias in node.names]
            elif isinstance(node, ast.Constant) and str(node.value).startswith("cmm."):
                todo.append(node.value)
    return found


def _without_docstrings(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
            node.body = node.body[1:]
    return tree


def _source(name):
    path = ROOT.joinpath(*name.split("."))
    return next((p for p in (path / "__init__.py", path.with_suffix(".py")) if p.is_file()), None)


def _version(package):
    try:
        return version(package)
    except PackageNotFoundError:
        return None
