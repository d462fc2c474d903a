"""README's and docs/results.md's tables of results, as `make results` writes them, and the scores behind them."""

import pandas as pd
import prove_compare
import prove_modes
import pytest
from published import own_settings, published
from write_results import BEGIN, END, ROOT, main

from cmm.core.errors import UserError
from cmm.core.tables import write_table
from cmm.core.weights_file import save_networks
from cmm.evaluation.catalogue import metric_of
from cmm.evaluation.score_rows import COLUMNS, read_scores
from cmm.methods.cmm_net import landmark_vae, multi_mode_lstm


def rows(method, mode, metric, values, seed=1, fold=6):
    """Scores of people 000, 001, ... who smile posedly."""
    who = {"dataset": "actors", "fold": fold, "seed": seed, "method": method, "expression": "posed", "mode": mode}
    return [
        who | {"subject": f"{i:03}", "smile": f"v{i}", "metric": metric, "value": value, "unit": metric_of(metric).unit}
        for i, value in enumerate(values)
    ]


def write(made, path, commit="0123456789+"):
    write_table(pd.DataFrame(made, columns=COLUMNS), path, {"stage": "gather_scores", "commit": commit})
    return path


@pytest.fixture
def pages(tmp_path):
    (tmp_path / "docs").mkdir()
    for name in ("README.md", "docs/results.md"):
        (tmp_path / name).write_text(f"before\n{BEGIN}\nstale\n{END}\nafter\n")
    made = rows("cmm_net", "conditional", "ssim", [0.9, 0.8]) + rows("cmm_net", "1", "ssim", [0.7, 0.5])
    made += rows("cmm_net", "all", "coverage", [1.0, 0.0])
    made += rows("neutral_frame", "neutral_frame", "ssim", [0.95, 0.93])
    write(made, tmp_path / "scores.parquet")
    return tmp_path


def make_results(folder, scores="scores.parquet"):
    main(folder / scores, folder, folder / "scores.tsv")


def test_tables_are_written_between_their_comments(pages):
    make_results(pages)
    readme, results = (pages / "README.md").read_text(), (pages / "docs/results.md").read_text()
    for text in (readme, results):
        assert text.startswith(f"before\n{BEGIN}\n")
        assert text.endswith(f"{END}\nafter\n")
        assert "stale" not in text
        assert "`actors`: 2 people held out, 2 videos, seed 1; scores gathered at commit 0123456789+." in text
    assert "| frozen face |  |  | 0.940 |" in readme
    assert "| CMM-Net |  |  | 0.850 |" in readme
    assert "| CMM-Net | posed | 0.850 (0.800 to 0.900) |" in results
    assert "| CMM-Net, mean of the modes | posed | 0.600 (0.500 to 0.700) |" in results
    assert "| CMM-Net | posed |  |  |  | 0.50" in results, "coverage"
    make_results(pages)
    assert (pages / "README.md").read_text() == readme


def test_another_seed_joins_what_is_published_and_the_same_one_replaces_it(pages):
    make_results(pages)
    write(rows("cmm_net", "conditional", "ssim", [0.6, 0.5], seed=2), pages / "second.parquet", "abc")
    make_results(pages, "second.parquet")
    text = (pages / "README.md").read_text()
    assert "2 people held out, 2 videos, seed 1, 2; scores gathered at commits 0123456789+, abc." in text
    assert "| CMM-Net |  |  | 0.700 |" in text, "people's means over the seeds, 0.75 and 0.65"
    write(rows("cmm_net", "conditional", "ssim", [0.8, 0.7], seed=2), pages / "second.parquet", "def")
    make_results(pages, "second.parquet")
    assert "| CMM-Net |  |  | 0.800 |" in (pages / "README.md").read_text()
    found, commits = published("actors", pages / "scores.tsv")
    assert commits == ["0123456789+", "def"]
    first = found[found["seed"] == 1].drop(columns="replicates")
    keys = [name for name in COLUMNS if name not in ("value", "replicates")]
    same = read_scores(pages / "scores.parquet").drop(columns="replicates").sort_values(keys)
    pd.testing.assert_frame_equal(first.sort_values(keys).reset_index(drop=True), same.reset_index(drop=True))


def test_scores_of_other_smiles_do_not_join_those_of_the_same_fold(pages):
    make_results(pages)
    before = (pages / "scores.tsv").read_text()
    write(rows("cra_net", "conditional", "ssim", [0.6, 0.5, 0.7]), pages / "second.parquet")
    with pytest.raises(UserError, match="actors, fold 6: methods and seeds were tested on different smiles"):
        make_results(pages, "second.parquet")
    write(rows("cra_net", "conditional", "ssim", [0.6, 0.5], fold=7), pages / "second.parquet")
    with pytest.raises(UserError, match="actors: v0 is in folds 6 and 7, in runs of two kinds"):
        make_results(pages, "second.parquet")
    assert (pages / "scores.tsv").read_text() == before


def test_a_method_that_was_run_less_often_is_named(pages):
    make_results(pages)
    made = rows("cra_net", "conditional", "ssim", [0.6, 0.5])
    write(made + rows("cmm_net", "conditional", "ssim", [0.6, 0.5], seed=2), pages / "second.parquet")
    make_results(pages, "second.parquet")
    assert "seed 1, 2; CRA-Net of 1 of 2 runs; scores" in (pages / "README.md").read_text()


def test_a_run_with_other_settings_does_not_join_those_of_the_same_method(pages):
    tables = pages / "results/tables"
    tables.mkdir(parents=True)

    def train(seed, rate, **more):
        folder = pages / f"results/actors/fold6/cmm_net/seed{seed}"
        folder.mkdir(parents=True, exist_ok=True)
        about = {"stage": landmark_vae.__name__, "settings": {"learning_rate": rate, **more}}
        save_networks(folder / "landmark_vae.safetensors", {}, about)
        write(rows("cmm_net", "conditional", "ssim", [0.9, 0.8], seed), tables / "scores.parquet")

    train(1, 0.1)
    make_results(pages, "results/tables/scores.parquet")
    train(2, 0.2)
    with pytest.raises(UserError, match="actors: cmm_net was trained or judged with other settings than before"):
        make_results(pages, "results/tables/scores.parquet")
    train(2, 0.1, warp=0.0)  # the default, which the other record does not know yet
    make_results(pages, "results/tables/scores.parquet")
    assert "seed 1, 2;" in (pages / "README.md").read_text()


def test_a_setting_whose_default_is_not_what_was_before_tells_runs_apart():
    told = [own_settings({"stage": multi_mode_lstm.__name__, "settings": made}) for made in
            ({"modes": 3}, {"modes": 3, "growing": False}, {"modes": 3, "growing": True})]  # fmt: skip
    assert told == [{}, {}, {"growing": True}]


@pytest.mark.parametrize("broken", ["README.md", "docs/results.md"])
def test_a_page_without_its_comments_leaves_both_alone(pages, broken):
    (pages / broken).write_text("no place for it")
    before = {path: path.read_text() for path in pages.rglob("*.md")}
    with pytest.raises(UserError, match="must stand there once"):
        make_results(pages)
    assert {path: path.read_text() for path in pages.rglob("*.md")} == before


def test_the_tables_are_of_the_embedded_data_alone(pages, capsys):
    made = read_scores(pages / "scores.parquet").assign(dataset="london")
    write(made, pages / "second.parquet")
    make_results(pages, "second.parquet")
    assert "of which there are none" in capsys.readouterr().out
    assert "stale" in (pages / "README.md").read_text()
    make_results(pages)
    assert "`actors`: 2 people held out" in (pages / "README.md").read_text()
    assert set(published(path=pages / "scores.tsv")[0]["dataset"]) == {"actors", "london"}


@pytest.mark.parametrize("page", ["README.md", "docs/results.md"])
def test_our_own_pages_have_a_place_for_the_tables(page):
    assert (ROOT / page).read_text().count(BEGIN) == (ROOT / page).read_text().count(END) == 1


def test_the_comparison_holds_where_the_intervals_lie_apart(pages, capsys):
    better, worse = {"ssim": 0.9, "ssim_mouth_apex": 0.8}, {"ssim": 0.5, "ssim_mouth_apex": 0.4}
    near, far = (dict.fromkeys(("au6_video_distance", "au12_video_distance"), value) for value in (1.0, 5.0))
    values = {
        "cmm_net": better | near | {"identity_distance_dlib_resnet": 0.2},
        **dict.fromkeys(("cra_net", "video_gan"), worse | far | {"identity_distance_dlib_resnet": 0.4}),
        "neutral_frame": worse | far,
    }
    made = [
        row
        for method, scores in values.items()
        for metric, value in scores.items()
        for row in rows(
            method,
            method if method == "neutral_frame" else "conditional",
            metric,
            [value + 0.01 * i for i in range(8)],
        )
    ]
    for mode, correlation in (("conditional", 0.99), ("1", 0.2)):
        made += rows("cmm_net", mode, "au12_curve_correlation", [correlation])
    write(made, pages / "scores.parquet")
    make_results(pages)
    assert prove_compare.main("actors", pages / "scores.tsv") == 0
    assert "FAILS" not in capsys.readouterr().out
    write([row for row in made if row["method"] != "video_gan"], pages / "scores.parquet")
    (pages / "scores.tsv").unlink()
    make_results(pages)
    assert prove_compare.main("actors", pages / "scores.tsv") == 1
    assert capsys.readouterr().out.count("Video-GAN: not run   FAILS") == 1
    write([row for row in made if row["method"] != "cra_net" or row["metric"] == "ssim"], pages / "scores.parquet")
    (pages / "scores.tsv").unlink()
    make_results(pages)
    assert prove_compare.main("actors", pages / "scores.tsv") == 1
    assert capsys.readouterr().out.count("not measured   FAILS") == 4


def test_the_proof_of_the_modes_finds_the_least_of_them(pages, capsys):
    made = rows("original", "original", "au12_at_end", [1.0, 0.8])
    made += rows("original", "original", "tracker_noise_beyond_amplitude", [0.01, 0.01])
    for mode, ends in (("1", [0.9, 0.8]), ("2", [0.8, 0.4])):
        made += rows("cmm_net", mode, "au12_at_end", ends) + rows("cmm_net", mode, "expression_accuracy", [1.0, 1.0])
    made += rows("cmm_net", "all", "diversity_beyond_amplitude", [0.05, 0.03])
    made += rows("other_person", "other_person", "ssim", [0.5, 0.5])
    write(made, pages / "scores.parquet")
    make_results(pages)
    assert prove_modes.main(pages / "scores.tsv") == 1
    said = capsys.readouterr().out
    assert "actors: 2 people, 2 videos, 4 modes of 1 seeds" in said
    (failed,) = (line for line in said.splitlines() if line.endswith("FAILS"))
    assert failed.split()[-5:] == ["AU12", "0.500", ">=", "0.700", "FAILS"]
    lost = {"metric": "au12_at_end", "mode": "1", "smile": "v0"}
    made = [row | {"value": float("nan")} if lost.items() <= row.items() else row for row in made]
    write(made + rows("cmm_net", "1", "ssim", [0.9, 0.9]), pages / "scores.parquet")
    make_results(pages)
    assert prove_modes.main(pages / "scores.tsv") == 1
    said = capsys.readouterr().out
    assert "4 modes of 1 seeds" in said
    (failed,) = (line for line in said.splitlines() if line.endswith("FAILS"))
    assert failed.split()[-4] == "0.000", "whose face is lost has not smiled"


def test_a_run_without_modes_proves_nothing_of_them(pages):
    write(rows("cra_net", "conditional", "ssim", [0.9, 0.8]), pages / "scores.parquet")
    make_results(pages)
    with pytest.raises(UserError, match="has no modes of cmm_net"):
        prove_modes.main(pages / "scores.tsv")


@pytest.mark.parametrize("proof", [prove_modes.main, lambda path: prove_compare.main("actors", path)])
def test_without_published_scores_the_proofs_say_what_to_run(proof, tmp_path):
    with pytest.raises(UserError, match="then make"):
        proof(tmp_path / "scores.tsv")
