# make demo    sets everything up and runs the main job on the example marketplace
# make test    sets everything up and runs all tests
# make help    lists the rest
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
.DEFAULT_GOAL := help
.PHONY: help demo test services lint format lock docs messages bench clean

help: ## show this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

demo: $(VENV)/runtime ## run the example: ONCE=1 exits with 0 when the expected suspects were found
	@$(BIN)/python -m examples.demo $(if $(filter-out 0,$(ONCE)),--once)

test: $(VENV)/dev ## run all tests; ARGS is handed to pytest
	@$(BIN)/pytest -n auto --dist loadgroup $(ARGS)

services: ## install what apt and Maven bring for the tests: PostgreSQL, Chromium, Elasticsearch
	@sh tools/services

lint: $(VENV)/dev ## the linters that CI runs
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/dev ## format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(VENV)/dev ## write the reference pages from the code
	$(BIN)/python -m console.reference docs

messages: $(VENV)/dev ## collect the texts of the pages for translators, and compile their catalogues
	@$(BIN)/python -m tools.messages

lock: $(VENV)/dev ## pin the dependencies anew
	sh tools/lock

clean: ## remove what was set up
	rm -rf $(VENV) .demo .mypy_cache .pytest_cache .ruff_cache build *.egg-info

$(VENV)/bin/python:
	@sh tools/venv $(PYTHON) $(VENV)

$(VENV)/runtime: $(VENV)/bin/python requirements.lock pyproject.toml
	@sh tools/install $(VENV) requirements.lock
	@touch $@

$(VENV)/dev: $(VENV)/bin/python requirements-dev.lock pyproject.toml
	@sh tools/install $(VENV) requirements-dev.lock
	@touch $@ $(VENV)/runtime
