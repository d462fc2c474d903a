"""docs/benchmarks.md from benchmarks/results/*.tsv."""

from pathlib import Path

import pandas as pd
from machine import RESULTS

PAGE = Path(__file__).parent.parent / "docs/benchmarks.md"
HEAD = """# Benchmarks

`make bench` measures on the machine that it runs on and writes this page and
`benchmarks/results/*.tsv`. What is compared was measured in turn, round after round; numbers are
medians, with the lowest and the highest in brackets.
"""
SECTIONS = {
    "machine": ("This machine", ""),
    "training": (
        "Training",
        "A stage's own step on its own batch, against the same step as a textbook writes it (PyTorch's plain layers,"
        " contiguous memory, plain Adam, fp32), and against what a product of two 2048-square matrices in the same"
        " arithmetic allows for the step's multiplications.",
    ),
    "faces": (
        "From a video to landmark images",
        "Frames a second at 640 x 480 on one core, each step alone and all together. *The obvious way* opens the"
        " video anew for each frame that it tracks.",
    ),
    "trackers": ("Face trackers", "Frames a second on one core, 640 x 480, one face."),
    "growth": (
        "Growth",
        "Videos of 480 x 480, from the list of a data set to `smiles.h5`, in two shards; the memory is the most that"
        " a process took.",
    ),
    "phases": ("Finding smiles", "`find_smiles` over many frames, in one process."),
    "smiles_file": (
        "smiles.h5",
        "Stores of sequences with noise of their own. Trainings that read as they go hold 32 MiB of 1,000; memory is"
        " that of a training with what a job holds (`held_mb: 256`).",
    ),
    "generation": ("Generation and scores", "With the demo's networks."),
    "workflow": ("The workflow itself", ""),
}


def section(name):
    """Markdown of one benchmark's table."""
    title, text = SECTIONS[name]
    table = pd.read_csv(RESULTS / f"{name}.tsv", sep="\t", dtype=str, keep_default_na=False)
    rows = [list(table.columns), ["---"] * len(table.columns), *table.to_numpy().tolist()]
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([f"## {title}", "", *([text, ""] if text else []), *lines, ""])


def main():
    there = [name for name in SECTIONS if (RESULTS / f"{name}.tsv").is_file()]
    PAGE.write_text("\n".join([HEAD, *map(section, there)]))
    print(f"wrote {PAGE}")


if __name__ == "__main__":
    main()
