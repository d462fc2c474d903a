"""Draw docs/workflow.svg, the picture of the rules in the README, from the rules as they are: `make docs/workflow.svg`.

Needs Graphviz (dot, tred).
"""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
GREY, BLUE, GREEN, ORANGE, PINK = "#555555", "#0072b2", "#009e73", "#d55e00", "#cc79a7"
COLOURS = {"datasets": GREY, "faces": GREY, "train": BLUE, "generate": GREEN, "evaluate": ORANGE}  # of a file of rules
FIGURES = ("plot_contact_sheet", "plot_au_curves", "plot_modes", "plot_mean_curves")
TABLES = ("tabulate_paper", "tabulate_overview")
LOOKS = (
    'node [shape=box, style=rounded, fontname="DejaVu Sans", fontsize=11, height=0.3, width=0, margin="0.1,0.03",'
    ' penwidth=1.6]; edge [color="#999999", arrowsize=0.5]; nodesep=0.15; ranksep=0.3;'
)


def main():
    words = ["snakemake", "--configfile", "config/demo.yaml", "--forceall", "--rulegraph", "dot"]
    told = subprocess.run([Path(sys.executable).with_name(words[0]), *words[1:]], cwd=ROOT, check=True, text=True,
                          capture_output=True).stdout  # fmt: skip
    names = dict(re.findall(r'^\s*(\d+)\[label = "(\w+)"', told, re.MULTILINE))
    edges = [(names[one], names[two]) for one, two in re.findall(r"^\s*(\d+) -> (\d+)", told, re.MULTILINE)]
    drawn = [name for name in names.values() if is_drawn(name)]
    lines = [f'{name} [color="{colour(name)}"];' for name in drawn]
    lines += [f"{one} -> {two};" for one, two in edges if one in drawn and two in drawn]
    graph = f"digraph workflow {{ {LOOKS} {' '.join(lines)} }}"
    for command in (["tred"], ["dot", "-Tsvg"]):
        graph = subprocess.run(command, input=graph, check=True, text=True, capture_output=True).stdout
    (ROOT / "docs/workflow.svg").write_text(graph)


def is_drawn(rule):
    """Whether a rule is in the picture: not those of most figures and tables, and of the study."""
    return rule in FIGURES + TABLES or not re.match("all|plot_|tabulate_|prepare_|generate_conditions", rule)


def colour(rule):
    """The colour of a rule: of what it does, as the file says in which it stands; trainings are blue anywhere."""
    if rule.startswith("train_"):
        return BLUE
    places = [path.stem for path in (ROOT / "rules").glob("*.smk") if f"rule {rule}:" in path.read_text()]
    return COLOURS.get(places[0], PINK)


if __name__ == "__main__":
    main()
