# make demo, make test: each makes its own .venv from the hash-pinned lock files.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
UV_LOCK = $(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate

.PHONY: demo test checks format generate lock clean help

help: ## what there is
	@grep -E '^[a-z]+:.*##' Makefile | sed 's/:.*## /\t/'

demo: $(VENV)/.installed-all ## see guardlint find faults, compile, sign and guard (90 seconds)
	@$(BIN)/guardlint demo

test: $(VENV)/.installed-dev ## every test
	@$(BIN)/python -m pytest -n auto --dist worksteal

checks: $(VENV)/.installed-dev ## lint, format, types, layers, generated files
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/python tools/generate_catalogue.py --check
	@$(BIN)/python tools/generate_rule_pages.py --check

format: $(VENV)/.installed-dev ## write the format that checks asks for
	@$(BIN)/ruff check --fix -q . ; $(BIN)/ruff format -q .

generate: $(VENV)/.installed-dev ## write the generated files anew
	@$(BIN)/python tools/generate_catalogue.py
	@$(BIN)/python tools/generate_rule_pages.py

lock: $(VENV)/.installed-dev ## resolve the lock files anew
	@$(UV_LOCK) pyproject.toml --extra all --extra dev -o requirements/dev.lock
	@$(UV_LOCK) pyproject.toml -c requirements/dev.lock -o requirements/core.lock
	@$(UV_LOCK) pyproject.toml --extra all -c requirements/dev.lock -o requirements/all.lock
	@printf 'hatchling\neditables\n' | $(UV_LOCK) - -c requirements/dev.lock -o requirements/build.lock

clean: ## remove what make made
	rm -rf $(VENV)

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' \
	  || { echo "guardlint needs Python 3.11, 3.12 or 3.13; name one: make PYTHON=python3.12"; exit 2; }
	@$(PYTHON) -m venv $(VENV) || { rm -f $@; exit 2; }

# The editable install is made last, with the pinned build tools and no look at an index.
$(VENV)/.installed-%: requirements/%.lock requirements/build.lock pyproject.toml | $(VENV)/bin/python
	@echo "installing from requirements/$*.lock ..."
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/build.lock
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/$*.lock
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation --no-index -e .
	@touch $@
