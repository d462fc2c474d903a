# The sequences at a glance, figures 4 to 8, people by labels and strengths, and the loss curves.


rule plot_contact_sheet:
    input:
        smiles=rules.gather_rasters.output,
    output:
        report(
            "results/figures/{dataset}/contact_sheet.png",
            caption="../workflow/report/contact_sheet.rst",
            category="3. Figures",
            subcategory="The sequences that were found, {dataset}",
            labels={"figure": "sequences and their landmarks"},
        ),
    log:
        "logs/{dataset}/plot_contact_sheet.log",
    benchmark:
        "logs/{dataset}/plot_contact_sheet.jsonl"
    conda:
        "../envs/report.yaml"
    params:
        settings=settings("plot_contact_sheet"),
        code=code("plot_contact_sheet"),
    message:
        "Drawing some sequences of {wildcards.dataset}"
    shell:
        "python -m cmm plot_contact_sheet --smiles {input.smiles:q} --out {output:q} {params.settings} > {log:q} 2>&1"


rule plot_au_curves:
    input:
        tracks=rules.gather_tracks.output.tracks,
        labels=rules.index_videos.output.labels,
        smiles=rules.find_smiles.output.smiles,
    output:
        report(
            directory("results/figures/{dataset}/au_curves"),
            patterns=["{video}.svg"],
            caption="../workflow/report/au_curves.rst",
            category="3. Figures",
            subcategory="Figure 4: AU curves of a video, {dataset}",
            labels={"video": "{video}"},
        ),
    log:
        "logs/{dataset}/plot_au_curves.log",
    benchmark:
        "logs/{dataset}/plot_au_curves.jsonl"
    conda:
        "../envs/report.yaml"
    params:
        settings=settings("plot_au_curves"),
        code=code("plot_au_curves"),
    message:
        "Plotting AU curves of {wildcards.dataset}"
    shell:
        "python -m cmm plot_au_curves --tracks {input.tracks:q} --labels {input.labels:q} --smiles {input.smiles:q}"
        " --out {output:q} {params.settings} > {log:q} 2>&1"


rule plot_labels:
    input:
        generated=f"{RUN}/generated.h5",
    output:
        report(
            directory(f"{RUN}/labels"),
            patterns=["{person}.png"],
            caption="../workflow/report/labels.rst",
            category="3. Figures",
            subcategory="Figure 5: expressions from one face, {dataset}",
            labels={"run": "{method}, fold {fold}, seed {seed}", "person": "{person}"},
        ),
    log:
        f"{RUN_LOG}/plot_labels.log",
    benchmark:
        f"{RUN_LOG}/plot_labels.jsonl"
    conda:
        "../envs/report.yaml"
    params:
        settings=settings("plot_labels"),
        code=code("plot_labels"),
    message:
        "Drawing figure 5 of {wildcards.method}, fold {wildcards.fold}"
    shell:
        "python -m cmm plot_labels --generated {input.generated:q} --out {output:q} {params.settings} > {log:q} 2>&1"


rule plot_modes:
    input:
        smiles=rules.gather_rasters.output,
        generated=f"{RUN}/generated.h5",
    output:
        report(
            directory(f"{RUN}/strips"),
            patterns=["{person}.png"],
            caption="../workflow/report/modes.rst",
            category="3. Figures",
            subcategory="Figure 6: original, conditional and modes, {dataset}",
            labels={"run": "{method}, fold {fold}, seed {seed}", "person": "{person}"},
        ),
    log:
        f"{RUN_LOG}/plot_modes.log",
    benchmark:
        f"{RUN_LOG}/plot_modes.jsonl"
    conda:
        "../envs/report.yaml"
    params:
        settings=settings("plot_modes"),
        code=code("plot_modes"),
    message:
        "Drawing figure 6 of {wildcards.method}, fold {wildcards.fold}"
    shell:
        "python -m cmm plot_modes --smiles {input.smiles:q} --generated {input.generated:q} --fold {wildcards.fold}"
        " --out {output:q} {params.settings} > {log:q} 2>&1"


rule plot_conditions:
    input:
        conditions=f"{RUN}/conditions.h5",
    output:
        report(
            directory(f"{RUN}/conditions"),
            patterns=["{grid}.png"],
            caption="../workflow/report/conditions.rst",
            category="3. Figures",
            subcategory="People by labels and strengths, {dataset}",
            labels={"run": "{method}, fold {fold}, seed {seed}", "grid": "{grid}"},
        ),
    log:
        f"{RUN_LOG}/plot_conditions.log",
    benchmark:
        f"{RUN_LOG}/plot_conditions.jsonl"
    conda:
        "../envs/report.yaml"
    params:
        code=code("plot_conditions"),
    message:
        "Drawing people by labels and strengths of {wildcards.method}, fold {wildcards.fold}"
    shell:
        "python -m cmm plot_conditions --conditions {input.conditions:q} --out {output:q} > {log:q} 2>&1"


rule plot_methods:
    input:
        smiles=rules.gather_rasters.output,
        generated=list(first_runs().values()),
    output:
        report(
            directory("results/{dataset}/fold{fold}/methods"),
            patterns=["{smile}.png"],
            caption="../workflow/report/methods.rst",
            category="3. Figures",
            subcategory="Figure 7: the methods side by side, {dataset}",
            labels={"fold": "{fold}", "test video": "{smile}"},
        ),
    log:
        "logs/{dataset}/fold{fold}/plot_methods.log",
    benchmark:
        "logs/{dataset}/fold{fold}/plot_methods.jsonl"
    conda:
        "../envs/report.yaml"
    params:
        methods=list(first_runs()),
        settings=settings("plot_methods"),
        code=code("plot_methods", *declarations()),
    message:
        "Drawing figure 7, fold {wildcards.fold}"
    shell:
        "python -m cmm plot_methods --smiles {input.smiles:q} --generated {input.generated:q}"
        " --methods {params.methods:q} --fold {wildcards.fold} --out {output:q} {params.settings} > {log:q} 2>&1"


rule plot_mean_curves:
    input:
        curves=rules.gather_scores.output.curves,
    output:
        report(
            "results/figures/{dataset}/mean_curves.svg",
            caption="../workflow/report/mean_curves.rst",
            category="3. Figures",
            subcategory="Figure 8: mean AU curves of the methods",
            labels={"data": "{dataset}"},
        ),
    log:
        "logs/{dataset}/plot_mean_curves.log",
    benchmark:
        "logs/{dataset}/plot_mean_curves.jsonl"
    conda:
        "../envs/report.yaml"
    params:
        code=code("plot_mean_curves", *declarations()),
    message:
        "Drawing figure 8 of {wildcards.dataset}"
    shell:
        "python -m cmm plot_mean_curves --curves {input.curves:q} --dataset {wildcards.dataset} --out {output:q}"
        " > {log:q} 2>&1"


rule plot_losses:
    input:
        lambda wildcards: [f"{RUN}/{stage.name}.losses.tsv" for stage in declaration_of(wildcards.method).stages],
    output:
        report(
            f"{RUN}/losses.svg",
            caption="../workflow/report/losses.rst",
            category="5. Training",
            labels={"data": "{dataset}, fold {fold}, seed {seed}", "shows": "losses of {method}"},
        ),
    log:
        f"{RUN_LOG}/plot_losses.log",
    benchmark:
        f"{RUN_LOG}/plot_losses.jsonl"
    conda:
        "../envs/report.yaml"
    params:
        caption=lambda wildcards: declaration_of(wildcards.method).caption,
        stages=lambda wildcards: [stage.name for stage in declaration_of(wildcards.method).stages],
        code=code("plot_losses"),
    message:
        "Plotting the losses"
    shell:
        "python -m cmm plot_losses --losses {input:q} --out {output:q} > {log:q} 2>&1"
