# Needs make and Python 3.11 or newer. `make PYTHON=python3.12 test` takes another one.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# pip learned dependency groups in 25.1
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check

# modules are compiled once, not in every process that a test starts
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help train test soak lint bench mutants clean

help:  ## what can be made
	@awk -F':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

train: $(VENV)/.train  ## train a network on handwritten digits; everything is set up
	$(BIN)/chainrule train digits --out runs/digits --overwrite

test: $(VENV)/.test  ## run all tests
	$(BIN)/python -m pytest -n 2 --dist worksteal

# the better part of an hour; make soak ARGS="--kills 10 --seed 2" minutes
soak: $(VENV)/.test  ## kill training at random moments, many threads, files larger than memory
	$(BIN)/python tests/soak.py $(ARGS)
	$(BIN)/python -m pytest -n 2 -q -m "hypothesis or soak" --hypothesis-profile=default
	$(BIN)/python tests/soak_threads.py
	$(BIN)/python tests/soak_memory.py
	$(BIN)/python tests/soak_tables.py

lint: $(VENV)/.lint  ## style and types
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/basedpyright

# the whole takes the better part of an hour; make bench ARGS="--quick --only mlp-tiny" minutes
bench: $(VENV)/.bench  ## compare with other frameworks, which are downloaded (gigabytes)
	$(BIN)/python benchmarks/run.py $(ARGS)

# hours; what stands in .mutants/ is not tried again: make mutants ARGS="--seed 2 --count 20"
mutants: $(VENV)/.mutants  ## change 600 places on purpose: do the tests notice?
	$(BIN)/python tests/mutants/run.py $(ARGS)

clean:  ## remove everything that was made here, but not runs/
	rm -rf $(VENV) build dist .ruff_cache .pytest_cache .hypothesis .benchmarks .mutants
	find src tests benchmarks examples -name __pycache__ -type d -prune -exec rm -rf {} +

# One environment for everything; a stamp for each purpose says that it is complete.
$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "chainrule needs Python 3.11 or newer: make PYTHON=python3.12 ..." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --upgrade "pip>=25.1"
	@touch $@

$(VENV)/.train: $(VENV)/.made pyproject.toml
	$(PIP) install --editable ".[xla,viz]"
	@touch $@

$(VENV)/.test: $(VENV)/.made pyproject.toml
	$(PIP) install --editable ".[xla,viz,data]" --group test
	@touch $@

$(VENV)/.lint: $(VENV)/.made pyproject.toml
	$(PIP) install --editable ".[xla,viz,data]" --group lint
	@touch $@

$(VENV)/.bench: $(VENV)/.made pyproject.toml
	$(PIP) install --editable ".[xla,viz]" --group bench
	@touch $@

$(VENV)/.mutants: $(VENV)/.made pyproject.toml
	$(PIP) install --editable ".[xla,viz,data]" --group mutants
	@touch $@
