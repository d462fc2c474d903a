"""Is CMM-Net ahead of its baselines? `make prove-compare`, after `snakemake --configfile config/compare.yaml`.

Reads results/tables/scores.tsv: the paper's order in SSIM and in the distance of AU6 curves, with 95
percent intervals (of fewer than six people, ranges) that do not overlap, and what keeps the scores honest: a
frozen face must be beaten where a smile moves, and the mean AU12 curve must rise as the originals' does.
Exits with 1 if a bound does not hold.
"""

import sys
from pathlib import Path

import pandas as pd

NOT_RUN = dict.fromkeys(("value", "low", "high", "people", "videos", "runs"), float("nan"))  # it fails every check
BASELINES = ("video_gan", "cra_net")


def main(table=Path("results/tables/scores.tsv")):
    scores = pd.read_csv(table, sep="\t").set_index(["dataset", "expression", "metric", "method", "mode"]).sort_index()
    checks = []
    for dataset, expression in sorted({key[:2] for key in scores.index}):

        def of(metric, method, mode="conditional", where=(dataset, expression)):
            key = (*where, metric, method, mode)
            return scores.loc[key] if key in scores.index else NOT_RUN

        def ahead(name, metric, other, higher, mode="conditional", of=of, where=f"{dataset}, {expression}"):
            mine, theirs = of(metric, "cmm_net"), of(metric, other, mode)
            apart = mine["low"] > theirs["high"] if higher else mine["high"] < theirs["low"]
            text = f"{_text(mine)} to {_text(theirs)} of {other}"
            checks.append((f"{where}: {name}", text, apart))

        for other in BASELINES:
            ahead("SSIM", "ssim", other, higher=True)
            ahead("AU6 curve distance", "au6_curve_distance", other, higher=False)
        ahead("SSIM of the mouth at the apex", "ssim_mouth_apex", "neutral_frame", True, "neutral_frame")
        ahead("AU12 curve distance", "au12_curve_distance", "neutral_frame", False, "neutral_frame")
        curve = of("au12_curve_correlation", "cmm_net")
        checks.append(
            (f"{dataset}, {expression}: AU12 curve correlation", f"{_text(curve)} >= 0.95", curve["value"] >= 0.95)
        )
        n = of("ssim", "cmm_net")
        print(f"{dataset}, {expression}: {n['people']:.0f} people, {n['videos']:.0f} videos, {n['runs']:.0f} runs")
    for name, text, good in checks:
        print(f"{name:50}{text:78}{'ok' if good else 'FAILS'}")
    return 0 if all(good for *_, good in checks) else 1


def _text(row):
    return "not run" if row is NOT_RUN else f"{row['value']:.3f} ({row['low']:.3f} to {row['high']:.3f})"


if __name__ == "__main__":
    sys.exit(main(*map(Path, sys.argv[1:])))
