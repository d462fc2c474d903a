"""Join the scores of all runs into one table, and their AU curves into another.

All tables of scores, and figure 8, are made from these two.
"""

from pathlib import Path
from typing import Annotated

import pandas as pd

from cmm.core.errors import UserError
from cmm.core.provenance import provenance
from cmm.core.tables import read_table, write_table
from cmm.evaluation.catalogue import metric_of
from cmm.evaluation.score_rows import COLUMNS

CURVES = ["dataset", "fold", "seed", "method", "expression", "subject", "smile", "mode", "frame", "AU06", "AU12"]


def main(
    scores: Annotated[list[Path], "tables of scores"],
    curves: Annotated[list[Path], "tables of AU curves"],
    out: Annotated[Path, "scores.parquet to write"],
    curves_out: Annotated[Path, "curves.parquet to write"],
):
    """Write both tables."""
    rows = pd.concat([read_table(path, COLUMNS) for path in scores], ignore_index=True)[COLUMNS]
    check(rows)
    write_table(rows, out, provenance(__name__, None, scores))
    table = pd.concat([read_table(path, CURVES) for path in curves], ignore_index=True)[CURVES]
    write_table(table, curves_out, provenance(__name__, None, curves))


def check(rows):
    """Refuse a score that nobody has declared, and one that was measured twice."""
    for name in dict.fromkeys(rows["metric"]):
        try:
            metric_of(name)
        except KeyError:
            raise UserError(f"no score is called {name!r}: declare it in cmm/evaluation/catalogue.py") from None
    keys = [name for name in COLUMNS if name not in ("value", "unit", "replicates")]
    twice = rows[rows.duplicated(keys)]
    if len(twice):
        row = twice.iloc[0]
        raise UserError(
            f"{row['metric']} of {row['method']} {row['mode']} {row['smile']} comes twice: a table is given twice"
        )
