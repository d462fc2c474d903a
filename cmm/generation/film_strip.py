"""Film strips: one row a sequence, some frames of each, labelled. Figures 5, 6 and 7 are such."""

from dataclasses import dataclass

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

from cmm.core.figure_file import save_figure
from cmm.core.settings import setting

INCHES = 0.95  # of one picture


@dataclass(frozen=True)
class Settings:
    columns: int = setting(8, "frames of a film strip", minimum=2)


def draw_film_strip(path, rows, about, columns=8, title=None, heads=(), dpi=110):
    """Write a PNG of `rows`, a list of (label, frames (t, s, s[, 3]) uint8).

    `columns` frames of each, evenly spaced from the first to the last, `heads` over them; `about` is its
    provenance.
    """
    rows = [(label, frames[_spread(len(frames), columns)]) for label, frames in rows]
    head = (0.35 if title else 0.0) + (0.2 if heads else 0.0)
    figure, axes = plt.subplots(
        len(rows), columns, squeeze=False,
        figsize=(INCHES * columns + 1.3, INCHES * len(rows) + head),
        gridspec_kw={"wspace": 0.03, "hspace": 0.03, "left": 1.3 / (INCHES * columns + 1.3), "right": 1,
                     "bottom": 0, "top": 1 - head / (INCHES * len(rows) + head)},
    )  # fmt: skip
    for line, (label, frames) in zip(axes, rows, strict=True):
        for axis, frame in zip(line, frames, strict=True):
            axis.imshow(
                frame,
                cmap="gray",
                vmin=0,
                vmax=255,
                interpolation="bicubic" if frame.ndim == 3 else "nearest",
            )
            axis.set_axis_off()
        line[0].text(
            -0.08, 0.5, label, transform=line[0].transAxes, ha="right", va="center", fontsize=8, parse_math=False
        )
    for axis, text in zip(axes[0], heads, strict=False):
        axis.set_title(text, fontsize=8, pad=2)
    if title:
        figure.suptitle(title, fontsize=9, y=0.995, va="top", parse_math=False)
    save_figure(figure, path, about, dpi=dpi)


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
