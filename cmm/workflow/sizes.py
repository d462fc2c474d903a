"""How large data sets are: counted where they have been listed or cut, else as the registry or a person says."""

from collections import Counter
from pathlib import Path

from cmm.core.errors import UserError
from cmm.core.tables import read_csv, read_table
from cmm.datasets.layouts import most_folds
from cmm.datasets.registry import entry_of, lying_with, made_here, registry
from cmm.workflow.work import Size

EXAMPLE = "uva_nemo=1240,240000,1240: videos, their frames, the sequences cut from them"


def counted(dataset, folder=Path(), **more):
    """The Size of a data set whose smiles have been found in `folder`/results, or None; `more` are fields of it."""
    tables = Path(folder, "results", dataset)
    if not all((tables / name).is_file() for name in ("videos.parquet", "smiles.parquet")):
        return None
    videos = _usable(tables / "videos.parquet", ["status", "frames"])
    return _size(videos, read_table(tables / "smiles.parquet", ["fold"]), more)


def listed(dataset, **more):
    """The Size of a data set that has been listed, one sequence a video, or None."""
    index = Path("results", dataset, "index.parquet")
    if not index.is_file():
        return None
    videos = _usable(index, ["status", "frames", "fold"])
    return _size(videos, videos, more)


def _usable(path, columns):
    """The rows of a table of videos that can be used."""
    videos = read_table(path, columns)
    return videos[videos["status"] == "ok"]


def _size(videos, sequences, more):
    """The Size of a data set with these videos, and these sequences with their folds."""
    folds = sequences["fold"].dropna().astype(int)
    return Size(len(videos), int(videos["frames"].sum()), len(sequences), held_out=dict(Counter(folds)), **more)


def told(texts, known):
    """{data set: (videos, frames, sequences)} of words like EXAMPLE; UserError for others, and for an unknown name."""
    sizes = {}
    for text in texts:
        name, _, numbers = text.partition("=")
        if name not in known:
            raise UserError(f"--size {text}: no data set {name!r} in sources, which has {', '.join(known)}")
        try:
            videos, frames, *sequences = (float(number) for number in numbers.split(","))
            sizes[name] = (videos, frames, *(sequences or [videos]))
            if len(sizes[name]) != 3 or not all(1 <= number < 1e12 for number in sizes[name]):
                raise ValueError
        except ValueError:
            raise UserError(f"--size {text}: write {EXAMPLE}") from None
    return sizes


def size_of(dataset, config, said):
    """(Size of a data set of the config, where it comes from); UserError where nobody says how large it is."""
    source, rasters = config["sources"][dataset], config["rasters"]
    more = {"folds": folds_of(source), "length": rasters["frames"], "side": rasters["image_size"]}
    share = len(source.get("together", ())) / more["folds"]  # of the folds that are held out as one

    def sized(videos, frames, sequences, taking_part=1.0):
        held_out = {min(source["together"]): share * sequences} if share else {}
        return Size(*(taking_part * number for number in (videos, frames, sequences)), held_out=held_out, **more)

    if dataset in said:
        return sized(*said[dataset]), "as --size says"
    if (size := counted(dataset, **more)) is not None:
        return size, "counted"
    if (size := listed(dataset, **more)) is not None:
        return size, "listed, a sequence a video"
    if (published := published_of(dataset, config)) is None:
        raise UserError(
            f"nobody says how large {dataset} is: give --size {dataset}=VIDEOS,FRAMES, or list its videos first, with"
            f" `cmm run results/{dataset}/index.parquet` and the same --configfile behind that"
        )
    taking_part = 1 - len(source.get("reserved", ())) / more["folds"]
    return sized(*published, published[0], taking_part), "of the registry, a sequence a video"


def folds_of(source):
    """How many folds a data set is dealt to: as its table says, where it has one, else as its layout has."""
    table = source.get("table")
    if table and Path(table).is_file() and "fold" in (listing := read_csv(table)):
        return max(1, listing["fold"].nunique())
    return most_folds(source["layout"])


def published_of(dataset, config):
    """(videos, frames) of a data set as the registry has them, of a rendered one as many as are asked for; or None."""
    name = known_as(dataset, config["sources"])
    entry = entry_of(name, config["sources"][dataset]["layout"])
    if entry is None or not entry.frames:
        return None
    videos, frames = float(entry.videos), float(entry.frames)
    if entry.access == "embedded":
        asked = config[name]
        return 2 * asked["people"], frames * 2 * asked["people"] / videos * asked["fps"] / float(entry.fps)
    return videos, frames


def known_as(dataset, sources):
    """The name by which the registry has a data set: its own, or of one that the workflow makes in the same folder."""
    return dataset if dataset in registry() else lying_with(dataset, sources, made_here(sources)) or dataset
