"""A folder of one's own: videos, images or folders of frames, listed in a CSV file.

The CSV has the columns `file,subject,expression[,fold]`: `file` relative to the
root, `expression` a name such as posed or spontaneous, `fold` 1-10. Without `fold` the subjects
are dealt to ten folds in the order of their names.
"""

import re

from cmm.core.errors import UserError
from cmm.core.files import existing
from cmm.core.tables import read_csv
from cmm.datasets import FOLDS, deal

EXPRESSION = re.compile(r"^[a-z][a-z0-9_]*$")
SUBJECT = re.compile(r"^\w[\w.-]*$")  # it names film strips


def list_files(root, table=None):
    """Rows {file, subject, expression, fold, reason} of the CSV `table`, none dropped.

    Raises UserError where the table is missing or lacks a column.
    """
    if table is None:
        raise UserError(f"the folder data set {root} needs a CSV: set its 'table' (file,subject,expression[,fold])")
    path = existing(table, "table of the folder data set")
    frame = read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    missing = {"file", "subject", "expression"} - set(frame.columns)
    if missing:
        raise UserError(f"{path} has no column {', '.join(sorted(missing))}: it needs file,subject,expression[,fold]")
    folds = deal(frame["subject"])
    return [_row(row, folds) for row in frame.to_dict("records")]


def _row(row, folds):
    subject, expression = row["subject"], row["expression"]
    fold = row.get("fold", "") or str(folds[subject])
    number = int(fold) if re.fullmatch("[0-9]{1,9}", fold) else None
    reason = ""
    if not row["file"].strip():
        reason = "no file is named"
    elif not EXPRESSION.match(expression):
        reason = f"expression {expression!r} is no name of small letters, digits and '_'"
    elif not SUBJECT.match(subject):
        reason = f"subject {subject!r} is not made of letters, digits, '_', '-' and '.'"
    elif number is None or not 1 <= number <= FOLDS:
        reason = f"fold {fold[:20]!r} is not a number from 1 to {FOLDS}"
    known = expression if EXPRESSION.match(expression) else None
    return {"file": row["file"], "subject": subject, "expression": known, "fold": number, "reason": reason}
