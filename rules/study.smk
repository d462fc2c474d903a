# The user study: its pairs of videos, and table 2 of what raters said (`python -m cmm study serve`).


rule prepare_study:
    input:
        smiles=rules.gather_rasters.output,
        generated=lambda wildcards: [path for path, method, fold in studied(wildcards)],
    output:
        directory("results/{dataset}/study"),
    log:
        "logs/{dataset}/prepare_study.log",
    benchmark:
        "logs/{dataset}/prepare_study.jsonl"
    conda:
        "../envs/report.yaml"
    resources:
        mem_mb=growing(3000),
        runtime=60,
    params:
        methods=lambda wildcards: [method for path, method, fold in studied(wildcards)],
        folds=lambda wildcards: [fold for path, method, fold in studied(wildcards)],
        main_method=config["main_method"],
        settings=settings("prepare_study"),
        code=code("prepare_study"),
    message:
        "Preparing the user study of {wildcards.dataset}"
    shell:
        "python -m cmm prepare_study --smiles {input.smiles:q} --generated {input.generated:q}"
        " --methods {params.methods:q} --main-method {params.main_method} --folds {params.folds} --dataset {wildcards.dataset} --out {output:q}"
        " {params.settings} > {log:q} 2>&1"


rule tabulate_study:
    input:
        ratings=config["ratings"],
    output:
        tsv="results/tables/table2.tsv",
        markdown="results/tables/table2.md",
        html=report(
            "results/tables/table2.html",
            caption="../workflow/report/table2.rst",
            category="1. Tables of the paper",
            labels={"table": "table 2"},
        ),
    log:
        "logs/tabulate_study.log",
    benchmark:
        "logs/tabulate_study.jsonl"
    conda:
        "../envs/report.yaml"
    params:
        printed=file_digest(ROOT / "config/paper_numbers.tsv"),  # as of tables 1 and 3
        code=code("tabulate_study"),
    message:
        "Making the paper's table 2"
    shell:
        "python -m cmm tabulate_study --ratings {input.ratings:q} --tsv {output.tsv:q}"
        " --markdown {output.markdown:q} --html {output.html:q} > {log:q} 2>&1"
