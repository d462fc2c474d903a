"""conditions.h5: grids of pictures, a line a person, a column a condition.

grids/NAME (p, m, s, s, 3) uint8 RGB; heads/NAME (m) str what each column was told; people (p) str
"""

from cmm.core.hdf5 import open_h5, write_h5

KIND = "cmm conditions"
PEOPLE, GRIDS, HEADS = "people", "grids", "heads"


def write_conditions(path, grids, people, provenance):
    """Write {name: (heads, pictures)} of `people`, complete or not at all."""
    with write_h5(path, KIND, provenance) as writer:
        writer.texts(PEOPLE, people)
        for name, (heads, pictures) in grids.items():
            writer.array(f"{GRIDS}/{name}", pictures)
            writer.texts(f"{HEADS}/{name}", heads)


def read_conditions(path):
    """({name: (heads, pictures)}, people) of conditions.h5; UserError if it is none."""
    with open_h5(path, KIND, "conditions.h5") as reader:
        grids = {}
        for name in reader.names(GRIDS):
            grid, heads = f"{GRIDS}/{name}", f"{HEADS}/{name}"
            reader.layout({PEOPLE: ("text", "p"), grid: ("uint8", "p m s s 3"), heads: ("text", "m")})
            reader.written([PEOPLE, grid, heads])
            grids[name] = list(reader.texts(heads)), reader.array(grid)
        return grids, list(reader.texts(PEOPLE))
