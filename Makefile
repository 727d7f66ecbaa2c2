# Every target sets up .venv first if it has to. `make help` lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help install run demo test faults check lint types contracts audit chaos fuzz bench clean

help: ## Show what there is
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

install: $(STAMP) ## Set up .venv; .venv/bin/tracker then exists

run: $(STAMP) ## Watch the pages of providers.toml
	@exec $(BIN)/tracker up

demo: $(STAMP) ## Watch a simulated vendor; needs no network
	@exec $(BIN)/tracker demo

test: $(STAMP) ## Run all tests, four files at a time; most of the long ones wait
	$(BIN)/python -m pytest -n 4 --dist loadfile

faults: $(STAMP) ## Run the tests of further faults, which take another minute
	$(BIN)/python -m pytest -n 3 --dist loadfile -m faults

check: lint types contracts test ## What must pass before a commit

lint: $(STAMP) ## Style and mistakes
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP) ## Types, strictly
	$(BIN)/mypy

contracts: $(STAMP) ## Who may import whom
	$(BIN)/lint-imports

audit: $(STAMP) ## Known vulnerabilities in what the image installs (asks a public database)
	$(BIN)/pip-audit --requirement requirements.lock --no-deps --disable-pip

chaos: $(STAMP) ## Break processes and connections for some minutes; count what is lost or told twice
	$(BIN)/python -m tests.chaos.run $(CHAOS)

fuzz: $(STAMP) ## Give broken answers to the parsers and to the fetcher; count what comes out
	$(BIN)/python -m tests.fuzz.run $(FUZZ)
	$(BIN)/python -m tests.fuzz.wire $(WIRE)

bench: $(STAMP) ## Measure all, small, or one: make bench BENCH="sustained --pages 10000"
	@exec $(BIN)/python -m benchmarks $(BENCH)

clean: ## Remove what was set up and built; data/ stays
	rm -rf $(VENV) .bench build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(STAMP): pyproject.toml requirements.txt requirements-dev.txt requirements-formats.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "make: Python 3.11 or later is needed; name one with: make PYTHON=python3.13 ..." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade pip
	PYTHONWARNINGS=ignore $(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev,formats]'
	@touch $@
