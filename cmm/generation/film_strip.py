"""Film strips: one row a sequence, some frames of each, labelled. Figures 5, 6 and 7 are such."""

from dataclasses import dataclass
from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from cmm.core.pictures import resized
from cmm.core.settings import setting
from cmm.generation.write_sequence import write_png

SIDE = 104  # of one picture [px]; what follows are shares of it
GAP, LETTERS, TITLE = 0.03, 0.12, 0.14
FONT = Path(matplotlib.get_data_path()) / "fonts/ttf/DejaVuSans.ttf"


@dataclass(frozen=True)
class Settings:
    columns: int = setting(8, "frames of a film strip", minimum=2)


def draw_film_strip(path, rows, about, columns=8, title=None, heads=(), side=SIDE):
    """Write a PNG of `rows`, a list of (label, frames (t, s, s[, 3]) uint8).

    `columns` frames of each, `side` pixels large, evenly spaced from the first to the last, `heads` over them; `about`
    is its provenance.
    """
    gap, letters, capitals = (round(share * side) for share in (GAP, LETTERS, TITLE))
    small, large = (ImageFont.truetype(FONT, height) for height in (letters, capitals))
    left = 4 * gap + round(max(small.getlength(line) for label, _ in rows for line in label.split("\n")))
    top = gap + 2 * capitals * bool(title) + 2 * letters * bool(heads)
    size = left + columns * (side + gap), top + len(rows) * (side + gap)
    sheet = Image.new("RGB", size, "white")
    drawing = ImageDraw.Draw(sheet)
    for row, (label, frames) in enumerate(rows):
        y = top + row * (side + gap)
        drawing.text((left - 2 * gap, y + side / 2), label, "black", small, "rm", align="right")
        for column, picture in enumerate(resized(frames[_spread(len(frames), columns)], side)):
            sheet.paste(Image.fromarray(picture), (left + column * (side + gap), y))
    for column, text in enumerate(heads):
        drawing.text((left + column * (side + gap) + side / 2, top - gap), text, "black", small, "md")
    if title:
        drawing.text((size[0] / 2, gap + capitals), title, "black", large, "mm")
    write_png(path, np.asarray(sheet), about)


def strip_rows(names, landmarks, faces):
    """A film strip's rows (label, frames): of each sequence the landmark images, where there are any, and the faces."""
    if landmarks is None:
        return list(zip(names, faces, strict=True))
    rows = []
    for name, drawn, seen in zip(names, landmarks, faces, strict=True):
        rows += [(f"{name}\nlandmarks", drawn), (name, seen)]
    return rows


def _spread(count, columns):
    return np.round(np.linspace(0, count - 1, columns)).astype(int)
