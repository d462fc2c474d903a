import pandas as pd
import pytest

from cmm.core.errors import UserError
from cmm.evaluation.score_rows import COLUMNS
from cmm.tables.tabulate_search import BEST, OWN, SCORES, rank, sections, value

TRIES = {"strong": {"translation": {"l1_weight": 100.0}}, "weak": {"multi_mode_lstm": {"modes": 3, "push_weight": 1.0}}}


def rows(method, scores, mode="conditional", subjects="ab"):
    """A row a subject and expression of each score."""
    run = {"dataset": "d", "fold": 9, "seed": 1, "method": method, "smile": "s", "unit": "1", "replicates": None}
    return pd.DataFrame(
        [run | {"subject": who, "expression": e, "mode": mode, "metric": m, "value": v}
         for who in subjects for e in ("posed", "spontaneous") for m, v in scores.items()]
    )[COLUMNS]  # fmt: skip


def test_the_least_mean_rank_is_taken_whichever_way_is_better():
    good = dict(zip(SCORES, (0.9, 0.8, 2.0), strict=True))  # SSIM, SSIM of the mouth, AU12 distance
    bad = dict(zip(SCORES, (0.8, 0.7, 5.0), strict=True))
    every = [rows("cmm_net", bad), rows("cmm_net-strong", good), rows("cmm_net-weak", bad)]
    table = rank(pd.concat(every), "cmm_net", TRIES).set_index("try")
    assert table["taken"].to_dict() == {OWN: False, "strong": True, "weak": False}
    assert table["rank"].to_dict() == {OWN: 2.5, "strong": 1.0, "weak": 2.5}
    assert table.loc["weak", "changes"] == "multi_mode_lstm: modes 3, push_weight 1.0"
    assert table.loc["strong", BEST[0]] == 0.9, "a method without modes has one sequence, which is its best"
    [section] = sections(table.reset_index(), "Who judged.")
    assert section.rows[1][0] == "**strong**"
    assert section.rows[0][0] == OWN


def test_a_tie_keeps_what_there_is_and_a_try_without_scores_is_named():
    same = dict.fromkeys(SCORES, 0.5)
    every = pd.concat([rows(f"cra_net{name}", same) for name in ("", "-strong", "-weak")])
    assert rank(every, "cra_net", TRIES)["taken"].tolist() == [True, False, False]
    with pytest.raises(UserError, match="cra_net, other: the scores have no row of this try"):
        rank(every, "cra_net", {"other": {}})


def test_every_person_and_expression_counts_alike():
    once, often = rows("m", {"ssim": 1.0}, subjects="a"), rows("m", {"ssim": 0.0}, subjects="b")
    assert value(pd.concat([once, once, once, often]), "ssim") == 0.5
    best = rows("m", {"best_ssim": 0.7}, mode="all")
    assert value(pd.concat([once, best]), "best_ssim") == pytest.approx(0.7)
