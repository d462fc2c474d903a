"""What a configuration asks for and is not there: data sets, licences, folds without anybody, what others have made."""

from pathlib import Path

from cmm.core.errors import UserError
from cmm.datasets.layouts import reader
from cmm.datasets.registry import entry_of, lying_with
from cmm.methods.registry import inside_of
from cmm.workflow.config import folds_of, held_out_with, tested, used_datasets


def missing_data(config, made=()):
    """A line for each data set that is not there, or not agreed to: what it is, where to ask, where to put it; and for
    each folder that is missing of what external methods made, and each expression that weights inside do not know.

    Data sets named in `made` are made or downloaded by the workflow.
    """
    lines = []
    for name, runs in missing_external(config).items():
        folders = ", ".join(str(external_folder(config, name, *run)) for run in runs)
        targets = " ".join(f"results/{dataset}/fold{fold}/sequences" for dataset, fold in runs)
        lines.append(
            f"external.{name}: missing: {folders[:200]}. What to train it on is written, while external.{name} is"
            f" away, by `cmm run {targets[:200]}` (docs/methods.md)."
        )
    for name in used_datasets(config):
        table = config["sources"][name].get("table")
        if table is not None and not _is(Path.is_file, table):
            lines.append(f"data set {name}: its table {table[:200]} does not exist: set sources.{name}.table.")
        if name in made:
            continue
        source = config["sources"][name]
        entry = entry_of(name, source["layout"])
        licensed = entry is not None and entry.access == "licensed"
        if not _is(Path.is_dir, source["root"]):
            what = f"data set {name}: its root {source['root']} does not exist. "
            what += f"{entry.size}, by {entry.licence}: ask at {entry.where}. " if licensed else ""
            lines.append(f"{what}Put it there, or set sources.{name}.root.")
        elif licensed and not source.get("accept_license"):
            what = f"data set {name}: it is given by {entry.licence}. If you have it and keep to it,"
            lines.append(f"{what} set sources.{name}.accept_license: true (false or missing now).")
    inside = _learned_inside(config)
    return lines + _seen(config, inside) + _unlearned(config, inside) + _untested(config)


def _learned_inside(config):
    """{method: (data set, fold held out, expressions) of its weights in the package} of those that are not trained."""
    if not config["pretrained"]:
        return {}
    from cmm.core.records import dataset_of, read_record  # what reads files of all kinds takes a while to load

    records = {method: read_record(inside_of(method)[0]) for method in config["pretrained"]}
    return {method: (dataset_of(record), record["fold"], record["expressions"]) for method, record in records.items()}


def _seen(config, inside):
    """Lines for people who are to be scored and whom the weights from the package have learned from."""
    lines = []
    for method, (dataset, held_out, _) in inside.items():
        for name in config["datasets"]:
            source = config["sources"][name]
            folds = {fold for asked in folds_of(config, name) for fold in held_out_with(asked, source)}
            if lying_with(name, config["sources"], [dataset]) and folds - {held_out}:
                lines.append(
                    f"data set {name}: the weights of {method} in the package have learned from the people of all folds"
                    f" but {held_out}, which alone can be held out: set sources.{name}.folds: [{held_out}], or leave"
                    f" {method} out of pretrained."
                )
    return lines


def _unlearned(config, inside):
    """Lines for expressions of data sets that methods with weights from the package have not learned."""
    lines = []
    for method, (*_, known) in inside.items():
        for name in config["datasets"]:
            source = config["sources"][name]
            listed = {row["expression"] for row in _listed(config, name)}
            if others := sorted((listed | {*getattr(reader(source["layout"]), "SHOWS", ())}) - set(known)):
                renamed = f"call them so in {source['table'][:200]}, or " if listed else ""
                lines.append(
                    f"data set {name}: the weights of {method} in the package know {' and '.join(known)}, not"
                    f" {', '.join(others)[:200]}: {renamed}leave {method} out of pretrained."
                )
    return lines


def _untested(config):
    """Lines for folds to be held out in which the tables of data sets have nobody."""
    lines = []
    for name in config["datasets"]:
        there = {row["fold"] for row in _listed(config, name)} - {None}
        if there and (wrong := [fold for fold in folds_of(config, name) if fold not in there]):
            lines.append(
                f"data set {name}: nobody is in fold {wrong[0]}, which is to be held out: there are folds"
                f" {', '.join(map(str, sorted(there)))}: set sources.{name}.folds."
            )
    return lines


def _listed(config, name):
    """The rows of a data set's table that can be used; none where it has no table."""
    source, table = config["sources"][name], config["sources"][name].get("table")
    if table is None or not _is(Path.is_file, table):
        return []
    try:
        rows = reader(source["layout"]).list_files(Path(source["root"]), Path(table))
    except UserError:
        return []  # index_videos says what is wrong with it
    return [row for row in rows if not row["reason"] and row["fold"] not in source.get("reserved", ())]


def missing_external(config):
    """{external method: [(data set, fold)] of which nothing is there}, of those that lack any."""
    runs = {
        name: [run for run in tested(config) if not _is(Path.is_dir, external_folder(config, name, *run))]
        for name in config["external"]
    }
    return {name: missing for name, missing in runs.items() if missing}


def external_folder(config, method, dataset, fold):
    """Where what an external method made of a fold's test people lies."""
    return Path(config["external"][method], dataset, f"fold{fold}")


def _is(kind, path):
    """Whether `kind`, Path.is_file or Path.is_dir, is true of a path; not of one that is none, or too long."""
    try:
        return kind(Path(path))
    except (OSError, ValueError):
        return False
