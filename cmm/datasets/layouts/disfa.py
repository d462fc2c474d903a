"""DISFA (Mavadati et al. 2013): 27 adults who watch a video, one long video each, coded by people.

    Videos_LeftCamera/LeftVideoSN001_comp.avi    folder names and case differ between copies
    ActionUnit_Labels/SN001/SN001_au12.txt       `frame,intensity`, intensity 0-5

The folders may lie in the root or up to two folders below it. As in the paper a third of
the data is held out: people are dealt to three folds by a fixed shuffle, so that nobody is
in training and in test.
"""

import re

import numpy as np
import pandas as pd

from cmm.core.errors import UserError
from cmm.core.files import inside
from cmm.datasets.layouts import FEWER_FOLDS, below, find_folder

SEED = 0  # of the shuffle
PAIRED = [f"SN{i:03d}" for i in (1, 3, 4, 7, 9, 10, 13, 25, 27)]  # the people who are in DISFA+ as well
VIDEO = re.compile(r"^(?:left|right)video(sn\d{3})_comp\.\w+$", re.IGNORECASE)
FOLDERS = ("videos_leftcamera", "video_leftcamera", "videos_rightcamera", "video_rightcamera")
PERSON = re.compile(r"^sn\d{3}$", re.IGNORECASE)


def list_files(root, table=None):
    """Rows {file, subject, expression, fold, reason}: the left camera's video of each person, else the right's.

    `file` is relative to `root`. Raises UserError where there is none.
    """
    videos = {}
    for folder in filter(None, (find_folder(root, name) for name in FOLDERS)):
        for path in sorted(folder.iterdir()):
            if match := VIDEO.match(path.name):
                videos.setdefault(match[1].upper(), path)
    if not videos:
        raise UserError(f"{root} has no Videos_LeftCamera/LeftVideoSN001_comp.avi: put DISFA's folders there")
    folds = deal(videos)
    return [
        {
            "file": str(path.relative_to(root)),
            "subject": subject,
            "expression": "spontaneous",
            "fold": folds[subject],
            "reason": "",
        }
        for subject, path in sorted(videos.items())
    ]


def read_labels(root, file):
    """The coders' {frame (from 1), AU06, AU12} of a video, None without. Raises UserError for a bad file."""
    match = VIDEO.match(re.split(r"[/\\]", file)[-1])
    labels = find_folder(root, "actionunit_labels")
    if match is None or labels is None:
        return None
    person = match[1]
    columns = {}
    for unit in (6, 12):
        path = below(labels, person, f"{person}_au{unit}.txt")
        if path is None:
            return None
        path = inside(root, path.relative_to(root))
        values = dict(intensities(path, "frame,intensity"))
        if odd := [frame for frame in values if not isinstance(frame, int)]:
            raise UserError(f"{path.name}: {odd[0]!r} is no number of a frame")
        columns[f"AU{unit:02d}"] = pd.Series(values)
    table = pd.DataFrame(columns).rename_axis("frame").reset_index()
    if table.isna().any(axis=None):
        raise UserError(f"{labels.name}/{person}: AU6 and AU12 are coded for different frames")
    return table.assign(frame=table["frame"].astype(int))


def intensities(path, form):
    """[(first word as written, or int; intensity 0-5)] of a label file. Raises UserError naming a line that is none."""
    rows = []
    for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
        words = line.replace(",", " ").split()
        if not words or line.lstrip().startswith("#"):
            continue
        if len(words) != 2 or not re.fullmatch(r"[0-5](\.0+)?", words[1]):
            raise UserError(f"{path.name}, line {number}: {line.strip()!r} is not '{form}' with an intensity 0-5")
        rows.append((int(words[0]) if words[0].isdecimal() else words[0], float(words[1])))
    return rows


def deal(people):
    """{person: fold 1-3}. A person's fold is the same whoever else is there: in DISFA, in DISFA+ and in the pair.

    The nine people of DISFA+ are dealt first, three to a fold.
    """
    others = [person for person in (f"SN{i:03d}" for i in range(1000)) if person not in PAIRED]
    rng = np.random.default_rng(SEED)
    order = [*rng.permutation(PAIRED).tolist(), *rng.permutation(others).tolist()]
    return {person: order.index(person) % FEWER_FOLDS["disfa"] + 1 for person in people}
