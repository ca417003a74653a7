"""Checks can fail: a sample of the cases against their faulty runtimes (`python -m tests.conformance.mutants` asks all of them)."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from conformance import cases
from tests.conformance import mutants
from tests.conformance.suite import ROOT, environment

SAMPLE = 12  # every how many-th case: a whole round takes minutes


@pytest.mark.parametrize("module", [p.stem for p in cases.modules()])
def test_no_check_survives_every_mutant(module: str) -> None:
    code = f"from tests.conformance import mutants; print(*mutants.examine([{module!r}], mutants.real(), {SAMPLE}), sep='\\n')"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env={**environment(), "PYTHONPATH": os.fspath(ROOT)}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert [line for line in done.stdout.splitlines() if line and line not in mutants.excused()] == []


def test_every_excuse_names_a_check_that_exists() -> None:
    every = {f"{case.id} {item.id}" for case in cases.everything() for item in mutants.items_of(case)}
    assert [name for name, why in mutants.excused().items() if name not in every or not why] == []
