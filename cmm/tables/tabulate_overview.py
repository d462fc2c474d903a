"""The first page of the results: films that play, few numbers, figures, and how it was made; one file, no network.

People of the test are shown best, median and worst by the mouth at the apex, as the main method's first sequence has
it. All other scores lie behind a fold, with a search; the rest is in Snakemake's report, to which the page links.
"""

import base64
import json
from html import escape
from pathlib import Path
from typing import Annotated

import pandas as pd

from cmm.core.errors import UserError
from cmm.core.files import atomic
from cmm.core.html_tables import table_rows
from cmm.core.provenance import provenance
from cmm.core.records import read_record
from cmm.evaluation.catalogue import shown, spreads, title_of
from cmm.evaluation.judges import judge_of
from cmm.evaluation.score_rows import read_scores
from cmm.evaluation.summary import MODES, counts, in_order, summarise, title_of_method, without_ablations
from cmm.generation.generate_controls import CONTROLS
from cmm.generation.generated_file import CONDITIONAL
from cmm.methods.registry import METHODS, declaration_of
from cmm.tables.tabulate_scores import sections
from cmm.tables.videos_used import summary

FIRST = ("ssim", "ssim_mouth_apex", "au6_curve_distance", "au12_curve_distance", "identity_distance_dlib_resnet")
RANKED_BY = "ssim_mouth_apex"
PLACES = {0.0: "best", 0.5: "median", 1.0: "worst"}
STYLE = """
:root{--ink:#222;--soft:#555;--line:#d5d5d5;--paper:#fff;--card:#f5f7f9;--blue:#0072b2}
@media(prefers-color-scheme:dark){:root{--ink:#eee;--soft:#b5b5b5;--line:#484848;--paper:#16191c;--card:#22272c;--blue:#56b4e9}}
body{font:16px/1.5 system-ui,sans-serif;margin:0 auto;max-width:80em;padding:1em}
body{color:var(--ink);background:var(--paper)}
h1{font-size:1.5em;margin:.2em 0}h2{font-size:1.2em;margin:1.6em 0 .4em}h3{font-size:1em;margin:1em 0 .3em}
.soft,figcaption{color:var(--soft);font-size:.88em}a{color:var(--blue)}
figure{margin:0 0 1em;background:var(--card);border-radius:8px;padding:.6em;overflow:hidden}
video,img{max-width:100%;height:auto;display:block;border-radius:5px;background:#fff}
.wide{overflow-x:auto}table{border-collapse:collapse;font-size:.92em}
td,th{padding:.3em .8em;border-bottom:1px solid var(--line);text-align:left;vertical-align:top}
summary{cursor:pointer;color:var(--blue);padding:.3em 0}input{font:inherit;padding:.3em;width:100%;max-width:24em}
pre{background:var(--card);padding:.7em;border-radius:6px;overflow-x:auto;font-size:.85em}
"""
SEARCH = """
const box=document.getElementById('search');
box.oninput=()=>{const word=box.value.toLowerCase();
document.querySelectorAll('#every tbody tr').forEach(row=>row.hidden=!row.textContent.toLowerCase().includes(word))};
"""


def main(
    scores: Annotated[Path, "scores.parquet"],
    films: Annotated[list[Path], "folders of the films of each run, .../METHOD/seedN/films"],
    figures: Annotated[list[Path], "figures to show (SVG)"],
    method: Annotated[str, "the main method"],
    html: Annotated[Path, "page to write"],
    videos: Annotated[Path, "videos.tsv: how many videos were used, and why others were not"],
    models: Annotated[list[Path] | None, "weights, whose records say how they were trained"] = None,
):
    """Write the page."""
    rows = without_ablations(read_scores(scores))
    about = provenance(__name__, None, [scores])
    parts = [
        head(rows, about, summary(videos)),
        *shown_people(rows, films, method),
        *first_scores(rows, {path.parts[-3] for path in models or []}),
        *every_score(rows),
    ]
    parts += ["<h2>Figures</h2>", *map(figure, figures), *made(models or [])]
    with atomic(html) as partial:
        partial.write_text("\n".join([*parts, f"<script>{SEARCH}</script>"]))


def head(rows, about, used):
    """The page's beginning: what it is of; used: a line a data set."""
    data = "; ".join(
        f"{dataset}: {counted(mine['subject'].nunique(), 'person', 'people')} held out,"
        f" {counted(mine['smile'].nunique(), 'smile', 'smiles')}"
        for dataset, mine in rows[rows["smile"] != ""].groupby("dataset", sort=False)
    )
    methods = ", ".join(title_of_method(name) for name in in_order(set(rows["method"]) - set(CONTROLS)))
    return (
        "<!doctype html><html lang='en'><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width,initial-scale=1'><link rel='icon' href='data:,'>"
        f"<meta name='cmm' content='{escape(json.dumps(about))}'><title>Smiles</title><style>{STYLE}</style>"
        f"<h1>Smiles from one neutral face</h1><p>{escape(methods)}. <span class='soft'>{escape(data)}.</span></p>"
        f"<p class='soft'>{'<br>'.join(map(escape, used))}</p>"
        "<p class='soft'>Everything else, every figure and film, is in <a href='report.html'>report.html</a>"
        " (made with <code>--report results/report.html --report-after-run</code>).</p>"
    )


def counted(number, one, more):
    """`1 person`, `4 people`."""
    return f"{number} {one if number == 1 else more}"


def ranked(rows, method):
    """[(place, dataset, smile, value)] of the test's best, median and worst videos of each data set."""
    mine = rows[(rows["method"] == method) & (rows["mode"] == CONDITIONAL) & (rows["metric"] == RANKED_BY)]
    if mine.empty:
        raise UserError(f"the scores have no {RANKED_BY} of {method}")
    found = []
    for dataset, part in mine.groupby("dataset", sort=False):
        values = part.groupby("smile")["value"].mean().dropna().sort_values(ascending=False, kind="stable")
        chosen = {round(share * (len(values) - 1)): place for share, place in reversed(PLACES.items())}
        found += [(chosen[i], dataset, values.index[i], values.iloc[i]) for i in sorted(chosen)]
    return found


def shown_people(rows, films, method):
    """Films of chosen people, of each method, the main one first."""
    yield "<h2>People held out</h2>"
    yield (
        f"<p class='soft'>By {escape(title_of(RANKED_BY))} of {escape(declaration_of(method).title)}'s conditional"
        " sequence: the best, the median and the worst of the test. From the left: the original, then what was made"
        " from its first frame.</p>"
    )
    runs = {}
    for folder in films:  # of several seeds the first
        dataset, _, name, _ = folder.parts[-5:-1]
        runs.setdefault((dataset, name), []).append(folder)
    for place, dataset, smile, value in ranked(rows, method):
        who = rows[(rows["dataset"] == dataset) & (rows["smile"] == smile)].iloc[0]
        title = f"{place}: person {who['subject']}, {who['expression']}"
        yield f"<h3>{escape(title)} <span class='soft'>({escape(smile)}, {escape(dataset)}, {value:.3f})</span></h3>"
        names = [name for known, name in runs if known == dataset]
        for name in sorted(names, key=lambda one: (one != method, one)):
            path = next((f / f"{smile}.mp4" for f in runs[dataset, name] if (f / f"{smile}.mp4").is_file()), None)
            if path is not None:
                yield film(path, title_of_method(name))


def film(path, title):
    """A film that plays in the page."""
    return (
        f"<figure><video src='{embedded(path, 'video/mp4')}' controls loop muted autoplay playsinline></video>"
        f"<figcaption>{escape(title)}</figcaption></figure>"
    )


def figure(path):
    """A figure."""
    title = f"{path.stem.replace('_', ' ')}, {path.parent.name}"
    return (
        f"<figure><img src='{embedded(path, 'image/svg+xml')}' alt='{escape(title)}'>"
        f"<figcaption>{escape(title)}</figcaption></figure>"
    )


def embedded(path, kind):
    """A file as a data URL."""
    return f"data:{kind};base64,{base64.b64encode(path.read_bytes()).decode()}"


def first_scores(rows, trained):
    """The few scores that matter, a line a method and expression, for each data set; `trained` here: methods' names."""
    table = summarise(rows[rows["metric"].isin(FIRST)])
    known = counts(rows)
    for dataset, mine in table.groupby("dataset", sort=False):
        lines = []
        for name in in_order(set(mine["method"])):
            for expression in dict.fromkeys(mine["expression"]):
                for mode in (name, CONDITIONAL, MODES):
                    part = mine[(mine["method"] == name) & (mine["expression"] == expression) & (mine["mode"] == mode)]
                    if len(part):
                        lines.append([line_name(name, mode), expression, *map(cell_of(part), FIRST)])
        yield f"<h2>Scores, {escape(dataset)}</h2><div class='wide'>"
        yield table_rows(["", "expression", *map(title_of, FIRST)], lines) + "</div>"
        runs = max((count.runs for (name, *_), count in known.items() if name == dataset), default=0)
        judged = judge_of(rows[rows["dataset"] == dataset])
        yield f"<p class='soft'>{escape(judged)} {escape(spreads(mine['range']))} Runs: {runs}.</p>"
        for name in in_order(set(mine["method"])):
            if name in METHODS and METHODS[name].inside and name not in trained:
                yield (
                    f"<p class='soft'>{escape(METHODS[name].title)} was not trained on these people: its weights come"
                    " with the package, from photographs of real ones.</p>"
                )


def cell_of(part):
    """Function that gives a score of one line with its interval."""
    values = part.set_index("metric")

    def cell(metric):
        if metric not in values.index or pd.isna(values.loc[metric, "value"]):
            return ""
        row = values.loc[metric]
        return shown(metric, row["value"], row["low"], row["high"], row["range"])

    return cell


def line_name(method, mode):
    """What a line is called."""
    title = title_of_method(method)
    return f"{title}, modes" if mode == MODES else title


def every_score(rows):
    """All scores, folded, with a search."""
    yield "<details id='every'><summary>Every score</summary>"
    yield "<p><input id='search' placeholder='search: a score, a method'></p>"
    for section in sections(summarise(rows), rows):
        turned = [
            [name, *line[:3], value]
            for line in section.rows
            for name, value in zip(section.head[4:], line[4:], strict=True)
            if value
        ]
        yield f"<h3>{escape(section.title)}</h3><div class='wide'>"
        yield table_rows(["score", "method", "sequence", "expression", "value"], turned) + "</div>"
    yield "</details>"


def made(models):
    """How the weights were trained: settings, seconds, commit."""
    yield "<h2>Settings</h2>"
    for path in models:
        record = read_record(path)
        words = ", ".join(f"{key} {value}" for key, value in record["settings"].items())
        where = "/".join(path.parts[-5:-1])
        yield (
            f"<details><summary>{escape(path.stem)} <span class='soft'>({escape(where)})</span></summary>"
            f"<p>{escape(words)}</p><p class='soft'>{record['seconds']:.0f} s, commit {escape(str(record['commit']))},"
            f" cmm {escape(record['cmm'])}</p><pre>{escape(record['command'])}</pre></details>"
        )
