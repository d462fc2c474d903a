"""Figure 4: AU6 and AU12 curves of a video with its neutral-to-smile phases shaded."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

from cmm.core.figure_file import WIDTH, save_figure
from cmm.core.files import atomic, inside
from cmm.core.provenance import provenance
from cmm.core.settings import setting
from cmm.core.tables import by_video, read_provenance, read_table
from cmm.sequences.au_curves import AU_TITLES, read_coded, smooth_curves, with_coded

COLOURS = {"AU12": "#0072B2", "AU06": "#D55E00"}  # Okabe and Ito, safe for the colour-blind


@dataclass(frozen=True)
class Settings:
    videos: int = setting(4, "videos plotted by the workflow, posed and spontaneous in turn", minimum=1)


def main(
    tracks: Annotated[Path, "tracks.parquet of the data set"],
    labels: Annotated[Path, "table of the action units that people have coded: where there are any, they are plotted"],
    smiles: Annotated[Path, "smiles.parquet of the data set"],
    out: Annotated[Path, "folder of SVG figures to write, one a video"],
    settings: Settings,
    video: Annotated[str | None, "plot this video alone"] = None,
):
    """Plot one video, or the first ones of the data set."""
    frames, coded = by_video(tracks, ["frame"]), read_coded(labels)
    phases = read_table(smiles, ["video", "subject", "expression", "onset_frame", "apex_frame"])
    chosen = [video] if video else _choose(phases, settings.videos)
    smoothing = read_provenance(smiles)["settings"]["smoothing"]
    about = provenance(__name__, settings, [tracks, labels, smiles])
    with atomic(out) as folder:
        folder.mkdir()
        for name in chosen:
            mine = phases[phases["video"] == name]
            title = ", ".join([name, *(f"person {row.subject}, {row.expression}" for row in mine[:1].itertuples())])
            table, source = frames(name), "as tracked"
            if name in coded:
                table, source = with_coded(table, coded[name]), "as coded by people"
            path = inside(folder, f"{name}.svg")
            plot_au_curves(path, title, smooth_curves(table, smoothing), source, mine, about)


def plot_au_curves(path, title, curves, source, phases, about):
    """Write one figure; `curves` from smooth_curves, which come from `source`, `phases` rows of smiles.parquet."""
    figure, axis = plt.subplots(figsize=(WIDTH, 2.8), layout="constrained")
    time = curves["timestamp"]
    for unit, colour in COLOURS.items():
        axis.plot(time, curves[f"raw_{unit}"], color=colour, alpha=0.3, linewidth=0.8,
                  label=f"{AU_TITLES[unit]}, {source}")  # fmt: skip
        axis.plot(time, curves[unit], color=colour, linewidth=1.8, label=AU_TITLES[unit])
    seconds = curves.set_index("frame")["timestamp"]
    for i, row in enumerate(phases.itertuples()):
        label = "neutral to smile" if i == 0 else None
        axis.axvspan(seconds[row.onset_frame], seconds[row.apex_frame], color="#009E73", alpha=0.18, lw=0, label=label)
    axis.set(xlabel="time [s]", ylabel="activation [0-1]", ylim=(-0.03, 1.03))
    axis.set_title(title, parse_math=False)
    axis.margins(x=0)
    axis.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside lower center", ncols=3, fontsize=8, frameon=False)
    save_figure(figure, path, about)


def _choose(phases, count):
    """Names of `count` videos, taken from the expressions in turn."""
    groups = [list(dict.fromkeys(group["video"])) for _, group in phases.groupby("expression")]
    turns = [name for turn in range(count) for group in groups for name in group[turn : turn + 1]]
    return turns[:count]
