"""Downloads from a server that drops connections, sends wrong bytes, 404, 429, and stalls; and from mirrors."""

import dataclasses
import hashlib
import re
import signal
import subprocess
import sys
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from waiting import hear_ctrl_c, wait_for

from cmm.core.downloads import RemoteFile, Settings, fetch_all
from cmm.core.errors import UserError
from cmm.core.unpacking import unpack
from cmm.datasets import download_dataset

BYTES = np.random.default_rng(0).bytes(300_000)
DIGEST = hashlib.sha256(BYTES).hexdigest()
QUICK = Settings(backoff=0.01, patience=0.5, retries=2)


class Server(ThreadingHTTPServer):
    """Answers each path by a script: a list of what it does to one request after the other; then it behaves."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.scripts, self.requests, self.release = {}, [], threading.Event()
        self.most, self.now, self.lock = 0, 0, threading.Lock()
        self.daemon_threads = True

    def url(self, name):
        return f"http://127.0.0.1:{self.server_port}/{name}"

    def handle_error(self, request, client_address):
        """A client that hangs up is no news."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        """Nothing on stderr."""

    def do_GET(self):
        server, name = self.server, self.path.strip("/")
        with server.lock:
            server.now += 1
            server.most = max(server.most, server.now)
            script = server.scripts.get(name, [])
            act = script.pop(0) if script else "all"
            server.requests.append((name, self.headers.get("Range"), act))
        try:
            self.answer(act)
        finally:
            with server.lock:
                server.now -= 1

    def answer(self, act):
        if isinstance(act, int):
            self.send_response(act)
            if act == 429:
                self.send_header("Retry-After", "0")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        if act == "stall":
            self.server.release.wait(30)
            self.close_connection = True
            return
        wanted = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range") or "")
        start = int(wanted[1]) if wanted and act != "no ranges" else 0
        body = bytes(len(BYTES)) if act == "wrong" else BYTES + bytes(99) if act == "long" else BYTES
        if start >= len(body):
            self.send_response(416)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        if act in ("short", "shorter"):
            start = 0
        self.send_response(206 if start else 200)
        if act == "other part":
            self.send_header("Content-Range", f"bytes 7-{len(body) - 1}/{len(body)}")
        elif start:
            self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        self.send_header("Content-Length", str(len(body) - start))
        self.end_headers()
        if act == "hang":
            self.wfile.write(body[start : start + 100_000])
            self.server.release.wait(60)
            self.close_connection = True
        elif act in ("drop", "short", "shorter"):
            self.wfile.write(body[start : start + (50_000 if act == "shorter" else 100_000)])
            self.close_connection = True
        else:
            self.wfile.write(body[start:])


@pytest.fixture
def server():
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield server
        server.release.set()
        server.shutdown()


def fetch(server, folder, *names, settings=QUICK):
    items = [RemoteFile(name, server.url(name), DIGEST, len(BYTES)) for name in names]
    return fetch_all(items, "set", folder, settings)


def test_several_files_arrive_whole_and_no_more_than_asked_for_at_a_time(server, tmp_path):
    names = [f"folder/{i}.bin" for i in range(12)]
    assert fetch(server, tmp_path, *names, settings=Settings(connections=3)) == dict.fromkeys(names, DIGEST)
    assert all((tmp_path / name).read_bytes() == BYTES for name in names)
    assert server.most <= 3
    fetch(server, tmp_path, *names)
    assert len(server.requests) == 12, "what is there is not asked for again"


def test_a_dropped_connection_is_resumed_where_it_broke_off(server, tmp_path):
    server.scripts["a"] = ["drop", "drop"]
    fetch(server, tmp_path, "a", settings=Settings(backoff=0.01, retries=0))  # each attempt brings bytes
    assert (tmp_path / "a").read_bytes() == BYTES
    assert [requested for _, requested, _ in server.requests] == [None, "bytes=100000-", "bytes=200000-"]
    assert not list(tmp_path.glob("*.part"))


def test_what_a_killed_run_left_is_used(server, tmp_path):
    (tmp_path / "a.part").write_bytes(BYTES[:250_000])
    fetch(server, tmp_path, "a")
    assert (tmp_path / "a").read_bytes() == BYTES
    assert server.requests == [("a", "bytes=250000-", "all")]


def test_a_killed_download_goes_on_where_it_was(server, tmp_path):
    server.scripts["a"] = ["hang"]
    script = f"""
from pathlib import Path
from cmm.core.downloads import RemoteFile, Settings, fetch_all
fetch_all([RemoteFile("a", {server.url("a")!r}, {DIGEST!r}, {len(BYTES)})], "set", Path({str(tmp_path)!r}), Settings())
"""
    with subprocess.Popen([sys.executable, "-c", script]) as process:
        part = tmp_path / "a.part"
        wait_for(lambda: part.is_file() and part.stat().st_size, "something had come", process)
        process.kill()
    came = part.stat().st_size
    assert 0 < came <= 100_000
    assert not (tmp_path / "a").exists()
    fetch(server, tmp_path, "a")
    assert (tmp_path / "a").read_bytes() == BYTES
    assert server.requests[-1] == ("a", f"bytes={came}-", "all")


def test_ctrl_c_does_not_wait_for_a_server(server, tmp_path):
    server.scripts["a"] = ["stall"]
    script = f"""
from pathlib import Path
from cmm import cli
from cmm.core.downloads import RemoteFile, Settings, fetch_all
items = [RemoteFile("a", {server.url("a")!r}, {DIGEST!r}, {len(BYTES)})]
def run(words):
    try:
        fetch_all(items, "set", Path({str(tmp_path)!r}), Settings(patience=600.0))
    except KeyboardInterrupt:
        return cli.STOPPED
cli.run = run
cli.script()
"""
    with subprocess.Popen([sys.executable, "-c", script], preexec_fn=hear_ctrl_c) as process:
        wait_for(lambda: server.requests, "it had asked", process)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=20) == 130, "the server answers after 30 s at the earliest"


def test_a_server_without_ranges_starts_over(server, tmp_path):
    (tmp_path / "a.part").write_bytes(BYTES[:1000])
    server.scripts["a"] = ["no ranges"]
    fetch(server, tmp_path, "a")
    assert (tmp_path / "a").read_bytes() == BYTES


def test_a_part_that_is_too_long_starts_over(server, tmp_path):
    (tmp_path / "a.part").write_bytes(bytes(400_000))
    fetch(server, tmp_path, "a")
    assert (tmp_path / "a").read_bytes() == BYTES


@pytest.mark.parametrize("script", [["wrong"], [429, 503], ["stall"], ["long"]])
def test_a_passing_failure_is_tried_again(server, tmp_path, script):
    server.scripts["a"] = list(script)
    fetch(server, tmp_path, "a")
    assert (tmp_path / "a").read_bytes() == BYTES


def test_a_server_that_starts_over_and_breaks_off_is_given_up(server, tmp_path):
    server.scripts["a"] = ["short", "shorter"] * 50
    with pytest.raises(UserError, match="3 times in a row"):
        fetch(server, tmp_path, "a")
    assert len(server.requests) <= 5


def test_another_part_than_the_one_asked_for_is_not_used(server, tmp_path):
    (tmp_path / "a.part").write_bytes(BYTES[:1000])
    server.scripts["a"] = ["other part"]
    fetch(server, tmp_path, "a")
    assert (tmp_path / "a").read_bytes() == BYTES


def test_without_a_network_the_first_file_ends_it(server, tmp_path):
    """Nothing listens there: not every file waits for its turn to fail."""
    items = [RemoteFile(f"{i}.bin", f"http://127.0.0.1:9/{i}", DIGEST, len(BYTES)) for i in range(200)]
    with pytest.raises(UserError, match="set: 200 of 200 files could not be fetched"):
        fetch_all(items, "set", tmp_path, QUICK)
    with pytest.raises(UserError, match="cannot be asked for"):
        fetch_all([RemoteFile("a", "htp://nowhere/a", DIGEST, 1)], "set", tmp_path, QUICK)


def test_a_folder_that_cannot_be_written_is_one_line(server, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="cannot write"):
        fetch(server, tmp_path / "file", "a")


def test_a_page_in_place_of_an_archive_is_not_kept(server, tmp_path):
    """No checksum of it is known: a login page of the network would do."""
    with pytest.raises(UserError, match="expected a ZIP archive"):
        fetch_all([RemoteFile("a.zip", server.url("a.zip"), None, None)], "set", tmp_path, QUICK)
    assert list(tmp_path.iterdir()) == []


def test_a_part_of_other_bytes_is_noticed(server, tmp_path):
    (tmp_path / "a.part").write_bytes(bytes(1000))
    fetch(server, tmp_path, "a")
    assert (tmp_path / "a").read_bytes() == BYTES


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ([404], "answers 404"),
        (["wrong"] * 9, "twice the bytes were wrong"),
        (["stall"] * 9, r"broke off \(.*timed out.*3 times in a row"),
        ([429] * 9, "answers 429 Too Many Requests, 3 times in a row"),
    ],
)
def test_a_lasting_failure_is_one_line_and_the_other_files_are_kept(server, tmp_path, script, message):
    server.scripts["bad"] = list(script)
    with pytest.raises(UserError, match=f"set: 1 of 2 files could not be fetched: .*{message}.*Run it again"):
        # One after the other: a host that has sent nothing at all by the time one is given up is given up whole.
        fetch(server, tmp_path, "good", "bad", settings=dataclasses.replace(QUICK, connections=1))
    assert (tmp_path / "good").read_bytes() == BYTES
    assert not (tmp_path / "bad").exists()
    server.scripts["bad"] = []
    fetch(server, tmp_path, "bad", "good")
    assert (tmp_path / "bad").read_bytes() == BYTES


def test_a_file_of_another_checksum_is_neither_used_nor_lost(server, tmp_path):
    (tmp_path / "a").write_text("mine")
    with pytest.raises(UserError, match=r"a has the sha256 .*, expected"):
        fetch(server, tmp_path, "a")
    assert (tmp_path / "a").read_text() == "mine"


def test_a_mirror_is_a_folder_or_a_url(server, tmp_path):
    (tmp_path / "mirror/set/folder").mkdir(parents=True)
    (tmp_path / "mirror/set/folder/a").write_bytes(BYTES)
    nowhere = [RemoteFile("folder/a", "http://192.0.2.1/a", DIGEST, len(BYTES))]
    for number, mirror in enumerate([str(tmp_path / "mirror"), server.url("copy")]):
        folder = tmp_path / str(number)
        fetch_all(nowhere, "set", folder, Settings(mirror=mirror))
        assert (folder / "folder/a").read_bytes() == BYTES
    assert server.requests == [("copy/set/folder/a", None, "all")]
    with pytest.raises(UserError, match="the mirror has no"):
        fetch_all(nowhere, "other", tmp_path / "2", Settings(mirror=str(tmp_path / "mirror")))


def test_a_name_cannot_lead_out_of_the_folder(server, tmp_path):
    with pytest.raises(UserError, match="points outside"):
        fetch(server, tmp_path / "in", "../out")
    assert server.requests == []


def archive(path, members):
    """A ZIP of {name: bytes}; a name that ends in @ becomes a link."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            info = zipfile.ZipInfo(name.removesuffix("@"))
            info.external_attr = (0o120777 if name.endswith("@") else 0o100644) << 16
            file.writestr(info, content)
    return path


CLIP = re.compile(r"^\w+\.mp4$")


def test_the_wanted_files_are_unpacked(tmp_path):
    path = archive(tmp_path / "a.zip", {"Actor_01/one.mp4": b"1", "Actor_01/two.mp4": b"2", "read.me": b"no"})
    assert unpack(path, tmp_path / "out", CLIP) == [tmp_path / "out/one.mp4", tmp_path / "out/two.mp4"]
    assert {p.name: p.read_bytes() for p in (tmp_path / "out").iterdir()} == {"one.mp4": b"1", "two.mp4": b"2"}


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"one.mp4": b"1", "../two.mp4": b"2"}, "leads out"),
        ({"one.mp4": b"1", "/etc/two": b"2"}, "leads out"),
        ({"one.mp4": b"1", "..\\..\\two": b"2"}, "leads out"),
        ({"one.mp4": b"1", "C:\\two": b"2"}, "leads out"),
        ({"one.mp4": b"1", "two.mp4@": b"/etc/passwd"}, "the link"),
        ({"a/one.mp4": b"1", "b/one.mp4": b"2"}, "twice"),
        ({"one.mp4": bytes(2000)}, "would have 2000 bytes"),
        ({f"a{i}.mp4": bytes(900) for i in range(3)}, "would unpack to 2700 bytes"),
        ({"read.me": b"", "./": b""}, "none of the expected files"),
    ],
)
def test_an_archive_that_is_not_as_expected_writes_nothing(tmp_path, members, message):
    path = archive(tmp_path / "a.zip", members)
    with pytest.raises(UserError, match=message):
        unpack(path, tmp_path / "out", CLIP, largest=1000, most=2500)
    assert [p.name for p in tmp_path.rglob("*")] == ["a.zip"]


def test_a_damaged_archive_is_named(tmp_path):
    path = archive(tmp_path / "a.zip", {"one.mp4": bytes(1000)})
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(UserError, match="damaged archive"):
        unpack(path, tmp_path / "out", CLIP)


def test_bad_bytes_in_an_archive_leave_nothing_behind(tmp_path):
    path = archive(tmp_path / "a.zip", {"one.mp4": bytes(1000), "two.mp4": np.random.default_rng(1).bytes(5000)})
    whole = bytearray(path.read_bytes())
    at = whole.rindex(b"two.mp4", 0, len(whole) - 200) + 7
    whole[at + 100 : at + 200] = bytes(100)
    path.write_bytes(whole)
    with pytest.raises(UserError, match="damaged archive"):
        unpack(path, tmp_path / "out", CLIP)
    assert not list((tmp_path / "out").iterdir())


@pytest.fixture
def ravdess(tmp_path, monkeypatch):
    """Function that downloads a small RAVDESS of two archives from a folder."""
    happy = {f"Actor_{i:02d}/02-01-03-01-01-01-{i:02d}.mp4": bytes([i]) for i in (1, 2)}
    (tmp_path / "mirror/ravdess").mkdir(parents=True)
    for number, (name, content) in enumerate(happy.items(), 1):
        others = {name.replace("-03-", "-04-"): b"sad", name.replace("/02-", "/01-"): b"with sound"}
        archive(tmp_path / f"mirror/ravdess/Video_Speech_Actor_{number:02d}.zip", {name: content, **others})
    every = download_dataset.read_items("ravdess")
    monkeypatch.setattr(download_dataset, "read_items", lambda name: every[:2])
    out = tmp_path / "data/SHA256SUMS"

    def run():
        download_dataset.main("ravdess", out, Settings(mirror=str(tmp_path / "mirror")))
        return out

    return run


def test_archives_are_unpacked_and_their_checksums_recorded(ravdess):
    out = ravdess()
    clips = sorted(out.parent.glob("videos/*"))
    assert [path.name for path in clips] == ["02-01-03-01-01-01-01.mp4", "02-01-03-01-01-01-02.mp4"]
    digests = [hashlib.sha256(path.read_bytes()).hexdigest() for path in clips]
    assert out.read_text() == "".join(f"{d}  videos/{p.name}\n" for d, p in zip(digests, clips, strict=True))
    assert not list(out.parent.glob("*.zip"))
    before = [path.stat().st_mtime_ns for path in clips]
    ravdess()
    assert [path.stat().st_mtime_ns for path in clips] == before


def test_an_archive_that_has_changed_since_is_refused(ravdess, tmp_path):
    out = ravdess()
    (out.parent / "videos/02-01-03-01-01-01-01.mp4").unlink()
    archive(tmp_path / "mirror/ravdess/Video_Speech_Actor_01.zip", {"02-01-03-01-01-01-01.mp4": b"other"})
    with pytest.raises(UserError, match="when it was first unpacked"):
        ravdess()


def test_every_open_data_set_names_its_files():
    for name, count in {"london": 204, "crema_d": 1271, "ravdess": 24}.items():
        found = download_dataset.read_items(name)
        assert len(found) == count == len({item.file for item in found})
        assert all(re.fullmatch(r"https://[\w./-]+", item.url) for item in found)
        assert name == "ravdess" or all(re.fullmatch(r"[0-9a-f]{64}", item.sha256) and item.bytes for item in found)
    with pytest.raises(UserError, match="no open data set: choose one of london, crema_d, ravdess"):
        download_dataset.read_items("uva_nemo")


def test_the_london_set_from_a_mirror(shared, tmp_path):
    sums = shared("london/SHA256SUMS")
    download_dataset.main("london", tmp_path / "london/SHA256SUMS", Settings(mirror=str(sums.parents[1])))
    lines = (tmp_path / "london/SHA256SUMS").read_text().splitlines()
    published = sums.read_text().splitlines()
    assert set(lines) == {line for line in published if line.endswith(".jpg")}
    assert Path(tmp_path / "london" / lines[0].split()[1]).is_file()
