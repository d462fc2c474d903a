# One rule per training stage. Translation needs smiles.h5 alone and runs beside the others.
# The state to resume from lies beside the weights, undeclared: Snakemake deletes the
# outputs of a failed job, the state must outlive it. How often it is saved is a resource,
# since a change of that must not train anew. The four stages of CMM-Net train its ablations
# too; every other method is one stage.

CMM_NETS = r"cmm_net(-[a-z][a-z0-9_]*)?"


rule train_landmark_vae:
    input:
        smiles=rules.gather_rasters.output,
    output:
        weights=f"{RUN}/landmark_vae.safetensors",
        losses=f"{RUN}/landmark_vae.losses.tsv",
    log:
        f"{RUN_LOG}/train_landmark_vae.log",
    benchmark:
        f"{RUN_LOG}/train_landmark_vae.jsonl"
    wildcard_constraints:
        method=CMM_NETS,
    conda:
        "../envs/train.yaml"
    threads: 4
    resources:
        mem_mb=growing(3000),
        runtime=1440,
        gpu=1,
        state_seconds=config["state_seconds"],
    params:
        state=f"{RUN}/landmark_vae.state",
        settings=trained_settings("landmark_vae"),
        code=code("train_landmark_vae"),
    message:
        "Training the landmark VAE (follow: tail -f {log})"
    shell:
        "python -m cmm train_landmark_vae --smiles {input.smiles:q}"
        " --fold {wildcards.fold} --seed {wildcards.seed} --threads {threads} --processes {resources.gpu}"
        " --state-seconds {resources.state_seconds} --out {output.weights:q} --losses {output.losses:q}"
        " --state {params.state:q} {params.settings} > {log:q} 2>&1"


rule train_conditional_lstm:
    input:
        smiles=rules.gather_rasters.output,
        landmark_vae=weights("landmark_vae"),
    output:
        weights=f"{RUN}/conditional_lstm.safetensors",
        losses=f"{RUN}/conditional_lstm.losses.tsv",
    log:
        f"{RUN_LOG}/train_conditional_lstm.log",
    benchmark:
        f"{RUN_LOG}/train_conditional_lstm.jsonl"
    wildcard_constraints:
        method=CMM_NETS,
    conda:
        "../envs/train.yaml"
    threads: 4
    resources:
        mem_mb=growing(3000),
        runtime=1440,
        gpu=1,
        state_seconds=config["state_seconds"],
    params:
        state=f"{RUN}/conditional_lstm.state",
        settings=trained_settings("conditional_lstm"),
        code=code("train_conditional_lstm"),
    message:
        "Training the conditional LSTM (follow: tail -f {log})"
    shell:
        "python -m cmm train_conditional_lstm --smiles {input.smiles:q} --landmark-vae {input.landmark_vae:q}"
        " --fold {wildcards.fold} --seed {wildcards.seed} --threads {threads} --processes {resources.gpu}"
        " --state-seconds {resources.state_seconds} --out {output.weights:q} --losses {output.losses:q}"
        " --state {params.state:q} {params.settings} > {log:q} 2>&1"


rule train_multi_mode_lstm:
    input:
        smiles=rules.gather_rasters.output,
        conditional_lstm=weights("conditional_lstm"),
    output:
        weights=f"{RUN}/multi_mode_lstm.safetensors",
        losses=f"{RUN}/multi_mode_lstm.losses.tsv",
    log:
        f"{RUN_LOG}/train_multi_mode_lstm.log",
    benchmark:
        f"{RUN_LOG}/train_multi_mode_lstm.jsonl"
    wildcard_constraints:
        method=CMM_NETS,
    conda:
        "../envs/train.yaml"
    threads: 4
    resources:
        mem_mb=growing(4000),
        runtime=1440,
        gpu=1,
        state_seconds=config["state_seconds"],
    params:
        state=f"{RUN}/multi_mode_lstm.state",
        settings=trained_settings("multi_mode_lstm"),
        code=code("train_multi_mode_lstm"),
    message:
        "Training the multi-mode LSTMs (follow: tail -f {log})"
    shell:
        "python -m cmm train_multi_mode_lstm --smiles {input.smiles:q} --conditional-lstm {input.conditional_lstm:q}"
        " --fold {wildcards.fold} --seed {wildcards.seed} --threads {threads} --processes {resources.gpu}"
        " --state-seconds {resources.state_seconds} --out {output.weights:q} --losses {output.losses:q}"
        " --state {params.state:q} {params.settings} > {log:q} 2>&1"


rule train_translation:
    input:
        smiles=rules.gather_rasters.output,
    output:
        weights=f"{RUN}/translation.safetensors",
        losses=f"{RUN}/translation.losses.tsv",
    log:
        f"{RUN_LOG}/train_translation.log",
    benchmark:
        f"{RUN_LOG}/train_translation.jsonl"
    wildcard_constraints:
        method=CMM_NETS,
    conda:
        "../envs/train.yaml"
    threads: 4
    resources:
        mem_mb=growing(3000),
        runtime=1440,
        gpu=1,
        state_seconds=config["state_seconds"],
    params:
        state=f"{RUN}/translation.state",
        settings=trained_settings("translation"),
        code=code("train_translation"),
    message:
        "Training the translation stage (follow: tail -f {log})"
    shell:
        "python -m cmm train_translation --smiles {input.smiles:q}"
        " --fold {wildcards.fold} --seed {wildcards.seed} --threads {threads} --processes {resources.gpu}"
        " --state-seconds {resources.state_seconds} --out {output.weights:q} --losses {output.losses:q}"
        " --state {params.state:q} {params.settings} > {log:q} 2>&1"


for method, stage, before in [
    (method, stage, stages[:number])
    for method, stages in METHODS.items()
    for number, stage in enumerate(stages)
    if method != "cmm_net"
]:

    rule:
        name:
            f"train_{stage}"
        input:
            **{name: f"{RUN}/{name}.safetensors" for name in before},
            smiles=rules.gather_rasters.output,
        output:
            weights=f"{RUN}/{stage}.safetensors",
            losses=f"{RUN}/{stage}.losses.tsv",
        log:
            f"{RUN_LOG}/train_{stage}.log",
        benchmark:
            f"{RUN_LOG}/train_{stage}.jsonl"
        wildcard_constraints:
            method=method,
        conda:
            "../envs/train.yaml"
        threads: 4
        resources:
            mem_mb=growing(8000),
            runtime=1440,
            gpu=1,
            state_seconds=config["state_seconds"],
        params:
            stage=stage,
            state=f"{RUN}/{stage}.state",
            before=stages_before,
            settings=settings(f"train_{stage}"),
            code=code(f"train_{stage}"),
        message:
            "Training {wildcards.method}: {params.stage} (follow: tail -f {log})"
        shell:
            "python -m cmm train_{params.stage} --smiles {input.smiles:q} {params.before}"
            " --fold {wildcards.fold} --seed {wildcards.seed} --threads {threads} --processes {resources.gpu}"
            " --state-seconds {resources.state_seconds} --out {output.weights:q} --losses {output.losses:q}"
            " --state {params.state:q} {params.settings} > {log:q} 2>&1"
