"""How many videos a run used, and why the others were not: a line a data set, for the terminal and the first page."""

import csv
from collections import Counter
from pathlib import Path

MOST_REASONS = 5


def summary(tsv, datasets=None):
    """Lines made of videos.tsv, of `datasets` (None: all); [] where there is none, or an old one.

    An old one is older than the videos of one of these data sets.
    """
    tsv = Path(tsv)
    if not tsv.is_file():
        return []
    videos = [tsv.parent.parent / name / "videos.parquet" for name in datasets or ()]
    if any(path.is_file() and path.stat().st_mtime_ns > tsv.stat().st_mtime_ns for path in videos):
        return []
    with open(tsv, newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    known = dict.fromkeys(row["dataset"] for row in rows)
    datasets = [name for name in known if datasets is None or name in datasets]
    return [line(dataset, [row for row in rows if row["dataset"] == dataset]) for dataset in datasets]


def line(dataset, rows):
    """`mine: 9 of 12 videos used, 10 sequences; not used: 2 unreadable (damaged after frame 3), ...`."""
    total, sequences = (sum(int(row[key]) for row in rows) for key in ("videos", "sequences"))
    reasons = Counter()
    for row in rows:
        if not int(row["sequences"]):
            reasons[_reason(row)] += int(row["videos"])
    used = total - reasons.total()
    text = f"{dataset}: {used} of {total} videos used, {sequences} sequences"
    if not reasons:
        return text
    shown = [f"{count} {reason}" for reason, count in reasons.most_common(MOST_REASONS)]
    if len(reasons) > MOST_REASONS:
        shown.append(f"and {len(reasons) - MOST_REASONS} other reasons (results/tables/videos.html)")
    return f"{text}; not used: {', '.join(shown)}"


def _reason(row):
    if row["status"] == "ok":
        return row["reason"]
    return f"{row['status']} ({row['reason']})" if row["reason"] else row["status"]
