"""Is CMM-Net ahead of its baselines? `make prove-compare`, of the published scores (`make results` puts them there).

In SSIM, around the mouth at the apex, in AU6 and AU12 and in the face's identity against both baselines, and where a
smile moves against the frozen face, which keeps the scores honest: 95 percent intervals (of fewer than six people,
ranges) that do not overlap; beside them the difference on the same people, of which one can be surer. And the mean
AU12 curve must rise as the originals' does. Exits with 1 if a bound does not hold.
"""

import sys
from pathlib import Path

from published import PUBLISHED, published

from cmm.evaluation.catalogue import metric_of
from cmm.evaluation.summary import CONTROL_TITLES, compare, summarise
from cmm.generation.generated_file import CONDITIONAL
from cmm.methods.registry import METHODS

METHOD = "cmm_net"
IDENTITY = "identity_distance_dlib_resnet"
MOTION = ("ssim_mouth_apex", "au6_video_distance", "au12_video_distance")
AGAINST = {"video_gan": ("ssim", *MOTION, IDENTITY), "cra_net": ("ssim", *MOTION, IDENTITY), "neutral_frame": MOTION}
CURVE, LEAST = "au12_curve_correlation", 0.95


def main(dataset="actors", path=PUBLISHED):
    rows, _ = published(dataset, Path(path))
    keys = ["expression", "metric", "method", "mode"]
    table = summarise(rows).set_index(keys)
    paired = compare(rows, METHOD).set_index(["expression", "metric", "other"])
    good = True
    for expression in sorted(set(rows["expression"])):
        n = table.loc[(expression, "ssim", METHOD, CONDITIONAL)]
        print(f"{dataset}, {expression}: {n['people']} people, {n['videos']} videos, {n['runs']} runs")
        for other, metrics in AGAINST.items():
            for metric in metrics:
                here = (expression, metric, other, other if other in CONTROL_TITLES else CONDITIONAL)
                mine = table.loc[(expression, metric, METHOD, CONDITIONAL)]
                theirs = table.loc[here] if here in table.index else None
                difference = None if theirs is None else paired.loc[(expression, metric, other)]
                good &= line(metric, other, mine, theirs, difference)
        curve = table.loc[(expression, CURVE, METHOD, CONDITIONAL), "value"]
        print(f"  {CURVE:32}{curve:.3f} >= {LEAST}   {'ok' if curve >= LEAST else 'FAILS'}")
        good &= curve >= LEAST
    return 0 if good else 1


def line(metric, other, mine, theirs, difference):
    """Print how a score compares with another method's; whether it is ahead of it."""
    name = METHODS[other].title if other in METHODS else CONTROL_TITLES[other]
    if theirs is None:
        print(f"  {metric:32}{text(mine)}   {name}: not run   FAILS")
        return False
    higher = metric_of(metric).better == "higher"
    apart = mine["low"] > theirs["high"] if higher else mine["high"] < theirs["low"]
    print(
        f"  {metric:32}{text(mine)}   {name:12} {text(theirs)}   difference {text(difference, 'difference')}"
        f"   {'ok' if apart else 'FAILS'}"
    )
    return bool(apart)


def text(row, value="value"):
    return f"{row[value]:6.3f} ({row['low']:6.3f} to {row['high']:6.3f})"


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
