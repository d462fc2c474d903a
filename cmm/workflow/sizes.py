"""How large data sets are: counted where they have been listed or cut, else as the registry or a person says."""

from pathlib import Path

import pandas as pd

from cmm.core.errors import UserError
from cmm.core.tables import read_table
from cmm.datasets.layouts import most_folds
from cmm.datasets.registry import entry_of
from cmm.workflow.work import Size

EXAMPLE = "uva_nemo=1240,240000,1240: videos, their frames, the sequences cut from them"


def counted(dataset, folder=Path(), **more):
    """The Size of a data set whose smiles have been found in `folder`/results, or None; `more` are fields of it."""
    tables = Path(folder, "results", dataset)
    if not all((tables / name).is_file() for name in ("videos.parquet", "smiles.parquet")):
        return None
    videos = read_table(tables / "videos.parquet", ["status", "frames"])
    smiles = read_table(tables / "smiles.parquet", ["fold"])
    usable = videos[videos["status"] == "ok"]
    held_out = {int(fold): int(count) for fold, count in smiles["fold"].value_counts().items() if pd.notna(fold)}
    return Size(len(usable), int(usable["frames"].sum()), len(smiles), held_out=held_out, **more)


def listed(dataset, folder=Path(), **more):
    """The Size of a data set that has been listed, one sequence a video, or None."""
    index = Path(folder, "results", dataset, "index.parquet")
    if not index.is_file():
        return None
    videos = read_table(index, ["status", "frames", "fold"])
    usable = videos[videos["status"] == "ok"]
    held_out = {int(fold): int(count) for fold, count in usable["fold"].value_counts().items() if pd.notna(fold)}
    return Size(len(usable), float(usable["frames"].sum()), len(usable), held_out=held_out, **more)


def told(texts):
    """{data set: (videos, frames, sequences)} of words like EXAMPLE; UserError for others."""
    sizes = {}
    for text in texts:
        name, _, numbers = text.partition("=")
        try:
            videos, frames, *sequences = (float(number) for number in numbers.split(","))
            sizes[name] = (videos, frames, *(sequences or [videos]))
            if len(sizes[name]) != 3 or not all(1 <= number < 1e12 for number in sizes[name]):
                raise ValueError
        except ValueError:
            raise UserError(f"--size {text}: write {EXAMPLE}") from None
    return sizes


def size_of(dataset, config, said, folder=Path()):
    """(Size of a data set of the config, where it comes from); UserError where nobody says how large it is."""
    source, rasters = config["sources"][dataset], config["rasters"]
    more = {"folds": most_folds(source["layout"]), "length": rasters["frames"], "side": rasters["image_size"]}
    if dataset in said:
        return Size(*said[dataset], **more), "as --size says"
    if (size := counted(dataset, folder, **more)) is not None:
        return size, "counted"
    if (size := listed(dataset, folder, **more)) is not None:
        return size, "listed, a sequence a video"
    entry = entry_of(dataset, source["layout"])
    if entry is None or not entry.frames:
        raise UserError(
            f"nobody says how large {dataset} is: list it, with `cmm run results/{dataset}/index.parquet`, or give"
            f" --size {dataset}=VIDEOS,FRAMES"
        )
    videos, frames = float(entry.videos), float(entry.frames)
    return Size(videos, frames, videos, **more), "of the registry, a sequence a video"
