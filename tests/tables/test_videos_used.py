"""How many videos a run used, told at its end."""

import pandas as pd

from cmm.core.tables import write_table
from cmm.tables import tabulate_videos
from cmm.tables.tabulate_videos import COLUMNS
from cmm.tables.videos_used import summary

HEAD = dict.fromkeys(COLUMNS, "")


def test_a_line_a_data_set_with_what_was_not_used_and_why(tmp_path):
    rows = [
        HEAD | {"dataset": "a", "status": "ok", "videos": 3, "sequences": 4},
        HEAD | {"dataset": "a", "status": "ok", "reason": "no smile", "videos": 2, "sequences": 0},
        HEAD | {"dataset": "a", "status": "unreadable", "reason": "damaged", "videos": 1, "sequences": 0},
        HEAD | {"dataset": "b", "status": "ok", "videos": 1, "sequences": 1},
    ]
    rows += [HEAD | {"dataset": "c", "status": f"s{i}", "videos": 1, "sequences": 0} for i in range(7)]
    pd.DataFrame(rows)[COLUMNS].to_csv(tmp_path / "videos.tsv", sep="\t", index=False)
    assert summary(tmp_path / "videos.tsv") == [
        "a: 3 of 6 videos used, 4 sequences; not used: 2 no smile, 1 unreadable (damaged)",
        "b: 1 of 1 videos used, 1 sequences",
        "c: 0 of 7 videos used, 0 sequences; not used: 1 s0, 1 s1, 1 s2, 1 s3, 1 s4,"
        " and 2 other reasons (results/tables/videos.html)",
    ]
    assert summary(tmp_path / "none.tsv") == []


def test_the_page_lists_what_was_not_used_and_why(tmp_path, monkeypatch):
    videos = pd.DataFrame({"video": ["good", "still", "broken", "other"]})
    videos = videos.assign(dataset="a", subject="p", expression="posed", fold=1, status="ok", reason=None)
    videos.loc[2, ["status", "reason"]] = ["unreadable", "damaged after frame 3"]
    write_table(videos, tmp_path / "v.parquet", {})
    write_table(pd.DataFrame({"video": ["good", "good", "other"]}), tmp_path / "s.parquet", {})

    def page():
        files = tmp_path / "videos.tsv", tmp_path / "videos.html"
        tabulate_videos.main([tmp_path / "v.parquet"], [tmp_path / "s.parquet"], *files)
        return files[1].read_text()

    assert "<td>still</td><td>p</td><td>ok</td><td>no neutral-to-smile phase found</td>" in page()
    assert "<td>broken</td><td>p</td><td>unreadable</td><td>damaged after frame 3</td>" in page()
    assert "<td>good</td>" not in page()
    monkeypatch.setattr(tabulate_videos, "MOST", 1)
    assert "The first 1 of 2" in page()
    assert "<td>broken</td>" not in page()
