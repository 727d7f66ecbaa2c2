# Every target sets up the part of .venv that it needs. `make help` lists the targets.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# `make run` needs the product alone; tests, lint and types need the tools, too.
PRODUCT := $(VENV)/.installed
TOOLS := $(VENV)/.tools
PIP := PYTHONWARNINGS=ignore $(BIN)/python -m pip install --quiet --disable-pip-version-check

# Some environments forbid bytecode: each of the many processes of the tests would compile the product anew.
unexport PYTHONDONTWRITEBYTECODE

# Tests of hostile input take long by design; `make test` runs them.
QUICK := tests/unit tests/documents --ignore=tests/unit/fetch/test_body.py \
  --ignore=tests/unit/parse/test_hostile.py --ignore=tests/unit/parse/test_bounds.py --hypothesis-profile=quick

.DEFAULT_GOAL := help
.PHONY: help install run demo quick test faults check lint types contracts audit chaos simulate fuzz bench screens clean

help: ## List the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

install: $(PRODUCT) ## Set up .venv with the product; .venv/bin/tracker then exists

run: $(PRODUCT) ## Watch the pages of providers.toml
	@exec $(BIN)/tracker up

demo: $(PRODUCT) ## Watch a simulated vendor; needs no network
	@exec $(BIN)/tracker demo

quick: $(TOOLS) ## Run the unit tests, as often as you like (under 30 s)
	$(BIN)/python -m pytest -n auto $(QUICK)

test: $(TOOLS) ## Run all tests but those of `make faults` (under 4 min)
	$(BIN)/python -m pytest -n 6 --dist loadfile --no-loadscope-reorder

faults: $(TOOLS) ## Run the tests of further faults (about two minutes)
	$(BIN)/python -m pytest -n 3 --dist loadfile -m faults

check: lint types contracts test ## Run everything that has to pass before a change is proposed

lint: $(TOOLS) ## Check style, links and modules in documents, and words of the glossary
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python -m tests.documents

types: $(TOOLS) ## Check types, strictly
	$(BIN)/mypy

contracts: $(TOOLS) ## Check which package imports which
	$(BIN)/lint-imports

audit: $(TOOLS) ## Look for known vulnerabilities in the image's packages (asks a public database)
	$(BIN)/pip-audit --requirement requirements.lock --no-deps --disable-pip

screens: $(TOOLS) ## Take the pictures in docs/web.md again; needs Chromium
	TRACKER_SCREENS=docs/screens $(BIN)/python -m pytest tests/web/test_browser.py -k screens -m ""

chaos: $(TOOLS) ## Break processes and connections for some minutes; count lost and repeated updates
	$(BIN)/python -m tests.chaos.run $(CHAOS)
	$(BIN)/python -m tests.chaos.alerts $(KILLS)

simulate: $(TOOLS) ## Interleave and break a simulated tracker in thousands of ways: make simulate SIMULATE="--seeds 5000"
	$(BIN)/python -m tests.simulation.run $(SIMULATE)

fuzz: $(TOOLS) ## Give broken answers to the parsers and to the fetcher; count the outcomes
	$(BIN)/python -m tests.fuzz.run $(FUZZ)
	$(BIN)/python -m tests.fuzz.wire $(WIRE)

bench: $(TOOLS) ## Measure everything in small, or one thing: make bench BENCH="sustained --pages 10000"
	@exec $(BIN)/python -m benchmarks $(BENCH)

clean: ## Remove .venv, caches and builds; data/ stays
	rm -rf $(VENV) .bench build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(PRODUCT): pyproject.toml requirements.txt requirements-web.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "make: Python 3.11 or later is needed; name one with: make PYTHON=python3.13 ..." >&2; exit 1; }
	@echo "make: setting up $(VENV), about 20 s" >&2
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) -e '.[web]'
	@touch $@

$(TOOLS): $(PRODUCT) requirements-dev.txt requirements-formats.txt
	@echo "make: installing the tools for tests and checks into $(VENV), about a minute" >&2
	@$(PIP) -e '.[dev]'
	@touch $@
