"""What a method makes of test people under conditions side by side: a line a person, a column a condition."""

from pathlib import Path
from typing import Annotated

from cmm.core.files import atomic, inside
from cmm.core.provenance import provenance
from cmm.generation.conditions_file import read_conditions
from cmm.generation.film_strip import draw_film_strip
from cmm.generation.write_sequence import SAYS_SO


def main(
    conditions: Annotated[Path, "conditions.h5"],
    out: Annotated[Path, "folder of figures to write, one a grid"],
):
    """Draw every grid."""
    grids, people = read_conditions(conditions)
    about = provenance(__name__, None, [conditions], **SAYS_SO)
    with atomic(out) as folder:
        folder.mkdir()
        for name, (heads, pictures) in grids.items():
            title = name.removeprefix("strength_") + ", by strength" * name.startswith("strength_")
            rows = list(zip(people, pictures, strict=True))
            draw_film_strip(inside(folder, f"{name}.png"), rows, about, len(heads), title=title, heads=heads)
