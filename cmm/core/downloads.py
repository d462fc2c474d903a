"""Fetch files over HTTP or from a mirror: several at a time, resumed, retried, checked.

What has come so far lies in `FILE.part`; only a file of the right size and checksum gets
its name. Attempts are counted while nothing comes: a line that breaks off now and then
gets a long file in the end.
"""

import logging
import shutil
import threading
import time
import zipfile
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import requests
import urllib3

from cmm.core.errors import UserError
from cmm.core.files import file_digest, inside
from cmm.core.progress import duration
from cmm.core.settings import setting

log = logging.getLogger("cmm")
BLOCK = 1 << 16
LARGEST = 4 << 30  # bytes of a file whose size is not known beforehand
LONGEST_WAIT = 120.0  # seconds, whatever a server asks for
SECONDS_BETWEEN_LINES = 10
UNUSABLE = (
    requests.exceptions.InvalidURL,
    requests.exceptions.InvalidSchema,
    requests.exceptions.MissingSchema,
    urllib3.exceptions.LocationParseError,
)
GONE = {400, 401, 403, 404, 405, 410, 451}  # asking again will not help


@dataclass(frozen=True)
class Settings:
    mirror: str = setting("", "folder or URL with a folder for each data set, instead of the files' own hosts")
    connections: int = setting(4, "files fetched at the same time", minimum=1, maximum=16)
    retries: int = setting(5, "attempts in a row without a byte before a file is given up", minimum=0)
    patience: float = setting(30.0, "seconds without an answer that fail an attempt", minimum=0.1, maximum=600.0)
    backoff: float = setting(1.0, "seconds before the second attempt; doubled with each", minimum=0.0)
    keep_archives: bool = setting(False, "keep archives once they are unpacked")


@dataclass(frozen=True)
class RemoteFile:
    """One file: its name below the data set's folder, its home, and what is known of it."""

    file: str
    url: str
    sha256: str | None
    bytes: int | None


class TransientError(Exception):
    """A failure that another attempt may not meet; `wait` is what the server asked for, in seconds."""

    def __init__(self, reason, wait=None):
        super().__init__(reason)
        self.wait = wait


class GivenUp(UserError):
    """A file that did not come after all attempts."""


def fetch_all(items, dataset, folder, settings, then=lambda item, digest: {item.file: digest}):
    """Fetch every RemoteFile into `folder`; {file: sha256}, as `then(item, digest)` gives it once a file is there.

    Raises UserError naming what could not be had; the rest is kept. Where nothing at all comes,
    the first file that is given up ends it.
    """
    stop, meter = threading.Event(), Meter(len(items))
    pool = ThreadPoolExecutor(settings.connections)

    def work(item):
        return then(item, _fetch(item, dataset, folder, settings, stop, meter))

    todo = {pool.submit(work, item) for item in items}
    done, digests, failed, patient = 0, {}, [], True
    try:
        while todo and not stop.is_set():
            ready, todo = wait(todo, timeout=SECONDS_BETWEEN_LINES, return_when=FIRST_COMPLETED)
            for future in ready:
                try:
                    digests |= future.result()
                    done += 1
                except UserError as error:
                    failed.append(error)
            if not done and not meter.bytes and any(isinstance(error, GivenUp) for error in failed):
                stop.set()
            meter.report(done)
    except KeyboardInterrupt:
        patient = False  # those that wait for a server would wait on
        raise
    finally:
        stop.set()
        pool.shutdown(wait=patient, cancel_futures=True)
    if failed:
        raise UserError(
            f"{dataset}: {len(items) - done} of {len(items)} files could not be fetched: {failed[0]}."
            " Run it again to go on, put the files there yourself, or set downloads.mirror"
        )
    return digests


class Meter:
    """Counts bytes of all connections, and says now and then how far it is."""

    def __init__(self, files):
        self.files, self.bytes = files, 0
        self.start = self.last = time.monotonic()
        self.lock = threading.Lock()

    def add(self, count):
        with self.lock:
            self.bytes += count

    def report(self, done):
        now = time.monotonic()
        if now - self.last < SECONDS_BETWEEN_LINES and done < self.files:
            return
        self.last, seconds = now, now - self.start
        rate = self.bytes / 1e6 / max(seconds, 1e-3)
        log.info("%d/%d files, %.1f MB in %s, %.1f MB/s", done, self.files, self.bytes / 1e6, duration(seconds), rate)


def _fetch(item, dataset, folder, settings, stop, meter):
    """sha256 of one file, which is there afterwards."""
    path = inside(folder, item.file)
    part = path.with_name(path.name + ".part")
    try:
        if path.is_file():
            digest = file_digest(path)
            if item.sha256 in (None, digest):
                return digest
            expected = f"expected {item.sha256}: remove it or put the right one there"
            raise UserError(f"{path} has the sha256 {digest}, {expected}")
        path.parent.mkdir(parents=True, exist_ok=True)
        return _attempts(item, dataset, path, part, settings, stop, meter)
    except OSError as error:
        raise UserError(f"cannot write {part}: {error.strerror or error}") from error


def _attempts(item, dataset, path, part, settings, stop, meter):
    """Try until the file is there; its sha256. UserError once nothing more comes."""
    failures = wrong = 0
    most = _size(part)
    while True:
        try:
            _get(item, dataset, part, settings, stop, meter)
            digest = file_digest(part)
            if item.sha256 == digest or (item.sha256 is None and zipfile.is_zipfile(part)):
                part.replace(path)
                return digest
            part.unlink()
            wrong += 1
            expected = item.sha256 or "a ZIP archive"
            if wrong > 1:
                raise UserError(f"{item.file}: twice the bytes were wrong: sha256 {digest}, expected {expected}")
            reason = TransientError("the bytes that came are not the expected ones")
        except TransientError as error:
            reason = error
        # A server that starts over each time must come farther than before: else it never ends.
        failures = 0 if _size(part) > most else failures + 1
        most = max(most, _size(part))
        if stop.is_set():
            raise UserError(f"{item.file}: stopped")
        if failures > settings.retries:
            raise GivenUp(f"{item.file}: {reason}, {failures} times in a row")
        pause = reason.wait if reason.wait is not None else settings.backoff * 2 ** max(0, failures - 1)
        log.warning("%s: %s; another attempt in %s", item.file, reason, duration(min(pause, LONGEST_WAIT)))
        stop.wait(min(pause, LONGEST_WAIT))


def _size(path):
    return path.stat().st_size if path.is_file() else 0


def _get(item, dataset, part, settings, stop, meter):
    """Bring `part` up to the whole file; TransientError where it breaks off, UserError where it is not to be had."""
    mirror = settings.mirror.rstrip("/")
    if mirror and "://" not in mirror:
        source = inside(Path(mirror), f"{dataset}/{item.file}")
        if not source.is_file():
            raise UserError(f"the mirror has no {source}")
        shutil.copyfile(source, part)
        meter.add(part.stat().st_size)
        return
    url = f"{mirror}/{dataset}/{quote(item.file)}" if mirror else item.url
    start = _size(part)
    if start and start == item.bytes:
        return
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={start}-"} if start else {})
    try:
        with requests.get(url, headers=headers, stream=True, timeout=settings.patience) as answer:
            _check(answer, url, part)
            came = answer.headers.get("Content-Range", "")
            resumed = answer.status_code == 206 and came.startswith(f"bytes {start}-")
            if answer.status_code == 206 and not resumed:
                part.unlink(missing_ok=True)
                raise TransientError(f"{url} sent another part than the one asked for")
            size = start if resumed else 0
            with open(part, "ab" if resumed else "wb") as file:
                while block := answer.raw.read1(BLOCK):  # what has come, however little: it will not come again
                    size += len(block)
                    if size > (item.bytes or LARGEST):
                        raise TransientError(f"{url} sent more than the {item.bytes or LARGEST} bytes of the file")
                    file.write(block)
                    meter.add(len(block))
                    if stop.is_set():
                        raise TransientError("stopped")
    except UNUSABLE as error:
        raise UserError(f"{url} cannot be asked for: {error}") from error
    except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
        raise TransientError(f"{url} broke off ({_reason(error)})") from error
    if item.bytes and size < item.bytes:
        raise TransientError(f"{url} broke off after {size} of {item.bytes} bytes")


def _check(answer, url, part):
    status = answer.status_code
    if status in GONE:
        raise UserError(f"{url} answers {status} {answer.reason}")
    if status == 416:  # what is here is longer than what is there
        part.unlink(missing_ok=True)
    if status not in (200, 206):
        asked = answer.headers.get("Retry-After", "")
        raise TransientError(f"{url} answers {status} {answer.reason}", float(asked) if asked.isdecimal() else None)


def _reason(error):
    """The innermost cause of a requests exception, as text."""
    while error.__cause__ or error.__context__:
        error = error.__cause__ or error.__context__
    return str(error) or type(error).__name__
