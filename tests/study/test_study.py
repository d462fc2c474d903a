"""The user study: blind pairs, answers that are kept, and table 2."""

import re
import sqlite3
import threading

import numpy as np
import pandas as pd
import pytest
import requests
from scipy.stats import binomtest
from serving import serving

from cmm.cli import main as cli
from cmm.core.errors import UserError
from cmm.core.servers import is_loopback
from cmm.core.tables import read_table
from cmm.core.video import probe, read_comment, read_frames
from cmm.generation.generated_file import write_generated
from cmm.sequences.smiles_file import read_smiles
from cmm.study.database import Database, Refused
from cmm.study.prepare_study import Sequence, draw_pairs, read_pairs
from cmm.tables.tabulate_study import section, tabulate


def test_the_pairs_are_the_comparisons_of_the_paper(study):
    pairs = read_pairs(study)
    assert pairs["comparison"].value_counts().to_dict() == dict.fromkeys(
        ("cmm_net / video_gan", "cmm_net / cra_net", "cmm_net / original"), 3
    )
    assert pairs["pair"].is_unique
    assert (pairs["first"] == "cmm_net").all()


def test_at_most_as_many_pairs_as_asked_for(caplog):
    every = {f"s{i}": Sequence(np.zeros((50, 2, 4, 4, 3)), i, slice(None), "posed") for i in range(50)}
    sequences = dict.fromkeys(("original", "cmm_net", "cra_net"), every)
    rows = draw_pairs(sequences, "cmm_net", "tiny", 37, np.random.default_rng(1))
    assert len(rows) == 2 * 37
    assert [row["pair"] for row in rows] == [
        row["pair"] for row in draw_pairs(sequences, "cmm_net", "tiny", 37, np.random.default_rng(1))
    ]
    draw_pairs(sequences, "cmm_net", "tiny", 60, np.random.default_rng(1))
    assert "cmm_net against cra_net: 50 pairs, all there are (60 asked for)" in caplog.text


def test_modes_take_the_conditional_sequences_place(smiles, tmp_path, capsys):
    data = read_smiles(smiles, 1, held_out=True, arrays=("faces",))
    labels = {"smile": data.smile, "subject": data.subject, "expression": data.expression}
    grey = np.stack([np.full_like(data.faces, 60 * i) for i in range(4)], axis=1)  # 0 the conditional, modes 60 to 180
    words = ["prepare_study", "--smiles", smiles, "--generated", tmp_path / "g.h5", "--methods", "cmm_net"]
    words += ["--main-method", "cmm_net", "--folds", 1, "--dataset", "tiny", "--side", 64, "--modes", "true"]

    def prepare(faces, names, out):
        write_generated(tmp_path / "g.h5", [{"faces": faces}], labels | {"modes": names}, {})
        return cli([str(word) for word in [*words, "--out", tmp_path / out]])

    assert prepare(grey, ["conditional", "1", "2", "3"], "study") == 0
    pairs = read_pairs(tmp_path / "study")
    assert pairs["comparison"].value_counts().to_dict() == {"cmm_net / original": 3, "cmm_net, modes / original": 3}
    shown = {}
    for row in pairs.itertuples():
        frame = next(read_frames(tmp_path / "study/videos" / f"{row.first_video}.mp4"))[2]
        shown.setdefault(row.first, []).append(round(frame.mean() / 60))
    assert shown["cmm_net"] == [0, 0, 0]
    assert set(shown["cmm_net, modes"]) <= {1, 2, 3}
    assert prepare(grey[:, :1], ["conditional"], "other") == 1
    assert "study.modes: cmm_net has no modes" in capsys.readouterr().err


def test_videos_do_not_tell_who_made_them(study):
    names = {path.stem for path in (study / "videos").iterdir()}
    pairs = read_pairs(study)
    assert names == {*pairs["first_video"], *pairs["second_video"]}
    assert len(names) == 2 * len(pairs), "a name that comes twice would be CMM-Net's"
    assert all(re.fullmatch("[0-9a-f]{16}", name) for name in names)
    for path in (study / "videos").iterdir():
        assert read_comment(path) == ""
        assert not any(word in path.read_bytes() for word in (b"cmm", b"gan", b"original"))
        assert (probe(path).width, probe(path).frames) == (64, 4)


@pytest.fixture
def database(study, tmp_path):
    return Database(tmp_path / "answers.sqlite", read_pairs(study), seed=1)


def test_a_rater_sees_each_pair_once_and_a_reload_the_same_one(database):
    seen = []
    while (offer := database.offer("anna")) is not None:
        assert database.offer("anna") == offer, "a reload"
        seen.append(offer[0])
        database.answer("anna", offer[0], "left")
    assert sorted(seen) == sorted(database.pairs)
    assert len(database.ratings()) == 9


def test_order_and_sides_differ_between_raters_and_not_between_runs(study, database, tmp_path):
    def offers(base, rater):
        with sqlite3.connect(base.path) as file:
            return file.execute(
                "SELECT pair, swapped FROM offers WHERE rater = ? ORDER BY position", (rater,)
            ).fetchall()

    database.offer("anna")
    database.offer("bert")
    again = Database(tmp_path / "again.sqlite", read_pairs(study), seed=1)
    again.offer("somebody")
    assert offers(database, "anna") != offers(database, "bert")
    assert offers(database, "anna") == offers(again, "somebody")
    assert {swapped for _, swapped in offers(database, "anna")} == {0, 1}


def test_answers_to_what_was_not_offered_are_refused(database):
    pair, _, _ = database.offer("anna")
    other = next(name for name in database.pairs if name != pair)
    for rater, wrong, reason in (("anna", other, "was not offered"), ("anna", "x", "was not offered")):
        with pytest.raises(Refused, match=reason):
            database.answer(rater, wrong, "left")
    with pytest.raises(Refused, match="not offered"):
        database.answer("nobody", pair, "left")
    with pytest.raises(Refused, match="no answer 'both'"):
        database.answer("anna", pair, "both")
    database.answer("anna", pair, "similar")
    with pytest.raises(Refused, match="rated already"):
        database.answer("anna", pair, "left")
    with pytest.raises(Refused, match="not offered"):
        database.answer("anna", other, "left"), "the next one, before it was shown"
    assert database.ratings()["answer"].tolist() == ["similar"]


def test_a_database_of_other_pairs_is_refused(study, database, tmp_path):
    with pytest.raises(UserError, match="holds answers to another set of pairs"):
        Database(database.path, read_pairs(study).iloc[1:])
    (tmp_path / "text").write_text("no database, but long enough to be looked at" * 50)
    with pytest.raises(UserError, match="is no database of a study"):
        Database(tmp_path / "text", read_pairs(study))


def test_videos_that_were_made_anew_are_another_set(study, database):
    """The same pairs under the same names, of other weights."""
    pairs = read_pairs(study)
    pairs.loc[0, "first_sha256"] = "0" * 64
    with pytest.raises(UserError, match="holds answers to another set of pairs"):
        Database(database.path, pairs)


def test_a_database_whose_first_writing_was_killed_is_begun_again(study, tmp_path):
    (tmp_path / "answers.sqlite").touch()
    assert Database(tmp_path / "answers.sqlite", read_pairs(study)).offer("anna") is not None


def rate(session, address, answer, count=None):
    """Rate until the end, or `count` pairs; the pairs that were shown."""
    session.get(address).raise_for_status()
    shown = []
    while not (offer := session.get(f"{address}/next").json())["done"] and len(shown) != count:
        shown.append(offer["pair"])
        answered = session.post(f"{address}/answers", json={"pair": offer["pair"], "answer": answer})
        assert answered.status_code == 204
    return shown


def test_two_raters_at_once_over_http(server):
    shown = {}
    threads = [
        threading.Thread(target=lambda who=who: shown.update({who: rate(requests.Session(), server, who)}))
        for who in ("left", "right")
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert len(shown["left"]) == len(set(shown["left"])) == 9
    assert sorted(shown["left"]) == sorted(shown["right"])
    assert shown["left"] != shown["right"]


def test_the_server_gives_nothing_away_and_takes_nothing_else(server):
    session = requests.Session()
    assert requests.get(f"{server}/next").status_code == 401
    page = session.get(server)
    offer = session.get(f"{server}/next").json()
    assert set(offer) == {"done", "pair", "left", "right", "position", "total"}
    assert not any(word in page.text + str(offer) for word in ("cmm_net", "gan", "original"))
    video = session.get(f"{server}/videos/{offer['left']}.mp4")
    assert video.headers["content-type"] == "video/mp4"
    part = session.get(f"{server}/videos/{offer['left']}.mp4", headers={"Range": "bytes=0-9"})
    assert (part.status_code, len(part.content)) == (206, 10), "browsers ask for parts"
    for path in ("/videos/none.mp4", "/videos/..%2fpairs.parquet.mp4", "/pairs.parquet", "/docs", "/openapi.json"):
        assert session.get(f"{server}{path}").status_code == 404
    wrong = session.post(f"{server}/answers", json={"pair": "x", "answer": "left"})
    assert (wrong.status_code, wrong.json()["detail"]) == (409, "this pair was not offered")
    assert session.post(f"{server}/answers", json={"pair": offer["pair"], "answer": "both"}).status_code == 422
    assert requests.post(f"{server}/answers", json={"pair": offer["pair"], "answer": "left"}).status_code == 401
    assert requests.get(server, headers={"Host": "stranger.example"}).status_code == 400
    cookie = page.headers["set-cookie"]
    assert re.match(r"cmm_rater_[0-9a-f]{12}=", cookie), "studies on other ports keep their own raters"
    assert "SameSite=lax" in cookie, "a link in a mail leads back to one's place"


def test_answers_survive_a_kill_and_are_exported(study, tmp_path):
    answers, session = tmp_path / "answers.sqlite", requests.Session()
    with serving(study, answers) as (address, process):
        first = rate(session, address, "left", 4)
        process.kill()
    with serving(study, answers) as (address, _):
        rest = rate(session, address, "similar")
    assert len(rest) == 5
    assert not set(rest) & set(first)
    words = ["study", "export", "--database", answers, "--out", tmp_path / "ratings.parquet"]
    assert cli([str(word) for word in words]) == 0
    ratings = read_table(tmp_path / "ratings.parquet")
    assert ratings["answer"].tolist() == ["left"] * 4 + ["similar"] * 5
    left = ratings[ratings["answer"] == "left"]
    assert (left["preferred"] == left["left"]).all()
    assert (ratings["preferred"].iloc[4:] == "similar").all()
    files = {name: tmp_path / f"table2.{name}" for name in ("tsv", "markdown", "html")}
    words = ["tabulate_study", "--ratings", tmp_path / "ratings.parquet"]
    assert cli([str(word) for word in [*words, *(w for n, p in files.items() for w in (f"--{n}", p))]]) == 0
    assert "cmm_net / video_gan" in files["markdown"].read_text()


def test_mistakes_are_one_line(study, tmp_path, capsys):
    def error(*words):
        assert cli([str(word) for word in ["study", *words]]) == 1
        return capsys.readouterr().err

    base = ["--study", study, "--database", tmp_path / "a.sqlite"]
    assert "no action 'server': serve, invite or export" in error("server", *base)
    assert "is no study: with several methods" in error("serve", "--study", tmp_path, "--database", "a.sqlite")
    assert "database" in error("export", *base, "--out", tmp_path / "r.parquet")
    assert "--out is missing" in error("export", *base)
    assert "--study is missing" in error("serve", *base[2:])
    with serving(study, tmp_path / "b.sqlite") as (address, _):
        port = address.rpartition(":")[2]
        assert f"cannot listen on 127.0.0.1, port {port}" in error("serve", *base, "--port", port)
    for inside in (study / "answers.sqlite", study / "videos/../answers.sqlite"):
        assert "lies in the study's folder" in error("serve", "--study", study, "--database", inside)
    (tmp_path / "empty.sqlite").touch()
    Database(tmp_path / "new.sqlite", read_pairs(study))
    assert "has no answers yet" in error("export", "--database", tmp_path / "new.sqlite", "--out", "r")
    assert "is no database of a study" in error("export", "--database", tmp_path / "empty.sqlite", "--out", "r")
    assert is_loopback("127.0.0.1")
    assert is_loopback("::1")
    assert not is_loopback("0.0.0.0")


def test_table_2_by_hand():
    """Ten ratings of two pairs by five raters."""
    rows = pd.DataFrame({"pair": ["a"] * 5 + ["b"] * 5, "rater": [*range(5)] * 2})
    rows["preferred"] = ["cmm_net"] * 4 + ["similar"] + ["cmm_net"] * 2 + ["cra_net"] * 3
    rows = rows.assign(dataset="tiny", comparison="cmm_net / cra_net", first="cmm_net", second="cra_net")
    rows = rows.assign(study="s", database="a")
    line = tabulate(rows.assign(expression="posed")).iloc[-1]
    assert (line["first"], line["second"], line["similar"]) == (0.6, 0.3, 0.1)
    assert (line["ratings"], line["raters"], line["pairs"]) == (10, 5, 2)
    assert (line["first_low"], line["first_high"]) == (0, 1), "a rater each of both and of neither: a range"
    many = pd.concat([rows.assign(rater=rows["rater"] + 5 * i) for i in range(8)]).assign(expression="posed")
    found = tabulate(many).iloc[-1]
    assert found["first"] == 0.6
    assert 0.45 < found["first_low"] < 0.55 < 0.65 < found["first_high"] < 0.75, "40 raters, not 80 answers"
    theirs = binomtest(40, 40).proportion_ci(method="wilson")
    sure = tabulate(many.assign(preferred="cmm_net")).iloc[-1]
    assert (sure["first"], sure["first_low"], sure["first_high"]) == (1, theirs.low, theirs.high)
    agree, chance = (6 / 10 + (1 + 3) / 10) / 2, 0.6**2 + 0.3**2 + 0.1**2
    assert line["kappa"] == pytest.approx((agree - chance) / (1 - chance))
    paper = section(tabulate(many.assign(dataset="uva_nemo"))).rows[0]
    assert paper[:3] == ["uva_nemo", "cmm_net / cra_net", "posed"]
    assert [cell.rpartition("(")[2].strip("*") for cell in paper[3:6]] == [
        f"paper: {share}%)" for share in (59.72, 11.94, 28.33)
    ]
    two = pd.concat([rows, rows.assign(database="b")]).assign(expression="posed")
    assert tabulate(two).iloc[-1]["raters"] == 10, "raters are numbered from 0 in every database"
    other = pd.concat([rows, rows.assign(study="t", database="b")]).assign(expression="posed")
    assert tabulate(other).iloc[-1]["pairs"] == 4, "pairs of other weights have the same names"
    assert tabulate(other).iloc[-1]["kappa"] == pytest.approx(line["kappa"])


def test_answers_outlive_the_folder_that_they_are_about(study, tmp_path):
    """The workflow makes a study's folder anew when weights change; what raters have said stays readable."""
    base = Database(tmp_path / "answers.sqlite", read_pairs(study))
    pair, _, _ = base.offer("anna")
    base.answer("anna", pair, "similar")
    words = ["study", "export", "--database", base.path, "--out", tmp_path / "ratings.parquet"]
    assert cli([str(word) for word in words]) == 0
    [row] = read_table(tmp_path / "ratings.parquet").to_dict("records")
    assert (row["pair"], row["preferred"], row["study"]) == (pair, "similar", base.digest[:12])
    assert row["smile"] == read_pairs(study).set_index("pair").loc[pair, "smile"]


def test_an_export_that_comes_twice_is_refused(study, database, tmp_path, capsys):
    pair, _, _ = database.offer("anna")
    database.answer("anna", pair, "left")
    files = []
    for name in ("early", "late"):
        files.append(tmp_path / f"{name}.parquet")
        words = ["study", "export", "--database", database.path, "--out", files[-1]]
        assert cli([str(word) for word in words]) == 0
    words = ["tabulate_study", "--ratings", *files, "--tsv", tmp_path / "t", "--markdown", tmp_path / "m"]
    assert cli([str(word) for word in [*words, "--html", tmp_path / "h"]]) == 1
    assert "an answer comes twice: give each study's last export alone" in capsys.readouterr().err
