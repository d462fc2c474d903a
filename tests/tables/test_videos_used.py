"""How many videos a run used, told at its end."""

import pandas as pd

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
