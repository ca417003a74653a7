# The two commands of the README, and what they need. Each target sets up everything from nothing.
PYTHON ?= python3
VENV := .venv
PREFIX ?= /usr/local
STAMP := $(VENV)/.ready

.PHONY: setup conformance test lint mutants vm-test engines install help

conformance: setup  ## examine the reference runtime
	$(VENV)/bin/pytest --runtime=reference

test: setup  ## the tests of the project itself
	$(VENV)/bin/python -m tests.leftovers --clean
	$(VENV)/bin/pytest tests
	$(VENV)/bin/python -m tests.leftovers

lint: setup  ## types and style
	$(VENV)/bin/mypy
	$(VENV)/bin/ruff check .

mutants: setup  ## every check against every faulty runtime it can have: which checks nothing turns red (takes minutes)
	$(VENV)/bin/python -m tests.conformance.mutants

vm-test: setup  ## the tests and cases that need cgroup v2, AppArmor or every capability, in an emulated kernel
	$(VENV)/bin/pip install --quiet virtme-ng==1.42
	PATH="$(CURDIR)/$(VENV)/bin:$$PATH" $(VENV)/bin/python -m tests.vm

engines: setup  ## podman, containerd and Docker drive the reference, in namespaces of their own
	@missing=; for program in podman ctr dockerd; do PATH="/usr/sbin:/usr/bin:$$PATH" command -v $$program >/dev/null || missing="$$missing $$program"; done; \
	[ -z "$$missing" ] || echo "engines:$$missing not installed: apt-get install --no-install-recommends podman containerd docker.io conmon containernetworking-plugins iptables" >&2
	$(VENV)/bin/pytest tests/engines -n2 -rs

install: setup  ## the reference runtime as $(PREFIX)/bin/runtime-ref
	$(VENV)/bin/python -m runtime_ref.install --prefix $(PREFIX)

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 14

setup: $(STAMP)  ## the environment, the probe, the launcher of the reference
	@$(VENV)/bin/python -m runtime_ref.install $(VENV)/bin/runtime-ref

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "proctor needs Python 3.11 or newer: apt-get install python3" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "proctor needs the venv module: apt-get install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --require-hashes -r requirements.lock
	$(VENV)/bin/pip install --quiet --no-deps --no-build-isolation -e .
	$(VENV)/bin/python -m bundles.probe
	touch $(STAMP)
