# make demo   everything for a first look: environment, demo archive, web site
# make test   every check and every test, with a real Elasticsearch and a real browser
# make unit   the tests that need nothing but our code: under a minute

PYTHON ?= python3
VENV ?= .venv
PORT ?= 8080
WORKERS ?= 3
LOWEST ?= .venv-lowest
BIN := $(VENV)/bin
RUN_STAMP := $(VENV)/.installed
DEV_STAMP := $(VENV)/.installed-dev

.PHONY: demo test unit coverage lowest lint tools clean

demo: $(RUN_STAMP)
	@$(BIN)/songngu demo --port $(PORT)

test: lint tools
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $(PYTEST_ARGS)

unit: $(DEV_STAMP)
	$(BIN)/python -m pytest tests/unit $(PYTEST_ARGS)

# How much of each package is run, also by the processes that tests start.
coverage: $(DEV_STAMP)
	$(BIN)/python -m pytest tests/unit tests/commands --cov --cov-report= $(PYTEST_ARGS)
	@for package in search indexer webui; do $(BIN)/coverage report --include="*/$$package/*"; done

# The lowest versions that pyproject.toml allows, in an environment of their own.
lowest: $(DEV_STAMP)
	@$(PIP) uv
	$(BIN)/uv venv --quiet --seed --clear --python 3.11 $(LOWEST)
	@UV_HTTP_RETRIES=0 $(subst $(BIN)/python,$(LOWEST)/bin/python,$(CPU_TORCH)) 2>/dev/null || true
	$(BIN)/uv pip install --quiet --python $(LOWEST)/bin/python --resolution lowest-direct --compile-bytecode \
	  --editable '.[dev]'
	$(LOWEST)/bin/python -m pytest tests/unit tests/contract tests/commands/test_cli.py \
	  -k 'not elasticsearch' $(PYTEST_ARGS)

lint: $(DEV_STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# What the tests use beside Python packages; what cannot be had is skipped with the reason.
tools: $(DEV_STAMP)
	-$(BIN)/python docker/elasticsearch.py fetch
	-command -v chromium >/dev/null || command -v chromium-browser >/dev/null || \
	  { [ "$$(id -u)" = 0 ] && apt-get update -q && apt-get install -y -q chromium; }

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make demo PYTHON=python3.12")'
	@$(PYTHON) -m venv $(VENV) || { echo "The module venv is missing: apt-get install python3-venv"; exit 1; }

# The usual build of PyTorch carries CUDA, 4 GB of it, which is of no use without an NVIDIA GPU. The
# build for CPUs comes from an index that only uv knows by name; where that is out of reach, which
# shows in seconds, pip takes the usual one.
define install
	@echo "Installing into $(VENV), a few minutes: about 2 GB, or 6 GB with an NVIDIA GPU …"
	@command -v nvidia-smi >/dev/null || [ -e /proc/driver/nvidia ] || [ "$$(uname)" != Linux ] || \
	  $(BIN)/python -c 'import torch' 2>/dev/null || { \
	  $(PIP) uv && \
	  UV_HTTP_RETRIES=0 timeout 10 $(CPU_TORCH) --dry-run 2>/dev/null && $(CPU_TORCH); } || \
	  echo "PyTorch's index is out of reach: the build with CUDA is installed."
	@$(PIP) --editable '$(1)'
endef
PIP := $(BIN)/pip install --quiet --disable-pip-version-check
CPU_TORCH := $(BIN)/uv pip install --quiet --python $(BIN)/python --torch-backend=cpu --no-deps torch

$(RUN_STAMP): pyproject.toml | $(BIN)/python
	$(call install,.)
	@touch $@

$(DEV_STAMP): pyproject.toml | $(BIN)/python
	$(call install,.[dev])
	@touch $@ $(RUN_STAMP)

clean:
	rm -rf $(VENV) $(LOWEST) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .coverage*
