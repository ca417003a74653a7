"""The cases: declarations only, one module per topic of the specification, each with one list CASES.

Knows how to find every case. Adding one means adding a value to a list: nothing is registered anywhere.
"""

from __future__ import annotations

import importlib
import json
import re
from collections.abc import Iterator
from pathlib import Path

from conformance import needs, spec
from conformance.checks import REGISTRY
from conformance.judge import items_of
from conformance.model import AnyCase, Case, Rejects, Scenario, clauses_of, from_json

FOLDER = Path(__file__).parent
_ID = re.compile(r"[a-z0-9-]+(/[A-Za-z0-9_.+-]+)+")


class CaseFault(Exception):
    """A case that is not as cases must be; the text names the id and the fault."""


def modules() -> list[Path]:
    """The files which hold cases."""
    return sorted(p for p in FOLDER.glob("*.py") if not p.name.startswith("_"))


def of_module(path: Path) -> list[AnyCase]:
    """The cases of one file (a module here, or a *.case.json of anybody's), each looked through. Raises CaseFault."""
    if path.suffix == ".json":
        found = _of_json(path)
    else:
        found = list(importlib.import_module(f"conformance.cases.{path.stem}").CASES)
    seen: set[str] = set()
    for case in found:
        look_through(case)
        if case.id in seen:
            raise CaseFault(f"{case.id}: two cases of this file have the id")
        seen.add(case.id)
    return found


def _of_json(path: Path) -> list[AnyCase]:
    try:
        document = json.loads(path.read_text())
        found = from_json(document)
    except (ValueError, OSError) as fault:
        raise CaseFault(f"{path.name}: {fault}") from None
    listed = found if isinstance(found, list) else [found]
    for case in listed:
        if not isinstance(case, Case | Rejects | Scenario):
            raise CaseFault(f'{path.name}: a case is an object with "is": "Case", "Rejects" or "Scenario"')
    return listed


def everything() -> Iterator[AnyCase]:
    """Every case of the suite."""
    for path in modules():
        yield from of_module(path)


def look_through(case: AnyCase) -> None:
    """Refuse a case that breaks a rule of CONTRIBUTING. Raises CaseFault."""
    if not _ID.fullmatch(case.id):
        raise CaseFault(f"{case.id}: an id reads section/kebab-fact")
    if not case.claim or len(case.claim) > 90:
        raise CaseFault(f"{case.id}: a claim is one fact of at most 90 characters (this has {len(case.claim)})")
    if re.search(r"\b(should|test that|tests)\b", case.claim):
        raise CaseFault(f"{case.id}: a claim states a fact (“X does Y”), not what should be")
    for clause in clauses_of(case):
        try:
            known = spec.lookup(clause)
        except KeyError as fault:
            raise CaseFault(f"{case.id}: {fault.args[0]}") from None
        if case.version and not known.exists_in(case.version):
            raise CaseFault(f"{case.id}: {clause} exists since {known.since}, the case is for {case.version}")
    for need in case.needs:
        try:
            needs.known(need)
        except ValueError as fault:
            raise CaseFault(f"{case.id}: {fault}") from None
    for check in (*getattr(case, "expect", ()), *getattr(case, "extra", ())):
        if check.name not in REGISTRY:
            raise CaseFault(f"{case.id}: no check is called {check.name!r}")
    try:
        items_of(case)
    except ValueError as fault:
        raise CaseFault(f"{case.id}: {fault}") from None
