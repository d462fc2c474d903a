import json

import pytest

from cmm.cli import main as cli
from cmm.core.errors import UserError
from cmm.tables.tabulate_resources import read_benchmarks, summarise

LINE = {"s": 2.5, "max_rss": 100.0, "cpu_time": 4.0}


def write(folder, **lines):
    for name, line in lines.items():
        path = folder / f"actors/{name.replace('__', '.')}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(LINE | line) + "\n")


def test_rules_stand_slowest_first_with_all_their_jobs(tmp_path):
    write(tmp_path, draw_rasters__0={}, draw_rasters__1={"s": 4.0, "max_rss": 300.0})
    write(tmp_path, index_videos={"max_rss": "NA", "cpu_time": "NA"}, tabulate_videos={"s": 0.4, "max_rss": 3.0})
    table = summarise(read_benchmarks(tmp_path))
    assert table["rule"].tolist() == ["draw_rasters", "index_videos", "tabulate_videos"]
    first = table.iloc[0]
    assert (first.jobs, first.seconds, first.cpu_seconds, first.longest_seconds, first.memory_mib) == (
        2,
        6.5,
        8,
        4,
        300,
    )
    assert (
        cli(
            [
                "tabulate_resources",
                "--logs",
                str(tmp_path),
                "--tsv",
                str(tmp_path / "t.tsv"),
                "--html",
                str(tmp_path / "t.html"),
            ]
        )
        == 0
    )
    page = (tmp_path / "t.html").read_text().split("<table")[1]  # before it, how it was made
    assert page.index("draw_rasters") < page.index("index_videos")
    assert "69.1%" in page
    assert "too short to tell" in page


def test_what_is_no_benchmark_is_named_and_left_out(tmp_path, caplog):
    with pytest.raises(UserError, match="no benchmark lies in"):
        read_benchmarks(tmp_path)
    (tmp_path / "odd.jsonl").write_text("{}\n")
    (tmp_path / "empty.jsonl").touch()
    write(tmp_path, find_smiles={})
    assert read_benchmarks(tmp_path)["rule"].tolist() == ["find_smiles"]
    assert "odd.jsonl is no benchmark of Snakemake" in caplog.text
    assert "empty.jsonl is no benchmark of Snakemake" in caplog.text
