# CMM-Net from raw face videos to generated smiles, tables and figures.
#
#   snakemake --configfile config/demo.yaml      the demo, on the embedded data set
#   snakemake -n                                 what would run, and why
#   snakemake dataset                            up to a milestone: one of the rules below
#   snakemake --report results/report.html       the report of what has run


report: "workflow/report/workflow.rst"


include: "rules/common.smk"
include: "rules/runs.smk"


rule report:
    input:
        milestone("videos"),
        milestone("tables"),
        milestone("figures"),


rule dataset:
    input:
        milestone("dataset"),


rule models:
    input:
        milestone("models"),


rule videos:
    input:
        milestone("videos"),


rule tables:
    input:
        milestone("tables"),


rule figures:
    input:
        milestone("figures"),


include: "rules/datasets.smk"
include: "rules/faces.smk"
include: "rules/train.smk"
include: "rules/generate.smk"
include: "rules/evaluate.smk"
include: "rules/study.smk"
include: "rules/tables.smk"
include: "rules/figures.smk"
include: "rules/report.smk"
