"""Join the shards of landmark images and faces: smiles.h5, in the order of smiles.parquet."""

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

from cmm.core.errors import UserError
from cmm.core.hdf5 import open_h5
from cmm.core.progress import progress
from cmm.core.provenance import provenance
from cmm.core.tables import read_provenance, read_table
from cmm.sequences.smiles_file import ARRAYS, KIND, check_smiles, write_smiles


def main(
    smiles: Annotated[Path, "smiles.parquet of the data set"],
    shards: Annotated[list[Path], "HDF5 files of the shards"],
    out: Annotated[Path, "smiles.h5 to write"],
):
    """Gather all shards of one data set."""
    rows = read_table(smiles, ["smile"]).to_dict("records")
    places, shapes, settings = {}, set(), {}
    with ExitStack() as stack:
        for path in shards:
            reader = stack.enter_context(open_h5(path, KIND, "shard"))
            sizes = check_smiles(reader)
            shapes.add((sizes["t"], sizes["s"]))
            settings = reader.record()["settings"]
            for i, name in enumerate(reader.texts("smile")):
                if name in places:
                    raise UserError(f"{path}: sequence {name} is in another shard too")
                places[name] = reader, i
        if set(places) != {row["smile"] for row in rows} or len(shapes) != 1:
            raise UserError(f"the shards are not those of {smiles}: draw them again")
        sequences = (read_sequence(*places[row["smile"]]) for row in progress(rows, "sequences joined"))
        frames, size = shapes.pop()
        about = provenance(__name__, None, [smiles, *shards], smiles=read_provenance(smiles)) | {"settings": settings}
        write_smiles(out, sequences, rows, frames, size, about)


def read_sequence(reader, i):
    """{array: values} of entry `i` of one shard."""
    return {name: reader.array(name, i) for name in ARRAYS}
