"""Join the shards of landmark images and faces: smiles.h5, in the order of smiles.parquet."""

from pathlib import Path
from typing import Annotated

from cmm.core.errors import UserError
from cmm.core.hdf5 import open_h5
from cmm.core.progress import progress
from cmm.core.provenance import provenance
from cmm.core.tables import read_provenance, read_table
from cmm.sequences.smiles_file import KIND, check_smiles, join_smiles


def main(
    smiles: Annotated[Path, "smiles.parquet of the data set"],
    shards: Annotated[list[Path], "HDF5 files of the shards"],
    out: Annotated[Path, "smiles.h5 to write"],
):
    """Gather all shards of one data set."""
    rows = read_table(smiles, ["smile"]).to_dict("records")
    places, shapes, settings = {}, set(), {}
    for path in shards:
        with open_h5(path, KIND, "shard") as reader:
            sizes = check_smiles(reader)
            shapes.add((sizes["t"], sizes["s"]))
            settings = reader.record()["settings"]
            for name in reader.texts("smile"):
                if name in places:
                    raise UserError(f"{path}: sequence {name} is in another shard too")
                places[name] = path
    here = {row["smile"]: i for i, row in enumerate(rows)}
    if set(places) != set(here) or len(shapes) != 1:
        raise UserError(f"the shards are not those of {smiles}: draw them again")

    def sequences():
        for path in shards:  # one after the other: a process may not open thousands of files
            with open_h5(path, KIND, "shard") as reader:
                for there, name in enumerate(reader.texts("smile")):
                    yield reader, there, here[name]

    frames, size = shapes.pop()
    about = provenance(__name__, None, [smiles, *shards], smiles=read_provenance(smiles)) | {"settings": settings}
    join_smiles(out, progress(sequences(), "sequences joined", len(rows)), rows, frames, size, about)
