"""Saving figures, with their provenance inside."""

import json

import matplotlib.pyplot as plt

from cmm.core.files import atomic
from cmm.core.provenance import until_now

# Okabe and Ito's, safe for the colour-blind, in an order in which the first ones differ most; black is the originals'.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#F0E442")


def save_figure(figure, path, about, **options):
    """Write a figure to `path` (SVG or PNG), `about` in its description, and close it."""
    quiet = {"Date": None} if str(path).endswith(".svg") else {"Software": None}
    with atomic(path) as partial:
        figure.savefig(partial, metadata={"Description": json.dumps(until_now(about)), **quiet}, **options)
    plt.close(figure)
