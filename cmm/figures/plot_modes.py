"""Figure 6: for each test video of a person the original, the conditional sequence and the K modes."""

from pathlib import Path
from typing import Annotated

import numpy as np

from cmm.core.files import atomic, inside
from cmm.core.provenance import provenance
from cmm.generation.film_strip import Settings, draw_film_strip, strip_rows
from cmm.generation.generated_file import mode_names, read_pair
from cmm.generation.write_sequence import SAYS_SO


def main(
    smiles: Annotated[Path, "smiles.h5"],
    generated: Annotated[Path, "generated.h5"],
    fold: Annotated[int, "the test fold"],
    out: Annotated[Path, "folder of film strips to write, one a person"],
    settings: Settings,
):
    """Draw a strip of every person."""
    made, data = read_pair(generated, smiles, fold, ("faces",))
    about = provenance(__name__, settings, [smiles, generated], fold=fold, **SAYS_SO)
    with atomic(out) as folder:
        folder.mkdir()
        for subject in sorted(set(made.subject)):
            rows = []
            for i in np.flatnonzero(made.subject == subject):
                original, *names = (f"{made.expression[i]}\n{name}" for name in ("original", *mode_names(made.modes)))
                rows.append((original, data.faces[i]))
                rows += strip_rows(names, None if made.landmarks is None else made.landmarks[i], made.faces[i])
            path = inside(folder, f"{subject}.png")
            draw_film_strip(path, rows, about, settings.columns, title=f"person {subject}")
