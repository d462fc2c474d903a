# Acquire the videos and list them.


rule make_actors:
    output:
        directory(config["sources"]["actors"]["root"]),
    log:
        "logs/actors/make_actors.log",
    benchmark:
        "logs/actors/make_actors.jsonl"
    conda:
        "../envs/faces.yaml"
    threads: 8
    resources:
        mem_mb=rendering("actors"),
        runtime=60,
    params:
        settings=settings("make_actors"),
        code=code("make_actors"),
    message:
        "Rendering invented people (follow: tail -f {log})"
    shell:
        "python -m cmm make_actors --out {output:q} --threads {threads} {params.settings} > {log:q} 2>&1"


localrules:
    download_dataset,  # nodes of a cluster have no internet


rule download_dataset:
    output:
        f"{DOWNLOADS}/SHA256SUMS",
    log:
        "logs/{dataset}/download_dataset.log",
    benchmark:
        "logs/{dataset}/download_dataset.jsonl"
    wildcard_constraints:
        dataset="|".join(DOWNLOADABLE),
    conda:
        "../envs/faces.yaml"
    resources:
        settings=settings("download_dataset"),  # how files come changes nothing in them: no param
    params:
        files=lambda wildcards: listing_digest(wildcards.dataset),
    message:
        "Downloading {wildcards.dataset} (follow: tail -f {log})"
    shell:
        "python -m cmm download_dataset --dataset {wildcards.dataset} --out {output:q} {resources.settings}"
        " > {log:q} 2>&1"


rule animate_photographs:
    input:
        expand(rules.download_dataset.output, dataset="london"),
    output:
        directory(config["sources"]["london"]["root"]),
    log:
        "logs/london/animate_photographs.log",
    benchmark:
        "logs/london/animate_photographs.jsonl"
    conda:
        "../envs/faces.yaml"
    threads: 8
    resources:
        mem_mb=rendering("photographs"),
        runtime=60,
    params:
        settings=settings("animate_photographs"),
        code=code("animate_photographs"),
    message:
        "Making videos of the London photographs (follow: tail -f {log})"
    shell:
        "python -m cmm animate_photographs --photographs $(dirname {input:q}) --out {output:q} --threads {threads}"
        " {params.settings} > {log:q} 2>&1"


rule index_videos:
    input:
        unpack(dataset_files),
    output:
        index="results/{dataset}/index.parquet",
        labels="results/{dataset}/labels.parquet",
    log:
        "logs/{dataset}/index_videos.log",
    benchmark:
        "logs/{dataset}/index_videos.jsonl"
    conda:
        "../envs/faces.yaml"
    resources:
        mem_mb=growing(1000),
        runtime=60,
    params:
        source=dataset_source,
        files=dataset_digest,
        code=index_videos_code,
    message:
        "Listing the videos of {wildcards.dataset}"
    shell:
        "python -m cmm index_videos --dataset {wildcards.dataset} --out {output.index:q} --labels {output.labels:q}"
        " {params.source} > {log:q} 2>&1"
