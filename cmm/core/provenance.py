"""How a result was made: command, settings, code, inputs, versions, time. And the code hash that reruns depend on."""

import ast
import dataclasses
import functools
import hashlib
import platform
import shlex
import subprocess
import sys
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import cmm
from cmm.core.files import file_digest

ROOT = Path(cmm.__file__).parent.parent
PACKAGES = ("numpy", "torch", "opencv-python", "mediapipe", "pandas", "h5py", "scikit-image", "av")
STARTED = time.monotonic()


def provenance(module, settings, inputs=(), **more):
    """The record that goes into a result: a JSON-able dict.

    module is the stage's, settings its dataclass (None for a stage without), inputs the
    files that it read, of which the record holds the sha256; `more` is added as it is.
    """
    return {
        "cmm": cmm.__version__,
        "stage": module,
        "command": shlex.join(["python", "-m", "cmm", *sys.argv[1:]]),
        "settings": dataclasses.asdict(settings) if settings else {},
        "code": code_hash(module),
        "commit": commit(),
        "inputs": {str(path): file_digest(path) for path in inputs},
        "versions": {name: _version(name) for name in PACKAGES} | {"python": platform.python_version()},
        **_clock(),
        **more,
    }


def until_now(about):
    """A record with the time that has passed since the command started, for what is written much later."""
    return about | _clock()


def _clock():
    return {"seconds": round(time.monotonic() - STARTED, 1)}


@functools.cache
def commit():
    """The git commit of the code, "+" behind it if tracked files differ; None outside of a checkout."""

    def git(*words):
        command = ["git", "-C", str(ROOT), *words]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout

    try:
        top, head = git("rev-parse", "--show-toplevel", "HEAD").splitlines()
        if Path(top).resolve() != ROOT.resolve():
            return None  # installed into some other project's folder
        changed = git("--no-optional-locks", "status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.SubprocessError):
        return None
    return head[:12] + ("+" if changed else "")


@functools.cache
def code_hash(module):
    """Hash of what `module` and the first-party modules it imports mean.

    Taken from the syntax trees without docstrings, so that comments, documentation and
    layout do not count; Snakemake holds it as a param, so that an edit reruns the stages
    that it can affect and no other.
    """
    digest = hashlib.sha256()
    for name in sorted(_closure(module)):
        digest.update(f"{name}\0{_meaning(_source(name))[0]}".encode())
    return digest.hexdigest()[:16]


def _closure(module):
    """Names of `module` and of every `cmm` module it may import, transitively."""
    found, todo = set(), [module]
    while todo:
        name = todo.pop()
        path = _source(name)
        if path is None or name in found:
            continue
        found.add(name)
        parts = name.split(".")
        todo += [".".join(parts[:i]) for i in range(1, len(parts))]
        todo += _meaning(path)[1]
    return found


@functools.cache
def _meaning(path):
    """(hash of what a module means, the names it may import)."""
    return _parsed(path.read_bytes())


@functools.cache
def _parsed(source):
    """As `_meaning`, of the module's text: who asks again after an edit parses what was edited.

    A string that names a module counts as an import: registries load by name.
    """
    names = []
    text = _text(ast.parse(source), names)
    return hashlib.sha256(text.encode()).hexdigest(), names


def _text(node, names):
    """As ast.dump, without docstrings and the number of the release; what it may import is added to `names`.

    The same for every version of Python: those differ in which empty fields they have.
    """
    if isinstance(node, list):
        return f"[{', '.join([_text(part, names) for part in node])}]"
    if not isinstance(node, ast.AST):
        if isinstance(node, str) and node.startswith("cmm."):
            names.append(node)
        return repr(node)
    kind, fields = type(node), dict(ast.iter_fields(node))
    if kind is ast.ImportFrom and (node.module or "").split(".")[0] == "cmm":
        names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    elif kind is ast.Module:
        fields["body"] = [part for part in _without_docstring(node) if not _is_version(part)]
    elif kind in (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef):
        fields["body"] = _without_docstring(node)
    known = [f"{name}={_text(value, names)}" for name, value in fields.items() if value is not None and value != []]
    return f"{kind.__name__}({', '.join(known)})"


def _without_docstring(node):
    return node.body if ast.get_docstring(node, clean=False) is None else node.body[1:]


def _is_version(node):
    return isinstance(node, ast.Assign) and [getattr(target, "id", None) for target in node.targets] == ["__version__"]


def _source(name):
    path = ROOT.joinpath(*name.split("."))
    return next((p for p in (path / "__init__.py", path.with_suffix(".py")) if p.is_file()), None)


def _version(package):
    try:
        return version(package)
    except PackageNotFoundError:
        return None
