# Pages that the report shows beside the results.


rule tabulate_datasets:
    output:
        report(
            "results/tables/datasets.html",
            caption="../workflow/report/datasets.rst",
            category="6. Data",
            labels={"table": "data sets: licences, sizes, sources"},
        ),
    log:
        "logs/tabulate_datasets.log",
    benchmark:
        "logs/tabulate_datasets.jsonl"
    conda:
        "../envs/report.yaml"
    params:
        used=used_datasets(config),
        registry=file_digest(ROOT / "config/datasets.tsv"),  # no input: the workflow may be moved
        code=code("tabulate_datasets"),
    message:
        "Listing the data sets"
    shell:
        "python -m cmm tabulate_datasets --used {params.used:q} --html {output:q} > {log:q} 2>&1"


rule tabulate_videos:
    input:
        videos=collect(rules.gather_tracks.output.videos, dataset=config["datasets"]),
        smiles=collect(rules.find_smiles.output.smiles, dataset=config["datasets"]),
    output:
        tsv="results/tables/videos.tsv",
        html=report(
            "results/tables/videos.html",
            caption="../workflow/report/videos.rst",
            category="6. Data",
            labels={"table": "videos used and not used"},
        ),
    log:
        "logs/tabulate_videos.log",
    benchmark:
        "logs/tabulate_videos.jsonl"
    conda:
        "../envs/report.yaml"
    params:
        code=code("tabulate_videos"),
    message:
        "Counting videos"
    shell:
        "python -m cmm tabulate_videos --videos {input.videos:q} --smiles {input.smiles:q}"
        " --tsv {output.tsv:q} --html {output.html:q} > {log:q} 2>&1"


rule tabulate_provenance:
    input:
        results=provenance_of,
    output:
        report(
            "results/tables/provenance.html",
            caption="../workflow/report/provenance.rst",
            category="7. Provenance",
            labels={"table": "how every result was made"},
        ),
    log:
        "logs/tabulate_provenance.log",
    benchmark:
        "logs/tabulate_provenance.jsonl"
    conda:
        "../envs/report.yaml"
    params:
        code=code("tabulate_provenance"),
    message:
        "Listing how every result was made"
    shell:
        "python -m cmm tabulate_provenance --results {input.results:q} --html {output:q} > {log:q} 2>&1"


rule tabulate_resources:
    input:
        results=provenance_of,  # when they are there, the other rules have run
    output:
        tsv="results/tables/resources.tsv",
        html=report(
            "results/tables/resources.html",
            caption="../workflow/report/resources.rst",
            category="7. Provenance",
            labels={"table": "time and memory of each rule"},
        ),
    log:
        "logs/tabulate_resources.log",
    benchmark:
        "logs/tabulate_resources.jsonl"
    conda:
        "../envs/report.yaml"
    params:
        code=code("tabulate_resources"),
    message:
        "Listing what every rule took"
    shell:
        "python -m cmm tabulate_resources --logs $(dirname {log:q})"
        " --tsv {output.tsv:q} --html {output.html:q} > {log:q} 2>&1"


rule tabulate_overview:
    input:
        scores=rules.gather_scores.output.scores,
        films=shown(f"{RUN}/films"),
        figures=overview_figures(),
        models=models(),
        videos=rules.tabulate_videos.output.tsv,
    output:
        report(
            "results/overview.html",
            caption="../workflow/report/overview.rst",
            category="0. Overview",
            labels={"shows": "films, few numbers, figures: the first page"},
        ),
    log:
        "logs/tabulate_overview.log",
    benchmark:
        "logs/tabulate_overview.jsonl"
    conda:
        "../envs/report.yaml"
    params:
        models=lambda wildcards, input: " ".join(["--models", *map(shlex.quote, input.models)] if input.models else []),
        method=config["main_method"],
        code=code("tabulate_overview", *declarations()),
    message:
        "Writing the first page of the results"
    shell:
        "python -m cmm tabulate_overview --scores {input.scores:q} --films {input.films:q} --figures {input.figures:q}"
        " --videos {input.videos:q} {params.models} --method {params.method} --html {output:q} > {log:q} 2>&1"
