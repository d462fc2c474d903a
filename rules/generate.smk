# Sequences and videos of the test fold.


rule generate_smiles:
    input:
        smiles=rules.gather_rasters.output,
        multi_mode_lstm=rules.train_multi_mode_lstm.output.weights,
        translation=rules.train_translation.output.weights,
    output:
        f"{CMM_NET}/generated.h5",
    log:
        f"{CMM_NET_LOG}/generate_smiles.log",
    conda:
        "../envs/train.yaml"
    threads: 4
    resources:
        mem_mb=growing(3000),
        runtime=60,
    params:
        settings=settings("generate_smiles"),
        code=code("generate_smiles"),
    message:
        "Generating the test videos of fold {wildcards.fold}"
    shell:
        "python -m cmm generate_smiles --smiles {input.smiles:q}"
        " --multi-mode-lstm {input.multi_mode_lstm:q} --translation {input.translation:q}"
        " --fold {wildcards.fold} --threads {threads} --out {output:q} {params.settings} > {log:q} 2>&1"


rule render_films:
    input:
        smiles=rules.gather_rasters.output,
        generated=f"{RUN}/generated.h5",
    output:
        films=report(
            directory(f"{RUN}/films"),
            patterns=["{smile}.mp4"],
            caption="../workflow/report/films.rst",
            category="Videos",
            subcategory="{dataset}, fold {fold}, {method}, seed {seed}",
            labels={"test video": "{smile}", "shows": "original, conditional, K modes"},
        ),
        strips=report(
            directory(f"{RUN}/strips"),
            patterns=["{person}.png"],
            caption="../workflow/report/strips.rst",
            category="Film strips",
            subcategory="{dataset}, fold {fold}, {method}, seed {seed}",
            labels={"person": "{person}", "shows": "as figure 6"},
        ),
        sequences=directory(f"{RUN}/sequences"),
    log:
        f"{RUN_LOG}/render_films.log",
    conda:
        "../envs/report.yaml"
    resources:
        mem_mb=growing(2000),
        runtime=60,
    params:
        settings=settings("render_films"),
        code=code("render_films"),
    message:
        "Writing videos and film strips of fold {wildcards.fold}"
    shell:
        "python -m cmm render_films --smiles {input.smiles:q} --generated {input.generated:q}"
        " --fold {wildcards.fold} --films {output.films:q} --sequences {output.sequences:q}"
        " --strips {output.strips:q} {params.settings} > {log:q} 2>&1"
