"""DISFA+ (Mavadati et al. 2016): posed expressions of nine people of DISFA, coded by people.

    Images/SN001/Z_HappyText_TrailNo_1/000.jpg   a folder of images a trial
    Labels/SN001/Z_HappyText_TrailNo_1/AU12.txt  two header lines, then `000.jpg     0`

The folders may lie in the root or up to two folders below it; case does not matter. No list
of smiles is published: the trials whose AU12 reaches SMILE are taken. Folds as in DISFA.
"""

import logging

import pandas as pd

from cmm.core.errors import UserError
from cmm.core.files import inside
from cmm.core.pictures import IMAGE_SUFFIXES
from cmm.datasets.layouts import below, find_folder
from cmm.datasets.layouts.disfa import PERSON, deal, intensities

log = logging.getLogger("cmm")
SMILE = 2  # AU12 intensity, 0-5, that a trial of a smile reaches


def list_files(root, table=None):
    """Rows {file, subject, expression, fold, reason}: trials that show a smile, and those whose labels are bad.

    `file` is relative to `root`. Raises UserError where there is no folder Images.
    """
    images = find_folder(root, "images")
    if images is None:
        raise UserError(f"{root} has no Images/SN001/<trial>/000.jpg: put DISFA+'s Images and Labels there")
    rows, others = [], 0
    for person in sorted(path for path in images.iterdir() if path.is_dir() and PERSON.match(path.name)):
        for trial in sorted(path for path in person.iterdir() if path.is_dir()):
            file = str(trial.relative_to(root))
            row = {"file": file, "subject": person.name.upper(), "expression": "posed", "reason": ""}
            try:
                labels = read_labels(root, file)
                smiles = labels is not None and labels["AU12"].max() >= SMILE
            except UserError as error:
                labels, row["reason"] = None, str(error)
            if labels is not None and labels.empty:
                row["reason"] = "a folder without images"
            elif labels is None and not row["reason"]:
                row["reason"] = f"no Labels/{person.name}/{trial.name}/AU06.txt and AU12.txt"
            if row["reason"] or smiles:
                rows.append(row)
            else:
                others += 1
    log.info("DISFA+: %d trials listed, %d without a smile (AU12 below %d) left out", len(rows), others, SMILE)
    folds = deal({row["subject"] for row in rows})
    return [row | {"fold": folds[row["subject"]]} for row in rows]


def read_labels(root, file):
    """The coders' {frame (from 1), AU06, AU12} of a trial, None without. Raises UserError for a bad file."""
    trial = root / file
    labels = find_folder(root, "labels")
    columns = {}
    for unit in ("AU06", "AU12"):
        spellings = (f"{unit}.txt", f"AU{int(unit[2:])}.txt")
        path = next(filter(None, (below(labels, trial.parent.name, trial.name, name) for name in spellings)), None)
        if path is None:
            return None
        path = inside(root, path.relative_to(root))
        columns[unit] = {str(image).lower(): value for image, value in intensities(path, "image intensity")}
    names = sorted(path.name for path in trial.iterdir() if path.suffix.lower() in IMAGE_SUFFIXES)
    images = [name.lower() for name in names]
    for unit, values in columns.items():
        if missing := [name for name in images if name not in values]:
            raise UserError(f"{unit} of {trial.name} is not coded for {missing[0]} ({len(missing)} of {len(images)})")
    rows = {unit: [values[name] for name in images] for unit, values in columns.items()}
    return pd.DataFrame({"frame": range(1, len(images) + 1), **rows})
