# One rule per training stage of every method, as the methods declare them; ablations are trained by the same rules.
# The state to resume from lies beside the weights, undeclared: Snakemake deletes the
# outputs of a failed job, the state must outlive it. How often it is saved is a resource,
# since a change of that must not train anew.

for method, stage in [(method, stage) for method in METHODS for stage in METHODS[method].stages]:

    rule:
        name:
            f"train_{stage.name}"
        input:
            **{before: weights(before) for before in stage.starts_from},
            smiles=rules.gather_rasters.output,
        output:
            weights=f"{RUN}/{stage.name}.safetensors",
            losses=f"{RUN}/{stage.name}.losses.tsv",
        log:
            f"{RUN_LOG}/train_{stage.name}.log",
        benchmark:
            f"{RUN_LOG}/train_{stage.name}.jsonl"
        wildcard_constraints:
            method=f"{method}(-[a-z][a-z0-9_]*)?",
        conda:
            "../envs/train.yaml"
        threads: 4
        resources:
            mem_mb=growing(stage.mem_mb + config["held_mb"]),
            runtime=1440,  # many clusters allow no more; the next attempt goes on from the state
            gpu=1,
            state_seconds=config["state_seconds"],
            held_mb=config["held_mb"],
        params:
            stage=stage.name,
            state=f"{RUN}/{stage.name}.state",
            before=weights_before,
            settings=trained_settings(stage.name),
            code=code(f"train_{stage.name}"),
        message:
            "Training {wildcards.method}: {params.stage} (follow: tail -f {log})"
        shell:
            "python -m cmm train_{params.stage} --smiles {input.smiles:q} {params.before}"
            " --fold {wildcards.fold} --seed {wildcards.seed} --threads {threads} --processes {resources.gpu}"
            " --state-seconds {resources.state_seconds} --held-mb {resources.held_mb} --out {output.weights:q} --losses {output.losses:q}"
            " --state {params.state:q} {params.settings} > {log:q} 2>&1"
