"""Shards: a table's rows dealt to jobs, so that a killed run redoes one job at most."""

from cmm.errors import UserError


def deal(table, shard, shards):
    """Rows number shard, shard + shards, ... of a DataFrame; UserError if there is no such shard."""
    if not 0 <= shard < shards:
        raise UserError(f"--shard {shard}: shards are numbered from 0 to {shards - 1}")
    return table.iloc[shard::shards]
