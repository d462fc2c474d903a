# make install the environment, .venv
# make demo    the whole path on the embedded data set: results/overview.html
# make test    the tests
# All make their own environment, .venv, with CPU PyTorch and nothing from a model hub.
#
# Longer proofs, each a target of its own: test-study, test-faults, test-kills, test-slurm, test-conda, prove-actors,
# prove-london, prove-compare, prove-modes, prove-conditions, prove-mesh, bench; test-all are all tests, for a release.

PYTHON ?= python3
CORES ?= all
# Elsewhere than where plain pip finds a CPU build of torch, give PyTorch's CPU index:
# make demo PIP_FLAGS="--extra-index-url ..." (see README.md).
PIP_FLAGS ?=
BIN := .venv/bin
DEMO := $(BIN)/snakemake --configfile config/demo.yaml --cores $(CORES)

.PHONY: FORCE install docs demo test test-all test-study test-faults test-kills test-slurm test-array test-conda prove-actors prove-london prove-compare prove-modes prove-conditions prove-mesh results bench lint format schema clean

install: .venv/ready

demo: .venv/ready
	$(DEMO) --report results/report.html --report-after-run
	@echo "Look at results/overview.html; everything else is in results/report.html"

test: .venv/ready-dev
	$(BIN)/pytest -n auto --dist loadfile --no-loadscope-reorder

# Everything that a release must pass.
test-all: lint test test-study test-conda test-slurm test-faults test-kills

# The pages, of the user study and of the app, in a real Chromium, installed if it is not there (Debian, root).
test-study: .venv/ready-dev
	@if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && ! command -v chromium >/dev/null; then \
	    apt-get update -qq; \
	    DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends chromium \
	        || echo "Chromium cannot be installed here"; fi
	$(BIN)/pytest tests/study tests/app -rs

# Kills at random moments of each of eight families of stages: 104 in all.
KILLS ?= 13
test-kills: .venv/ready-dev
	$(BIN)/pytest tests/workflow/test_kills.py --kills $(KILLS)

# 700 damaged videos, pictures, files of ours, configs and tables, a full disk under every stage, the study's page under 50
# raters and five kills; another corpus: make test-faults SEED=2
SEED ?= 1
test-faults: .venv/ready-dev
	$(BIN)/pytest tests/faults tests/workflow/test_full_disk.py tests/study/test_open_page.py --faults 100 --faults-seed $(SEED) -n auto --dist load

# A real Slurm cluster of two nodes on this machine, on which the workflow runs (Debian, root).
test-slurm: .venv/slurm
	$(BIN)/pytest tests/slurm --slurm -rs -s

# A job array of 200 shards, one of whose nodes is drained; in ten minutes or more.
test-array: .venv/slurm
	$(BIN)/pytest tests/slurm --slurm --slurm-shards 200 -k array_outlives -rs -s

.PHONY: .venv/slurm
.venv/slurm: .venv/ready-dev
	@if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && ! command -v slurmctld >/dev/null; then \
	    apt-get update -qq; \
	    DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends \
	        slurm-wlm slurm-wlm-basic-plugins slurm-client munge || echo "Slurm cannot be installed here"; fi
	$(BIN)/pip install -q $(PIP_FLAGS) -c constraints.txt -e ".[slurm]"

# The environments of envs/, created and used by each family of rules.
test-conda: .venv/ready-dev
	$(BIN)/pytest tests/conda --conda -rs

# Speed and memory on this machine, in about an hour: benchmarks/results/*.tsv and docs/benchmarks.md.
# After make demo, it measures that, too.
BENCHMARKS := machine training faces growth phases smiles_file generation workflow
bench: .venv/ready
	for name in $(BENCHMARKS); do $(BIN)/python benchmarks/$$name.py || exit 1; done
	$(BIN)/python benchmarks/page.py

# After make demo: the embedded data set measured against its truth.
prove-actors: .venv/ready
	$(BIN)/python benchmarks/prove_actors.py

# After snakemake --configfile config/london.yaml: held-out people against their own photographs.
prove-london: .venv/ready
	$(BIN)/python benchmarks/prove_london.py

# After snakemake --configfile config/compare.yaml or config/modes.yaml: puts the run's scores among the published ones,
# benchmarks/results/scores.tsv, and writes the tables of README.md and docs/results.md anew.
SCORES ?= results/tables/scores.parquet
results: .venv/ready
	$(BIN)/python benchmarks/write_results.py $(SCORES)

# Of the published scores: CMM-Net against its baselines, with error bars; and whether all modes smile, whatever the seed.
prove-compare: .venv/ready
	$(BIN)/python benchmarks/prove_compare.py

prove-modes: .venv/ready
	$(BIN)/python benchmarks/prove_modes.py

# What is told beside the expression, after a run of config/beyond.yaml.
prove-conditions: .venv/ready
	$(BIN)/python benchmarks/prove_conditions.py

# CMM-mesh on held-out people's own smiles, after a run of config/mesh.yaml.
prove-mesh: .venv/ready
	$(BIN)/python benchmarks/prove_mesh.py

# The documentation as a site, its links checked.
docs: .venv/ready-dev
	$(BIN)/mkdocs build --strict -q -d site

# The picture of the rules in the README (Graphviz).
docs/workflow.svg: .venv/ready FORCE
	$(BIN)/python docs/draw_workflow.py

lint: .venv/ready-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile workflow/Snakefile rules
	$(BIN)/snakemake --lint --configfile config/demo.yaml

format: .venv/ready-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/snakefmt Snakefile workflow/Snakefile rules

schema: .venv/ready
	$(BIN)/python -m cmm describe_config --schema workflow/schemas/config.schema.yaml --readme config/README.md \
	    --commands docs/command_line.md

.venv/ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install -q $(PIP_FLAGS) -c constraints.txt -e .
	$(BIN)/python -m cmm check_setup
	touch $@

.venv/ready-dev: .venv/ready
	$(BIN)/pip install -q $(PIP_FLAGS) -c constraints.txt -e ".[dev]"
	touch $@

clean:
	rm -rf results logs data/actors .snakemake
