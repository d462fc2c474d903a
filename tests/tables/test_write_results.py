"""README's and docs/results.md's tables of results, as `make results` writes them."""

import pandas as pd
import pytest
from write_results import BEGIN, END, ROOT, main

from cmm.core.errors import UserError
from cmm.core.tables import write_table
from cmm.evaluation.catalogue import metric_of
from cmm.evaluation.score_rows import COLUMNS, read_scores


def rows(method, mode, metric, values):
    """Scores of people p0, p1, ... who smile posedly."""
    who = {"dataset": "actors", "fold": 6, "seed": 1, "method": method, "expression": "posed", "mode": mode}
    return [
        who | {"subject": f"p{i}", "smile": f"v{i}", "metric": metric, "value": value, "unit": metric_of(metric).unit}
        for i, value in enumerate(values)
    ]


@pytest.fixture
def pages(tmp_path):
    (tmp_path / "docs").mkdir()
    for name in ("README.md", "docs/results.md"):
        (tmp_path / name).write_text(f"before\n{BEGIN}\nstale\n{END}\nafter\n")
    made = rows("cmm_net", "conditional", "ssim", [0.9, 0.8]) + rows("cmm_net", "1", "ssim", [0.7, 0.5])
    made += rows("cmm_net", "all", "coverage", [1.0, 0.0]) + rows(
        "neutral_frame", "neutral_frame", "ssim", [0.95, 0.93]
    )
    table = pd.DataFrame(made, columns=COLUMNS)
    write_table(table, tmp_path / "scores.parquet", {"stage": "gather_scores", "commit": "0123456789+"})
    return tmp_path


def test_tables_are_written_between_their_comments(pages):
    main(pages / "scores.parquet", pages)
    readme, results = (pages / "README.md").read_text(), (pages / "docs/results.md").read_text()
    for text in (readme, results):
        assert text.startswith(f"before\n{BEGIN}\n")
        assert text.endswith(f"{END}\nafter\n")
        assert "stale" not in text
        assert "`actors`, fold 6 held out: 2 people, 2 videos, seed 1; scores gathered at commit 0123456789+." in text
    assert "| frozen face |  |  | 0.940 |" in readme
    assert "| CMM-Net |  |  | 0.850 |" in readme
    assert "| CMM-Net | posed | 0.850 (0.800 to 0.900) |" in results
    assert "| CMM-Net, mean of the modes | posed | 0.600 (0.500 to 0.700) |" in results
    assert "| CMM-Net | posed |  |  |  | 0.50" in results, "coverage"
    main(pages / "scores.parquet", pages)
    assert (pages / "README.md").read_text() == readme


@pytest.mark.parametrize("broken", ["README.md", "docs/results.md"])
def test_a_page_without_its_comments_leaves_both_alone(pages, broken):
    (pages / broken).write_text("no place for it")
    before = {path: path.read_text() for path in pages.rglob("*.md")}
    with pytest.raises(UserError, match="must stand there once"):
        main(pages / "scores.parquet", pages)
    assert {path: path.read_text() for path in pages.rglob("*.md")} == before


def test_scores_of_two_data_sets_are_refused(pages):
    table = read_scores(pages / "scores.parquet")
    table.loc[0, "dataset"] = "london"
    write_table(table, pages / "scores.parquet", {"stage": "gather_scores"})
    with pytest.raises(UserError, match="of actors, london"):
        main(pages / "scores.parquet", pages)


@pytest.mark.parametrize("page", ["README.md", "docs/results.md"])
def test_our_own_pages_have_a_place_for_the_tables(page):
    assert (ROOT / page).read_text().count(BEGIN) == (ROOT / page).read_text().count(END) == 1
