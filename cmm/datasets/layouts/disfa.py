"""DISFA and DISFA+ side by side: spontaneous and posed smiles of the same people.

    Videos_LeftCamera/LeftVideoSN001_comp.avi    DISFA: one long video a person, spontaneous
    Images/SN001/Z_HappyText_TrailNo_1/000.jpg   DISFA+: a folder of images a trial, posed
    Labels/SN001/Z_HappyText_TrailNo_1/AU12.txt  intensity 0-5 of each image

The folders may lie in the root or one or two folders below it; case does not matter. Of
DISFA+ the trials whose AU12 reaches SMILE are taken. As in the paper a third of the data
is held out: people are dealt to three folds by a fixed shuffle, so that nobody is in
training and in test.
"""

import logging
import re

import numpy as np

from cmm.errors import UserError
from cmm.files import inside

log = logging.getLogger("cmm")
ACCESS = (
    "DISFA (27 people, spontaneous) and DISFA+ (9 of them, posed), by licence agreement with the University of Denver:"
    " ask at http://mohammadmahoor.com/disfa and http://mohammadmahoor.com/disfa-plus."
)
FOLDS = 3
SEED = 0  # of the shuffle
SMILE = 2  # AU12 intensity, 0-5, that a trial of a smile reaches
VIDEO = re.compile(r"^leftvideo(sn\d{3})_comp\.\w+$", re.IGNORECASE)
PERSON = re.compile(r"^sn\d{3}$", re.IGNORECASE)


def list_files(root, table=None):
    """Rows {file, subject, expression, fold, reason} of both sets.

    `file` is relative to `root`. Raises UserError where neither set is found.
    """
    videos, images, labels = (_find(root, name) for name in ("videos_leftcamera", "images", "labels"))
    if videos is None and images is None:
        raise UserError(f"{root} has neither DISFA's Videos_LeftCamera nor DISFA+'s Images: put them there")
    rows = []
    for path in sorted(videos.iterdir()) if videos else ():
        if match := VIDEO.match(path.name):
            rows.append({"file": path, "subject": match[1].upper(), "expression": "spontaneous", "reason": ""})
    rows += _trials(images, labels) if images else []
    folds = _deal({row["subject"] for row in rows})
    for row in rows:
        row |= {"file": str(row["file"].relative_to(root)), "fold": folds[row["subject"]]}
    return rows


def _trials(images, labels):
    """A row for each trial of DISFA+ that shows a smile, and for each whose labels cannot be read."""
    rows, others = [], 0
    for person in sorted(path for path in images.iterdir() if path.is_dir() and PERSON.match(path.name)):
        for trial in sorted(path for path in person.iterdir() if path.is_dir()):
            row = {"file": trial, "subject": person.name.upper(), "expression": "posed", "reason": ""}
            try:
                smiles = _au12(_below(labels, person.name, trial.name, "AU12.txt")) >= SMILE
            except UserError as error:
                rows.append(row | {"reason": str(error)})
                continue
            if smiles:
                rows.append(row)
            else:
                others += 1
    log.info("DISFA+: %d trials listed, %d without a smile (AU12 below %d) left out", len(rows), others, SMILE)
    return rows


def _below(folder, *names):
    """The path `names` below `folder`, whatever its case; UserError if there is none."""
    path = folder
    for name in names:
        found = sorted(path.iterdir()) if path and path.is_dir() else []
        path = next((child for child in found if child.name.lower() == name.lower()), None)
    if path is None:
        raise UserError(f"no Labels/{'/'.join(names)}")
    return path


def _au12(path):
    """The largest intensity in a label file; UserError naming a line that is none."""
    values = [0]
    for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
        words = line.replace(",", " ").split()
        if not words or line.startswith("#"):
            continue
        if len(words) != 2 or not words[1].isdecimal():
            raise UserError(f"{path.name}, line {number}: {line.strip()!r} is not 'image intensity'")
        values.append(int(words[1]))
    return max(values)


def _deal(people):
    """{person: fold 1-3}, the same for the same people."""
    order = np.random.default_rng(SEED).permutation(sorted(people)).tolist()
    return {person: i % FOLDS + 1 for i, person in enumerate(order)}


def _find(root, name):
    """The folder called `name`, whatever its case, in `root` or up to two folders below."""
    for pattern in ("*", "*/*", "*/*/*"):
        for path in sorted(root.glob(pattern)):
            if path.name.lower() == name and inside(root, path.relative_to(root)).is_dir():
                return path
    return None
