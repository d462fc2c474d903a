"""conditions.h5: grids of pictures, a line a person, a column a condition.

grids/NAME (p, m, s, s, 3) uint8 RGB, attribute `heads` (m) what each column was told; `people` (p) str
"""

import json

import h5py

from cmm.core.files import atomic
from cmm.sequences.smiles_file import open_h5

KIND = "cmm conditions"
PEOPLE, GRIDS = "people", "grids"


def write_conditions(path, grids, people, provenance):
    """Write {name: (heads, pictures)} of `people`, complete or not at all."""
    with atomic(path) as partial, h5py.File(partial, "w") as file:
        file.attrs.update(kind=KIND, provenance=json.dumps(provenance))
        file.create_dataset(PEOPLE, data=list(people), dtype=h5py.string_dtype())
        for name, (heads, pictures) in grids.items():
            file.create_dataset(f"{GRIDS}/{name}", data=pictures, compression="gzip").attrs["heads"] = heads


def read_conditions(path):
    """({name: (heads, pictures)}, people) of conditions.h5; UserError if it is none."""
    with open_h5(path, KIND, "conditions.h5") as file:
        grids = {name: (list(grid.attrs["heads"]), grid[:]) for name, grid in file[GRIDS].items()}
        return grids, list(file[PEOPLE].asstr()[:])
