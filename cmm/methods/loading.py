"""The generator of a method from its weights."""

from importlib import import_module
from pathlib import Path

import cmm
from cmm.core.errors import UserError
from cmm.core.files import file_digest
from cmm.core.provenance import code_hash
from cmm.core.weights_file import about_of
from cmm.methods.bundle_file import opened, read_record
from cmm.methods.registry import METHODS, declaration_of, inside_of, split

HERE = Path(__file__).parent


def load(method, weights):
    """The Generator of a method (or of an ablation of it) from its weights files; UserError for those of another."""
    names, folder = declaration_of(method).weights, f"{__package__}.{split(method)[0]}"
    if len(weights) != len(names):
        raise UserError(f"{method} is generated from {' and '.join(names)}: {len(weights)} weights files were given")
    for path, name in zip(weights, names, strict=True):
        check_shipped(path)
        stage = about_of(path).get("stage")
        if stage != f"{folder}.{name}":
            raise UserError(f"{path} was made by {stage}: {method} is generated from weights of {folder}.{name}")
    return import_module(f"{folder}.generator").load(*weights)


def check_shipped(path):
    """UserError for a weights file inside the package that is not the one that was shipped."""
    path = Path(path).resolve()
    shipped = METHODS[path.parent.name].inside if path.parent.parent == HERE.resolve() else {}
    if path.name in shipped and file_digest(path) != shipped[path.name]:
        raise UserError(f"{path} is damaged: install cmm again")


def load_folder(method, folder):
    """The Generator of a method from the folder of a run."""
    return load(method, [Path(folder) / f"{stage}.safetensors" for stage in declaration_of(method).weights])


def load_bundle(path):
    """(name, Generator) of the method in a bundle; UserError for one that is damaged, or does not fit this version."""
    with opened(path) as (method, weights):
        try:
            return method, load(method, weights)
        except UserError as error:
            made = read_record(path)["cmm"]
            versions = f"{path} was made by cmm {made}, this is cmm {cmm.__version__}"
            raise UserError(f"{versions}, which it does not fit: {error}") from error


def load_inside():
    """(name, Generator) of the method whose weights lie in this package; UserError where none do."""
    for name in METHODS:
        if files := inside_of(name):
            return name, load(name, files)
    raise UserError("no weights lie in this package: name a run's folder with --model")


def record_of(generator):
    """What the record of generated files says of a Generator: how its weights were made, and its own code."""
    return {"models": generator.about, "generator": code_hash(type(generator).__module__)}
