# make demo | make run CONFIG=mine.yaml [CORES=N] [PROFILE=profiles/slurm] | make test | make lint | make format | make screenshots
PYTHON ?= python3
CORES ?= 2
PROFILE ?= profiles/venv
VENV := .venv
BIN := $(VENV)/bin
SNAKEMAKE := PATH="$(abspath $(BIN)):$$PATH" $(BIN)/snakemake --workflow-profile $(PROFILE) $(if $(shell grep -s '^executor:' $(PROFILE)/config.yaml),,--cores $(CORES))

.PHONY: install install-test demo run test lint format screenshots

install: $(VENV)/.installed

$(VENV)/.installed: requirements.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade pip
	$(BIN)/pip install --quiet torch==$(shell sed -n 's/^torch==//p' requirements.txt)
	$(BIN)/pip install --quiet --requirement requirements.txt
	touch $@

install-test: $(VENV)/.installed-test

$(VENV)/.installed-test: requirements-dev.txt $(VENV)/.installed
	$(BIN)/pip install --quiet --requirement requirements-dev.txt
	sh tests/install_tools.sh
	touch $@

demo: install
	$(SNAKEMAKE) --configfile config/demo.yaml

run: install
	@test -f $(PROFILE)/config.yaml || { echo "PROFILE: $(PROFILE): no such profile."; exit 2; }
	@test -n "$(CONFIG)" || { echo "Say which settings: make run CONFIG=mine.yaml (config/README.md shows one)."; exit 2; }
	@for file in $(CONFIG); do test -f "$$file" || { echo "CONFIG: $$file: no such file."; exit 2; }; done
	$(SNAKEMAKE) --configfile $(CONFIG)

test: install-test lint
	$(BIN)/python -m pytest

lint: install-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile workflow
	$(BIN)/mypy
	$(BIN)/python tests/lint_scripts.py
	$(BIN)/snakemake --workflow-profile profiles/venv --configfile config/demo.yaml --lint

format: install-test
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/snakefmt Snakefile workflow

# The pictures in docs/ that the README shows, of the demo's report.
screenshots: install-test demo
	$(BIN)/python docs/take_screenshots.py results/demo
