"""Data sets: those that are made or fetched here, and the layouts in which they are read."""

EXPRESSIONS = ("posed", "spontaneous")  # a label is an index into these
