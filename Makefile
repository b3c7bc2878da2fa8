# A fresh machine needs Python 3.11 or later, make and, for the first run of each environment, its package index.
# Environments are made again only when pyproject.toml changes.
PYTHON ?= python3
JOBS ?= 2

DEMO := .venv
DEV := .venv-dev
FRAMEWORKS := .venv-frameworks

.PHONY: help demo test test-frameworks check format bench golden docs venv clean

help:
	@echo "make demo             a trained model to a verified bundle and a wake word, in $(DEMO)"
	@echo "make test             the test suite, in $(DEV)"
	@echo "make test-frameworks  the tests that need torch and keras, in $(FRAMEWORKS)"
	@echo "make check            ruff and mypy"
	@echo "make bench            every comparison in bench/, one table each"
	@echo "make golden           write tests/golden again; review the diff"
	@echo "make docs             write the generated pages of docs/reference again"
	@echo "make venv             the development environment"

demo: $(DEMO)/.stamp
	$(DEMO)/bin/limen demo

test: $(DEV)/.stamp
	$(DEV)/bin/python -m pytest -q -n $(JOBS)

test-frameworks: $(FRAMEWORKS)/.stamp
	$(FRAMEWORKS)/bin/python -m pytest -q -n $(JOBS) -o addopts="-ra --strict-markers --strict-config --import-mode=importlib" tests/frameworks

check: $(DEV)/.stamp
	$(DEV)/bin/ruff check
	$(DEV)/bin/ruff format --check
	$(DEV)/bin/mypy

format: $(DEV)/.stamp
	$(DEV)/bin/ruff check --fix
	$(DEV)/bin/ruff format

bench: $(DEV)/.stamp
	set -e; for file in bench/[!_]*.py; do $(DEV)/bin/python $$file; done

golden: $(DEV)/.stamp
	LIMEN_GOLDEN=write $(DEV)/bin/python -m pytest -q tests/golden
	git diff --stat -- tests/golden

docs: $(DEV)/.stamp
	$(DEV)/bin/python docs/generate.py

venv: $(DEV)/.stamp

$(DEMO)/.stamp: EXTRA := demo
$(DEV)/.stamp: EXTRA := dev
$(FRAMEWORKS)/.stamp: EXTRA := frameworks

%/.stamp: pyproject.toml
	rm -rf $*
	$(PYTHON) -m venv $*
	$*/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[$(EXTRA)]'
	touch $@

clean:
	rm -rf $(DEMO) $(DEV) $(FRAMEWORKS) .mypy_cache .pytest_cache .ruff_cache
