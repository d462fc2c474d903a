"""What a method says of itself: `METHOD` in `methods/NAME/method.py`, read by all that must know methods.

Rules, command line, config schema, tables, figures, captions, the study and `generate` take it from
there, so that a method is its folder and its config blocks. A declaration imports no torch:
Snakemake reads all of them in an instant.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

ABLATION_SCORES = dict.fromkeys(
    ("identity_distance_dlib_resnet", "ssim_mouth_apex", "expression_accuracy", "ssim"), "conditional"
)

TOLD = ("strength", "frames", "action_units", "seed")  # fields of a Condition beside the expression
STILL = "pictures along a curve"  # what tables call the sequence of a method of still images


@dataclass(frozen=True)
class Stage:
    """A training stage: `methods/METHOD/{name}.py`, config block `{name}`, rule `train_{name}`, `{name}.safetensors`.

    The module has `Settings` and `main(smiles, [weights of each stage before it,] run, settings)`.
    """

    name: str
    summary: str  # a line for `python -m cmm --help`
    starts_from: tuple[str, ...] = ()  # stages of the same method whose weights it is given, as --NAME
    mem_mb: int = 3000  # memory of the job, of the first attempt
    per_mode: bool = False  # whether its work grows with its setting `modes`


@dataclass(frozen=True)
class Method:
    """A method; its name is that of its folder, where `generator.py` has `load(*weights)`."""

    title: str  # in tables and captions
    source: str  # the publication
    stages: tuple[Stage, ...]
    weights: tuple[str, ...]  # stages whose weights `load` takes, in its order
    honours: tuple[str, ...] = ()  # fields of Condition that its generator is told beside the expression
    needs_mesh: bool = False  # works on meshes of the face, which not every tracker gives
    still: bool = False  # makes single pictures: a sequence is one picture after the other, along a curve of strengths
    line: int | None = None  # its line in the paper's tables 1 to 3; None for a method beyond the paper
    sequence: str = ""  # what its first sequence is called where modes stand beside it
    modes: str = ""  # what the mean of its modes is called; "" for a method with one sequence alone
    # {score: of which sequences} that its ablations are judged by; the first two are the axes of their figure.
    ablation_scores: Mapping[str, str] = field(default_factory=lambda: ABLATION_SCORES)
    # {weights file in its folder: its sha256}, in `load`'s order: what `generate` uses without a model.
    inside: Mapping[str, str] = field(default_factory=dict)
    caption: str = ""  # what a reader of its losses should know
