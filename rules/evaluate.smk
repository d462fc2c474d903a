# Scores of every method and of the controls, a rule a family; and one table of them all.


rule train_expression_classifier:
    input:
        smiles=rules.gather_rasters.output,
    output:
        "results/{dataset}/fold{fold}/expression_classifier.safetensors",
    log:
        "logs/{dataset}/fold{fold}/train_expression_classifier.log",
    benchmark:
        "logs/{dataset}/fold{fold}/train_expression_classifier.jsonl"
    conda:
        "../envs/evaluate.yaml"
    resources:
        mem_mb=growing(3000),
        runtime=growing(60),
    params:
        settings=settings("train_expression_classifier"),
        code=code("train_expression_classifier"),
    message:
        "Training what tells expressions apart on {wildcards.dataset}"
    shell:
        "python -m cmm train_expression_classifier --smiles {input.smiles:q} --fold {wildcards.fold} --out {output:q}"
        " {params.settings} > {log:q} 2>&1"


rule measure_pictures:
    input:
        smiles=rules.gather_rasters.output,
        generated=f"{RUN}/generated.h5",
    output:
        scores=f"{RUN}/scores/pictures.parquet",
    log:
        f"{RUN_LOG}/measure_pictures.log",
    benchmark:
        f"{RUN_LOG}/measure_pictures.jsonl"
    conda:
        "../envs/evaluate.yaml"
    resources:
        mem_mb=growing(3000),
        runtime=growing(240),
    params:
        run=scored_run,
        settings=flags({**config["pictures"], "network": picture_network()}),
        code=code("measure_pictures", f"cmm.evaluation.image_networks.{picture_network()}"),
    message:
        "Scoring pictures of {wildcards.method}, fold {wildcards.fold} (follow: tail -f {log})"
    shell:
        "python -m cmm measure_pictures --smiles {input.smiles:q} --generated {input.generated:q} {params.run}"
        " --out {output.scores:q} {params.settings} > {log:q} 2>&1"


rule measure_motion:
    input:
        unpack(regressors("motion", "faces")),
        unpack(written_sequences),
        smiles=rules.gather_rasters.output,
        generated=f"{RUN}/generated.h5",
    output:
        scores=f"{RUN}/scores/motion.parquet",
        curves=f"{RUN}/au_curves.parquet",
    log:
        f"{RUN_LOG}/measure_motion.log",
    benchmark:
        f"{RUN_LOG}/measure_motion.jsonl"
    conda:
        environment("motion", "evaluate")
    resources:
        mem_mb=growing(4000 if config["motion"]["backend"] in OWN_ENVIRONMENT else 2000),
        runtime=tracking_minutes("motion"),
    params:
        run=scored_run,
        regressors=flag_of("regressors"),
        sequences=flag_of("sequences"),
        files=tracked_files("motion", RUN.removeprefix("results/")),
        settings=motion_settings,
        code=code("measure_motion", *tracker("motion")),
    message:
        "Scoring motion of {wildcards.method}, fold {wildcards.fold} (follow: tail -f {log})"
    shell:
        "python -m cmm measure_motion --smiles {input.smiles:q} --generated {input.generated:q} {params.run}"
        " --out {output.scores:q} --curves {output.curves:q} {params.regressors} {params.sequences}"
        " {params.settings} > {log:q} 2>&1"


rule measure_identity:
    input:
        smiles=rules.gather_rasters.output,
        generated=f"{RUN}/generated.h5",
    output:
        scores=f"{RUN}/scores/identity.parquet",
    log:
        f"{RUN_LOG}/measure_identity.log",
    benchmark:
        f"{RUN_LOG}/measure_identity.jsonl"
    conda:
        "../envs/evaluate.yaml"
    resources:
        mem_mb=growing(2000),
        runtime=growing(120),
    params:
        run=scored_run,
        settings=settings("measure_identity"),
        code=code("measure_identity"),
    message:
        "Scoring identity of {wildcards.method}, fold {wildcards.fold} (follow: tail -f {log})"
    shell:
        "python -m cmm measure_identity --smiles {input.smiles:q} --generated {input.generated:q} {params.run}"
        " --out {output.scores:q} {params.settings} > {log:q} 2>&1"


rule measure_expression:
    input:
        smiles=rules.gather_rasters.output,
        generated=f"{RUN}/generated.h5",
        classifier=rules.train_expression_classifier.output,
    output:
        scores=f"{RUN}/scores/expression.parquet",
    log:
        f"{RUN_LOG}/measure_expression.log",
    benchmark:
        f"{RUN_LOG}/measure_expression.jsonl"
    conda:
        "../envs/evaluate.yaml"
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
    params:
        run=scored_run,
        code=code("measure_expression"),
    message:
        "Reading expressions of {wildcards.method}, fold {wildcards.fold}"
    shell:
        "python -m cmm measure_expression --smiles {input.smiles:q} --generated {input.generated:q}"
        " --classifier {input.classifier:q} {params.run} --out {output.scores:q} > {log:q} 2>&1"


rule gather_scores:
    input:
        scores=scored(f"{RUN}/scores/{{family}}.parquet", family=["pictures", "motion", "identity", "expression"]),
        curves=scored(rules.measure_motion.output.curves),
    output:
        scores="results/tables/scores.parquet",
        curves="results/tables/curves.parquet",
    log:
        "logs/gather_scores.log",
    benchmark:
        "logs/gather_scores.jsonl"
    conda:
        "../envs/report.yaml"
    resources:
        mem_mb=growing(2000),
    params:
        code=code("gather_scores"),
    message:
        "Joining the scores of all runs"
    shell:
        "python -m cmm gather_scores --scores {input.scores:q} --curves {input.curves:q}"
        " --out {output.scores:q} --curves-out {output.curves:q} > {log:q} 2>&1"
