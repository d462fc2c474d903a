# CMM-Net from raw face videos to generated smiles, tables and figures.
#
#   snakemake --configfile config/demo.yaml      the demo, on the embedded data set
#   snakemake -n                                 what would run, and why
#   snakemake dataset                            up to a milestone: one of the rules below
#   snakemake --report results/report.html       the report of what has run


report: "workflow/report/workflow.rst"


include: "rules/common.smk"
include: "rules/datasets.smk"
include: "rules/faces.smk"
include: "rules/train.smk"
include: "rules/generate.smk"
include: "rules/evaluate.smk"
include: "rules/report.smk"


rule dataset:
    input:
        collect("results/{dataset}/smiles.h5", dataset=config["datasets"]),


rule models:
    input:
        models(),


rule videos:
    input:
        runs(f"{RUN}/films"),


rule tables:
    input:
        rules.tabulate_videos.output,
        rules.tabulate_scores.output,
        rules.tabulate_provenance.output,


rule figures:
    input:
        collect("results/figures/{dataset}/au_curves", dataset=config["datasets"]),
        runs(f"{RUN}/losses.svg"),


rule report:
    default_target: True
    input:
        rules.videos.input,
        rules.tables.input,
        rules.figures.input,
