# Everything here works on a machine with nothing but Python 3.11, make and, as root, Debian.

PYTHON ?= python3
ARGS ?=
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# RabbitMQ and Redis are up, and their URLs in the environment, while the command runs.
WITH_SERVICES := $(BIN)/python -m orchestrator.local

.DEFAULT_GOAL := help
.PHONY: help setup demo run test check lint types tests unit soak bench services lock clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY) ## Make the virtual environment in .venv, from the lock file

demo: $(READY) ## Play a day of complaints and permits, from nothing to a finished run
	@$(WITH_SERVICES) --management -- $(BIN)/python examples/demo.py $(ARGS)

run: $(READY) ## Run the daemon and the sample consumers until Ctrl-C; data stay in .run/
	@$(WITH_SERVICES) --management --keep .run/services -- $(BIN)/python examples/run_all.py $(ARGS)

test: lint types tests ## Run lint, types and all tests: what CI runs

check: test ## The same as test

lint: $(READY) ## Check style and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY) ## Check types
	$(BIN)/mypy

tests: $(READY) ## Run all tests but the soak test; ARGS go to pytest
	$(WITH_SERVICES) -- $(BIN)/pytest --numprocesses 2 --dist loadfile $(ARGS)

unit: $(READY) ## Run the tests that take seconds
	$(WITH_SERVICES) -- $(BIN)/pytest --numprocesses 2 --dist loadfile tests/unit tests/contract tests/engine $(ARGS)

soak: $(READY) ## Kill the daemon under load for minutes and count every message
	$(BIN)/pytest -m soak $(ARGS)

bench: $(READY) ## Measure against a hand-written loop; ARGS=--json prints one object
	@$(WITH_SERVICES) -- $(BIN)/python -m benchmarks $(ARGS)

services: $(READY) ## Say where RabbitMQ and Redis would come from on this machine
	@$(WITH_SERVICES)

lock: ## Write the lock files anew; ARGS=--upgrade takes newer versions
	@.ci/lock $(PYTHON) $(ARGS)

clean: ## Delete caches, builds and the services' data; .venv stays
	rm -rf .run build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +

$(READY): .ci/requirements.lock pyproject.toml
	@.ci/setup $(PYTHON) $(VENV) >&2
	@touch $@
