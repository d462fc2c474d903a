# Which runs there are, methods and their ablations, data sets, folds and seeds; and what belongs to them. No rules.

from cmm.methods.registry import METHODS, declaration_of, inside_of, split, stages_before
from cmm.workflow.missing import external_folder

# One trained method: data set, held-out fold, method, seed. An ablation of a method is a
# method, too: METHOD-without_push.
RUN = "results/{dataset}/fold{fold}/{method}/seed{seed}"
RUN_LOG = RUN.replace("results", "logs", 1)
ELSEWHERE = 0  # seed of what was trained elsewhere, of which nobody tells one
NOTHING = "(?!)"  # matches no name
ACTION_UNITS = "results/action_units/{pictures}/fold{fold}"
CONTROLS = RUN.format(dataset="{dataset}", fold="{fold}", method="controls", seed=0)


def ablations():
    """Names of the methods that are ablations of others."""
    return [f"{method}-{name}" for method, variants in config["ablations"].items() for name in variants]


def declarations():
    """Modules of the declarations of the config's methods: what tables and figures call them."""
    return [f"cmm.methods.{method}.method" for method in config["methods"]]


def declaration(wildcards):
    """Module of a method's declaration."""
    return f"cmm.methods.{split(wildcards.method)[0]}.method"


def told():
    """Methods and ablations that can be told more than the expression, so that there is something to compare."""
    every = [*config["methods"], *ablations()]
    return [method for method in every if {"strength", "action_units"} & set(declaration_of(method).honours)]


def generator(wildcards):
    """Module of a method's generator."""
    return f"cmm.methods.{split(wildcards.method)[0]}.generator"


def searching():
    """Whether the ablations are tries that are chosen from: on data sets whose test people are reserved."""
    return bool(ablations()) and all(config["sources"][name].get("reserved") for name in config["datasets"])


def runs(pattern, methods=None, **more):
    """`pattern` for every run that the config asks for: data set, fold, method (or `methods`) and seed."""
    methods = config["methods"] if methods is None else methods
    every = []
    for dataset in config["datasets"]:
        every += collect(
            pattern, dataset=dataset, fold=folds_of(config, dataset), method=methods, seed=config["seeds"], **more
        )
    return every


def scored(pattern, **more):
    """`pattern` for everything that is scored: all runs, ablations among them, and the controls of each fold."""
    controls = runs(pattern.replace("{seed}", "0"), ["controls"], **more)
    return [*dict.fromkeys(controls), *shown(pattern, **more), *runs(pattern, ablations(), **more)]


def shown(pattern, **more):
    """`pattern` for every run of a method: those trained here, and those trained elsewhere."""
    elsewhere = runs(pattern.replace("{seed}", str(ELSEWHERE)), list(config["external"]), **more)
    return [*runs(pattern, **more), *dict.fromkeys(elsewhere)]


def made_elsewhere(wildcards):
    """Folder of what an external method made of a fold's test people."""
    return external_folder(config, wildcards.method, wildcards.dataset, wildcards.fold)


def written_sequences(wildcards):
    """The sequences' videos, where another program's face tracker looks at them."""
    asked = config["motion"]["backend"] == FILES_BACKEND
    return {"sequences": f"{RUN}/sequences".format(**wildcards)} if asked else {}


def scored_run(wildcards):
    """Flags that say which run is scored."""
    return flags({name: wildcards[name] for name in ("dataset", "fold", "method", "seed")})


def trained_by(method, stage):
    """The method whose run holds a stage's weights: an ablation trains what it changes, and what is made from that."""
    base, ablation = split(method)
    return method if not ablation or stages_before(base, stage) & set(config["ablations"][base][ablation]) else base


def weights(stage):
    """Input function: the weights of a stage, of the run that a job belongs to."""

    def path(wildcards):
        run = RUN.replace("{method}", trained_by(wildcards.method, stage))
        return f"{run}/{stage}.safetensors"

    return path


def trained():
    """The config's methods that are trained here."""
    return [method for method in config["methods"] if method not in config["pretrained"]]


def models():
    """Weights of every stage of every run that is trained."""
    methods = [*trained(), *ablations()]
    wanted = {(trained_by(m, stage.name), stage.name) for m in methods for stage in declaration_of(m).stages}
    return [path for m, stage in sorted(wanted) for path in runs(f"{RUN}/{stage}.safetensors", [m])]


def generated_from(wildcards):
    """Weights that a method generates from."""
    if wildcards.method in config["pretrained"]:
        return inside_of(wildcards.method)
    return [weights(stage)(wildcards) for stage in declaration_of(wildcards.method).weights]


def trained_settings(stage):
    """The flags of a training stage, with what an ablation changes."""

    def words(wildcards):
        method, ablation = split(wildcards.method)
        changed = config["ablations"][method][ablation].get(stage, {}) if ablation else {}
        return flags({**config[stage], **changed})

    return words


def milestone(name):
    """Files of a milestone, a rule of the Snakefile."""
    return {
        "dataset": [
            *collect("results/{dataset}/smiles.h5", dataset=config["datasets"]),
            *collect("results/figures/{dataset}/contact_sheet.png", dataset=config["datasets"]),
            "results/tables/videos.html",
        ],
        "models": models(),
        "videos": shown(f"{RUN}/films") + studies(),
        "tables": tables("html")
        + [f"results/{page}.html" for page in ("overview", "tables/provenance", "tables/resources")],
        "figures": figures(),
    }[name]


def tables(suffix):
    """Pages or tables of the report, but for the one that lists them all."""
    names = ["datasets", "videos", "scores", "comparisons", "table1", "table3"]
    names += ["table2"] * bool(config["ratings"]) + ["ablations"] * bool(ablations()) + ["search"] * searching()
    names = [name for name in names if suffix == "html" or name != "datasets"]
    return collect("results/tables/{table}.{suffix}", table=names, suffix=suffix)


def studies():
    """Folder of the user study of each data set, where there is a method to compare the main one with."""
    comparable = config["main_method"] in config["methods"] and len(config["methods"]) + len(config["external"]) > 1
    return collect("results/{dataset}/study", dataset=config["datasets"]) if comparable else []


def studied(wildcards):
    """(path, method, fold) of every generated.h5 that a data set's user study shows: of the first seed, all folds."""
    return [
        (path.format(dataset=wildcards.dataset, fold=fold), method, fold)
        for method, path in first_runs().items()
        for fold in folds_of(config, wildcards.dataset)
    ]


def first_runs():
    """{method: generated.h5 of its first seed}, with wildcards for data set and fold; those trained elsewhere, too."""
    seeds = dict.fromkeys(config["methods"], config["seeds"][0]) | dict.fromkeys(config["external"], ELSEWHERE)
    return {
        method: f"{RUN}/generated.h5".replace("{method}", method).replace("{seed}", str(seed))
        for method, seed in seeds.items()
    }


def figures():
    """The contact sheet, figures 4 to 8, grids of conditions, loss curves, and that of the ablations, if any."""
    found = collect(
        "results/figures/{dataset}/{figure}",
        dataset=config["datasets"],
        figure=["contact_sheet.png", "au_curves", "mean_curves.svg"],
    )
    found += runs(f"{RUN}/labels") + shown(f"{RUN}/strips") + runs(f"{RUN}/losses.svg", trained())
    found += dict.fromkeys(runs("results/{dataset}/fold{fold}/methods"))
    found += runs(f"{RUN}/conditions", told())
    return [*dict.fromkeys(found), *["results/figures/ablations.svg"] * bool(ablations())]


def overview_figures():
    """Figures of the overview: mean curves of each data set, losses of the first run of each method."""
    losses = [path for path in runs(f"{RUN}/losses.svg", trained()) if f"/seed{config['seeds'][0]}/" in path]
    return collect("results/figures/{dataset}/mean_curves.svg", dataset=config["datasets"]) + losses


def provenance_of(wildcards):
    """Every result whose making the page of provenance tells."""
    data = ["videos.parquet", "tracks.parquet", "smiles.parquet", "smiles.h5"]
    found = collect("results/{dataset}/{file}", dataset=config["datasets"], file=data) + models()
    found += scored(f"{RUN}/{{file}}", file=["generated.h5", "scores/pictures.parquet", "scores/motion.parquet"])
    found += scored(f"{RUN}/{{file}}", file=["scores/identity.parquet", "scores/expression.parquet"])
    found += runs(f"{RUN}/conditions.h5", told())
    return [*found, *milestone("videos"), *figures(), *tables("tsv")]


def weights_before(wildcards, input):
    """Flags of the weights that a stage starts from."""
    return flags({name: str(path) for name, path in input.items() if name != "smiles"})
