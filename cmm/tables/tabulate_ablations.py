"""Ablations: what a method's parts are good for, as a table and as one score against another.

A method declares the scores that its ablations are judged by, and of which sequences; each variant is
compared with the method itself on the same people. The figure sets the first two of these scores
against each other. Of modes, diversity against fidelity: far apart and unlike the original,
or alike and close to it, are both easy.
"""

from pathlib import Path
from typing import Annotated

import matplotlib

matplotlib.use("Agg")
import pandas as pd

from cmm.core.errors import UserError
from cmm.core.figure_file import COLOURS, panels, save_figure
from cmm.core.html_tables import Section, write_pages
from cmm.core.provenance import provenance
from cmm.core.tables import write_tsv
from cmm.evaluation.catalogue import JUDGED, metric_of, shown, spreads, title_of
from cmm.evaluation.judges import judges_of
from cmm.evaluation.score_rows import read_scores
from cmm.evaluation.summary import compare, in_order, summarise, title_of_method
from cmm.methods.registry import declaration_of, split

MARKERS = "osD^vPX"  # one fewer than there are colours: the pairs repeat late
CONTROL = "neutral_frame"
DIVERSITY = "mode_diversity"
NOTE = (
    "K counts the modes, 0 of a method with one sequence alone. {spreads}"
    " p: of the paired difference to {title}, sign permutations over people (at least 2 / 2^n) or, of curves, the"
    " bootstrap's. One mode has no diversity."
)


def main(
    scores: Annotated[Path, "scores.parquet"],
    tsv: Annotated[Path, "table to write, tab-separated"],
    html: Annotated[Path, "table to write, HTML"],
    figure: Annotated[Path, "figure to write, SVG"],
):
    """Write table and figure."""
    rows = read_scores(scores)
    bases = in_order({split(method)[0] for method in rows["method"] if split(method)[1]})
    if not bases:
        raise UserError(f"{scores} has no scores of an ablation: name some in the config (config/ablations.yaml)")
    table = pd.concat([tabulate(rows, base) for base in bases])
    about = provenance(__name__, None, [scores])
    write_tsv(table, tsv, about)
    write_pages("Ablations", sections(table, judges_of(rows)), about, html)
    plot_trade_off(figure, table, about)


def tabulate(rows, base):
    """Summary of the scores that `base` declares for its ablations, a line each, with the variant and its number of
    modes, k."""
    shown_scores = declaration_of(base).ablation_scores
    mine = rows["method"].map(lambda method: split(method)[0] == base)
    rows = rows[mine | (rows["method"] == CONTROL)]
    modes = rows[rows["mode"].str.isdigit()].groupby(["dataset", "method"])["mode"].nunique()
    table = summarise(rows)
    table = table[(table["mode"] == table["metric"].map(shown_scores)) | (table["method"] == CONTROL)]
    table = table[table["metric"].isin(shown_scores)]
    table = with_differences(table, compare(rows, base, shown_scores))
    k = [modes.get(key, 0) for key in zip(table["dataset"], table["method"], strict=True)]
    table = table.assign(base=base, variant=table["method"].map(name), k=k).drop(columns=["method", "mode"])
    return table[["base", *(column for column in table if column != "base")]]


def with_differences(table, compared):
    """The table with `difference` to the method itself, its interval and `p` where a score can be paired; else NaN."""
    columns = ["difference", "difference_low", "difference_high", "p"]
    compared = compared.drop(columns="method")
    compared = compared.rename(columns={"other": "method", "low": columns[1], "high": columns[2]})
    compared[columns[:3]] = -compared[["difference", "difference_high", "difference_low"]].to_numpy()  # other - base
    keys = ["dataset", "method", "expression", "metric"]
    return table.merge(compared[[*keys, *columns]], on=keys, how="left")


def name(method):
    """A variant in words: NAME-without_push is 'without push', NAME itself its title."""
    if method == CONTROL:
        return f"{title_of_method(method)} (control)"
    base, ablation = split(method)
    return ablation.replace("_", " ") or declaration_of(base).title


def sections(table, judges):
    """A Section for each method and data set: a line a variant and expression.

    judges: {data set: who measured the action units}.
    """
    found = []
    for (base, dataset), mine in table.groupby(["base", "dataset"], sort=False):
        method = declaration_of(base)
        metrics = [metric for metric in method.ablation_scores if metric in set(mine["metric"])]
        body = []
        for (variant, k, expression), group in mine.groupby(["variant", "k", "expression"], sort=False):
            values = group.set_index("metric")
            body.append([variant, str(k), expression, *(cell(values, metric) for metric in metrics)])
        order = {name(CONTROL): 0, method.title: 1}
        body.sort(key=lambda line: (line[2], order.get(line[0], 2), int(line[1]), line[0]))
        head = ["variant", "K", "expression", *map(title_of, metrics)]
        note = NOTE.format(title=method.title, spreads=spreads(mine["range"]))
        judged = [judges[dataset]] * any(metric_of(metric).family in JUDGED for metric in metrics)
        found.append(Section(f"{method.title}, {dataset}", head, body, " ".join([note, *judged])))
    return found


def cell(values, metric):
    """A score with its interval, and p of its difference to the method's own; a dash where it cannot be said."""
    if metric not in values.index or pd.isna(values.loc[metric, "value"]):
        return "-"
    row = values.loc[metric]
    text = shown(metric, row["value"], row["low"], row["high"], row["range"])
    return text if pd.isna(row["p"]) else f"{text}; p = {row['p']:.3f}"


def plot_trade_off(path, table, about):
    """The first score of each method's ablations against the second, a point a variant; a panel for each method, data
    set and expression."""
    groups = list(table.groupby(["base", "dataset", "expression"], sort=False))
    figure, axes = panels(len(groups), 3.0)
    titles = {declaration_of(base).title for base in table["base"]}
    variants = sorted(set(table["variant"]), key=lambda one: (one not in {*titles, name(CONTROL)}, one))
    for axis, ((base, dataset, expression), mine) in zip(axes, groups, strict=True):
        across, up = list(declaration_of(base).ablation_scores)[:2]
        for i, variant in enumerate(variants):
            values = mine[mine["variant"] == variant].set_index("metric")
            if up not in values.index or across not in {*values.index, DIVERSITY}:
                continue
            x, y = point(values, across), point(values, up)
            axis.errorbar(
                x["value"], y["value"],
                xerr=arms(x), yerr=arms(y),
                fmt=MARKERS[i % len(MARKERS)], color=("#000000", *COLOURS)[i % (1 + len(COLOURS))], capsize=2,
                linewidth=0.9, label=variant,
            )  # fmt: skip
        axis.set(xlabel=title_of(across), ylabel=title_of(up))
        axis.set_title(f"{declaration_of(base).title}: {dataset}, {expression}", parse_math=False, fontsize=9)
        axis.spines[["top", "right"]].set_visible(False)
    known = {label: handle for axis in axes for handle, label in zip(*axis.get_legend_handles_labels(), strict=True)}
    figure.legend(known.values(), known.keys(), loc="outside lower center", ncols=4, fontsize=8, frameon=False)
    save_figure(figure, path, about)


def arms(row):
    """Lengths (2, 1) of an error bar; of people who are all alike not below 0 by a last digit."""
    return [[max(0.0, row["value"] - row["low"])], [max(0.0, row["high"] - row["value"])]]


def point(values, metric):
    """A score with its interval; 0 of the diversity of one mode, which has none."""
    known = metric in values.index and not pd.isna(values.loc[metric, "value"])
    return values.loc[metric] if known else pd.Series({"value": 0.0, "low": 0.0, "high": 0.0})
