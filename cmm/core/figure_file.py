"""Saving figures, with their provenance inside."""

import json

import matplotlib.pyplot as plt

from cmm.core.files import atomic
from cmm.core.provenance import until_now

# Okabe and Ito's, safe for the colour-blind, in an order in which the first ones differ most; black is the originals'.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#F0E442")
WIDTH = 7.0  # inches: of the text of a printed page


def panels(count, height, across=2, **options):
    """A figure as wide as a printed page and its first `count` panels, `across` beside each other, each so many inches
    high; `options` are plt.subplots'.
    """
    columns = min(count, across)
    rows = -(-count // columns)
    size = WIDTH * columns / across, height * rows
    figure, axes = plt.subplots(rows, columns, figsize=size, layout="constrained", squeeze=False, **options)
    for axis in axes.flat[count:]:
        axis.set_axis_off()
    return figure, list(axes.flat[:count])


def save_figure(figure, path, about, **options):
    """Write a figure to `path` (SVG or PNG), `about` in its description, and close it."""
    quiet = {"Date": None} if str(path).endswith(".svg") else {"Software": None}
    with atomic(path) as partial:
        figure.savefig(partial, metadata={"Description": json.dumps(until_now(about)), **quiet}, **options)
    plt.close(figure)
