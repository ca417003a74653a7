# The two commands of the README, and what they need. Each target sets up everything from nothing.
PYTHON ?= python3
VENV := .venv
PREFIX ?= /usr/local
STAMP := $(VENV)/.ready

.PHONY: setup conformance test lint clean install

conformance: setup  ## examine the reference runtime
	$(VENV)/bin/pytest --runtime=reference

test: setup  ## the tests of the project itself
	$(VENV)/bin/pytest tests

setup: $(STAMP)  ## the environment, the probe, the launcher of the reference

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "proctor needs Python 3.11 or newer: apt-get install python3" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "proctor needs the venv module: apt-get install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --require-hashes -r requirements.lock
	$(VENV)/bin/pip install --quiet --no-deps --no-build-isolation -e .
	touch $(STAMP)
