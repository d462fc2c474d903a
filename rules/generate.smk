# Sequences and videos of the test fold, of every method and of the controls beside them.


rule generate_controls:
    input:
        smiles=rules.gather_rasters.output,
    output:
        f"{CONTROLS}/generated.h5",
    log:
        f"{CONTROLS}/generate_controls.log".replace("results", "logs", 1),
    benchmark:
        f"{CONTROLS}/generate_controls.jsonl".replace("results", "logs", 1)
    conda:
        "../envs/evaluate.yaml"
    resources:
        mem_mb=growing(3000),
        runtime=30,
    params:
        code=code("generate_controls"),
    message:
        "Taking originals, frozen frames and other people of fold {wildcards.fold}"
    shell:
        "python -m cmm generate_controls --smiles {input.smiles:q} --fold {wildcards.fold} --out {output:q}"
        " > {log:q} 2>&1"


rule generate_smiles:
    input:
        smiles=rules.gather_rasters.output,
        weights=generated_from,
    output:
        f"{RUN}/generated.h5",
    log:
        f"{RUN_LOG}/generate_smiles.log",
    benchmark:
        f"{RUN_LOG}/generate_smiles.jsonl"
    wildcard_constraints:
        method="|".join(f"{name}(-[a-z0-9_]+)?" for name in METHODS),
    conda:
        "../envs/train.yaml"
    threads: 4
    resources:
        mem_mb=growing(3000),
        runtime=growing(60),
    params:
        settings=settings("generate_smiles"),
        honours=lambda wildcards: declaration_of(wildcards.method).honours,  # what of a condition it is told
        code=lambda wildcards: code("generate_smiles", generator(wildcards)),
    message:
        "Generating the test videos of fold {wildcards.fold} with {wildcards.method}"
    shell:
        "python -m cmm generate_smiles --smiles {input.smiles:q}"
        " --method {wildcards.method} --weights {input.weights:q}"
        " --fold {wildcards.fold} --threads {threads} --out {output:q} {params.settings} > {log:q} 2>&1"


rule generate_conditions:
    input:
        smiles=rules.gather_rasters.output,
        weights=generated_from,
    output:
        f"{RUN}/conditions.h5",
    log:
        f"{RUN_LOG}/generate_conditions.log",
    benchmark:
        f"{RUN_LOG}/generate_conditions.jsonl"
    wildcard_constraints:
        method="|".join(f"{name}(-[a-z0-9_]+)?" for name in METHODS),
    conda:
        "../envs/train.yaml"
    threads: 4
    resources:
        mem_mb=growing(3000),
        runtime=growing(60),
    params:
        code=lambda wildcards: code("generate_conditions", generator(wildcards), declaration(wildcards)),
    message:
        "Generating people of fold {wildcards.fold} by labels and strengths with {wildcards.method}"
    shell:
        "python -m cmm generate_conditions --smiles {input.smiles:q}"
        " --method {wildcards.method} --weights {input.weights:q}"
        " --fold {wildcards.fold} --threads {threads} --out {output:q} > {log:q} 2>&1"


rule render_films:
    input:
        smiles=rules.gather_rasters.output,
        generated=f"{RUN}/generated.h5",
    output:
        films=report(
            directory(f"{RUN}/films"),
            patterns=["{smile}.mp4"],
            caption="../workflow/report/films.rst",
            category="4. Videos",
            subcategory="{dataset}, fold {fold}, {method}, seed {seed}",
            labels={"test video": "{smile}", "shows": "a film"},
        ),
        sequences=directory(f"{RUN}/sequences"),
    log:
        f"{RUN_LOG}/render_films.log",
    benchmark:
        f"{RUN_LOG}/render_films.jsonl"
    conda:
        "../envs/report.yaml"
    resources:
        mem_mb=growing(2000),
        runtime=growing(60),
    params:
        settings=settings("render_films"),
        code=code("render_films"),
    message:
        "Writing videos of {wildcards.method}, fold {wildcards.fold}"
    shell:
        "python -m cmm render_films --smiles {input.smiles:q} --generated {input.generated:q}"
        " --fold {wildcards.fold} --films {output.films:q} --sequences {output.sequences:q} {params.settings}"
        " > {log:q} 2>&1"
