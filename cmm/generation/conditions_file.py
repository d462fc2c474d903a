"""conditions.h5: grids of pictures, a line a person, a column a condition.

grids/NAME (p, m, s, s, 3) uint8 RGB; heads/NAME (m) str what each column was told; people (p) str
"""

from cmm.core.hdf5 import check_layout, check_written, open_h5, read_texts, write_array, write_h5, write_texts

KIND = "cmm conditions"
PEOPLE, GRIDS, HEADS = "people", "grids", "heads"


def write_conditions(path, grids, people, provenance):
    """Write {name: (heads, pictures)} of `people`, complete or not at all."""
    with write_h5(path, KIND, provenance) as file:
        write_texts(file, PEOPLE, people)
        for name, (heads, pictures) in grids.items():
            write_array(file, f"{GRIDS}/{name}", pictures)
            write_texts(file, f"{HEADS}/{name}", heads)


def read_conditions(path):
    """({name: (heads, pictures)}, people) of conditions.h5; UserError if it is none."""
    with open_h5(path, KIND, "conditions.h5") as file:
        grids = {}
        for name in file[GRIDS]:
            grid, heads = f"{GRIDS}/{name}", f"{HEADS}/{name}"
            check_layout(file, {PEOPLE: ("text", "p"), grid: ("uint8", "p m s s 3"), heads: ("text", "m")})
            check_written(file, [grid])
            grids[name] = list(read_texts(file, heads)), file[grid][:]
        return grids, list(read_texts(file, PEOPLE))
