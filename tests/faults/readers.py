"""How each kind of file of ours is read, and something to compare what was read by; run in a worker's process."""

from contextlib import contextmanager
from hashlib import sha256
from types import SimpleNamespace

import numpy as np

from cmm.core.errors import UserError
from cmm.core.tables import by_video, read_provenance, read_table
from cmm.core.weights_file import load_networks
from cmm.faces.trackers import load
from cmm.generation.conditions_file import read_conditions
from cmm.generation.generated_file import read_generated
from cmm.generation.photographs import see
from cmm.methods.bundle_file import opened, read_card
from cmm.networks.image_vae import ImageVAE
from cmm.sequences.smiles_file import read_smiles
from cmm.training.state import State


def of_table(path):
    return read_table(path).to_csv(), by_video(path, ["frame"])("a").to_csv(), read_provenance(path)


def of_arrays(arrays):
    return [None if part is None else (np.shape(part), sha256(repr(np.asarray(part).tolist()).encode()).hexdigest())
            for part in arrays]  # fmt: skip


def of_weights(path):
    networks, about = load_networks(path, landmark_vae=ImageVAE)
    return of_arrays(value.numpy() for value in networks["landmark_vae"].state_dict().values()), about


def of_conditions(path):
    grids, people = read_conditions(path)
    return {name: (heads, of_arrays([pictures])) for name, (heads, pictures) in grids.items()}, people


def of_bundle(path):
    with opened(path) as (method, weights):
        return method, [sha256(file.read_bytes()).hexdigest() for file in weights], read_card(path)


def state_of(folder):
    """The State whose file is `state.pt` in a folder."""
    network = ImageVAE(32, 3)
    return State(SimpleNamespace(state=folder, state_seconds=0), {"vae": network}, {}, "a fingerprint")


def of_state(path):
    state = state_of(path.parent)
    if state.load().epoch == 0:
        raise UserError(f"{path} is discarded, and the training starts anew")
    return of_arrays(value.numpy() for value in state.networks["vae"].state_dict().values())


READERS = {
    "table.parquet": of_table,
    "smiles.h5": lambda path: of_arrays(vars(read_smiles(path)).values()),
    "generated.h5": lambda path: of_arrays(vars(read_generated(path)).values()),
    "conditions.h5": of_conditions,
    "weights.safetensors": of_weights,
    "state.pt": of_state,
    "bundle.cmm": of_bundle,
}


@contextmanager
def reading():
    """For a Worker: what READERS give of a file, or "see" of a photograph: ("right", it) or ("line", the message)."""
    with load("mediapipe") as tracker:

        def read(path, kind, alive):
            return READERS[kind](path) if kind in READERS else len(see(path, tracker).faces)

        yield None, read
