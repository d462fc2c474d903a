# Figures and tables that the report shows beside the results.


rule tabulate_datasets:
    output:
        report(
            "results/tables/datasets.html",
            caption="../workflow/report/datasets.rst",
            category="Data",
            labels={"table": "data sets: licences, sizes, sources"},
        ),
    log:
        "logs/tabulate_datasets.log",
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
            category="Data",
            labels={"table": "videos used and not used"},
        ),
    log:
        "logs/tabulate_videos.log",
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
        datasets=collect(
            "results/{dataset}/{file}",
            dataset=config["datasets"],
            file=["videos.parquet", "tracks.parquet", "smiles.parquet", "smiles.h5"],
        ),
        models=models(),
        runs=runs(f"{RUN}/{{file}}", file=["generated.h5", "scores.parquet", "films", "strips", "losses.svg"]),
        figures=collect("results/figures/{dataset}/au_curves", dataset=config["datasets"]),
        tables=collect("results/tables/{table}.tsv", table=["videos", "scores"]),
    output:
        report(
            "results/tables/provenance.html",
            caption="../workflow/report/provenance.rst",
            category="Provenance",
            labels={"table": "how every result was made"},
        ),
    log:
        "logs/tabulate_provenance.log",
    conda:
        "../envs/report.yaml"
    params:
        code=code("tabulate_provenance"),
    message:
        "Listing how every result was made"
    shell:
        "python -m cmm tabulate_provenance --results {input:q} --html {output:q} > {log:q} 2>&1"


rule plot_au_curves:
    input:
        tracks=rules.gather_tracks.output.tracks,
        smiles=rules.find_smiles.output.smiles,
    output:
        report(
            directory("results/figures/{dataset}/au_curves"),
            patterns=["{video}.svg"],
            caption="../workflow/report/au_curves.rst",
            category="Data",
            subcategory="AU curves (figure 4), {dataset}",
            labels={"video": "{video}"},
        ),
    log:
        "logs/{dataset}/plot_au_curves.log",
    conda:
        "../envs/report.yaml"
    params:
        settings=settings("plot_au_curves"),
        code=code("plot_au_curves"),
    message:
        "Plotting AU curves of {wildcards.dataset}"
    shell:
        "python -m cmm plot_au_curves --tracks {input.tracks:q} --smiles {input.smiles:q}"
        " --out {output:q} {params.settings} > {log:q} 2>&1"


rule plot_losses:
    input:
        rules.train_landmark_vae.output.losses,
        rules.train_conditional_lstm.output.losses,
        rules.train_multi_mode_lstm.output.losses,
        rules.train_translation.output.losses,
    output:
        report(
            f"{CMM_NET}/losses.svg",
            caption="../workflow/report/losses.rst",
            category="Training",
            labels={"data": "{dataset}, fold {fold}, seed {seed}", "shows": "losses of cmm_net"},
        ),
    log:
        f"{CMM_NET_LOG}/plot_losses.log",
    conda:
        "../envs/report.yaml"
    params:
        code=code("plot_losses"),
    message:
        "Plotting the losses"
    shell:
        "python -m cmm plot_losses --losses {input:q} --out {output:q} > {log:q} 2>&1"
