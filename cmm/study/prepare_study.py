"""Draw the pairs of a user study and write their videos, under names that tell nothing.

The main method's conditional sequence against each other method's, and against the original, of the same
test video; as many pairs of each comparison as asked for, or as there are test videos. If asked for, its modes are
compared in the same way, one of the K being drawn for each test video.
"""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd

from cmm.core.entries import Entries
from cmm.core.errors import UserError
from cmm.core.files import atomic, file_digest
from cmm.core.progress import progress
from cmm.core.provenance import provenance
from cmm.core.settings import setting
from cmm.core.tables import read_table, write_table
from cmm.core.video import write_video
from cmm.generation.generated_file import CONDITIONAL, read_pair
from cmm.generation.render_films import enlarge

COLUMNS = ["pair", "comparison", "dataset", "smile", "expression", "first", "second", "first_video", "second_video"]
COLUMNS += ["first_sha256", "second_sha256"]
log = logging.getLogger("cmm")


@dataclass(frozen=True)
class Settings:
    pairs: int = setting(37, "pairs of each comparison; paper: 37", minimum=1)
    modes: bool = setting(False, "as many pairs more of the main method's modes, one drawn for each video")
    seed: int = setting(
        1, "names the draw of the pairs, and of each rater's order and sides", minimum=0, maximum=2**32 - 1
    )
    side: int = setting(256, "side of the videos [px], even", minimum=64, maximum=1024)
    fps: int = setting(16, "frames per second of the videos", minimum=1, maximum=120)


def main(
    smiles: Annotated[Path, "smiles.h5"],
    generated: Annotated[list[Path], "generated.h5 files"],
    methods: Annotated[list[str], "the method of each of them, in the same order"],
    main_method: Annotated[str, "the one of them that is compared with the others"],
    folds: Annotated[list[int], "the test fold of each of them, in the same order"],
    dataset: Annotated[str, "name of the data set, for the table"],
    out: Annotated[Path, "folder of the study to write"],
    settings: Settings,
):
    """Write the study's folder."""
    if not len(generated) == len(methods) == len(folds):
        raise UserError("--generated, --methods and --folds must have the same number of values")
    if main_method not in methods:
        raise UserError(f"a study compares {main_method} with others: it is not among --methods {' '.join(methods)}")
    rng = np.random.default_rng(settings.seed)
    sequences, modes = read_sequences(smiles, generated, methods, folds, main_method)
    pairs = draw_pairs(sequences, main_method, dataset, settings.pairs, rng)
    if settings.modes:
        if not modes:
            raise UserError(f"study.modes: {main_method} has no modes")
        name = f"{main_method}, modes"
        others = {method: made for method, made in sequences.items() if method != main_method}
        sequences[name] = {smile: every[rng.integers(len(every))] for smile, every in modes.items()}
        pairs += draw_pairs(others | {name: sequences[name]}, name, dataset, settings.pairs, rng)
    about = provenance(__name__, settings, [smiles, *generated], methods=methods, folds=folds)
    with atomic(out) as folder:
        (folder / "videos").mkdir(parents=True)
        for row in progress(pairs, "pairs written"):
            for side in ("first", "second"):
                path = folder / "videos" / f"{row[f'{side}_video']}.mp4"
                frames = enlarge(sequences[row[side]][row["smile"]].faces(), settings.side)
                write_video(path, frames, settings.fps)  # without its provenance: raters are blind
                row[f"{side}_sha256"] = file_digest(path)
        write_table(pd.DataFrame(pairs, columns=COLUMNS), folder / "pairs.parquet", about)


@dataclass(frozen=True)
class Sequence:
    """One that somebody may be shown: faces (t, s, s, 3), read when they are wanted."""

    of: Entries
    video: int
    columns: int | slice
    expression: str

    def faces(self):
        return self.of[self.video, self.columns]


def read_sequences(smiles, generated, methods, folds, main):
    """{method: {smile: Sequence}}, `original` among the methods; and of the main method's modes {smile: [Sequence]}."""
    found, modes = {"original": {}}, {}
    for path, method, fold in zip(generated, methods, folds, strict=True):
        made, data = read_pair(path, smiles, fold, ("faces",))
        if made.modes[0] != CONDITIONAL:
            raise UserError(f"{path} is not of {method}: its sequences are {', '.join(made.modes)}")
        for i, smile in enumerate(made.smile):
            kind = str(made.expression[i])
            found.setdefault(method, {})[str(smile)] = Sequence(made.faces, i, 0, kind)
            found["original"][str(smile)] = Sequence(data.faces, i, slice(None), kind)
            if method == main and len(made.modes) > 1:
                modes[str(smile)] = [Sequence(made.faces, i, m, kind) for m in range(1, len(made.modes))]
    return found, modes


def draw_pairs(sequences, main, dataset, count, rng):
    """Rows of pairs.parquet but for the checksums; their names are drawn by `rng`, and so are those of their
    videos, anew for each pair: a name that came twice would be the main method's."""
    rows = []
    for other in [*(name for name in sequences if name not in (main, "original")), "original"]:
        both = sorted(set(sequences[main]) & set(sequences[other]))
        if len(both) < count:
            log.warning("%s against %s: %d pairs, all there are (%d asked for)", main, other, len(both), count)
        for smile in sorted(rng.permutation(both)[:count]):
            row = {"pair": rng.bytes(8).hex(), "comparison": f"{main} / {other}", "dataset": dataset}
            row |= {
                "smile": str(smile),
                "expression": sequences[main][smile].expression,
                "first": main,
                "second": other,
            }
            rows.append(row | {"first_video": rng.bytes(8).hex(), "second_video": rng.bytes(8).hex()})
    return rows


def read_pairs(study):
    """The pairs of a study's folder, a DataFrame; UserError if it is none."""
    if not (path := Path(study) / "pairs.parquet").is_file():
        if not Path(study).exists():
            raise UserError(f"{study} does not exist: name results/DATASET/study of a run, or a copy of it")
        raise UserError(f"{study} is no study: with several methods (config/compare.yaml) prepare_study makes one")
    pairs = read_table(path, COLUMNS)
    if pairs.empty:
        raise UserError(f"{study} has no pairs: prepare the study again")
    return pairs
