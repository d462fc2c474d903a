"""Figure 5: landmark sequences for both expressions, generated from the same face.

A method without landmark images shows its faces alone; one that has not learned both
expressions shows what it has.
"""

from pathlib import Path
from typing import Annotated

from cmm.core.files import atomic, inside
from cmm.core.provenance import provenance
from cmm.datasets import EXPRESSIONS
from cmm.generation.film_strip import Settings, draw_film_strip, strip_rows
from cmm.generation.generated_file import read_generated


def main(
    generated: Annotated[Path, "generated.h5"],
    out: Annotated[Path, "folder of film strips to write, one a person"],
    settings: Settings,
):
    """Draw a strip of every person."""
    made = read_generated(generated)
    about = provenance(__name__, settings, [generated])
    with atomic(out) as folder:
        folder.mkdir()
        for subject in sorted(set(made.subject)):
            i = list(made.subject).index(subject)
            rows = person_rows(made, i)
            title = f"person {subject}: both expressions from one face"
            draw_film_strip(inside(folder, f"{subject}.png"), rows, about, settings.columns, title=title)


def person_rows(made, i):
    """Rows of test video i: its own expression's conditional sequence and the other's, in the order of EXPRESSIONS."""
    own = str(made.expression[i])
    faces, landmarks = {own: made.faces[i, 0]}, {}
    if made.landmarks is not None:
        landmarks[own] = made.landmarks[i, 0]
    other = next(name for name in EXPRESSIONS if name != own)
    if made.contrast_faces is not None:
        faces[other] = made.contrast_faces[i]
    if made.contrast_landmarks is not None:
        landmarks[other] = made.contrast_landmarks[i]
    names = [name for name in EXPRESSIONS if name in faces]
    return strip_rows(names, [landmarks[n] for n in names] if landmarks else None, [faces[n] for n in names])
