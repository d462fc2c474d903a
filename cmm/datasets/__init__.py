"""Data sets: those that are made or fetched here, and the layouts in which they are read."""

FOLDS = 10  # of a data set that brings none


def fold_of(subject, subjects):
    """Fold 1-10 of one of the sorted `subjects`, dealt in their order; folds are subject-disjoint."""
    return subjects.index(subject) % FOLDS + 1
