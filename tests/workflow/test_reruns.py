"""What reruns when: the matrix of docs/reruns.md, held against what Snakemake plans.

A change must plan the stages that it touches, which the tables below name by hand, everything
that the rule graph makes from them, and nothing else.
"""

import os
import re
from contextlib import contextmanager

import pytest
import yaml
from running import MILESTONES

pytestmark = pytest.mark.workflow

SCORING = ["measure_pictures", "measure_motion", "measure_identity", "measure_expression"]
TABLES = ["tabulate_scores", "tabulate_comparisons", "tabulate_paper"]
STRIPS = ["plot_labels", "plot_modes", "plot_methods"]
TRAINING = {"train_landmark_vae", "train_conditional_lstm", "train_multi_mode_lstm", "train_translation"}
MADE_FROM = {  # the workflow's rules and what is made from them, transcribed by hand
    "make_actors": ["index_videos", "train_action_units"],
    "index_videos": ["train_action_units", "measure_tracks", "gather_tracks", "find_smiles", "plot_au_curves"],
    "train_action_units": ["measure_tracks", "measure_motion"],
    "measure_tracks": ["gather_tracks"],
    "gather_tracks": ["find_smiles", "draw_rasters", "tabulate_videos", "plot_au_curves"],
    "find_smiles": ["draw_rasters", "gather_rasters", "tabulate_videos", "plot_au_curves"],
    "draw_rasters": ["gather_rasters"],
    "gather_rasters": [*TRAINING, "train_expression_classifier", "generate_controls", "generate_smiles"]
    + ["render_films", "plot_contact_sheet", "plot_modes", "plot_methods", *SCORING],
    "train_landmark_vae": ["train_conditional_lstm", "plot_losses", "tabulate_overview"],
    "train_conditional_lstm": ["train_multi_mode_lstm", "plot_losses", "tabulate_overview"],
    "train_multi_mode_lstm": ["generate_smiles", "plot_losses", "tabulate_overview"],
    "train_translation": ["generate_smiles", "plot_losses", "tabulate_overview"],
    "generate_controls": SCORING,
    "generate_smiles": ["render_films", *STRIPS, *SCORING],
    "train_expression_classifier": ["measure_expression"],
    **{stage: ["gather_scores"] for stage in SCORING},
    "gather_scores": [*TABLES, "plot_mean_curves", "tabulate_overview"],
    **{
        stage: ["tabulate_overview"] for stage in ("render_films", "plot_mean_curves", "plot_losses", "tabulate_videos")
    },
}
TOLD = {"gather_tracks", "find_smiles", "gather_rasters", "generate_controls", "generate_smiles", *SCORING, *TABLES}
TOLD |= {
    *TRAINING,
    *STRIPS,
    "plot_contact_sheet",
    "render_films",
    "plot_losses",
    "plot_au_curves",
    "plot_mean_curves",
    "tabulate_videos",
}
ALL = {"all"}  # every stage

SETTINGS = {  # change of the config: stages that it touches
    "actors.people=11": {"make_actors"},
    "action_units.penalty=0.02": {"train_action_units"},
    "tracks.shards=4": {"measure_tracks", "gather_tracks"},
    "videos.min_frames=17": {"gather_tracks"},
    "smiles.min_rise=0.26": {"find_smiles"},
    "rasters.alignment_smoothing=1.4": {"draw_rasters"},
    "landmark_vae.kl_weight=0.2": {"train_landmark_vae"},
    "conditional_lstm.width=255": {"train_conditional_lstm"},
    "multi_mode_lstm.modes=5": {"train_multi_mode_lstm"},
    "translation.epochs=2": {"train_translation"},
    "generated.batch_size=7": {"generate_smiles"},
    "films.fps=10": {"render_films"},
    "au_curves.videos=3": {"plot_au_curves"},
    "downloads.retries=3": set(),
    "photographs.clips=2": set(),
    "motion.backend=mediapipe": set(),  # its value already
    "pictures.frame_step=2": {"measure_pictures"},
    "identity.frame_step=4": {"measure_identity"},
    "expression_classifier.penalty=0.2": {"train_expression_classifier"},
    "contact_sheet.columns=4": {"plot_contact_sheet"},
    "strips.columns=4": set(STRIPS),
    "study.pairs=3": set(),  # of methods that are not asked for
    "cra_net.epochs=2": set(),
    "video_gan.epochs=2": set(),
    "state_seconds=7": set(),  # changes no result
    "held_mb=7": set(),
}
MODULES = {  # module with another line: stages that it touches
    "datasets/actors/dynamics.py": {"make_actors"},
    "datasets/rendering.py": {"make_actors"},
    "datasets/photographs/morph.py": set(),  # of a data set that is not asked for
    "core/downloads.py": set(),
    "datasets/registry.py": {"tabulate_datasets"},
    "datasets/index_videos.py": {"index_videos", "gather_tracks"},
    "datasets/layouts/uva_nemo.py": {"index_videos"},
    "datasets/layouts/folder.py": set(),  # another layout than that of the data set
    "tables/tabulate_videos.py": {"tabulate_videos"},
    "faces/trackers/mediapipe_tracker.py": {"train_action_units", "measure_tracks", "measure_motion"},
    "faces/trackers/dlib_tracker.py": set(),  # another tracker than that of the config
    "faces/action_units.py": {"train_action_units", "measure_tracks", "measure_motion"},
    "faces/train_action_units.py": {"train_action_units"},
    "sequences/measure_tracks.py": {"measure_tracks"},
    "sequences/gather_tracks.py": {"gather_tracks"},
    "sequences/find_smiles.py": {"find_smiles", "plot_au_curves"},
    "faces/alignment.py": {"train_action_units", "measure_tracks", "draw_rasters", "measure_motion"},
    "sequences/draw_rasters.py": {"draw_rasters"},
    "sequences/gather_rasters.py": {"gather_rasters"},
    "training/loop.py": TRAINING,
    "training/adversarial.py": {"train_translation"},
    "training/arithmetic.py": TRAINING,
    "networks/convolutions.py": {*TRAINING, "generate_smiles"},
    "methods/cmm_net/landmark_vae.py": {"train_landmark_vae"},
    "methods/cmm_net/conditional_lstm.py": {"train_conditional_lstm"},
    "methods/cmm_net/multi_mode_lstm.py": {"train_multi_mode_lstm"},
    "networks/translation.py": {"train_translation", "generate_smiles"},
    "methods/cmm_net/networks.py": {"train_multi_mode_lstm", "generate_smiles"},
    "generation/generate_smiles.py": {"generate_smiles"},
    "generation/render_films.py": {"render_films"},
    "generation/generate_controls.py": {"generate_controls", "plot_methods", "plot_mean_curves", *TABLES}
    | {"tabulate_overview"},
    "methods/cmm_net/generator.py": {"generate_smiles"},
    "methods/cmm_net/method.py": {*TABLES, "plot_methods", "plot_mean_curves", "tabulate_overview"},
    "methods/video_gan/method.py": set(),
    "methods/cdaae/cdaae.py": set(),
    "training/vae.py": {"train_landmark_vae"},
    "training/optimisers.py": TRAINING,
    "training/strengths.py": set(),
    "methods/cra_net/cra_net.py": set(),  # methods that are not asked for
    "methods/video_gan/networks.py": set(),
    "evaluation/metrics/ssim.py": {"measure_pictures"},
    "evaluation/image_networks/efficientnet_lite0.py": {"measure_pictures"},
    "evaluation/image_networks/inception_v3.py": set(),  # another network than that of the config
    "evaluation/metrics/au_curve.py": {"measure_motion", "plot_mean_curves"},
    "evaluation/metrics/cues.py": {"measure_motion"},
    "evaluation/measure_identity.py": {"measure_identity"},
    "evaluation/train_expression_classifier.py": {"train_expression_classifier", "measure_expression"},
    "evaluation/gather_scores.py": {"gather_scores", "plot_mean_curves"},
    "evaluation/statistics.py": {*SCORING, "gather_scores", "plot_mean_curves", "plot_methods", *TABLES}
    | {"tabulate_overview"},
    "tables/tabulate_comparisons.py": {"tabulate_comparisons"},
    "study/server.py": set(),
    "tables/tabulate_scores.py": {"tabulate_scores", "tabulate_overview"},
    "figures/plot_au_curves.py": {"plot_au_curves"},
    "figures/plot_losses.py": {"plot_losses"},
    "figures/plot_contact_sheet.py": {"plot_contact_sheet"},
    "generation/film_strip.py": {*STRIPS, "plot_contact_sheet"},
    "generation/write_sequence.py": {*STRIPS, "plot_contact_sheet", "render_films"},
    "tables/paper_numbers.py": {"tabulate_paper"},
    "core/records.py": {"tabulate_provenance", "tabulate_overview"},
    "tables/tabulate_resources.py": {"tabulate_resources"},
    "generation/generate.py": set(),  # a command for people, no stage
    "faces/check_setup.py": set(),
    "core/files.py": ALL,  # all stages write with it
}


@pytest.fixture(scope="module")
def graph(finished):
    """Edges of the workflow's rules, {stage: stages that are made from it}, as `snakemake --rulegraph` draws them."""
    dot = finished.run("--rulegraph")
    names = dict(re.findall(r'(\d+)\[label = "(\w+)"', dot))
    edges = {name: [] for name in names.values() if name not in MILESTONES}
    for source, target in re.findall(r"(\d+) -> (\d+)", dot):
        if names[target] in edges:
            edges[names[source]].append(names[target])
    return edges


def test_the_rule_graph_is_as_transcribed(graph):
    told = ["tabulate_provenance", "tabulate_resources"]
    expected = {stage: {*MADE_FROM.get(stage, []), *(told if stage in TOLD else [])} for stage in graph}
    assert {stage: set(made) for stage, made in graph.items()} == expected


def downstream(graph, stages):
    """The stages and all that is made from them."""
    found, todo = set(), list(graph if stages == ALL else stages)
    while todo:
        stage = todo.pop()
        if stage not in found:
            found.add(stage)
            todo += graph[stage]
    return found


def changed(*changes):
    """The config keys of changes such as films.fps=10."""
    config = {}
    for change in changes:
        key, value = change.split("=")
        block, _, key = key.rpartition(".")
        value = float(value) if "." in value else int(value) if value.isdigit() else value
        config.update({block: config.get(block, {}) | {key: value}} if block else {key: value})
    return config


REAL = ["actors.people=11", "films.fps=10"]  # started as a person does, too
REAL_MODULES = ["faces/trackers/mediapipe_tracker.py", "training/loop.py"]


@pytest.mark.parametrize("change", [change for change, stages in SETTINGS.items() if stages])
def test_a_setting_reruns_its_stage_and_what_follows(finished, graph, change):
    expected = downstream(graph, SETTINGS[change])
    assert finished.planned(change=changed(change)) == expected
    if change in REAL:
        assert finished.dry_run(change=changed(change)) == expected


def test_other_settings_rerun_nothing(finished):
    assert finished.planned(change=changed(*(change for change, stages in SETTINGS.items() if not stages))) == set()


@contextmanager
def another_line(workflow, *modules):
    """The workflow with another line in each of some modules."""
    texts = {path: path.read_text() for path in (workflow.code / "cmm" / module for module in modules)}
    try:
        for path, text in texts.items():
            path.write_text(text + "\nCHANGED = 1\n")
        yield
    finally:
        for path, text in texts.items():
            path.write_text(text)


@pytest.mark.parametrize("module", [module for module, stages in MODULES.items() if stages])
def test_a_line_of_a_module_reruns_the_stages_that_run_it_and_what_follows(finished, graph, module):
    expected = downstream(graph, MODULES[module])
    with another_line(finished, module):
        assert finished.planned() == expected
        if module in REAL_MODULES:
            assert finished.dry_run() == expected


def test_lines_of_modules_that_no_stage_runs_rerun_nothing(finished):
    with another_line(finished, *(module for module, stages in MODULES.items() if not stages)):
        assert finished.planned() == set()


def test_how_files_are_downloaded_changes_nothing_in_them(again):
    """A downloaded set, as after its download: other settings and code of the download plan nothing."""
    london = yaml.safe_load((again.code / "config/london.yaml").read_text()) | {"tracks": {"action_units": "proxies"}}
    target = "data/downloads/london/SHA256SUMS"
    root = again.folder / "data/downloads/london"
    for line in (again.code / "config/checksums/london.tsv").read_text().splitlines()[1:3]:
        (root / line.split("\t")[0]).parent.mkdir(parents=True, exist_ok=True)
    again.run("--touch", target, change=london, check=False)
    root.mkdir(parents=True, exist_ok=True)
    (root / "SHA256SUMS").write_text("made by hand\n")
    again.run("--touch", target, change=london)
    assert again.planned(target, change=london) == set()
    assert again.planned(target, change=london | {"downloads": {"connections": 8}}) == set()
    listing = again.code / "config/checksums/london.tsv"
    before = listing.read_text()
    try:
        listing.write_text(before.replace("neutral_front/001", "neutral_front/999"))
        assert "download_dataset" in again.planned(target, change=london)
    finally:
        listing.write_text(before)


def test_touching_commenting_and_reverting_rerun_nothing(finished):
    files = [path for path in finished.code.rglob("*") if path.suffix in (".py", ".yaml", ".smk") or path.is_dir()]
    texts = {path: path.read_text() for path in files if path.suffix in (".py", ".smk")}
    try:
        for path, text in texts.items():
            path.write_text(text.replace('"""', '"""Also: ', 1) + "\n\n# a comment\n" if path.suffix == ".py" else text)
        assert finished.planned() == set(), "comments and docstrings"
        for path, text in texts.items():
            path.write_text(text + "\n# a comment\n")
        assert finished.planned() == set(), "comments, in rules too"
    finally:
        for path, text in texts.items():
            path.write_text(text)
    assert finished.planned() == set(), "reverted"
    for path in files:
        os.utime(path)
    assert finished.planned() == set(), "touched"


def test_an_input_reruns_by_its_content(again):
    """A small result that was touched is the same; one that was changed by hand is not."""
    losses = again.folder / "results/actors/fold10/cmm_net/seed1/landmark_vae.losses.tsv"
    os.utime(losses)
    assert again.planned() == set()
    losses.write_text(losses.read_text().replace("1", "2"))
    assert again.planned() == {"plot_losses", "tabulate_overview", "tabulate_provenance", "tabulate_resources"}


def test_a_replaced_video_is_listed_and_tracked_again(again):
    root = again.folder / "mine"
    root.mkdir()
    lines = ["file,subject,expression,fold"]
    for i in (1, 2, 10):
        name = f"{i:03d}_deliberate_smile_1.mp4"
        (root / name).write_bytes((again.folder / "data/actors/videos" / name).read_bytes())
        lines.append(f"{name},p{i},posed,{i}")
    (again.folder / "mine.csv").write_text("\n".join(lines) + "\n")
    source = {"layout": "folder", "root": "mine", "table": "mine.csv"}
    change = {"datasets": ["mine"], "sources": {"mine": source}}
    target = "results/mine/videos.parquet"
    again.run(target, change=change)
    assert again.planned(target, change=change) == set()
    (root / "002_deliberate_smile_1.mp4").write_bytes((root / "001_deliberate_smile_1.mp4").read_bytes())
    out = again.run("-n", target, change=change)
    assert all(stage in out for stage in ("index_videos", "measure_tracks", "gather_tracks"))
