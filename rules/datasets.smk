# Acquire the videos and list them.


rule make_actors:
    output:
        directory(config["sources"][EMBEDDED]["root"]),
    log:
        "logs/actors/make_actors.log",
    conda:
        "../envs/faces.yaml"
    threads: 8
    resources:
        mem_mb=growing(2000),
        runtime=60,
    params:
        settings=settings("make_actors"),
        code=code("make_actors"),
    message:
        "Rendering invented people (follow: tail -f {log})"
    shell:
        "python -m cmm make_actors --out {output:q} --threads {threads} {params.settings} > {log:q} 2>&1"


rule index_videos:
    input:
        unpack(dataset_files),
    output:
        "results/{dataset}/index.parquet",
    log:
        "logs/{dataset}/index_videos.log",
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
        "python -m cmm index_videos --dataset {wildcards.dataset} --out {output:q} {params.source} > {log:q} 2>&1"
