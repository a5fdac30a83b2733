# Needs: Python 3.11 or newer with venv. Everything else comes into .venv from the locks.
.DEFAULT_GOAL := help
.ONESHELL:
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c

BIN := .venv/bin
UV := $(BIN)/uv pip
ARGS ?=
export UV_LINK_MODE ?= copy

help:  ## Show what can be made.
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 20

demo: .venv/runtime  ## Bring up the demo practice and do the whole round on it (ARGS=--once stops by itself).
	@$(BIN)/hub demo $(ARGS)

up: .venv/runtime  ## Serve the hub and Dagster's web UI side by side.
	@$(BIN)/hub up $(ARGS)

test: .venv/dev peers  ## Check style, types and imports, and run the tests (about 10 minutes).
	@$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --cache-dir .import_linter_cache
	$(BIN)/pytest -n 4 --dist worksteal -m "not slow" $(ARGS)

test-all: .venv/dev peers  ## Run the long tests too: kills, races, big data.
	@$(BIN)/pytest -n 4 --dist worksteal $(ARGS)

coverage: .venv/dev peers  ## Run the tests and show what they leave out.
	@$(BIN)/pytest -n 4 --dist worksteal -m "not slow" --cov --cov-report=term $(ARGS)

lock: .venv/bin/uv  ## Write the locks anew from pyproject.toml (ARGS=--upgrade for newer versions).
	@compile() { $(UV) compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-strip-extras --no-annotate --quiet $(ARGS) "$$@"; }
	compile --group build --output-file requirements.lock
	compile --group dev --extra cluster --constraint requirements.lock --output-file requirements-dev.lock

cluster: .venv/runtime  ## Add what moves a history on several machines (docs/migration.md).
	@$(UV) install --quiet --constraint requirements-dev.lock --no-build-isolation --python $(BIN)/python --editable '.[cluster]'

clean:  ## Remove the environment and what tests left (not the data in .hub).
	@rm -rf .venv build .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache .coverage*

.venv/runtime: requirements.lock .venv/bin/uv
	@echo "Installing the hub into .venv …"
	$(UV) sync --quiet --compile-bytecode --require-hashes --python $(BIN)/python requirements.lock
	$(UV) install --quiet --no-deps --no-build-isolation --python $(BIN)/python --editable .
	touch .venv/runtime; rm -f .venv/dev

.venv/dev: requirements-dev.lock .venv/bin/uv
	@echo "Installing the hub and what its tests need into .venv …"
	$(UV) sync --quiet --compile-bytecode --require-hashes --python $(BIN)/python requirements-dev.lock
	$(UV) install --quiet --no-deps --no-build-isolation --python $(BIN)/python --editable .
	touch .venv/dev .venv/runtime

.venv/bin/uv: requirements-uv.lock
	@tools/make-venv

peers:
	@tools/install-peers

.PHONY: help demo up test test-all coverage lock cluster clean peers
