"""OpenFace 2: reads the CSV files that its FeatureExtraction has written, matched to videos by name.

    FeatureExtraction -f videos/001_deliberate_smile_1.mp4 -out_dir data/openface

Columns are chosen by name. Where several faces were tracked, the surest of a frame counts;
a frame of confidence below 0.7 counts as lost, as OpenFace's author advises.
"""

import math
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd

from cmm.core import tables
from cmm.core.errors import UserError
from cmm.core.video import MOST_FRAMES, Unreadable, probe
from cmm.faces.landmarks import X_COLUMNS, Y_COLUMNS, points_of
from cmm.faces.trackers import Face

SURE = 0.7
UNITS = ("AU06_r", "AU12_r", "AU26_r", "AU45_r")
NEEDED = {"frame", "timestamp", "confidence", "success", "AU06_r", "AU12_r", *X_COLUMNS, *Y_COLUMNS}


@contextmanager
def load(folder):
    """Give the reader of the CSV files below `folder`. UserError where it does not exist."""
    if not folder or not Path(folder).is_dir():
        raise UserError(
            f"openface: {folder} is no folder: put FeatureExtraction's CSV files there, or name another one"
        )
    yield OpenfaceTracker(Path(folder))


class OpenfaceTracker:
    def __init__(self, folder):
        self.files = {}
        for path in sorted(folder.rglob("*")):
            if path.suffix.lower() == ".csv":
                self.files.setdefault(path.stem.lower(), []).append(path)
        self.folder = folder
        self.description = {
            "backend": "openface",
            "version": "OpenFace 2 CSV files",
            "weights_sha256": "",
            "coordinates": "pixels of the video, x right, y down, iBUG 68-point order",
            "confidence": "OpenFace's own, 0-1",
        }

    def track(self, image, near=None):
        """Not to be had: OpenFace's files are of videos."""
        raise UserError("the openface backend reads files of videos; choose another one for pictures")

    def read(self, path, file=None):
        """Yield (time, Face or None) of every frame of the CSV file of a video. Raises Unreadable without one.

        `file` is where it lies below the folder; without, it goes by the video's name.
        """
        path = Path(path)
        if file is not None and not (self.folder / file).is_file():
            raise Unreadable(f"OpenFace: no file {file} below {self.folder}")
        table = read_csv(self._file_of(path) if file is None else self.folder / file)
        frames = probe(path).frames
        if frames and abs(frames - table["frame"].max()) > 1:
            raise Unreadable(f"OpenFace's file has {table['frame'].max()} frames, the video {frames}")
        sure = (table["success"] == 1) & (table["confidence"] >= SURE)
        table = pd.concat([table, sure.rename("sure")], axis=1)
        best = table.sort_values(["frame", "confidence"]).groupby("frame").tail(1)
        points = points_of(best)
        counts = table[table["sure"]].groupby("frame").size()
        every = range(1, int(best["frame"].max()) + 1)
        times = np.interp(every, best["frame"], best["timestamp"])  # OpenFace may leave lost frames out
        number = 0
        for row, place in zip(best.to_dict("records"), points, strict=True):
            number += 1
            while number < row["frame"]:
                yield times[number - 1], None
                number += 1
            measures = {unit: row.get(unit, math.nan) for unit in UNITS}
            face = Face(place, row["confidence"], measures, counts[row["frame"]]) if row["sure"] else None
            yield row["timestamp"], face

    def _file_of(self, path):
        """The CSV file of a video: of its name, and of its folder's where several have that name."""
        stem = path.stem if path.suffix else path.name
        found = self.files.get(stem.lower(), [])
        nearer = [file for file in found if file.parent.name.lower() == path.parent.name.lower()]
        chosen = found if len(found) == 1 else nearer
        if len(chosen) != 1:
            what = "several files" if found else "no file"
            raise Unreadable(f"OpenFace: {what} {stem}.csv below {self.folder}")
        return chosen[0]

    def action_units(self, measures, neutral=None):
        """OpenFace's intensities, 0-5; from `neutral` where that is known, with falls below it, -5 to 5."""
        return measures if neutral is None else measures - neutral


def read_csv(path):
    """A DataFrame of an OpenFace CSV file, names stripped. Raises Unreadable for another file."""
    try:
        table = tables.read_csv(path, skipinitialspace=True)
    except UserError as error:
        raise Unreadable(f"{path.name} is no CSV file of OpenFace ({error})") from error
    table.columns = [str(name).strip() for name in table.columns]
    if missing := sorted(NEEDED - set(table.columns)):
        raise Unreadable(f"{path.name} is no CSV file of OpenFace: it has no column {missing[0]}")
    bad = table[[*sorted(NEEDED)]].apply(pd.to_numeric, errors="coerce").isna().any(axis=1)
    bad |= ~table["frame"].isin(range(1, MOST_FRAMES + 1))
    if bad.any() or table.empty:
        raise Unreadable(f"{path.name}, line {int(bad.idxmax()) + 2}: not the numbers of a frame")
    return table
