"""Weights files: safetensors whose metadata rebuilds the networks. Never a pickle.

One file holds all networks of a stage by name; tensors are called `network/parameter`.
"""

import hashlib
import json
from contextlib import contextmanager
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from cmm.core.errors import UserError, reason
from cmm.core.files import atomic
from cmm.core.settings import LARGEST

FORMAT = "cmm-net 1"


def save_networks(path, networks, about):
    """Write `networks` {name: module} with their architectures and `about` (JSON-able).

    ValueError for an architecture that `load_networks` would refuse.
    """
    for network in networks.values():
        _check_architecture(network.architecture, about)
    tensors = {
        f"{name}/{key}": value.detach().cpu().contiguous()
        for name, network in networks.items()
        for key, value in network.state_dict().items()
    }
    metadata = {
        "format": FORMAT,
        "architecture": json.dumps({name: net.architecture for name, net in networks.items()}),
        "about": json.dumps(about),
    }
    metadata["checksum"] = _digest(tensors, metadata)
    with atomic(path) as partial:
        partial.write_bytes(save(tensors, metadata))


def load_networks(path, **wanted):
    """(networks {name: module in evaluation mode}, about) of a weights file.

    `wanted` gives the class of each name; what is not asked for is not rebuilt. Raises
    UserError if the file is missing, not ours, or lacks one of the names.
    """
    with _opened(path) as (file, metadata):
        architecture = json.loads(metadata["architecture"])
        missing = set(wanted) - set(architecture)
        if missing:
            raise UserError(f"{path} has no {', '.join(sorted(missing))}: it holds {', '.join(architecture)}")
        tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 - no mapping
        if metadata.get("checksum", found := _digest(tensors, metadata)) != found:  # files of version 0.1 have none
            raise UserError(f"{path} is damaged: its weights are not what was written; train it again, or copy it anew")
        about = json.loads(metadata["about"])
        networks = {}
        for name, kind in wanted.items():
            _check_architecture(architecture[name], about)
            networks[name] = _rebuild(kind, name, architecture[name], tensors)
        return networks, about


def about_of(path):
    """The record of a weights file; UserError as `load_networks`."""
    with _opened(path) as (_, metadata):
        return json.loads(metadata["about"])


def names_of(path):
    """Names of the networks in a weights file; UserError as `load_networks`."""
    with _opened(path) as (_, metadata):
        return list(json.loads(metadata["architecture"]))


@contextmanager
def _opened(path):
    """(open file, its metadata) of a weights file of ours, whatever is wrong with it a UserError."""
    path = Path(path)
    if not path.is_file():
        raise UserError(f"weights {path} do not exist: train that stage, or name another folder")
    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
            if metadata.get("format") != FORMAT:
                raise UserError(f"{path} is a safetensors file, but not of this project")
            yield file, metadata
    except (SafetensorError, AttributeError, KeyError, TypeError, ValueError, RuntimeError) as error:
        raise UserError(f"{path} is not a weights file of this project ({reason(error)})") from error


def _check_architecture(sizes, about):
    """ValueError for an architecture from which nothing is to be built, and for one that does not fit the record."""
    for key, value in sizes.items():
        parts = value if isinstance(value, list) else [value]
        if len(parts) > LARGEST or not all(isinstance(part, int) and 0 <= part <= LARGEST for part in parts):
            raise ValueError(f"{key} is {str(value)[:40]}")
    expressions = about.get("expressions", [])
    if not all(isinstance(name, str) and name for name in expressions):
        raise ValueError(f"its expressions are {str(expressions)[:40]}")
    for key in sizes.keys() & {"labels", "expressions"} if "expressions" in about else ():
        if sizes[key] != len(expressions):
            raise ValueError(f"{key} is {sizes[key]}, and there are {len(expressions)} expressions")
    for key in sizes.keys() & {"frames", "image_size", "codes"}:
        if sizes[key] < 1:
            raise ValueError(f"{key} is {sizes[key]}")


def _digest(tensors, metadata):
    """sha256 of tensors {name: tensor}, names and bytes, and of what the metadata say."""
    digest = hashlib.sha256("\0".join(metadata[key] for key in ("format", "architecture", "about")).encode())
    for name in sorted(tensors):
        digest.update(name.encode())
        digest.update(tensors[name].reshape(-1).view(torch.uint8).numpy())
    return digest.hexdigest()


def _rebuild(kind, name, arguments, tensors):
    with torch.device("meta"):
        network = kind(**arguments)
    prefix = f"{name}/"
    mine = {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}
    for key, value in network.state_dict().items():
        if key in mine and mine[key].dtype != value.dtype:
            raise ValueError(f"{key} is {mine[key].dtype}, not {value.dtype}")
    network.load_state_dict(mine, assign=True)
    return network.eval()
