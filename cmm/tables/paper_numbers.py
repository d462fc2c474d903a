"""The numbers that the paper prints in its tables 1 to 3, from `config/paper_numbers.tsv`."""

import pandas as pd

from cmm.core.errors import UserError
from cmm.core.project import project

PRINTED = project() / "config/paper_numbers.tsv"


def printed_numbers(path, number):
    """{(data set, expression, method, score): the paper's number} of one table; UserError if the file is not right."""
    try:
        table = pd.read_csv(path, sep="\t", dtype={"table": str})
        mine = table[table["table"] == str(number)]
        keys = zip(mine["dataset"], mine["expression"], mine["method"], mine["metric"], strict=True)
        return dict(zip(keys, mine["value"].astype(float), strict=True))
    except (OSError, KeyError, ValueError) as error:
        raise UserError(f"{path} is no table of the paper's numbers: {error}") from error
