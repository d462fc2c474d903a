"""Methods that are compared: a module each. A new file here, and a config block of its name, is a new method.

A method's module has

- `load(*weights)`, which gives a Generator from the weights files that `weights_of` names;
- `Settings` and `main(smiles, run, settings)`, its training stage `train_{method}`, which writes
  `{method}.safetensors`; its docstring's first line is the stage's summary. CMM-Net alone has
  none: its four stages are modules of `cmm.training`.

The rules that train, generate, render and score, the tables and the figures take it from there.
"""

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Protocol

import numpy as np

from cmm.core.errors import UserError
from cmm.datasets import EXPRESSIONS

CMM_NET = ("landmark_vae", "conditional_lstm", "multi_mode_lstm", "translation")
OTHERS = sorted(path for path in Path(__file__).parent.glob("[a-z]*.py") if path.stem != "cmm_net")
METHODS = {"cmm_net": CMM_NET, **{path.stem: (path.stem,) for path in OTHERS}}  # method: stages that train it
METHODS["cra_net"] = ("face_vae", "cra_net")


def weights_of(method):
    """Stages whose weights a method, or an ablation of it, generates from; UserError for an unknown method."""
    base, _ = split(method)
    if base not in METHODS:
        raise UserError(f"no method {base!r}: choose {', '.join(METHODS)}")
    return CMM_NET[2:] if base == "cmm_net" else METHODS[base][-1:]


def split(method):
    """(method, its ablation or "") of a run's method: cmm_net-without_push is ("cmm_net", "without_push")."""
    base, _, ablation = method.partition("-")
    return base, ablation


@dataclass(frozen=True)
class Generated:
    """What one call of a Generator gives; the first of the 1 + k sequences is the conditional one.

    faces: (b, 1 + k, t, s, s, 3) uint8 RGB.
    landmarks: (b, 1 + k, t, s, s) uint8, 255 where a line is certain; None for a method without.
    """

    faces: np.ndarray
    landmarks: np.ndarray | None = None


class Generator(Protocol):
    """A trained method, ready for use."""

    about: dict  # how its weights were made
    size: int  # side of its pictures [px]
    modes: int  # k, sequences that it gives beside the conditional one
    labels: tuple  # numbers of the expressions that it has learned

    def __call__(self, landmarks: np.ndarray, faces: np.ndarray, label: np.ndarray, modes: bool = True) -> Generated:
        """Generate from neutral landmark images (b, s, s) uint8 {0, 1}, neutral faces (b, s, s, 3)
        uint8 RGB and labels (b,) int64; without `modes`, the conditional sequence alone."""


def learned(about):
    """Labels of the expressions that weights were trained on, from their record."""
    return tuple(EXPRESSIONS.index(name) for name in about.get("expressions", EXPRESSIONS))


def load(method, weights):
    """The Generator of a method (or of an ablation of it) from its weights files."""
    method, names = split(method)[0], weights_of(method)
    if len(weights) != len(names):
        raise UserError(f"{method} is generated from {' and '.join(names)}: {len(weights)} weights files were given")
    return import_module(f"{__name__}.{method}").load(*weights)


def load_folder(method, folder):
    """The Generator of a method from the folder of a run."""
    return load(method, [Path(folder) / f"{stage}.safetensors" for stage in weights_of(method)])
