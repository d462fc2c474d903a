"""Shards: a table's rows dealt to jobs, so that a killed run redoes one job at most."""

import numpy as np

from cmm.core.errors import UserError


def portion(table, shard, shards):
    """Rows of a DataFrame that follow each other, of as many equal parts as there are shards.

    UserError if there is no such shard.
    """
    if not 0 <= shard < shards:
        raise UserError(f"--shard {shard}: shards are numbered from 0 to {shards - 1}")
    return table.iloc[np.array_split(np.arange(len(table)), shards)[shard]]
