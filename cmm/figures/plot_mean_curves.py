"""Figure 8: mean AU6 and AU12 curves of every method over the test set, with bands.

Curves are smoothed over 5 frames and averaged, as for table 3; bands are 95 percent intervals of
the bootstrap over people, of fewer than six the range over resampled people. Of a method with modes, the conditional
sequence, and the mean of the modes as a line of its own.
"""

from itertools import product
from pathlib import Path
from typing import Annotated

import matplotlib

matplotlib.use("Agg")
import numpy as np

from cmm.core.errors import UserError
from cmm.core.figure_file import COLOURS, panels, save_figure
from cmm.core.provenance import provenance
from cmm.core.tables import read_table
from cmm.evaluation.gather_scores import CURVES
from cmm.evaluation.metrics.au_curve import mean_curve
from cmm.evaluation.statistics import FEW, few, replicates, tail
from cmm.evaluation.summary import in_order, title_of_method, without_ablations
from cmm.sequences.au_curves import AU_TITLES

DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1)), (0, (1, 2)))  # to tell the lines apart in print, too
MODES = ", modes"  # behind the method's name
LEFT_OUT = ("other_person",)  # much like the originals: a second grey line


def main(
    curves: Annotated[Path, "curves.parquet"],
    dataset: Annotated[str, "data set whose curves are plotted"],
    out: Annotated[Path, "SVG figure to write"],
):
    """Plot a panel for each expression and action unit."""
    table = without_ablations(read_table(curves, CURVES))
    table = table[table["dataset"] == dataset]
    table = table[~table["method"].isin(LEFT_OUT)]
    of_modes = table["mode"].str.isdigit()
    table = table.assign(line=table["method"].where(~of_modes, table["method"] + MODES))
    if table.empty:
        raise UserError(f"{curves} has no curves of {dataset}")
    plot_mean_curves(out, table, dataset, provenance(__name__, None, [curves], dataset=dataset))


def plot_mean_curves(path, table, dataset, about):
    """Write the figure of the curves of one data set; `about` is its provenance."""
    expressions, known = sorted(set(table["expression"])), set(table["line"])
    methods = in_order({line for line in known if not line.endswith(MODES)})
    lines = [line for method in methods for line in (method, method + MODES) if line in known]
    across = len(expressions)
    figure, axes = panels(len(AU_TITLES) * across, 2.3, across, sharex=True, sharey="row")
    for axis, ((unit, title), expression) in zip(axes, product(AU_TITLES.items(), expressions), strict=True):
        mine = table[table["expression"] == expression]
        for i, line in enumerate(lines):
            mean, low, high = band(mine[mine["line"] == line], unit)
            style = {"color": "#000000" if line == "original" else COLOURS[i % len(COLOURS)]}
            style |= {"linestyle": DASHES[i % len(DASHES)], "linewidth": 1.6, "label": in_words(line)}
            frames = np.arange(1, len(mean) + 1)
            axis.plot(frames, mean, **style)
            axis.fill_between(frames, low, high, alpha=0.15, linewidth=0, color=style["color"])
        axis.set_title(f"{expression}: {title}", fontsize=9)
        axis.spines[["top", "right"]].set_visible(False)
        axis.margins(x=0)
    for axis in axes[-across:]:
        axis.set_xlabel("frame")
    for axis in axes[::across]:
        axis.set_ylabel("activation [0-1]")
    people, videos = table["subject"].nunique(), table["smile"].nunique()
    bands = f"95 percent intervals over people, of fewer than {FEW} ranges over resampled ones"
    title = f"{dataset}: {people} people, {videos} videos; bands: {bands}"
    figure.suptitle(title, fontsize=9, parse_math=False)
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=min(len(lines), 4), fontsize=8, frameon=False)
    save_figure(figure, path, about)


def in_words(line):
    """A line of the legend: a method's title, and whether it is the mean of its modes."""
    method = line.removesuffix(MODES)
    return title_of_method(method) + line[len(method) :]


def band(table, unit):
    """(mean, low, high) curves (t,) of the rows of one method and expression."""
    groups = [group.sort_values("frame") for _, group in table.groupby(["fold", "seed", "smile", "mode"])]
    if not groups:
        return np.array([]), np.array([]), np.array([])
    curves = np.array([group[unit].to_numpy(float) for group in groups])
    subjects = np.array([group["subject"].iloc[0] for group in groups])
    drawn = replicates(lambda chosen: mean_curve(curves[chosen]), subjects)
    known = drawn[~np.isnan(drawn).all(axis=tuple(range(1, drawn.ndim)))]
    if not len(known):  # one person, or nobody's face found: no band
        return mean_curve(curves), *np.full((2, curves.shape[1]), np.nan)
    people = len(set(subjects))
    share = 0 if few(people) else tail(people)
    return mean_curve(curves), *np.quantile(known, [share, 1 - share], axis=0)
