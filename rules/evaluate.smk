# Scores of every method, and the table made from them.


rule measure_scores:
    input:
        **regressors("scores"),
        smiles=rules.gather_rasters.output,
        generated=f"{RUN}/generated.h5",
    output:
        scores=f"{RUN}/scores.parquet",
        curves=f"{RUN}/au_curves.parquet",
    log:
        f"{RUN_LOG}/measure_scores.log",
    conda:
        "../envs/evaluate.yaml"
    resources:
        mem_mb=growing(2000),
        runtime=120,
    params:
        regressors=regressors_flag,
        settings=settings("measure_scores"),
        code=code("measure_scores", *tracker("scores")),
    message:
        "Scoring {wildcards.method} on fold {wildcards.fold} (follow: tail -f {log})"
    shell:
        "python -m cmm measure_scores --smiles {input.smiles:q} --generated {input.generated:q}"
        " --dataset {wildcards.dataset} --method {wildcards.method} --fold {wildcards.fold}"
        " --seed {wildcards.seed} --out {output.scores:q} --curves {output.curves:q}"
        " {params.regressors} {params.settings} > {log:q} 2>&1"


rule tabulate_scores:
    input:
        runs(rules.measure_scores.output.scores),
    output:
        tsv="results/tables/scores.tsv",
        markdown="results/tables/scores.md",
        html=report(
            "results/tables/scores.html",
            caption="../workflow/report/scores.rst",
            category="Scores",
            labels={"table": "means over the test videos"},
        ),
    log:
        "logs/tabulate_scores.log",
    conda:
        "../envs/report.yaml"
    params:
        code=code("tabulate_scores"),
    message:
        "Making the results table"
    shell:
        "python -m cmm tabulate_scores --scores {input:q} --tsv {output.tsv:q}"
        " --markdown {output.markdown:q} --html {output.html:q} > {log:q} 2>&1"
