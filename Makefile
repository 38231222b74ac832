# Needs Python 3.11 or later, make and a package index. `make demo` first; README.md says how to do all this without make.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
UV     := $(BIN)/uv
SIZE_MB ?= 256
LAB_OUT ?= lab-recording

export UV_PYTHON_DOWNLOADS := never
export UV_NO_PROGRESS := 1
# Packages that are not in the lock (uv itself, pip) stay.
SYNC := $(UV) sync --frozen --inexact --quiet --python $(BIN)/python

.PHONY: help demo test lint lab bench accuracy clean
.DEFAULT_GOAL := help

help:
	@echo "make demo      set up, ingest samples/mixed-day, trace one of its incidents, write an HTML report"
	@echo "make test      everything that CI checks: lint, types, layers, tests"
	@echo "make lint      ruff, mypy --strict, import-linter"
	@echo "make accuracy  what audits find in cases whose truth is known, per cause and per variation"
	@echo "make lab       record a shift of the lab, a real small warehouse, into $(LAB_OUT); LAB_ARGS='--hours 1 --style english'"
	@echo "make bench     ingest against a bare Polars scan; SIZE_MB=256"
	@echo "make clean     remove what these targets have made"

$(UV):
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { echo "hint: on Debian, apt-get install python3-venv" >&2; exit 1; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip >/dev/null
	@echo "setting up $(VENV)"
	@$(BIN)/python -m pip install --quiet "uv>=0.9,<1"

$(VENV)/.runtime: $(UV) pyproject.toml uv.lock
	@$(SYNC) --no-dev
	@touch $@

$(VENV)/.dev: $(UV) pyproject.toml uv.lock
	@$(SYNC) --group dev --group lab
	@touch $@ $(VENV)/.runtime

demo: $(VENV)/.runtime
	@$(BIN)/forensics demo

lint: $(VENV)/.dev
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

test: lint
	@.ci/browser
	@.ci/lab
	@$(BIN)/python -m pytest $(PYTEST_ARGS)

accuracy: $(VENV)/.runtime
	@$(BIN)/python benchmarks/accuracy.py --seeds 2 --events 60000 --without --markdown docs/accuracy.md

lab: $(VENV)/.dev
	@.ci/lab
	@$(BIN)/python samples/lab/record.py $(LAB_OUT) $(LAB_ARGS)

bench: $(VENV)/.runtime
	@$(BIN)/python benchmarks/ingest.py --size-mb $(SIZE_MB)

clean:
	rm -rf $(VENV) lab-recording demo-case demo-report*.html dist build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
