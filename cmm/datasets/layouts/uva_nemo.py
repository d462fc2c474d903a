"""UvA-NEMO's layout: videos/, a details file, fold lists (Dibeklioglu et al., ECCV 2012).

    videos/001_deliberate_smile_2.mp4      first three digits are the subject
    UvA-NEMO_Smile_Database_File_Details.txt
    P_fold_all_1.txt ... S_fold_all_10.txt  posed and spontaneous names of each fold

Names are matched without regard to case, with or without `.mp4`; lists may lie in
the root or in one folder below it. Where details, lists and files disagree, the video
keeps its row, with the reason.
"""

import re

from cmm.core.errors import UserError
from cmm.core.files import inside
from cmm.core.video import VIDEO_SUFFIXES

EXPRESSIONS = {"deliberate": "posed", "posed": "posed", "spontaneous": "spontaneous"}
NAME = re.compile(r"^(\d{3})_(deliberate|spontaneous)_smile_\d+$")


def list_files(root, table=None):
    """Rows {file, subject, expression, fold, reason} of every video that details, lists or videos/ name.

    `file` is relative to `root`; `reason` says why a row cannot be used, else "".
    Raises UserError where the details file or all fold lists are missing.
    """
    folds, files, details = _read_folds(root), _video_files(root), _read_details(root)
    rows = [_row(stem, words, folds, files) for stem, words in details]
    listed = {stem.lower() for stem, _ in details}
    for stem in sorted((folds.keys() | files.keys()) - listed):
        lists = [path for path, _ in folds.get(stem, ())]
        where = f"in {lists[0]}" if lists else "in videos/"
        rows.append(_row(stem, (), folds, files) | {"reason": f"{where}, but not in the details file"})
    return rows


def _row(stem, words, folds, files):
    """One row; `words` are what the details file says after the name."""
    match = NAME.match(stem.lower())
    numbers = sorted({number for _, number in folds.get(stem.lower(), ())})
    stated = [EXPRESSIONS[word] for word in words if word in EXPRESSIONS]
    expression = EXPRESSIONS[match[2]] if match else None
    reason = ""
    if match is None:
        reason = "the name is not NNN_(deliberate|spontaneous)_smile_N"
    elif stated and stated[0] != expression:
        reason = f"the name says {expression}, the details file says {stated[0]}"
    elif not numbers:
        reason = "in no fold list"
    elif len(numbers) > 1:
        reason = f"in the lists of folds {', '.join(map(str, numbers))}"
    return {
        "file": files.get(stem.lower(), f"videos/{stem}.mp4"),
        "subject": match[1] if match else stem[:3],
        "expression": expression,
        "fold": numbers[0] if len(numbers) == 1 else None,
        "reason": reason,
    }


def _read_details(root):
    """[(stem, the words after it in lower case)] of the details file."""
    found = [path for path in _lists(root) if "details" in path.name.lower()]
    if not found:
        raise UserError(
            f"{root} has no UvA-NEMO_Smile_Database_File_Details.txt: it is part of the data set; put it there"
        )
    lines = found[0].read_text(errors="replace").splitlines()
    return [(_stem(line.split()[0]), line.lower().split()[1:]) for line in lines if re.match(r"^\d{3}_", line)]


def _video_files(root):
    """{stem in lower case: path below root} of the videos in videos/, whatever its case."""
    folders = [path for path in root.iterdir() if path.is_dir() and path.name.lower() == "videos"]
    paths = [path for folder in folders for path in sorted(folder.iterdir()) if path.suffix.lower() in VIDEO_SUFFIXES]
    return {path.stem.lower(): f"{path.parent.name}/{path.name}" for path in paths}


def _read_folds(root):
    """{stem in lower case: [(list's name, fold)]}."""
    folds = {}
    for path in _lists(root):
        match = re.match(r"^[ps]_fold_all_(\d{1,4})\.txt$", path.name.lower())
        for line in path.read_text(errors="replace").splitlines() if match else ():
            if stem := _stem(line.strip().lower()):
                folds.setdefault(stem, []).append((path.name, int(match[1])))
    if not folds:
        raise UserError(f"{root} has no P_fold_all_N.txt and S_fold_all_N.txt: put the fold lists there")
    return folds


def _stem(name):
    return re.sub(r"\.mp4$", "", name, flags=re.IGNORECASE)


def _lists(root):
    return [inside(root, path.relative_to(root)) for path in sorted([*root.glob("*.txt"), *root.glob("*/*.txt")])]
