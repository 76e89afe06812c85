# The whole of Meshloom's daily work; `make` prints this list.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help run test check lint types contracts bench count lock clean

help:       ## this list
	@grep -E '^[a-z]+: .*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

$(STAMP): pyproject.toml requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Meshloom needs Python 3.11 or newer; yours is %s. Try: make PYTHON=python3.11" % sys.version.split()[0])'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing Meshloom into $(VENV) (once; a minute or two)"
	@$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	@$(BIN)/python -m pip install --quiet --constraint requirements.lock --editable '.[demo]' --group dev
	@touch $@

run: $(STAMP)         ## build the example mesh and serve it
	@$(BIN)/meshloom --mesh examples/market up --apply

test: $(STAMP)        ## every test
	@$(BIN)/python -m pytest -q -n 2 --dist loadgroup

check: lint types contracts test ## lint, types, import contracts and tests

lint: $(STAMP)        ## ruff: lint and format
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .

types: $(STAMP)       ## mypy --strict
	@$(BIN)/mypy

contracts: $(STAMP)   ## the import contracts of the design
	@$(BIN)/lint-imports

bench: $(STAMP)       ## the figures of benchmarks/, measured anew
	@$(BIN)/python -m benchmarks

count: $(STAMP)       ## how many packages and megabytes the core install brings
	@$(BIN)/python benchmarks/count_install.py

lock:                 ## take up the newest releases: a new environment's versions into requirements.lock
	@rm -rf $(VENV)-lock && $(PYTHON) -m venv $(VENV)-lock && $(VENV)-lock/bin/python -m pip install --quiet --upgrade 'pip>=25.1'
	@$(VENV)-lock/bin/python -m pip install --quiet --editable '.[demo]' --group dev
	@( head -1 requirements.lock; $(VENV)-lock/bin/python -m pip freeze --exclude-editable ) > requirements.lock.new
	@mv requirements.lock.new requirements.lock && rm -rf $(VENV)-lock

clean:                ## forget the environment and the example mesh's state
	rm -rf $(VENV) examples/*/.meshloom
