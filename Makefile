# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

.DEFAULT_GOAL := help
# Steps share the virtual environment and the build folder; `make -j` must not run them side by side.
.NOTPARALLEL:
.DELETE_ON_ERROR:

PYTHON ?= python3
BIN := $(CURDIR)/.venv/bin
export PYTHON
export PATH := $(BIN):$(PATH)

PYTHON_STAMP := .venv/.snnir-installed
CMSIS_NN_STAMP := .cache/cmsis-nn/.complete
SYSTEM_STAMP := build/.system-packages

.PHONY: help setup test demo docs calibrate-costs clean distclean

help:
	@echo "make setup      virtual environment, cross compiler, emulator, CMSIS-NN (whatever is missing)"
	@echo "make demo       compile and validate the digits example"
	@echo "make test       formatting, types, lit, unit and end-to-end tests"
	@echo "make docs       dialect and pass reference in docs/reference/"
	@echo "make calibrate-costs  measure what kernels cost on the Cortex-M7 (qsnn-select-kernels)"
	@echo "make clean      remove what was built; distclean also removes what setup installed here"

setup: $(PYTHON_STAMP) $(SYSTEM_STAMP) $(CMSIS_NN_STAMP)

$(PYTHON_STAMP): pyproject.toml packaging/setup.sh
	packaging/setup.sh python $@

# Left unstamped when packages are still missing, so that the message comes again.
$(SYSTEM_STAMP): packaging/setup.sh
	@packaging/setup.sh system $@

$(CMSIS_NN_STAMP): packaging/fetch_cmsis_nn.py | $(PYTHON_STAMP)
	python packaging/fetch_cmsis_nn.py $(@D)
	@touch $@

test: setup
	@packaging/test.sh

demo: setup
	@examples/digits/demo.sh

docs: setup
	python docs/generate.py docs/reference

calibrate-costs: setup
	python benchmarks/cortex_m7/calibrate.py
	python benchmarks/cortex_m7/library_code.py

clean:
	rm -rf build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find snnir test examples benchmarks docs -name __pycache__ -prune -exec rm -rf {} +
	find test -name Output -prune -exec rm -rf {} +

distclean: clean
	rm -rf .venv .cache
