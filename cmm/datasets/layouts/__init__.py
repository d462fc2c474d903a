"""Layouts of data sets, a module each: a new file here is a new layout.

A layout's module has `list_files(root, table)`, which gives rows {file, subject,
expression, fold, reason[, spans]}, spans being where a smile's phase lies (`0.000-2.400;5.100-7.000`, in seconds;
"": anywhere); SHOWS, the expressions, where they are others than posed and spontaneous; and, where people have
coded the videos, `read_labels(root, file)`, a table {frame, AU06, AU12} of intensities 0-5, None for a video without.
"""

import pkgutil
from importlib import import_module

from cmm.core.errors import UserError
from cmm.core.files import inside
from cmm.datasets import FOLDS, deal

FEWER_FOLDS = dict.fromkeys(("disfa", "disfa_plus", "disfa_pair"), 3)  # than FOLDS, which others have
LAYOUTS = tuple(module.name for module in pkgutil.iter_modules(__path__))


def most_folds(layout):
    """How many folds a data set of a layout can have."""
    return FEWER_FOLDS.get(layout, FOLDS)


def reader(layout):
    """The module of a layout."""
    return import_module(f"{__name__}.{layout}")


def list_named(root, pattern, what):
    """Rows of the files whose names match `pattern`, the subject its first group; all posed.

    They may lie in the root or up to two folders below it; of one name, the first is taken.
    Subjects are dealt to ten folds in the order of their names. Raises UserError where there
    is none of them; `what` names them.
    """
    found = {}
    for path in paths_below(root):
        if pattern.match(path.name):
            found.setdefault(path.stem.lower(), path)
    files = list(found.values())
    if not files:
        raise UserError(f"{root} has no {what}: put them there")
    folds = deal(pattern.match(path.name)[1] for path in files)
    rows = []
    for path in files:
        subject = pattern.match(path.name)[1]
        row = {"file": str(path.relative_to(root)), "subject": subject, "expression": "posed"}
        rows.append(row | {"fold": folds[subject], "reason": ""})
    return rows


def paths_below(root):
    """Everything in the folder `root` and up to two folders below, sorted."""
    return sorted([*root.glob("*"), *root.glob("*/*"), *root.glob("*/*/*")])


def find_folder(root, name):
    """The folder called `name`, whatever its case, in `root` or up to two folders below; None without."""
    for pattern in ("*", "*/*", "*/*/*"):
        for path in sorted(root.glob(pattern)):
            if path.name.lower() == name and inside(root, path.relative_to(root)).is_dir():
                return path
    return None


def below(folder, *names):
    """The path `names` below `folder`, whatever its case; None if there is none."""
    path = folder
    for name in names:
        found = sorted(path.iterdir()) if path and path.is_dir() else []
        path = next((child for child in found if child.name.lower() == name.lower()), None)
    return path
