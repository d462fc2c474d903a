# What is run in a clone. The entry point is workflow/Snakefile, where `module: github(...)` and the catalog look for it.
include: "workflow/Snakefile"


# An include gives no default target; the first rule after it is that.
rule all:
    input:
        rules.report.input,
