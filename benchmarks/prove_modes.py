"""Do all modes of CMM-Net smile, on every seed? `make prove-modes`, of the published scores (`make results`).

Of each data set, the validation people of config/modes.yaml among them: every mode's AU12 at its end as a share of the
original's, how often modes are read as the expression asked for, and how far they part beyond amplitude, in multiples
of the tracker's noise; a line a seed, and the bounds over all of them. Exits with 1 if a bound does not hold.
"""

from pathlib import Path

import numpy as np
import pandas as pd
from checks import report, run
from published import PUBLISHED, published

from cmm.core.errors import UserError
from cmm.evaluation.summary import ALL

METHOD = "cmm_net"
SMILES = 0.7  # least share of the original's AU12


def main(path=PUBLISHED):
    rows, _ = published(path=Path(path))
    checks = []
    known = set(rows.loc[(rows["method"] == METHOD) & rows["mode"].str.isdigit(), "dataset"])
    if not known:
        raise UserError(f"{path} has no modes of {METHOD}: run config/modes.yaml, then make results")
    rows = rows[rows["method"].isin([METHOD, "original"]) & rows["dataset"].isin(known)]
    for dataset, mine in rows.groupby("dataset", sort=False):
        found = lines(mine)
        people, videos = mine.loc[mine["smile"] != "", ["subject", "smile"]].nunique()
        print(f"{dataset}: {people} people, {videos} videos, {found.modes.sum()} modes of {len(found)} seeds")
        print(found.round(3).to_string(), end="\n\n")
        checks += [
            (f"{dataset}: least share of the original's AU12", found["least"].min(), ">=", SMILES),
            (f"{dataset}: modes read as asked, a share", found["read_as_asked"].min(), ">=", 0.8),
            (f"{dataset}: beyond amplitude, in noises", found["noises"].min(), ">=", 3.0),
        ]
    return report(checks)


def lines(rows):
    """Of one data set, a line a seed: {modes, share, least, below, read_as_asked, noises, best_mouth, coverage}.

    A mode whose face was lost at its end has a share of 0; a smile whose original was lost has none.
    """
    original = rows[rows["method"] == "original"]
    ends = original[original["metric"] == "au12_at_end"].groupby("smile")["value"].mean()
    noise = original.loc[original["metric"] == "tracker_noise_beyond_amplitude", "value"].mean()
    found = []
    for seed, mine in rows[rows["method"] == METHOD].groupby("seed"):

        def mean(metric, mode=None, mine=mine):
            chosen = mine[
                (mine["metric"] == metric) & (mine["mode"].str.isdigit() if mode is None else mine["mode"] == mode)
            ]
            return chosen["value"].mean()

        modes = mine[mine["mode"].str.isdigit() & mine["smile"].isin(ends.index)]
        all_modes = modes.set_index(["smile", "mode"]).index.unique()
        reached = modes[modes["metric"] == "au12_at_end"].set_index(["smile", "mode"])["value"]
        shares = reached.reindex(all_modes).fillna(0).to_numpy() / ends[all_modes.get_level_values("smile")].to_numpy()
        found.append({
            "seed": seed, "modes": len(shares), "share": shares.mean(), "least": shares.min(initial=np.inf),
            "below": int((shares < SMILES).sum()), "read_as_asked": mean("expression_accuracy"),
            "noises": mean("diversity_beyond_amplitude", ALL) / noise,
            "best_mouth": mean("best_ssim_mouth_apex", ALL), "coverage": mean("coverage", ALL),
        })  # fmt: skip
    return pd.DataFrame(found).set_index("seed")


if __name__ == "__main__":
    run(main)
