# Every task of the project. `make setup` is done by the others when it is needed.
PYTHON ?= python3
CORES ?= 2
CONFIG ?= config/clips.yaml
VENV := .venv
BIN := $(VENV)/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)

.DEFAULT_GOAL := help
.PHONY: help setup demo run test lint format check-types test-pytorch3d clean

help:
	@echo "make demo            the embedded world: every experiment, small; prints where the report is"
	@echo "make run CONFIG=config/clips.yaml CLIPS=<folder>   from raw video to report"
	@echo "make test            every test            make lint    format, lint, types, workflow"
	@echo "make setup           .venv from the lock   make test-pytorch3d   that backend, in its own venv"

setup: $(VENV)/.ready

$(VENV)/.ready: requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	@$(BIN)/python -m talkpose.study.app_build || echo "warning: user studies have no pages yet; the rest works"
	touch $@

demo: setup
	@$(BIN)/talkpose run --config config/demo.yaml --cores $(CORES)

run: setup
	@$(BIN)/talkpose run --config "$(CONFIG)" $(if $(CLIPS),--set "CLIPS=$(CLIPS)") --cores $(CORES) $(ARGS)

test: setup
	$(BIN)/python -m pytest

lint: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/snakefmt --check Snakefile workflow
	$(BIN)/mypy
	$(BIN)/python tests/workflow/lint_workflow.py

format: setup
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/snakefmt Snakefile workflow

# pytorch3d needs another torch, so it has a venv of its own (5 GB).
test-pytorch3d: .venv-pytorch3d/.ready
	PYTHONPATH=src .venv-pytorch3d/bin/python -c "import pytorch3d.renderer"
	PYTHONPATH=src .venv-pytorch3d/bin/python -m pytest tests/pytorch3d -rs

.venv-pytorch3d/.ready: requirements-pytorch3d.txt
	$(PYTHON) -m venv .venv-pytorch3d
	.venv-pytorch3d/bin/python -m pip install --quiet -r $<
	touch $@

clean:
	rm -rf .pytest_cache .ruff_cache .mypy_cache .snakemake
