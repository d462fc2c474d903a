"""Write the tables of results in README.md and docs/results.md, `make results`.

After a run of config/compare.yaml or config/modes.yaml: puts results/tables/scores.parquet among the published scores,
of which the tables are made. A table stands between two comments, and nothing else of the page is touched.
"""

import re
from pathlib import Path

from checks import run
from published import PUBLISHED, publish, published

from cmm.core.errors import UserError
from cmm.core.files import atomic
from cmm.core.html_tables import markdown_table
from cmm.evaluation.catalogue import metric_of, shown, spreads, title_of
from cmm.evaluation.judges import judge_of
from cmm.evaluation.summary import ALL, MODES, in_order, seeds_of, summarise, title_of_method
from cmm.generation.generate_controls import CONTROLS
from cmm.generation.generated_file import CONDITIONAL

ROOT = Path(__file__).parent.parent
DATASET = "actors"  # that the tables are of
BEGIN, END = "<!-- make results: begin -->", "<!-- make results: end -->"
BRIEF = ("ssim_mouth_apex", "au12_video_distance", "ssim")
LONG = ("ssim", "ssim_mouth_apex", "au6_video_distance", "au12_video_distance", "identity_distance_dlib_resnet")
BEST = ("best_ssim", "best_ssim_mouth_apex", "best_au12_video_distance", "coverage")
ARROWS = {"higher": " ↑", "lower": " ↓"}


def main(scores=Path("results/tables/scores.parquet"), root=ROOT, kept=PUBLISHED):
    if DATASET not in publish(Path(scores), kept):
        print(f"The scores are in {kept}; the pages' tables are of {DATASET}, of which there are none.")
        return
    rows, commits = published(DATASET, kept)
    table, said = summarise(rows), measured_on(rows, commits)
    about = " ".join([judge_of(rows), spreads(table["range"])])
    sequences = in_full(table, {CONDITIONAL: "", MODES: ", mean of the modes"}, LONG)
    modes = in_full(table, {ALL: ""}, BEST)
    pages = {
        root / "README.md": [brief(table), said],
        root / "docs/results.md": [said, about, sequences, "The modes together:" * bool(modes), modes],
    }
    texts = {page: between(page, parts) for page, parts in pages.items()}
    for page, text in texts.items():
        with atomic(page) as partial:
            partial.write_text(text)
    print(said)


def measured_on(rows, commits):
    """What the numbers were measured on, in a sentence, which also names the methods that were not run as often."""
    made = rows[~rows["method"].isin(CONTROLS) & (rows["smile"] != "")]
    people, videos = made[["fold", "subject"]].drop_duplicates(), made["smile"].nunique()
    seeds = ", ".join(map(str, seeds_of(made)))
    runs = made[["method", "fold", "seed"]].drop_duplicates().groupby("method").size()
    fewer = [f"{title_of_method(name)} of {n} of {runs.max()} runs" for name, n in runs.items() if n < runs.max()]
    return (
        f"Measured on `{made['dataset'].iloc[0]}`: {len(people)} people held out, {videos} videos, seed {seeds}"
        f"{'; ' * bool(fewer)}{', '.join(fewer)}; scores gathered at commit{'s' * (len(commits) > 1)}"
        f" {', '.join(commits)}."
    )


def brief(table):
    """README's table: a line a method, a column a score, the means of each expression behind each other."""
    expressions = sorted(set(table["expression"]) - {""})
    lines = []
    for method in in_order(set(table["method"]) - {"original", "other_person"}):
        cells = [[cell(table, method, CONDITIONAL, e, score, alone=True) for e in expressions] for score in BRIEF]
        lines.append([title_of_method(method), *map(" / ".join, cells)])
    return markdown_table([" / ".join(expressions), *map(titled, BRIEF)], lines)


def in_full(table, kinds, scores):
    """A table of docs/results.md, a line a method, kind of sequence and expression, with intervals or ranges.

    kinds: {mode: what stands behind the method's title}. Empty where nothing of it was measured.
    """
    lines = []
    for method in in_order(set(table["method"])):
        for mode, behind in kinds.items():
            for expression in sorted(set(table["expression"]) - {""}):
                cells = [cell(table, method, mode, expression, score) for score in scores]
                if any(cells):
                    lines.append([title_of_method(method) + behind, expression, *cells])
    return markdown_table(["", "expression", *map(titled, scores)], lines) if lines else ""


def cell(table, method, mode, expression, score, alone=False):
    """A score as text, with its interval or range unless `alone`; empty where it was not measured."""
    mode = method if method in CONTROLS and mode == CONDITIONAL else mode
    keys = {"method": method, "mode": mode, "expression": expression, "metric": score}
    found = table.loc[(table[list(keys)] == list(keys.values())).all(axis=1)]
    if found.empty or found["value"].isna().any():
        return ""
    row = found.iloc[0]
    if alone:
        return f"{row['value']:.{metric_of(score).digits}f}"
    return shown(score, row["value"], row["low"], row["high"], row["range"])


def titled(score):
    """A score's title and which way it is better."""
    return title_of(score) + ARROWS.get(metric_of(score).better, "")


def between(page, parts):
    """The text of a page with the parts between the two comments; UserError for a page without them."""
    text = page.read_text()
    new = "\n\n".join(part for part in parts if part)
    found, count = re.subn(f"{BEGIN}.*?{END}", lambda _: f"{BEGIN}\n\n{new}\n\n{END}", text, flags=re.DOTALL)
    if count != 1:
        raise UserError(f"{page}: the comments {BEGIN} and {END} must stand there once")
    return found


if __name__ == "__main__":
    run(main)
