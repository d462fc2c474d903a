"""All verbs: those of people, and the stages in the order in which data flows: module, config block, summary.

The verb is also the rule's name, and the module's but for training stages, which their methods
declare. This module imports none of the stages, so that Snakemake can read it in an instant.
"""

from dataclasses import dataclass

from cmm.core.errors import UserError
from cmm.methods.registry import METHODS


@dataclass(frozen=True)
class Stage:
    module: str
    block: str | None  # config block; None for a stage without settings
    summary: str


TOOLS = {  # what a person runs
    "generate": Stage("cmm.generation.generate", None, "smile videos from anybody's photograph"),
    "app": Stage("cmm.app.app", None, "a page in the browser to try photographs on"),
    "bundle": Stage("cmm.bundles.bundle", None, "a trained method in one file, with its model card"),
    "init": Stage("cmm.workflow.init", None, "begin with videos of your own"),
    "run": Stage("cmm.workflow.run", None, "the workflow: Snakemake with this package's rules"),
    "estimate": Stage("cmm.workflow.estimate", None, "what a run will cost, before it is started"),
    "rates": Stage("cmm.workflow.rates", None, "how long the stages of a run took, for forecasts"),
    "datasets": Stage("cmm.datasets.registry", None, "print the data sets that the workflow knows"),
    "study": Stage("cmm.study.study", None, "serve the user study, or export its ratings"),
    "provenance": Stage("cmm.core.records", None, "print how one result was made"),
    "compare_trackers": Stage("cmm.sequences.compare_trackers", None, "two face trackers on the same videos"),
    "check_setup": Stage("cmm.faces.check_setup", None, "check that the face tracker loads"),
    "completion": Stage("cmm.completion", None, "completion of verbs and flags, for a shell"),
}
BEFORE = {  # what is trained
    "make_actors": Stage(
        "cmm.datasets.actors.make_actors", "actors", "render the embedded data set of invented people"
    ),
    "download_dataset": Stage(
        "cmm.datasets.download_dataset", "downloads", "fetch an open data set, checked and resumable"
    ),
    "animate_photographs": Stage(
        "cmm.datasets.photographs.animate_photographs", "photographs", "smile videos from pairs of photographs"
    ),
    "index_videos": Stage("cmm.datasets.index_videos", None, "list a data set's videos, with what is wrong with any"),
    "train_action_units": Stage("cmm.faces.train_action_units", "action_units", "intensities of AU6 and AU12, 0-5"),
    "measure_tracks": Stage(
        "cmm.sequences.measure_tracks", "tracks", "landmarks and action units of one shard of the videos"
    ),
    "gather_tracks": Stage("cmm.sequences.gather_tracks", "videos", "join the shards: tracks.parquet, videos.parquet"),
    "find_smiles": Stage("cmm.sequences.find_smiles", "smiles", "neutral-to-smile phases from AU12 and AU6"),
    "draw_rasters": Stage("cmm.sequences.draw_rasters", "rasters", "aligned faces and landmark images of one shard"),
    "gather_rasters": Stage("cmm.sequences.gather_rasters", None, "join the shards: smiles.h5"),
}
AFTER = {
    "generate_controls": Stage("cmm.generation.generate_controls", None, "originals, frozen frames, other people"),
    "generate_smiles": Stage("cmm.generation.generate_smiles", "generated", "sequences of the test fold: generated.h5"),
    "generate_conditions": Stage(
        "cmm.generation.generate_conditions", None, "people by labels and strengths: conditions.h5"
    ),
    "export_sequences": Stage(
        "cmm.generation.export_sequences", None, "sequences as files, for a method that is trained elsewhere"
    ),
    "import_sequences": Stage("cmm.generation.import_sequences", None, "what a method that was trained elsewhere made"),
    "render_films": Stage("cmm.generation.render_films", "films", "mp4 videos of generated.h5"),
    "train_expression_classifier": Stage(
        "cmm.evaluation.train_expression_classifier", "expression_classifier", "what tells expressions apart"
    ),
    "measure_pictures": Stage("cmm.evaluation.measure_pictures", "pictures", "scores of pictures, and of sets of them"),
    "measure_motion": Stage("cmm.evaluation.measure_motion", "motion", "scores of motion, as a face tracker sees it"),
    "measure_identity": Stage("cmm.evaluation.measure_identity", "identity", "whose face it is"),
    "measure_expression": Stage(
        "cmm.evaluation.measure_expression", None, "whether the expression is the one asked for"
    ),
    "gather_scores": Stage("cmm.evaluation.gather_scores", None, "join the scores of all runs, and their AU curves"),
    "tabulate_scores": Stage("cmm.tables.tabulate_scores", None, "all scores of all methods as TSV, Markdown and HTML"),
    "tabulate_comparisons": Stage(
        "cmm.tables.tabulate_comparisons", None, "paired tests of the main method against the others"
    ),
    "tabulate_paper": Stage("cmm.tables.tabulate_paper", None, "the paper's tables 1 and 3"),
    "tabulate_ablations": Stage("cmm.tables.tabulate_ablations", None, "what each part of a method is good for"),
    "tabulate_search": Stage("cmm.tables.tabulate_search", None, "which of the tried settings of a method to take"),
    "prepare_study": Stage("cmm.study.prepare_study", "study", "pairs of videos for the user study"),
    "tabulate_study": Stage("cmm.tables.tabulate_study", None, "table 2: what the raters say"),
    "plot_au_curves": Stage("cmm.figures.plot_au_curves", "au_curves", "figure 4: AU curves of a video, phases shaded"),
    "plot_contact_sheet": Stage(
        "cmm.figures.plot_contact_sheet", "contact_sheet", "some of the sequences that were found"
    ),
    "plot_labels": Stage("cmm.figures.plot_labels", "strips", "figure 5: two expressions from one face"),
    "plot_modes": Stage("cmm.figures.plot_modes", "strips", "figure 6: original, conditional sequence and K modes"),
    "plot_methods": Stage("cmm.figures.plot_methods", "strips", "figure 7: the methods side by side"),
    "plot_conditions": Stage("cmm.figures.plot_conditions", None, "people by labels and by strengths"),
    "plot_mean_curves": Stage("cmm.figures.plot_mean_curves", None, "figure 8: mean AU curves of each method"),
    "plot_losses": Stage("cmm.figures.plot_losses", None, "loss curves of the training stages"),
    "tabulate_videos": Stage("cmm.tables.tabulate_videos", None, "counts of videos used, and why others are not"),
    "tabulate_overview": Stage("cmm.tables.tabulate_overview", None, "the first page of the results: overview.html"),
    "tabulate_datasets": Stage("cmm.tables.tabulate_datasets", None, "the registry of data sets as a page"),
    "tabulate_provenance": Stage("cmm.tables.tabulate_provenance", None, "how every result was made, a line each"),
    "tabulate_resources": Stage("cmm.tables.tabulate_resources", None, "time and memory of each rule"),
    "describe_config": Stage(
        "cmm.workflow.describe_config",
        None,
        "write the config's schema, its table of keys, the page of the command line",
    ),
}


def _trained(others):
    """The training stages of all methods; UserError where one has the verb or the config block of another stage."""
    found, blocks = {}, {stage.block for stage in others.values()}
    for name, method in METHODS.items():
        for stage in method.stages:
            verb = f"train_{stage.name}"
            if verb in others or stage.name in blocks:
                file = f"cmm/methods/{name}/method.py"
                raise UserError(f"{file}: stage {stage.name!r}: another stage has that name, or a config block of it")
            found[verb] = Stage(f"cmm.methods.{name}.{stage.name}", stage.name, stage.summary)
    return found


STAGES = TOOLS | BEFORE | _trained(TOOLS | BEFORE | AFTER) | AFTER
