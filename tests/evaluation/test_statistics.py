"""Error bars against SciPy, literal versions and known cases; tables made of rows."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest
from scipy.stats import bootstrap, norm, wilcoxon

from cmm.cli import main as cli
from cmm.core.errors import UserError
from cmm.core.tables import read_table, write_table
from cmm.evaluation import statistics
from cmm.evaluation.catalogue import FAMILIES, JUDGED, METRICS, NOTES, metric_of, shown, split_name
from cmm.evaluation.score_rows import COLUMNS
from cmm.evaluation.statistics import (
    draws,
    few,
    fleiss_kappa,
    interval,
    paired_test,
    replicate_test,
    replicates,
    tail,
)
from cmm.evaluation.summary import ALL, MODES, compare, in_order, summarise
from cmm.methods.registry import METHODS
from cmm.tables import tabulate_ablations
from cmm.tables.paper_numbers import PRINTED, printed_numbers
from cmm.tables.tabulate_paper import layout
from cmm.tables.tabulate_scores import lost, sections


def test_bootstrap_against_scipy(rng):
    values = rng.normal(5, 2, 40)
    low, high = interval(statistics.bootstrap(values), 40)
    theirs = bootstrap((values,), np.mean, method="percentile", n_resamples=5000, rng=1).confidence_interval
    assert (low, high) == pytest.approx(tuple(theirs), abs=0.08)


def test_one_person_has_no_interval():
    assert np.isnan(interval(statistics.bootstrap([3.0]), 1)).all()
    assert np.isnan(replicates(lambda chosen: 1.0, np.array(["a", "a"]))).all()


def test_infinite_values_keep_their_interval():
    assert interval(statistics.bootstrap([np.inf, np.inf, np.inf]), 3) == (np.inf, np.inf)


@pytest.mark.parametrize(("people", "least"), [(4, 0.85), (10, 0.93), (40, 0.93)])
def test_intervals_of_few_people_cover_what_they_say(people, least, rng):
    """Of normal values around 0; the plain percentile interval of four covers it in 79 cases of 100."""
    samples = rng.normal(size=(1000, people))
    covers = [low <= 0 <= high for low, high in (interval(statistics.bootstrap(s), people) for s in samples)]
    assert least <= np.mean(covers) <= 0.97


@pytest.mark.parametrize(("folds", "people"), [(1, 10), (5, 4), (10, 4)])
def test_intervals_of_scores_of_sets_cover_over_folds(folds, people, rng):
    """A set's score is measured in each fold, people are drawn within it, and the folds are averaged."""
    covers, samples = 0, 600
    for values in rng.normal(size=(samples, folds, people)):
        drawn = [
            replicates(lambda chosen, own=own: own[chosen].mean(), np.arange(people), fold=fold)
            for fold, own in enumerate(values)
        ]
        low, high = interval(np.mean(drawn, axis=0), (people,) * folds)
        covers += low <= 0 <= high
    assert 0.93 <= covers / samples <= 0.99


def test_fewer_than_six_people_have_a_range_and_no_interval():
    rows = [row("cmm_net", "ssim", value, f"p{i}") for i, value in enumerate((0.7, 0.8, 0.9))]
    rows += [row("cmm_net", "fid_inception_v3", 2.0, drawn=np.array([1.0, 2.5, 2.0]))]
    found = summarise(table(rows)).set_index("metric")
    assert found.loc["ssim", ["low", "high"]].tolist() == [0.7, 0.9]
    assert found.loc["fid_inception_v3", ["low", "high"]].tolist() == [1.0, 2.5]
    assert found["range"].all()
    assert few((3, 3, 3)), "a fold of three"
    assert not few((4, 4))
    assert not few((6,))
    assert shown("ssim", 0.8, 0.7, 0.9, True) == "0.800 (0.700 to 0.900)"
    assert shown("ssim", 0.8, 0.7, 0.9, False) == "0.800 [0.700, 0.900]"
    assert shown("ssim", 0.8, np.nan, np.nan, True) == "0.800"


def test_expanded_percentile_literally():
    """Hesterberg 2015: alpha' / 2 = Phi(-sqrt(n / (n - 1)) t), t the quantile of Student's distribution."""
    assert tail(10) == pytest.approx(norm.cdf(-np.sqrt(10 / 9) * 2.262157), rel=1e-5)
    assert tail(10**6) == pytest.approx(0.025, rel=1e-4)
    assert tail((4,) * 5) == pytest.approx(norm.cdf(-np.sqrt(4 / 3) * 2.131450), rel=1e-5), "15 degrees of freedom"


def test_replicates_resample_people_with_all_their_videos():
    subjects, values = np.array(["b", "a", "b"]), np.array([10.0, 1.0, 20.0])
    drawn = replicates(lambda chosen: values[chosen].sum(), subjects)
    assert set(drawn) == {2.0, 31.0, 60.0}, "both of b, one of each, twice a"
    again = replicates(lambda chosen: values[chosen].sum(), subjects)
    np.testing.assert_array_equal(drawn, again)
    assert (draws(4, 10) == draws(4, 10)).all()
    assert (draws(4, 10, fold=1) != draws(4, 10, fold=2)).any()


def test_paired_test_counts_sign_patterns(rng):
    first = np.array([1.0, 2.0, 3.0, 4.0])
    assert paired_test(first, first - 1) == pytest.approx(2 / 16), "four people: nothing below 0.125"
    assert paired_test(first, first) == pytest.approx(1)
    many = rng.normal(0.8, 1, 30)
    assert paired_test(many, np.zeros(30)) == pytest.approx(wilcoxon(many).pvalue, abs=0.02)
    assert np.isnan(paired_test([1.0], [2.0]))


def test_replicate_test():
    assert replicate_test(np.full(199, 0.3), 10**6) == pytest.approx(2 / 200, rel=1e-3)
    assert replicate_test(np.full(199, 0.3), 4) == pytest.approx(2 / 2**4), "no surer than the signs of four people"
    assert replicate_test(np.linspace(-1, 1, 201), 6) == pytest.approx(1)
    assert np.isnan(replicate_test([np.nan], 5))
    assert np.isnan(replicate_test([1.0, 2.0], 1))


def test_replicate_test_is_the_counterpart_of_the_interval(rng):
    """p is 0.05 where the interval of 95 percent ends."""
    for people in (6, 12, 40):
        drawn = np.sort(rng.normal(size=1999))
        low, _ = interval(drawn, people)
        assert replicate_test(drawn - low, people) == pytest.approx(0.05, rel=0.15)


def test_fleiss_kappa():
    """Fleiss 1971's own example, ten subjects and fourteen raters, gives 0.210."""
    counts = [[0, 0, 0, 0, 14], [0, 2, 6, 4, 2], [0, 0, 3, 5, 6], [0, 3, 9, 2, 0], [2, 2, 8, 1, 1], [7, 7, 0, 0, 0]]
    counts += [[3, 2, 6, 3, 0], [2, 5, 3, 2, 2], [6, 5, 2, 1, 0], [0, 2, 2, 3, 7]]
    assert fleiss_kappa(counts) == pytest.approx(0.210, abs=5e-4)
    assert fleiss_kappa([[3, 0], [0, 2]]) == pytest.approx(1), "different numbers of raters"
    assert np.isnan(fleiss_kappa([[1, 0], [0, 1]])), "one rater a pair"


def row(method, metric, value, subject="p1", expression="posed", mode="conditional", seed=1, drawn=None, **more):
    mode = method if method in ("original", "neutral_frame") else mode
    smile = "" if drawn is not None else f"{subject}_{expression}"
    who = {"dataset": "actors", "fold": 10, "seed": seed, "method": method, "expression": expression}
    who |= {"subject": "" if drawn is not None else subject, "smile": smile, "mode": mode, "metric": metric}
    return who | {"value": value, "unit": metric_of(metric).unit, "replicates": drawn} | more


def table(rows):
    return pd.DataFrame(rows, columns=COLUMNS)


def test_people_are_averaged_over_seeds_and_videos_first():
    rows = [row("cmm_net", "ssim", value, "p1", seed=seed) for seed, value in ((1, 0.8), (2, 0.9), (3, 1.0))]
    line = summarise(table([*rows, row("cmm_net", "ssim", 0.5, "p2")])).iloc[0]
    assert line["value"] == pytest.approx((0.9 + 0.5) / 2), "not the mean of four rows"
    assert (line["people"], line["videos"], line["runs"]) == (2, 2, 3)
    assert (line["low"], line["high"]) == pytest.approx((0.5, 0.9))


def test_modes_are_shown_one_by_one_and_together():
    rows = table([row("cmm_net", "ssim", v, mode=m) for m, v in (("conditional", 0.9), ("1", 0.8), ("2", 0.6))])
    found = summarise(rows).set_index("mode")["value"]
    assert found[MODES] == pytest.approx(0.7)
    assert found["1"] == 0.8


def test_scores_of_sets_average_runs_and_their_replicates():
    rows = [row("cmm_net", "fid_inception_v3", 4.0, seed=1, drawn=np.array([3.0, 5.0]))]
    rows += [row("cmm_net", "fid_inception_v3", 6.0, seed=2, drawn=np.array([5.0, 9.0])), row("cmm_net", "ssim", 1.0)]
    found = summarise(table(rows)).set_index("metric").loc["fid_inception_v3"]
    assert (found["value"], found["low"], found["high"]) == pytest.approx((5, 4, 7))


def test_missing_values_leave_gaps_not_zeros():
    rows = [row("cmm_net", "landmark_error", np.nan, "p1"), row("cmm_net", "landmark_error", 0.4, "p2")]
    assert summarise(table(rows))["value"].iloc[0] == pytest.approx(0.4)
    nothing = summarise(table(rows[:1])).iloc[0]
    assert np.isnan(nothing["value"])


def pairs(metric="ssim"):
    rows = [row("cmm_net", metric, 0.9 + i / 100, f"p{i}") for i in range(6)]
    rows += [row("cra_net", metric, 0.8 + i / 100, f"p{i}") for i in range(6)]
    return [*rows, *(row("original", metric, 1.0, f"p{i}") for i in range(5))]


def test_every_score_has_its_family_and_a_page_is_wide_enough_for_each():
    """Six scores with their intervals fit beside the columns that say whose they are."""
    count = Counter(metric.family for metric in METRICS.values())
    assert set(count) == set(FAMILIES) >= {*NOTES, *JUDGED}
    assert max(count.values()) <= 6
    found = sections(summarise(table(pairs())), table(pairs()))
    assert [section.title for section in found] == [f"actors: {FAMILIES['pictures']}"], "none without a score"
    assert [line[0] for line in found[0].rows] == ["original", "CRA-Net", "CMM-Net"]


def test_methods_are_compared_on_the_same_people():
    found = compare(table(pairs()), "cmm_net").set_index("other")
    line = found.loc["cra_net"]
    assert line["difference"] == pytest.approx(0.1)
    assert (line["low"], line["high"]) == pytest.approx((0.1, 0.1)), "people differ, differences do not"
    assert line["p"] == pytest.approx(2 / 2**6)
    assert found.loc["original", "people"] == 5, "those that both have"
    assert compare(table(pairs()[6:12]), "cmm_net").empty, "without CMM-Net there is nothing to compare"


def test_modes_are_compared_with_what_a_method_has():
    """With the other method's modes where it has some, else with its one sequence."""
    values = {("cmm_net", "1"): 0.9, ("cmm_net", "2"): 0.7, ("cra_net", "conditional"): 0.6, ("new", "1"): 0.5}
    values |= {("cmm_net", "conditional"): 1.0, ("new", "conditional"): 0.0, ("original", "original"): 1.0}
    rows = [
        row(method, "ssim", value, f"p{i}", mode=mode) for (method, mode), value in values.items() for i in range(6)
    ]
    found = compare(table(rows), "cmm_net", default=MODES).set_index("other")
    assert found["difference"].round(6).to_dict() == {"cra_net": 0.2, "new": 0.3, "original": -0.2}
    assert found["mode"].unique().tolist() == [MODES]
    assert compare(table(rows), "cmm_net").set_index("other").loc["new", "difference"] == 1.0
    rows += [row("cmm_net", "best_ssim", 0.9, who, mode="all") for who in (f"p{i}" for i in range(6))]
    found = compare(table(rows), "cmm_net", {"best_ssim": ALL}, MODES)
    best = found[found["metric"] == "best_ssim"].set_index("other")["difference"]
    assert best.round(6).to_dict() == {"cra_net": 0.3, "new": 0.9, "original": -0.1}, "of one sequence that is the best"


def test_scores_of_sets_are_compared_by_their_replicates():
    rows = pairs("tracked") + [
        row(m, "au6_curve_distance", v, drawn=v + np.linspace(0, 1, 99)) for m, v in (("cmm_net", 1), ("cra_net", 3))
    ]
    line = compare(table(rows), "cmm_net").set_index("metric").loc["au6_curve_distance"]
    assert (line["difference"], line["low"], line["high"]) == pytest.approx((-2, -2, -2))
    assert line["people"] == 6, "of the runs whose sets these are"
    assert line["p"] == replicate_test(np.full(99, -2.0), 6)


def test_table_1_has_the_papers_lines_and_bold_for_the_best(tmp_path):
    rows = pairs() + [row("neutral_frame", "ssim", 0.95, f"p{i}") for i in range(6)]
    rows += [row("new_method", "ssim", 0.7, f"p{i}") for i in range(6)]
    section, _ = layout(table(rows), ["ssim"], 1)
    lines = {line[0]: line[1] for line in section.rows}
    assert lines["CMM-Net, conditional sequence"].startswith("**0.925 [")
    assert lines["frozen face (control)"].startswith("0.950"), "controls are never the best"
    assert lines["Video-GAN"] == "not run"
    assert lines["new method (beyond the paper)"].startswith("0.700"), "a method that the paper does not have"
    assert "6 people" in section.note
    alone = layout(table(pairs()[:6]), ["ssim"], 1)[0].rows
    assert not any("**" in line[1] for line in alone), "nobody is the best of one"
    assert layout(table(rows), ["fid"], 1)[0].rows[0] == ["original"], "no column without a score"
    rows.append(row("cra_net", "au6_curve_distance", 1.0, drawn=np.ones(3)))
    lines = {line[0]: line[1] for line in layout(table(rows), ["au6_curve_distance"], 3)[0].rows}
    assert (lines["original"], lines["Video-GAN"]) == ("-", "not run"), "not measured is not the same as not run"


def test_the_papers_numbers_are_consistent():
    """Differences are those of the scores, shares are of all raters, and methods and scores are ours."""
    printed = pd.read_csv(PRINTED, sep="\t").set_index(["table", "dataset", "expression", "method", "metric"])["value"]
    assert len(printed) == 64
    assert not printed.index.duplicated().any()
    for (number, dataset, expression, method, metric), value in printed.items():
        assert method in {*METHODS, "original"}
        assert number == 2 or metric in METRICS
        if metric == "inception_score_difference":
            score, original = (printed[1, dataset, expression, who, "inception_score"] for who in (method, "original"))
            assert abs(score - original) == pytest.approx(value, abs=1e-9)
    shares = printed[printed.index.get_level_values("metric").str.startswith("preferred")]
    sums = shares.groupby(["dataset", "expression", "method"]).sum()
    np.testing.assert_allclose(sums, 100, atol=0.015)


def test_the_papers_numbers_stand_beside_ours(tmp_path):
    numbers = tmp_path / "numbers.tsv"
    numbers.write_text("table\tdataset\texpression\tmethod\tmetric\tvalue\n1\tactors\tposed\tcmm_net\tssim\t0.5\n")
    section, _ = layout(table(pairs()), ["ssim"], 1, numbers)
    mine = next(line for line in section.rows if line[0] == "CMM-Net, conditional sequence")
    assert mine[1].endswith("(paper: 0.5)**")
    numbers.write_text(numbers.read_text() + "3\tactors\tposed\tcmm_net\tau6_curve_distance\t2.5\n")
    curve = [row("cmm_net", "au6_curve_distance", 0.5, drawn=np.array([0.4, 0.6]))]
    cells = layout(table(pairs() + curve), ["au6_curve_distance"], 3, numbers)[0].rows
    assert not any("paper" in cell for line in cells for cell in line[1:]), "on another scale"
    modes = pd.concat([table(pairs()), table(pairs()[:6]).assign(mode="1")])
    lines = {line[0]: line[1] for line in layout(modes, ["ssim"], 1, numbers)[0].rows}
    assert "paper" not in lines["CMM-Net, mean of the K modes"], "the paper's number is of one sequence"
    numbers.write_text("table\tvalue\n1\tmuch\n")
    with pytest.raises(UserError, match="is no table of the paper's numbers"):
        printed_numbers(numbers, 1)


def test_scores_of_two_networks_are_two_columns():
    rows = [row("cmm_net", f"inception_score_{n}", v, drawn=np.array([v, v])) for n, v in
            (("inception_v3", 1.5), ("efficientnet_lite0", 1.1))]  # fmt: skip
    section, _ = layout(table([*rows, row("cmm_net", "ssim", 1.0)]), ["inception_score"], 1)
    assert len(section.head) == 3
    assert split_name("inception_score_inception_v3") == ("inception_score", "inception_v3")


def test_every_score_is_declared_once():
    assert {metric.family for metric in METRICS.values()} == set(FAMILIES)
    with pytest.raises(KeyError):
        metric_of("beauty")


def test_methods_keep_their_order():
    assert in_order({"zeta", "cmm_net", "original", "cra_net"}) == ["original", "cra_net", "cmm_net", "zeta"]


def test_ablations_have_a_line_each(tmp_path):
    rows = []
    for method, modes, value in (("cmm_net", 3, 0.8), ("cmm_net-one_mode", 1, 0.9), ("cmm_net-wide", 3, 0.7)):
        for mode in map(str, range(1, modes + 1)):
            rows += [row(method, "ssim_mouth_apex", value, f"p{i}", mode=mode) for i in range(3)]
        apart = 0.05 if method.endswith("wide") else 0.02
        rows += [row(method, "mode_diversity", apart, f"p{i}", mode="all") for i in range(3) if modes > 1]
    write_table(table(rows), tmp_path / "scores.parquet", {})
    tabulate_ablations.main(tmp_path / "scores.parquet", tmp_path / "a.tsv", tmp_path / "a.html", tmp_path / "a.svg")
    text = (tmp_path / "a.tsv").read_text()
    assert "\tone mode\t1" in text
    lines = pd.read_csv(tmp_path / "a.tsv", sep="\t").set_index(["variant", "metric"])
    assert lines.loc[("one mode", "ssim_mouth_apex"), "difference"] == pytest.approx(0.1)
    assert lines.loc[("one mode", "ssim_mouth_apex"), "p"] == pytest.approx(2 / 2**3)
    assert lines.loc[("wide", "mode_diversity"), "difference"] == pytest.approx(0.03)
    assert lines.loc[("wide", "mode_diversity"), "p"] == pytest.approx(2 / 2**3)
    assert "\tCMM-Net\t3" in text
    assert "<svg" in (tmp_path / "a.svg").read_text()


def test_a_fold_of_one_person_takes_the_interval_of_a_sets_score():
    rows = [row("cmm_net", "fid_inception_v3", 2.0, seed=1, drawn=np.array([1.5, 2.5])), row("cmm_net", "ssim", 1.0)]
    rows += [row("cmm_net", "fid_inception_v3", 8.0, seed=2, drawn=np.full(2, np.nan))]
    found = summarise(table(rows)).set_index("metric").loc["fid_inception_v3"]
    assert found["value"] == 5
    assert np.isnan([found["low"], found["high"]]).all(), "not that of the other fold alone"


def gather(tmp_path, *tables):
    files = []
    for i, rows in enumerate(tables):
        write_table(table(rows), tmp_path / f"{i}.parquet", {})
        files.append(tmp_path / f"{i}.parquet")
    curves = tmp_path / "curves.parquet"
    names = ["dataset", "fold", "seed", "method", "expression", "subject", "smile", "mode", "frame", "AU06", "AU12"]
    write_table(pd.DataFrame(columns=names), curves, {})
    words = ["--scores", *files, "--curves", curves]
    words += ["--out", tmp_path / "s.parquet", "--curves-out", tmp_path / "c.parquet"]
    return cli(["gather_scores", *map(str, words)])


def test_scores_are_gathered_and_what_was_lost_is_said(tmp_path, capsys):
    tracked = [row("cra_net", "tracked", value, f"p{i}") for i, value in enumerate((0.0, 0.5, 1.0))]
    assert gather(tmp_path, pairs(), tracked) == 0
    assert len(read_table(tmp_path / "s.parquet")) == len(pairs()) + 3
    [section] = lost(read_table(tmp_path / "s.parquet"))
    assert section.rows == [["actors", "CRA-Net", "3", "2", "1"]]
    assert gather(tmp_path, pairs(), pairs()) == 1
    assert "comes twice" in capsys.readouterr().err
    assert gather(tmp_path, [pairs()[0] | {"metric": "beauty"}]) == 1
    assert "no score is called 'beauty'" in capsys.readouterr().err
