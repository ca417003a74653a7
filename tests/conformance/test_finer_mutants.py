"""Finer faults than those of mutants.py, each seen by the check that is there for it."""

from __future__ import annotations

import os
import subprocess
import sys

from conformance import cases
from conformance.judge import items_of
from tests.conformance import finer_mutants
from tests.conformance.suite import ROOT, environment


def test_each_finer_fault_turns_its_check_red() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.conformance.finer_mutants"],
        cwd=ROOT,
        env={**environment(), "PYTHONPATH": os.fspath(ROOT)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr


def test_each_finer_fault_names_a_case_and_a_check_of_it() -> None:
    known = {(case.id, item.id) for case in cases.everything() for item in items_of(case)}
    assert [(id, check) for _, id, _, check in finer_mutants.FAULTS if (id, check) not in known] == []


def test_no_finer_fault_is_what_the_case_asks_for() -> None:
    every = {case.id: case for case in cases.everything()}
    for name, id, patch, _ in finer_mutants.FAULTS:
        assert list(every[id].config) != list(finer_mutants.faulty(every[id], patch).config), name
