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

from cmm.core.errors import UserError
from cmm.core.files import atomic

FORMAT = "cmm-net 1"


def save_networks(path, networks, about):
    """Write `networks` {name: module} with their architectures and `about` (JSON-able)."""
    tensors = {
        f"{name}/{key}": value.detach().cpu().contiguous()
        for name, network in networks.items()
        for key, value in network.state_dict().items()
    }
    metadata = {
        "format": FORMAT,
        "sha256": _digest(tensors),
        "architecture": json.dumps({name: net.architecture for name, net in networks.items()}),
        "about": json.dumps(about),
    }
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
        if metadata.get("sha256", _digest(tensors)) != _digest(tensors):  # files of version 0.1 have none
            raise UserError(f"{path} is damaged: its weights are not what was written; train it again, or copy it anew")
        networks = {name: _rebuild(kind, name, architecture[name], tensors) for name, kind in wanted.items()}
        return networks, json.loads(metadata["about"])


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
    except (SafetensorError, KeyError, TypeError, ValueError, RuntimeError) as error:
        raise UserError(f"{path} is not a weights file of this project ({str(error).splitlines()[0]})") from error


def _digest(tensors):
    """sha256 of the names and bytes of tensors {name: tensor}."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        digest.update(name.encode())
        digest.update(tensors[name].reshape(-1).view(torch.uint8).numpy())
    return digest.hexdigest()


def _rebuild(kind, name, arguments, tensors):
    with torch.device("meta"):
        network = kind(**arguments)
    prefix = f"{name}/"
    mine = {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}
    network.load_state_dict(mine, assign=True)
    return network.eval()
