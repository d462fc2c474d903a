"""All methods, from their declarations."""

import re
from graphlib import CycleError, TopologicalSorter
from importlib import import_module
from pathlib import Path

import cmm.methods
from cmm.core.errors import UserError
from cmm.methods.declaration import TOLD, Method, Stage

NAME = re.compile(r"[a-z][a-z0-9_]*")


def read_methods(folders=cmm.methods.__path__):
    """{name: Method} of all folders below `folders`, in the order of tables; UserError for a wrong declaration."""
    places = [path for folder in folders for path in sorted(Path(folder).iterdir())]
    places = [path for path in places if path.is_dir() and NAME.fullmatch(path.name) and any(path.glob("*.py"))]
    found, owners = {}, {}
    for path in places:
        found[path.name] = method = _declared(path)
        _check(path, method)
        for stage in method.stages:
            if (other := owners.setdefault(stage.name, path.name)) != path.name:
                raise UserError(f"{path}/method.py: stage {stage.name!r} is one of {other}'s: give it another name")
    return dict(sorted(found.items(), key=lambda item: (item[1].line is None, item[1].line or 0, item[0])))


def _declared(folder):
    file = folder / "method.py"
    if not file.is_file():
        raise UserError(f"{folder} has no method.py: a method's folder holds its declaration (docs/methods.md)")
    try:
        method = getattr(import_module(f"{__package__}.{folder.name}.method"), "METHOD", None)
    except Exception as error:  # whatever a declaration does wrongly, nothing of the project starts
        raise UserError(f"{file} cannot be read: {type(error).__name__}: {error}") from error
    if not isinstance(method, Method):
        raise UserError(f"{file}: METHOD is missing, or no cmm.methods.declaration.Method")
    return method


def _check(folder, method):
    """Refuse stages without a module, stages that need unknown ones, circles, and weights of unknown stages."""
    file = folder / "method.py"
    for field, kind in (("stages", Stage), ("weights", str), ("honours", str)):
        value = getattr(method, field)
        if not isinstance(value, tuple) or not all(isinstance(part, kind) for part in value):
            raise UserError(f"{file}: {field} is no tuple of {kind.__name__}: behind a single one stands a comma")
    for name in method.honours:
        if name not in TOLD:
            raise UserError(f"{file}: honours names {name!r}: choose {', '.join(TOLD)}")
    if len(method.ablation_scores) < 2:
        raise UserError(f"{file}: ablation_scores are two or more: the axes of a figure")
    names = [stage.name for stage in method.stages]
    known = f"its stages are {', '.join(names)}"
    for stage in method.stages:
        if names.count(stage.name) > 1 or not NAME.fullmatch(stage.name):
            raise UserError(f"{file}: stage {stage.name!r}: names are letters, digits and _, each once")
        if not (folder / f"{stage.name}.py").is_file():
            raise UserError(f"{file}: stage {stage.name!r} has no module {folder / stage.name}.py")
        for before in stage.starts_from:
            if before not in names:
                raise UserError(f"{file}: stage {stage.name!r} starts from {before!r}: {known}")
    for name in method.weights:
        if name not in names:
            raise UserError(f"{file}: weights names {name!r}: {known}")
    try:
        TopologicalSorter({stage.name: stage.starts_from for stage in method.stages}).prepare()
    except CycleError as error:
        raise UserError(f"{file}: stages start from each other in a circle: {' <- '.join(error.args[1])}") from None


METHODS = read_methods()


def inside_of(name):
    """Paths of the weights files of a method that lie in the package, in `load`'s order; [] if not all are there."""
    files = [Path(__file__).parent / name / file for file in METHODS[name].inside]
    return files if all(file.is_file() for file in files) else []


def split(method):
    """(method, its ablation or "") of a run's method: NAME-without_push is (NAME, "without_push")."""
    base, _, ablation = method.partition("-")
    return base, ablation


def declaration_of(method):
    """The Method of a run's method; UserError for an unknown one."""
    base, _ = split(method)
    if base not in METHODS:
        raise UserError(f"no method {base!r}: choose {', '.join(METHODS)}")
    return METHODS[base]


def stages_before(method, stage):
    """Names of a stage of `method` and of all that it is trained from."""
    known = {known.name: known for known in declaration_of(method).stages}
    found, todo = set(), [stage]
    while todo:
        name = todo.pop()
        found.add(name)
        todo += known[name].starts_from
    return found


def method_in(folder):
    """The method whose weights lie in the folder of a run; UserError if there is none, or more than one."""
    folder = Path(folder)
    if not folder.is_dir():
        raise UserError(f"{folder} is no folder: name that of a run, such as results/DATASET/fold10/METHOD/seed1")
    found = [n for n, m in METHODS.items() if all((folder / f"{stage}.safetensors").is_file() for stage in m.weights)]
    if len(found) != 1:
        every = "; ".join(f"{name}: {', '.join(method.weights)}" for name, method in METHODS.items())
        what = (
            f"weights of {' and of '.join(found)}: say which with --method"
            if found
            else f"no method's weights ({every})"
        )
        raise UserError(f"{folder} holds {what}")
    return found[0]
