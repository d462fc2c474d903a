"""Ratings as a table: the answers, and what they were about."""

RATINGS = ["study", "database", "rater", "pair", "comparison", "dataset", "smile", "expression"]
RATINGS += ["first", "second", "left", "answer", "preferred", "offered", "at"]


def joined(ratings, pairs):
    """Ratings with what they were about: columns RATINGS; `preferred` is a method or `similar`."""
    table = ratings.merge(pairs, on="pair", validate="many_to_one")
    swapped = table["swapped"].astype(bool)
    left, right = table["first"].mask(swapped, table["second"]), table["second"].mask(swapped, table["first"])
    preferred = left.where(table["answer"] == "left", right.where(table["answer"] == "right", "similar"))
    return table.assign(left=left, preferred=preferred)[RATINGS]
