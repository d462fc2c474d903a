# Tables made of scores.parquet alone.


rule tabulate_paper:
    input:
        scores=rules.gather_scores.output.scores,
    output:
        tsv="results/tables/table{number}.tsv",
        markdown="results/tables/table{number}.md",
        html=report(
            "results/tables/table{number}.html",
            caption="../workflow/report/paper.rst",
            category="1. Tables of the paper",
            labels={"table": "table {number}"},
        ),
    log:
        "logs/tabulate_paper.{number}.log",
    benchmark:
        "logs/tabulate_paper.{number}.jsonl"
    wildcard_constraints:
        number="1|3",
    conda:
        "../envs/report.yaml"
    params:
        printed=file_digest(ROOT / "config/paper_numbers.tsv"),  # no input: the workflow may be moved
        size=config["rasters"]["image_size"],
        code=code("tabulate_paper", *declarations()),
    message:
        "Making the paper's table {wildcards.number}"
    shell:
        "python -m cmm tabulate_paper --scores {input.scores:q} --number {wildcards.number} --size {params.size}"
        " --tsv {output.tsv:q} --markdown {output.markdown:q} --html {output.html:q} > {log:q} 2>&1"


rule tabulate_scores:
    input:
        scores=rules.gather_scores.output.scores,
    output:
        tsv="results/tables/scores.tsv",
        markdown="results/tables/scores.md",
        html=report(
            "results/tables/scores.html",
            caption="../workflow/report/scores.rst",
            category="2. Tables",
            labels={"table": "all scores of all methods"},
        ),
    log:
        "logs/tabulate_scores.log",
    benchmark:
        "logs/tabulate_scores.jsonl"
    conda:
        "../envs/report.yaml"
    params:
        size=config["rasters"]["image_size"],
        code=code("tabulate_scores", *declarations()),
    message:
        "Making the table of all scores"
    shell:
        "python -m cmm tabulate_scores --scores {input.scores:q} --size {params.size} --tsv {output.tsv:q}"
        " --markdown {output.markdown:q} --html {output.html:q} > {log:q} 2>&1"


rule tabulate_comparisons:
    input:
        scores=rules.gather_scores.output.scores,
    output:
        tsv="results/tables/comparisons.tsv",
        html=report(
            "results/tables/comparisons.html",
            caption="../workflow/report/comparisons.rst",
            category="2. Tables",
            labels={"table": "the main method against each other: paired tests"},
        ),
    log:
        "logs/tabulate_comparisons.log",
    benchmark:
        "logs/tabulate_comparisons.jsonl"
    conda:
        "../envs/report.yaml"
    params:
        method=config["main_method"],
        code=code("tabulate_comparisons", *declarations()),
    message:
        "Comparing methods in pairs"
    shell:
        "python -m cmm tabulate_comparisons --scores {input.scores:q} --method {params.method} --tsv {output.tsv:q} --html {output.html:q}"
        " > {log:q} 2>&1"


rule tabulate_ablations:
    input:
        scores=rules.gather_scores.output.scores,
    output:
        tsv="results/tables/ablations.tsv",
        html=report(
            "results/tables/ablations.html",
            caption="../workflow/report/ablations.rst",
            category="2. Tables",
            labels={"table": "ablations: what each part of a method is good for"},
        ),
        figure=report(
            "results/figures/ablations.svg",
            caption="../workflow/report/ablations.rst",
            category="3. Figures",
            subcategory="Ablations: one score against another",
            labels={"data": "all"},
        ),
    log:
        "logs/tabulate_ablations.log",
    benchmark:
        "logs/tabulate_ablations.jsonl"
    conda:
        "../envs/report.yaml"
    params:
        code=code("tabulate_ablations", *declarations()),
    message:
        "Comparing the ablations"
    shell:
        "python -m cmm tabulate_ablations --scores {input.scores:q} --tsv {output.tsv:q} --html {output.html:q}"
        " --figure {output.figure:q} > {log:q} 2>&1"


rule tabulate_search:
    input:
        scores=rules.gather_scores.output.scores,
    output:
        tsv="results/tables/search.tsv",
        html=report(
            "results/tables/search.html",
            caption="../workflow/report/search.rst",
            category="2. Tables",
            labels={"table": "search: which settings of a method to take"},
        ),
    log:
        "logs/tabulate_search.log",
    benchmark:
        "logs/tabulate_search.jsonl"
    conda:
        "../envs/report.yaml"
    params:
        ablations=json.dumps(config["ablations"]),
        code=code("tabulate_search", *declarations()),
    message:
        "Ranking the tried settings"
    shell:
        "python -m cmm tabulate_search --scores {input.scores:q} --ablations {params.ablations:q} --tsv {output.tsv:q}"
        " --html {output.html:q} > {log:q} 2>&1"
