# Everything a checkout needs: Python 3.11 or newer, and make. `make` alone lists what there is.
.DEFAULT_GOAL := help
.PHONY: help demo test test-slow test-spark4 faults lint types contracts format bench lock clean
SHELL := /bin/sh

# The first of these that runs and is new enough; pyenv's shims exist for versions that are not switched on, so each is asked.
# The version that is wanted comes before any other that would do, wherever it lies.
NEWEST_OK = for python in $(1) "$$HOME"/.pyenv/versions/$(2)/bin/python $(3) python3; do \
	if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then echo "$$python"; exit; fi; done
PYTHON ?= $(shell $(call NEWEST_OK,python3.11,3.11*,python3.12 python3.13))
PYTHON4 ?= $(shell $(call NEWEST_OK,python3.13,3.13*,python3.12 python3.11))

DAY ?= 2013-02-08
LAKE ?= target/lake
BIN := .venv/bin
BIN4 := .venv-spark4/bin

help:  ## List the targets.
	@sed -n 's/^\([a-z0-9-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

# Dependencies by lock and hash; then this checkout itself, which has no hash. The stamp makes the second call free.
define INSTALL
	@test -n "$(1)" || { echo "Python 3.11 or newer was not found; name one: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	"$(1)" -m venv $(2)
	$(2)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(3)
	$(2)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r locks/demo.txt
	$(2)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@
endef

.venv/.installed: pyproject.toml locks/py311-spark35.txt locks/demo.txt
	$(call INSTALL,$(PYTHON),.venv,locks/py311-spark35.txt)

.venv-spark4/.installed: pyproject.toml locks/py313-spark41.txt locks/demo.txt
	$(call INSTALL,$(PYTHON4),.venv-spark4,locks/py313-spark41.txt)

demo: .venv/.installed  ## One day of flights, from raw files to marts: make demo DAY=2013-02-08
	$(BIN)/python -m jobs.nyc_flights.landing --lake $(LAKE)
	$(BIN)/etl run nyc_flights --date $(DAY)
	@echo "The runs and their reports are under target/runs/; next: $(BIN)/etl runs, $(BIN)/etl graph, $(BIN)/etl --help"

SLOWEST = --durations=20 --durations-min=1

test: .venv/.installed  ## All tests but the slow ones, on Spark 3.5.
	$(BIN)/python -m pytest -m "not slow" $(SLOWEST)

test-slow: .venv/.installed  ## The slow tests: the whole year.
	$(BIN)/python -m pytest -m slow --timeout 3600

# What asks no Spark, or none in particular (`once`), is the same in both columns, and `test` has run it.
test-spark4: .venv-spark4/.installed  ## The tests that need Spark, but the slow ones, on Spark 4.1 (Python 3.13 if there is one).
	$(BIN4)/python -m pytest -m "spark and not slow and not once" --rounds 2 $(SLOWEST) -o cache_dir=.pytest_cache/spark4

ROUNDS ?= 100
SEED ?= $(shell date +%s)
# `test` has a bounded part of these; any case comes back with its seed: make faults SEED=…
faults: .venv/.installed  ## Injected faults at length: make faults ROUNDS=250 SEED=1.
	@echo "seed $(SEED)"
	$(BIN)/python -m pytest tests/faults --rounds $(ROUNDS) --randomly-seed $(SEED) --hypothesis-seed $(SEED) \
	  --hypothesis-profile long --timeout 7200 $(SLOWEST)

lint: .venv/.installed  ## Style and mistakes.
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: .venv/.installed  ## mypy --strict.
	$(BIN)/mypy

contracts: .venv/.installed  ## Which package may import which.
	$(BIN)/lint-imports

format: .venv/.installed  ## Rewrite the code as `lint` wants it.
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

.venv/.bench: .venv/.installed locks/bench.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r locks/bench.txt
	@touch $@

bench: .venv/.bench  ## Cost of a run against the same pipeline written by hand.
	$(BIN)/python -m bench.start
	$(BIN)/python -m bench.counters
	$(BIN)/python -m bench.overhead
	$(BIN)/python -m bench.sizes

# Registries' addresses stay out: docs/adr/0002-locks-without-hosts.md
COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	--no-emit-index-url --no-emit-find-links
lock: .venv/.installed  ## Resolve the dependencies anew.
	$(COMPILE) pyproject.toml --extra local --extra dev -o locks/py311-spark35.txt
	$(COMPILE) pyproject.toml --extra spark4 --extra dev -o locks/py313-spark41.txt
	for extra in demo bench; do \
		sed -n "s/^$$extra = \[\"\(.*\)\"\]$$/\1/p" pyproject.toml | $(COMPILE) --no-deps -o locks/$$extra.txt -; done

clean:  ## Remove what was made, the virtual environments too.
	rm -rf .venv .venv-spark4 target dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
