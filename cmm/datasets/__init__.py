"""Data sets: those that are made or fetched here, and the layouts in which they are read."""

FOLDS = 10  # of a data set that brings none
SPLITS = ("people", "videos")  # what may be dealt to folds


def deal(subjects):
    """{subject: fold 1-10}: `subjects` dealt in the order of their names; folds are subject-disjoint."""
    return {subject: place % FOLDS + 1 for place, subject in enumerate(sorted({*subjects}))}
