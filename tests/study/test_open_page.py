"""The study's page in the open: what strangers send is refused in a line, and no answer is lost."""

import json
import sqlite3
import threading

import psutil
import pytest
import requests
from serving import serving

from cmm.cli import main as cli
from cmm.study.database import Database
from cmm.study.prepare_study import read_pairs
from cmm.study.raters import NotInvited, Raters, TooMany


def begun(server):
    """(session, the first pair that it is offered)."""
    session = requests.Session()
    session.get(server).raise_for_status()
    return session, session.get(f"{server}/next").json()["pair"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 422),
        (b"{", 422),
        (b"[1]", 422),
        (b'{"pair": NaN, "answer": Infinity}', 422),
        (b'{"pair": "\\ud800", "answer": "left"}', 409),
        (b'{"pair": "x", "answer": "\\ud800"}', 422),
        (b'{"pair": "x\\u0000", "answer": "left"}', 409),
        (b"\xff\xfe", 422),
        (b"[" * 4000, (400, 422)),
        (b" " * 5000, 413),
        (iter([b" " * 4000] * 3), 413),
    ],
)
def test_no_body_is_more_than_a_line(server, body, status):
    session, pair = begun(server)
    answer = session.post(f"{server}/answers", data=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in (status if isinstance(status, tuple) else (status,))
    assert len(answer.json()["detail"]) < 100
    assert session.get(f"{server}/next").json()["pair"] == pair


def test_other_pages_and_made_up_raters_are_refused(server):
    session, pair = begun(server)
    answer = {"pair": pair, "answer": "left"}
    foreign = session.post(f"{server}/answers", json=answer, headers={"Origin": "https://stranger.example"})
    assert (foreign.status_code, foreign.json()["detail"]) == (403, "asked for by another page")
    name, token = next(iter(session.cookies.items()))
    for made_up in ("a" * 16, f"{'a' * 16}.{'0' * 16}", token[:-1] + ("0" if token[-1] != "0" else "1"), "", "é"):
        got = requests.get(f"{server}/next", headers={"Cookie": f"{name}={made_up}".encode()})
        assert got.status_code == 401
    assert session.post(f"{server}/answers", json=answer, headers={"Origin": server}).status_code == 204


def test_a_locked_file_or_a_video_that_is_gone_is_said_and_nothing_is_lost(study, tmp_path):
    answers = tmp_path / "answers.sqlite"
    with serving(study, answers) as (server, _):
        session, pair = begun(server)
        with sqlite3.connect(answers, isolation_level=None) as other:
            other.execute("BEGIN EXCLUSIVE")
            busy = session.post(f"{server}/answers", json={"pair": pair, "answer": "left"})
            assert (busy.status_code, busy.headers["Retry-After"]) == (503, "2")
            other.execute("ROLLBACK")
        assert session.post(f"{server}/answers", json={"pair": pair, "answer": "left"}).status_code == 204
        offer = session.get(f"{server}/next").json()
        video = study / "videos" / f"{offer['left']}.mp4"
        data = video.read_bytes()
        video.unlink()
        try:
            gone = session.get(f"{server}/videos/{offer['left']}.mp4")
            assert (gone.status_code, "is gone" in gone.json()["detail"]) == (404, True)
        finally:
            video.write_bytes(data)
    assert len(Database(answers).ratings()) == 1


@pytest.fixture
def database(study, tmp_path):
    return Database(tmp_path / "answers.sqlite", read_pairs(study))


def test_raters_come_at_a_limited_pace_and_to_a_limited_number(database):
    raters = Raters(database, most=2, most_new=3)
    tokens = [raters.token() for _ in range(6)]
    assert all(map(raters.known, tokens))
    for token in (*tokens[:3], tokens[0]):
        assert database.offer(token, raters.admit)
    with pytest.raises(TooMany, match="wait a minute"):
        database.offer(tokens[3], raters.admit)
    assert not database.has_rater(tokens[3])
    raters.new.clear()
    database.offer(tokens[3], raters.admit)
    for token in tokens[:2]:  # who has not answered takes nobody's place
        database.answer(token, database.offer(token)[0], "left")
    with pytest.raises(TooMany, match="as many raters as it takes"):
        database.offer(tokens[4], raters.admit)
    assert database.offer(tokens[0], raters.admit), "who is in stays in"


def test_raters_of_a_file_of_before_are_still_known(database):
    database.offer("a" * 22)
    with sqlite3.connect(database.path) as file:
        file.execute("DROP TABLE key")
        file.execute("DROP TABLE invitations")
    again = Raters(Database(database.path), 10, 10)
    assert again.known("a" * 22)
    assert not again.known("b" * 22)


def test_invitations_alone_let_raters_in(study, tmp_path, capsys):
    files = ["--study", study, "--database", tmp_path / "answers.sqlite"]
    words = ["study", "invite", *files, "--count", 2, "--url", "https://study.example.org/"]
    assert cli([str(word) for word in words]) == 0
    links = capsys.readouterr().out.split()
    assert [link.partition("?invitation=")[0] for link in links] == ["https://study.example.org/"] * 2
    with serving(study, tmp_path / "answers.sqlite", "--url", "http://study.example.org") as (server, _):
        stranger, guest = requests.Session(), requests.Session()
        stranger.get(server)
        assert stranger.get(f"{server}/next").status_code == 403
        assert stranger.get(f"{server}/?invitation={'x' * 22}").status_code == 200
        assert "invited" in stranger.get(f"{server}/next").json()["detail"]
        guest.get(f"{server}/?{links[0].partition('?')[2]}")
        assert not guest.get(f"{server}/next").json()["done"]
        assert requests.get(server, headers={"Host": "study.example.org"}).status_code == 200, "through a proxy"
        assert requests.get(server, headers={"Host": "stranger.example"}).status_code == 400
    raters = Raters(Database(tmp_path / "answers.sqlite"), 10, 10)
    with pytest.raises(NotInvited, match="open the link"):
        raters.database.offer(raters.token(), raters.admit)
    words = ["study", "serve", *files, "--url", "study.example.org/path"]
    assert cli([str(word) for word in words]) == 1
    assert "an address is like https://study.example.org" in capsys.readouterr().err


def test_of_many_raters_at_once_no_acknowledged_answer_is_lost_in_kills(study, tmp_path, request):
    """Of 12 raters and two kills; with `--faults 100`, of 50 and five: 2,000 requests, as the page sends them."""
    raters, kills = (50, 5) if request.config.getoption("--faults") >= 100 else (12, 2)
    requests_sent, most_memory = [], []
    answers, said, lock = tmp_path / "answers.sqlite", [], threading.Lock()

    def rate(server, cookies):
        session = requests.Session()
        session.cookies.update(cookies)

        def get(path):
            requests_sent.append(path)
            return session.get(f"{server}{path}", timeout=20)

        try:
            get("/")
            while not (offer := get("/next").json()).get("done"):
                if "pair" not in offer:  # the file is locked just now
                    continue
                assert all(get(f"/videos/{offer[side]}.mp4").content for side in ("left", "right"))
                body = {"pair": offer["pair"], "answer": "left"}
                requests_sent.append("/answers")
                if session.post(f"{server}/answers", json=body, timeout=20).status_code == 204:
                    with lock:
                        said.append((json.dumps(session.cookies.get_dict()), offer["pair"]))
        except requests.RequestException:
            pass  # the server was killed
        return session.cookies.get_dict()

    sessions = [{} for _ in range(raters)]
    for number in range(kills + 1):
        with serving(study, answers, "--most-new", 1000) as (server, process):
            threads = [
                threading.Thread(target=lambda i=i, server=server: sessions.__setitem__(i, rate(server, sessions[i])))
                for i in range(len(sessions))
            ]
            before = len(said)
            for thread in threads:
                thread.start()
            while number < kills and len(said) < before + 20 and any(thread.is_alive() for thread in threads):
                threads[0].join(0.01)
            most_memory.append(psutil.Process(process.pid).memory_info().rss)
            if number < kills:
                process.kill()
            for thread in threads:
                thread.join(120)
            if number == kills:
                most_memory.append(psutil.Process(process.pid).memory_info().rss)
    ratings = Database(answers).ratings()
    assert len(said) == len(set(said)), "nobody rates a pair twice"
    assert len(ratings) >= len(said)
    assert len(ratings) == raters * 9
    assert max(most_memory) < 300 * 2**20
    print(f"{len(requests_sent)} requests, at most {max(most_memory) / 2**20:.0f} MiB")
