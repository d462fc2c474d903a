# From videos to the training set: track -> segment -> align -> rasterize -> smiles.h5.


rule train_action_units:
    input:
        unpack(known_intensities),
    output:
        regressors=f"{ACTION_UNITS}/action_units.safetensors",
        tsv=f"{ACTION_UNITS}/agreement.tsv",
        figure=report(
            f"{ACTION_UNITS}/agreement.svg",
            caption="../workflow/report/action_units.rst",
            category="6. Data",
            labels={"shows": "AU intensities of our own against known ones, of {pictures}; held out: fold {fold}"},
        ),
    log:
        f"{ACTION_UNITS}/train_action_units.log".replace("results", "logs", 1),
    benchmark:
        f"{ACTION_UNITS}/train_action_units.jsonl".replace("results", "logs", 1)
    wildcard_constraints:
        pictures="videos|faces",
    conda:
        environment("action_units")
    resources:
        mem_mb=growing(4000),
        runtime=tracking_minutes("action_units"),
    params:
        known=known_intensities_flags,
        size=lambda wildcards: f"--size {config['rasters']['image_size']}" if wildcards.pictures == "faces" else "",
        settings=settings("train_action_units"),
        code=code("train_action_units", *tracker("action_units")),
    message:
        "Training action units on {wildcards.pictures} of {input.index} (follow: tail -f {log})"
    shell:
        "python -m cmm train_action_units --index {input.index:q} {params.known} --held-out {wildcards.fold}"
        " {params.size} --out {output.regressors:q} --tsv {output.tsv:q} --figure {output.figure:q} {params.settings}"
        " > {log:q} 2>&1"


rule measure_tracks:
    input:
        unpack(regressors("tracks", "videos")),
        index=rules.index_videos.output.index,
    output:
        tracks="results/{dataset}/tracks/{shard}.parquet",
        outcomes="results/{dataset}/tracks/{shard}.outcomes.parquet",
    log:
        "logs/{dataset}/measure_tracks.{shard}.log",
    benchmark:
        "logs/{dataset}/measure_tracks.{shard}.jsonl"
    conda:
        environment("tracks")
    resources:
        mem_mb=growing(6000 if config["tracks"]["backend"] in OWN_ENVIRONMENT else 4000),  # a video may take 2 GiB
        runtime=tracking_minutes("tracks"),
    params:
        regressors=flag_of("regressors"),
        files=tracked_files("tracks"),
        settings=settings("measure_tracks"),
        code=code("measure_tracks", *tracker("tracks")),
    message:
        "Tracking faces, shard {wildcards.shard} (follow: tail -f {log})"
    shell:
        "python -m cmm measure_tracks --index {input.index:q} --shard {wildcards.shard}"
        " --out {output.tracks:q} --outcomes {output.outcomes:q} {params.regressors} {params.settings} > {log:q} 2>&1"


rule gather_tracks:
    input:
        index=rules.index_videos.output.index,
        shards=shards("tracks", rules.measure_tracks.output.tracks),
        outcomes=shards("tracks", rules.measure_tracks.output.outcomes),
    output:
        tracks="results/{dataset}/tracks.parquet",
        videos="results/{dataset}/videos.parquet",
    log:
        "logs/{dataset}/gather_tracks.log",
    benchmark:
        "logs/{dataset}/gather_tracks.jsonl"
    conda:
        "../envs/faces.yaml"
    resources:
        mem_mb=growing(4000),
        runtime=30,
    params:
        settings=settings("gather_tracks"),
        code=code("gather_tracks"),
    message:
        "Joining the shards of {wildcards.dataset}"
    shell:
        "python -m cmm gather_tracks --index {input.index:q} --shards {input.shards:q}"
        " --outcomes {input.outcomes:q} --tracks {output.tracks:q} --videos {output.videos:q} {params.settings}"
        " > {log:q} 2>&1"


rule find_smiles:
    input:
        videos=rules.gather_tracks.output.videos,
        tracks=rules.gather_tracks.output.tracks,
        labels=rules.index_videos.output.labels,
    output:
        smiles="results/{dataset}/smiles.parquet",
        tsv="results/{dataset}/smiles.tsv",
    log:
        "logs/{dataset}/find_smiles.log",
    benchmark:
        "logs/{dataset}/find_smiles.jsonl"
    conda:
        "../envs/faces.yaml"
    resources:
        mem_mb=growing(4000),
        runtime=30,
    params:
        settings=settings("find_smiles"),
        code=code("find_smiles"),
    message:
        "Finding neutral-to-smile phases in {wildcards.dataset}"
    shell:
        "python -m cmm find_smiles --videos {input.videos:q} --tracks {input.tracks:q} --labels {input.labels:q}"
        " --out {output.smiles:q} --tsv {output.tsv:q} {params.settings} > {log:q} 2>&1"


rule draw_rasters:
    input:
        videos=rules.gather_tracks.output.videos,
        tracks=rules.gather_tracks.output.tracks,
        smiles=rules.find_smiles.output.smiles,
    output:
        "results/{dataset}/rasters/{shard}.h5",
    log:
        "logs/{dataset}/draw_rasters.{shard}.log",
    benchmark:
        "logs/{dataset}/draw_rasters.{shard}.jsonl"
    conda:
        "../envs/faces.yaml"
    resources:
        mem_mb=growing(4000),
        runtime=120,
    params:
        settings=settings("draw_rasters"),
        code=code("draw_rasters", *mesh_tracker()),
    message:
        "Aligning faces and drawing landmark images, shard {wildcards.shard} (follow: tail -f {log})"
    shell:
        "python -m cmm draw_rasters --videos {input.videos:q} --tracks {input.tracks:q}"
        " --smiles {input.smiles:q} --shard {wildcards.shard} --out {output:q} {params.settings} > {log:q} 2>&1"


rule gather_rasters:
    input:
        smiles=rules.find_smiles.output.smiles,
        shards=shards("rasters", rules.draw_rasters.output),
    output:
        "results/{dataset}/smiles.h5",
    log:
        "logs/{dataset}/gather_rasters.log",
    benchmark:
        "logs/{dataset}/gather_rasters.jsonl"
    conda:
        "../envs/faces.yaml"
    resources:
        mem_mb=growing(2000),
        runtime=60,
    params:
        code=code("gather_rasters"),
    message:
        "Joining the shards of {wildcards.dataset}'s landmark images"
    shell:
        "python -m cmm gather_rasters --smiles {input.smiles:q} --shards {input.shards:q} --out {output:q}"
        " > {log:q} 2>&1"
