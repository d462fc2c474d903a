"""UvA-NEMO's layout: videos/, a details file, fold lists (Dibeklioglu et al., ECCV 2012).

    videos/001_deliberate_smile_2.mp4      first three digits are the subject
    UvA-NEMO_Smile_Database_File_Details.txt
    P_fold_all_1.txt ... S_fold_all_10.txt  posed and spontaneous names of each fold

Names are matched without regard to case, with or without `.mp4`; lists may lie in
the root or in one folder below it.
"""

import re

from cmm.errors import UserError
from cmm.files import inside

ACCESS = (
    "UvA-NEMO Smile Database, 1240 videos of 400 people, by licence agreement with the University of Amsterdam:"
    " ask at https://www.uva-nemo.org."
)
EXPRESSIONS = {"deliberate": "posed", "spontaneous": "spontaneous"}
NAME = re.compile(r"^(\d{3})_(deliberate|spontaneous)_smile_\d+$")


def list_files(root, table=None):
    """Rows {file, subject, expression, fold, reason} of the details file, none dropped.

    `file` is relative to `root`; `reason` says why a row cannot be used, else "".
    Raises UserError where the details file or all fold lists are missing.
    """
    folds = _read_folds(root)
    files = _video_files(root)
    rows = []
    for line in _details(root).read_text(errors="replace").splitlines():
        if not re.match(r"^\d{3}_", line):
            continue
        stem = re.sub(r"\.mp4$", "", line.split()[0], flags=re.IGNORECASE)
        match = NAME.match(stem.lower())
        fold = folds.get(stem.lower())
        reason = ""
        if match is None:
            reason = "the name is not NNN_(deliberate|spontaneous)_smile_N"
        elif fold is None:
            reason = "in no fold list"
        rows.append(
            {
                "file": files.get(f"{stem}.mp4".lower(), f"videos/{stem}.mp4"),
                "subject": match[1] if match else stem[:3],
                "expression": EXPRESSIONS[match[2]] if match else None,
                "fold": fold,
                "reason": reason,
            }
        )
    return rows


def _video_files(root):
    """{name in lower case: path below root} of what lies in videos/, whatever its case."""
    folders = [path for path in root.iterdir() if path.is_dir() and path.name.lower() == "videos"]
    return {path.name.lower(): f"{folder.name}/{path.name}" for folder in folders for path in folder.iterdir()}


def _details(root):
    found = [p for p in _lists(root) if "details" in p.name.lower()]
    if not found:
        raise UserError(
            f"{root} has no UvA-NEMO_Smile_Database_File_Details.txt: it is part of the data set; put it there"
        )
    return found[0]


def _read_folds(root):
    folds = {}
    for path in _lists(root):
        match = re.match(r"^[ps]_fold_all_(\d+)\.txt$", path.name.lower())
        for line in path.read_text(errors="replace").splitlines() if match else ():
            name = re.sub(r"\.mp4$", "", line.strip().lower())
            if name:
                folds[name] = int(match[1])
    if not folds:
        raise UserError(f"{root} has no P_fold_all_N.txt and S_fold_all_N.txt: put the fold lists there")
    return folds


def _lists(root):
    return [inside(root, path.relative_to(root)) for path in sorted([*root.glob("*.txt"), *root.glob("*/*.txt")])]
