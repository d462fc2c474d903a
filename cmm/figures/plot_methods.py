"""Figure 7: the methods side by side: for each test video the original and every method's conditional sequence."""

from pathlib import Path
from typing import Annotated

from cmm.core.errors import UserError
from cmm.core.files import atomic, inside
from cmm.core.provenance import provenance
from cmm.evaluation.summary import in_order, title_of_method
from cmm.generation.film_strip import Settings, draw_film_strip
from cmm.generation.generated_file import read_pair
from cmm.generation.write_sequence import SAYS_SO


def main(
    smiles: Annotated[Path, "smiles.h5"],
    generated: Annotated[list[Path], "generated.h5 of each method"],
    methods: Annotated[list[str], "their names, in the same order"],
    fold: Annotated[int, "the test fold"],
    out: Annotated[Path, "folder of film strips to write, one a test video"],
    settings: Settings,
):
    """Draw a strip of every test video."""
    if len(generated) != len(methods):
        raise UserError(f"--methods names {len(methods)} methods, --generated {len(generated)} files: give one each")
    made = {name: read_pair(path, smiles, fold, ("faces",)) for name, path in zip(methods, generated, strict=True)}
    about = provenance(__name__, settings, [smiles, *generated], fold=fold, **SAYS_SO)
    data = next(iter(made.values()))[1]
    with atomic(out) as folder:
        folder.mkdir()
        for i, smile in enumerate(data.smile):
            rows = [("original", data.faces[i])]
            rows += [(title_of_method(name), made[name][0].faces[i, 0]) for name in in_order(made)]
            title = f"{smile}, person {data.subject[i]}, {data.expression[i]}"
            draw_film_strip(inside(folder, f"{smile}.png"), rows, about, settings.columns, title=title)
