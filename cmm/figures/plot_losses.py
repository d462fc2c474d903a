"""Loss curves of the training stages, a panel a stage; dashed, those of people held out."""

from pathlib import Path
from typing import Annotated

import matplotlib

matplotlib.use("Agg")
import pandas as pd

from cmm.core.errors import UserError
from cmm.core.figure_file import COLOURS, panels, save_figure
from cmm.core.files import existing
from cmm.core.provenance import provenance
from cmm.methods.registry import METHODS
from cmm.training import HELD_OUT


def main(
    losses: Annotated[list[Path], "tables of losses (STAGE.losses.tsv)"],
    out: Annotated[Path, "SVG figure to write"],
):
    """Plot one panel a table, each loss relative to its largest value, in the training or of people held out."""
    figure, axes = panels(len(losses), 2.4)
    for axis, path in zip(axes, losses, strict=True):
        table = read_losses(path)
        trained = [name for name in table if not name.endswith(HELD_OUT)]
        for colour, name in zip(COLOURS, trained, strict=False):
            values, unseen = table[name], table.get(name + HELD_OUT, table[name])
            largest = max(values.max(), unseen.max(), 1e-12)
            label = f"{name} ({values.iloc[0]:.3g} to {values.iloc[-1]:.3g}"
            if name + HELD_OUT in table:
                axis.plot(unseen / largest, "--", color=colour)
                label += f"; held out {unseen.iloc[-1]:.3g}"
            axis.plot(values / largest, color=colour, marker="o", markersize=3, label=f"{label})")
        axis.set(xlabel="epoch", ylabel="loss / its largest", ylim=(0, 1.55))
        axis.set_title(title(path.name.removesuffix(".losses.tsv")), fontsize=9, parse_math=False)
        axis.xaxis.get_major_locator().set_params(integer=True)
        axis.legend(fontsize=7, frameon=False, loc="upper right")
        axis.spines[["top", "right"]].set_visible(False)
    save_figure(figure, out, provenance(__name__, None, losses))


def title(stage):
    """What a stage is called in figures: its name, and what its method says of it."""
    summaries = {one.name: one.summary for method in METHODS.values() for one in method.stages}
    return f"{stage}: {summaries[stage]}" if stage in summaries else stage


def read_losses(path):
    """Losses by epoch from a table that a training stage wrote; UserError if it is none."""
    try:
        table = pd.read_csv(existing(path, "table of losses"), sep="\t")
        return table.set_index("epoch").drop(columns="seconds").astype(float)
    except (ValueError, KeyError, OSError) as error:
        raise UserError(f"{path} is not a table of losses (epoch, losses, seconds; tab-separated)") from error
