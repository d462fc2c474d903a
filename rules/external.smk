# Methods that are trained elsewhere: the data set as files for them, and what they made of it.


rule export_sequences:
    input:
        smiles=rules.gather_rasters.output,
    output:
        directory("results/{dataset}/fold{fold}/sequences"),
    log:
        "logs/{dataset}/fold{fold}/export_sequences.log",
    benchmark:
        "logs/{dataset}/fold{fold}/export_sequences.jsonl"
    conda:
        "../envs/report.yaml"
    resources:
        mem_mb=growing(2000),
        runtime=120,
    params:
        code=code("export_sequences"),
    message:
        "Writing the sequences of {wildcards.dataset}, fold {wildcards.fold} held out, as files"
    shell:
        "python -m cmm export_sequences --smiles {input.smiles:q} --fold {wildcards.fold} --out {output:q} > {log:q} 2>&1"


rule import_sequences:
    input:
        smiles=rules.gather_rasters.output,
        videos=made_elsewhere,
    output:
        f"{RUN}/generated.h5",
    log:
        f"{RUN_LOG}/import_sequences.log",
    benchmark:
        f"{RUN_LOG}/import_sequences.jsonl"
    wildcard_constraints:
        method="|".join(config["external"]) or NOTHING,
        seed=str(ELSEWHERE),
    conda:
        "../envs/report.yaml"
    resources:
        mem_mb=growing(3000),
        runtime=60,
    params:
        files=lambda wildcards: files_digest(made_elsewhere(wildcards)),
        code=code("import_sequences"),
    message:
        "Reading what {wildcards.method} made of fold {wildcards.fold}"
    shell:
        "python -m cmm import_sequences --smiles {input.smiles:q} --videos {input.videos:q} --method {wildcards.method}"
        " --fold {wildcards.fold} --out {output:q} > {log:q} 2>&1"
