"""Figure 5: landmark sequences for two expressions, generated from the same face.

A method without landmark images shows its faces alone; one that has learned one expression
alone shows that.
"""

from pathlib import Path
from typing import Annotated

from cmm.core.files import atomic, inside
from cmm.core.provenance import provenance
from cmm.generation.film_strip import Settings, draw_film_strip, strip_rows
from cmm.generation.generated_file import read_generated
from cmm.generation.write_sequence import SAYS_SO


def main(
    generated: Annotated[Path, "generated.h5"],
    out: Annotated[Path, "folder of film strips to write, one a person"],
    settings: Settings,
):
    """Draw a strip of every person."""
    made = read_generated(generated)
    about = provenance(__name__, settings, [generated], **SAYS_SO)
    with atomic(out) as folder:
        folder.mkdir()
        for subject in sorted(set(made.subject)):
            i = list(made.subject).index(subject)
            rows = person_rows(made, i)
            title = f"person {subject}: expressions from one face"
            draw_film_strip(inside(folder, f"{subject}.png"), rows, about, settings.columns, title=title)


def person_rows(made, i):
    """Rows of test video i: the conditional sequences of its own expression and of the other, by their names."""
    drawn = made.landmarks is not None
    sequences = [(str(made.expression[i]), made.landmarks[i, 0] if drawn else None, made.faces[i, 0])]
    if made.contrast_faces is not None:
        landmarks = made.contrast_landmarks[i] if drawn else None
        sequences.append((str(made.contrast_expression[i]), landmarks, made.contrast_faces[i]))
    names, landmarks, faces = zip(*sorted(sequences, key=lambda sequence: sequence[0]), strict=True)
    return strip_rows(names, landmarks if drawn else None, faces)
