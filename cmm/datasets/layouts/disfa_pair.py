"""DISFA and DISFA+ side by side, as the paper pairs them: spontaneous and posed smiles of the same people.

Those of both sets are taken. A third of the people is held out, where the paper draws a
third of the videos: nobody is in training and in test.
"""

import logging

from cmm.core.errors import UserError
from cmm.datasets.layouts import disfa, disfa_plus

log = logging.getLogger("cmm")


def list_files(root, table=None):
    """Rows {file, subject, expression, fold, reason} of both sets. Raises UserError where one is missing."""
    rows = [*disfa.list_files(root), *disfa_plus.list_files(root)]
    people = [{row["subject"] for row in rows if row["expression"] == kind} for kind in ("spontaneous", "posed")]
    both = people[0] & people[1]
    if not both:
        raise UserError(f"{root} has nobody who is in DISFA and in DISFA+")
    log.info("%d people are in both sets, %d in one alone, left out", len(both), len(people[0] ^ people[1]))
    folds = disfa.deal(both)
    return [row | {"fold": folds[row["subject"]]} for row in rows if row["subject"] in both]


def read_labels(root, file):
    """The coders' labels of a video of either set."""
    return (disfa if disfa.VIDEO.match(file.split("/")[-1]) else disfa_plus).read_labels(root, file)
