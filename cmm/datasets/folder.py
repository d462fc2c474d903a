"""A folder of one's own: videos, images or folders of frames, listed in a CSV file.

The CSV has the columns `file,subject,expression[,fold]`: `file` relative to the
root, `expression` posed or spontaneous, `fold` 1-10. Without `fold` the subjects
are dealt to ten folds in the order of their names.
"""

import pandas as pd

from cmm.errors import UserError
from cmm.files import existing

FOLDS = 10
EXPRESSIONS = ("posed", "spontaneous")


def list_files(root, table=None):
    """Rows {file, subject, expression, fold, reason} of the CSV `table`, none dropped.

    Raises UserError where the table is missing or lacks a column.
    """
    if table is None:
        raise UserError(f"the folder data set {root} needs a CSV: set its 'table' (file,subject,expression[,fold])")
    path = existing(table, "table of the folder data set")
    try:
        frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise UserError(f"{path} is not a CSV table: {error}") from error
    missing = {"file", "subject", "expression"} - set(frame.columns)
    if missing:
        raise UserError(f"{path} has no column {', '.join(sorted(missing))}: it needs file,subject,expression[,fold]")
    subjects = sorted(set(frame["subject"]))
    return [_row(row, subjects) for row in frame.to_dict("records")]


def _row(row, subjects):
    reason = ""
    fold = row.get("fold", "") or str(subjects.index(row["subject"]) % FOLDS + 1)
    if row["expression"] not in EXPRESSIONS:
        reason = f"expression {row['expression']!r} is neither posed nor spontaneous"
    elif not row["subject"]:
        reason = "no subject"
    elif not (fold.isdigit() and 1 <= int(fold) <= FOLDS):
        reason = f"fold {fold!r} is not a number from 1 to {FOLDS}"
    return {
        "file": row["file"],
        "subject": row["subject"],
        "expression": row["expression"] if row["expression"] in EXPRESSIONS else None,
        "fold": int(fold) if fold.isdigit() else None,
        "reason": reason,
    }
