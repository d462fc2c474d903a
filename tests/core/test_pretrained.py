import hashlib
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from cmm.core.errors import UserError
from cmm.core.pretrained import WeightsFile, find_weights

CONTENT = b"weights"
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@pytest.fixture
def url(tmp_path):
    folder = tmp_path / "served"
    folder.mkdir()
    (folder / "a.bin").write_bytes(CONTENT)
    (folder / "wrong.bin").write_bytes(b"other")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("CMM_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_the_packaged_tracker_is_found_and_right(cache):
    assert find_weights("face_landmarker").name == "face_landmarker.task"


def test_download_into_the_cache_then_from_there(cache, url):
    files = {"a": WeightsFile("a.bin", SHA256, f"{url}/a.bin")}
    assert find_weights("a", files) == cache / "a.bin"
    gone = {"a": WeightsFile("a.bin", SHA256, f"{url}/gone.bin")}
    assert find_weights("a", gone).read_bytes() == CONTENT


def test_wrong_checksum_is_refused_everywhere(cache, url):
    with pytest.raises(UserError, match=r"wrong\.bin sent a file of the wrong sha256"):
        find_weights("a", {"a": WeightsFile("a.bin", SHA256, f"{url}/wrong.bin")})
    assert not (cache / "a.bin").exists()
    cache.mkdir(exist_ok=True)
    (cache / "a.bin").write_bytes(b"other")
    with pytest.raises(UserError, match=r"a\.bin has the wrong sha256"):
        find_weights("a", {"a": WeightsFile("a.bin", SHA256, f"{url}/a.bin")})


def test_the_error_says_which_file_from_where_into_which_folder(cache, url):
    with pytest.raises(UserError) as error:
        find_weights("a", {"a": WeightsFile("a.bin", SHA256, f"{url}/gone.bin")})
    assert all(words in str(error.value) for words in ("a.bin", f"{url}/gone.bin", str(cache)))
