"""Ablations: what CMM-Net's parts are good for, as a table and as diversity against fidelity.

The modes are meant to differ and still to be smiles of that person: far apart and unlike the
original, or alike and close to it, are both easy. Means over the K modes of each variant; each
is compared with CMM-Net on the same people.
"""

from pathlib import Path
from typing import Annotated

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import pandas as pd

from cmm.core.figure_file import COLOURS, save_figure
from cmm.core.html_tables import Section, write_pages
from cmm.core.provenance import provenance
from cmm.core.tables import read_table, write_tsv
from cmm.evaluation.catalogue import shown, title_of
from cmm.evaluation.score_rows import COLUMNS
from cmm.evaluation.summary import MODES, compare, summarise

BASE = "cmm_net"
SHOWN = {  # score: of which sequences
    "mode_diversity": "all",
    "ssim": MODES,
    "ssim_mouth_apex": MODES,
    "landmark_error": MODES,
    "au12_curve_distance": MODES,
    "expression_accuracy": MODES,
}
FIDELITY = "ssim_mouth_apex"
MARKERS = "osD^vPX*"
CONTROL = "neutral_frame"
NOTE = (
    "K counts the modes. Means over them with 95 percent intervals of the bootstrap over people. p: of the paired"
    " difference to CMM-Net, sign permutations over people (at least 2 / 2^n) or, of curves, the bootstrap's."
    " One mode has no diversity."
)


def main(
    scores: Annotated[Path, "scores.parquet"],
    tsv: Annotated[Path, "table to write, tab-separated"],
    html: Annotated[Path, "table to write, HTML"],
    figure: Annotated[Path, "figure to write, SVG"],
):
    """Write table and figure."""
    rows = read_table(scores, COLUMNS)
    rows = rows[(rows["method"].str.partition("-")[0] == BASE) | (rows["method"] == CONTROL)]
    table = tabulate(rows)
    about = provenance(__name__, None, [scores])
    write_tsv(table, tsv, about)
    write_pages("Ablations of CMM-Net", sections(table), about, html)
    plot_trade_off(figure, table, about)


def tabulate(rows):
    """Summary of the scores that are shown, a line each, with the variant and its number of modes, k."""
    modes = rows[rows["mode"].str.isdigit()].groupby(["dataset", "method"])["mode"].nunique()
    table = summarise(rows)
    table = table[(table["mode"] == table["metric"].map(SHOWN)) | (table["method"] == CONTROL)]
    table = table[table["metric"].isin(SHOWN)]
    table = with_differences(table, compare(rows, BASE, SHOWN))
    k = [modes.get(key, 0) for key in zip(table["dataset"], table["method"], strict=True)]
    return table.assign(variant=table["method"].map(name), k=k).drop(columns=["method", "mode"])


def with_differences(table, compared):
    """The table with `difference` to CMM-Net, its interval and `p` where a score is of the modes; NaN elsewhere."""
    columns = ["difference", "difference_low", "difference_high", "p"]
    compared = compared.drop(columns="method")
    compared = compared.rename(columns={"other": "method", "low": columns[1], "high": columns[2]})
    compared[columns[:3]] = -compared[["difference", "difference_high", "difference_low"]].to_numpy()  # other - CMM-Net
    keys = ["dataset", "method", "expression", "metric"]
    return table.merge(compared[[*keys, *columns]], on=keys, how="left")


def name(method):
    """A variant in words: cmm_net-without_push is 'without push'."""
    if method == CONTROL:
        return "frozen neutral frame (control)"
    return method.partition("-")[2].replace("_", " ") or "CMM-Net"


def sections(table):
    """A Section for each data set: a line a variant and expression."""
    found = []
    for dataset, mine in table.groupby("dataset", sort=False):
        metrics = [metric for metric in SHOWN if metric in set(mine["metric"])]
        body = []
        for (variant, k, expression), group in mine.groupby(["variant", "k", "expression"], sort=False):
            values = group.set_index("metric")
            body.append([variant, str(k), expression, *(cell(values, metric) for metric in metrics)])
        order = {name(CONTROL): 0, "CMM-Net": 1}
        body.sort(key=lambda line: (line[2], order.get(line[0], 2), int(line[1]), line[0]))
        found.append(Section(dataset, ["variant", "K", "expression", *map(title_of, metrics)], body, NOTE))
    return found


def cell(values, metric):
    """A score with its interval, and the p-value of its difference to CMM-Net's; a dash where it cannot be said."""
    if metric not in values.index or pd.isna(values.loc[metric, "value"]):
        return "-"
    row = values.loc[metric]
    text = shown(metric, row["value"], row["low"], row["high"])
    return text if pd.isna(row["p"]) else f"{text}; p = {row['p']:.3f}"


def plot_trade_off(path, table, about):
    """Diversity of the modes against their fidelity, a point a variant; a panel for each data set and expression."""
    panels = list(table.groupby(["dataset", "expression"], sort=False))
    figure, axes = plt.subplots(1, len(panels), figsize=(4.2 * len(panels), 3.4), layout="constrained", squeeze=False)
    variants = sorted(set(table["variant"]), key=lambda variant: (variant not in ("CMM-Net", name(CONTROL)), variant))
    for axis, ((dataset, expression), mine) in zip(axes[0], panels, strict=True):
        for i, variant in enumerate(variants):
            values = mine[mine["variant"] == variant].set_index("metric")
            if FIDELITY not in values.index:
                continue
            y = values.loc[FIDELITY]
            has_more = "mode_diversity" in values.index and not pd.isna(values.loc["mode_diversity", "value"])
            x = values.loc["mode_diversity"] if has_more else pd.Series({"value": 0.0, "low": 0.0, "high": 0.0})
            axis.errorbar(
                x["value"], y["value"],
                xerr=[[x["value"] - x["low"]], [x["high"] - x["value"]]],
                yerr=[[y["value"] - y["low"]], [y["high"] - y["value"]]],
                fmt=MARKERS[i % len(MARKERS)], color=("#000000", *COLOURS)[i % (1 + len(COLOURS))], capsize=2,
                linewidth=0.9, label=variant,
            )  # fmt: skip
        axis.set(xlabel="mode diversity [IOD]", ylabel=title_of(FIDELITY))
        axis.set_title(f"{dataset}, {expression}", parse_math=False)
        axis.spines[["top", "right"]].set_visible(False)
    handles, labels = axes[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4, fontsize=8, frameon=False)
    save_figure(figure, path, about)
