# One rule per training stage. Translation needs smiles.h5 alone and runs beside the others.
# The state to resume from lies beside the weights, undeclared: Snakemake deletes the
# outputs of a failed job, the state must outlive it. How often it is saved is a resource,
# since a change of that must not train anew.


rule train_landmark_vae:
    input:
        smiles=rules.gather_rasters.output,
    output:
        weights=f"{CMM_NET}/landmark_vae.safetensors",
        losses=f"{CMM_NET}/landmark_vae.losses.tsv",
    log:
        f"{CMM_NET_LOG}/train_landmark_vae.log",
    conda:
        "../envs/train.yaml"
    threads: 4
    resources:
        mem_mb=growing(3000),
        runtime=1440,
        gpu=1,
        state_seconds=config["state_seconds"],
    params:
        state=f"{CMM_NET}/landmark_vae.state",
        settings=settings("train_landmark_vae"),
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
        landmark_vae=f"{CMM_NET}/landmark_vae.safetensors",
    output:
        weights=f"{CMM_NET}/conditional_lstm.safetensors",
        losses=f"{CMM_NET}/conditional_lstm.losses.tsv",
    log:
        f"{CMM_NET_LOG}/train_conditional_lstm.log",
    conda:
        "../envs/train.yaml"
    threads: 4
    resources:
        mem_mb=growing(3000),
        runtime=1440,
        gpu=1,
        state_seconds=config["state_seconds"],
    params:
        state=f"{CMM_NET}/conditional_lstm.state",
        settings=settings("train_conditional_lstm"),
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
        conditional_lstm=f"{CMM_NET}/conditional_lstm.safetensors",
    output:
        weights=f"{CMM_NET}/multi_mode_lstm.safetensors",
        losses=f"{CMM_NET}/multi_mode_lstm.losses.tsv",
    log:
        f"{CMM_NET_LOG}/train_multi_mode_lstm.log",
    conda:
        "../envs/train.yaml"
    threads: 4
    resources:
        mem_mb=growing(4000),
        runtime=1440,
        gpu=1,
        state_seconds=config["state_seconds"],
    params:
        state=f"{CMM_NET}/multi_mode_lstm.state",
        settings=settings("train_multi_mode_lstm"),
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
        weights=f"{CMM_NET}/translation.safetensors",
        losses=f"{CMM_NET}/translation.losses.tsv",
    log:
        f"{CMM_NET_LOG}/train_translation.log",
    conda:
        "../envs/train.yaml"
    threads: 4
    resources:
        mem_mb=growing(3000),
        runtime=1440,
        gpu=1,
        state_seconds=config["state_seconds"],
    params:
        state=f"{CMM_NET}/translation.state",
        settings=settings("train_translation"),
        code=code("train_translation"),
    message:
        "Training the translation stage (follow: tail -f {log})"
    shell:
        "python -m cmm train_translation --smiles {input.smiles:q}"
        " --fold {wildcards.fold} --seed {wildcards.seed} --threads {threads} --processes {resources.gpu}"
        " --state-seconds {resources.state_seconds} --out {output.weights:q} --losses {output.losses:q}"
        " --state {params.state:q} {params.settings} > {log:q} 2>&1"
