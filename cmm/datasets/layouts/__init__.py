"""Layouts of data sets, a module each: a new file here is a new layout.

A layout's module has `list_files(root, table)`, which gives rows {file, subject,
expression, fold, reason}, and `ACCESS`, one or two sentences on what the data set is and
where to ask for it ("" for data of one's own).
"""

import pkgutil
from importlib import import_module

LAYOUTS = tuple(module.name for module in pkgutil.iter_modules(__path__))


def reader(layout):
    """The module of a layout."""
    return import_module(f"{__name__}.{layout}")
