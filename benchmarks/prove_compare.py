"""Is CMM-Net ahead of its baselines? `make prove-compare`, of the published scores (`make results` puts them there).

In SSIM, around the mouth at the apex, in AU6 and AU12 and in the face's identity against both baselines, and where a
smile moves against the frozen face, which keeps the scores honest: 95 percent intervals (of fewer than six people,
ranges) that do not overlap; beside them the difference on the same people, of which one can be surer. And the mean
AU12 curve must rise as the originals' does. Exits with 1 if a bound does not hold.
"""

from pathlib import Path

from checks import run
from published import PUBLISHED, published

from cmm.evaluation.catalogue import metric_of
from cmm.evaluation.summary import compare, summarise, title_of_method
from cmm.generation.generate_controls import CONTROLS
from cmm.generation.generated_file import CONDITIONAL

METHOD = "cmm_net"
IDENTITY = "identity_distance_dlib_resnet"
MOTION = ("ssim_mouth_apex", "au6_video_distance", "au12_video_distance")
AGAINST = {"video_gan": ("ssim", *MOTION, IDENTITY), "cra_net": ("ssim", *MOTION, IDENTITY), "neutral_frame": MOTION}
CURVE, LEAST = "au12_curve_correlation", 0.95


def main(dataset="actors", path=PUBLISHED):
    rows, _ = published(dataset, Path(path))
    held = [against(other, metrics, rows) for other, metrics in AGAINST.items()]
    curves = rows[(rows["metric"] == CURVE) & (rows["method"] == METHOD) & (rows["mode"] == CONDITIONAL)]
    table = summarise(curves).set_index("expression")
    print("the curve of AU12, which must rise as the originals' does")
    for expression in sorted(set(rows["expression"])):
        curve = table["value"].get(expression, float("nan"))
        held.append(curve >= LEAST)
        print(f"  {expression:12} {CURVE:30}{curve:6.3f} >= {LEAST}   {'ok' if held[-1] else 'FAILS'}")
    return 0 if all(held) else 1


def against(other, metrics, rows):
    """Print how CMM-Net compares with another method in some scores, on folds that both have; whether it is ahead."""
    name = title_of_method(other)
    folds = [set(rows.loc[rows["method"] == method, "fold"]) for method in (METHOD, other)]
    both = rows[rows["fold"].isin(set.intersection(*folds)) & rows["method"].isin([METHOD, other])]
    if both.empty:
        print(f"{name}: not run   FAILS")
        return False
    keys = ["method", "mode", "expression", "metric"]
    table = summarise(both).set_index(keys).sort_index()
    paired = compare(both, METHOD).set_index(["other", *keys[2:]])
    n = both.loc[both["smile"] != "", ["subject", "smile"]].nunique()
    print(f"{name}: {n['subject']} people, {n['smile']} videos")
    held = []
    for expression in sorted(set(both["expression"])):
        for metric in metrics:
            theirs = (other, other if other in CONTROLS else CONDITIONAL, expression, metric)
            mine = (METHOD, CONDITIONAL, expression, metric)
            if mine in table.index and theirs in table.index:
                difference = paired.loc[(other, expression, metric)]
                held.append(line(expression, metric, table.loc[mine], table.loc[theirs], difference))
            else:
                print(f"  {expression:12} {metric:30}not measured   FAILS")
                held.append(False)
    return all(held)


def line(expression, metric, mine, theirs, difference):
    """Print how a score compares with another method's; whether it is ahead of it."""
    higher = metric_of(metric).better == "higher"
    apart = mine["low"] > theirs["high"] if higher else mine["high"] < theirs["low"]
    values = f"{text(mine)}, {text(theirs)}; difference {text(difference, 'difference')}"
    print(f"  {expression:12} {metric:30}{values}   {'ok' if apart else 'FAILS'}")
    return bool(apart)


def text(row, value="value"):
    return f"{row[value]:6.3f} ({row['low']:6.3f} to {row['high']:6.3f})"


if __name__ == "__main__":
    run(main)
