# CMM-Net from raw face videos to generated smiles, tables and figures.
#
#   snakemake --configfile config/demo.yaml      the demo, on the embedded data set
#   snakemake -n                                 what would run, and why
#   snakemake --report results/report.html       the report of what has run


# The defaults lie beside this file, wherever the workflow is run from.
configfile: f"{workflow.current_basedir}/config/config.yaml"


report: "workflow/report/workflow.rst"


include: "rules/common.smk"
include: "rules/datasets.smk"
include: "rules/faces.smk"
include: "rules/train.smk"
include: "rules/generate.smk"
include: "rules/evaluate.smk"
include: "rules/report.smk"


rule all:
    default_target: True
    input:
        rules.tabulate_videos.output,
        rules.tabulate_scores.output,
        collect("results/figures/{dataset}/au_curves", dataset=config["datasets"]),
        collect(f"{RUN}/films", **RUNS),
        collect(f"{RUN}/losses.svg", **RUNS),
