"""Every case: a value that is JSON both ways, with an id of its own and a rule for each word."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from conformance import cases, export
from conformance.cases import CaseFault
from conformance.model import Case, Check, Rejects, from_json, same, to_json

EVERY = list(cases.everything())


def test_ids_are_unique_over_all_files() -> None:
    assert [i for i, n in Counter(c.id for c in EVERY).items() if n > 1] == []
    assert len(EVERY) > 300


def test_each_case_is_json_both_ways() -> None:
    for case in EVERY:
        assert same(from_json(json.loads(json.dumps(to_json(case)))), case), case.id


def test_each_refusal_differs_from_its_control() -> None:
    for case in EVERY:
        if isinstance(case, Rejects):
            differs = to_json(case.config) != to_json(case.control) or case.raw is not None or case.without or case.control_world is not None
            assert differs, case.id


def test_exported_cases_follow_the_exported_schema() -> None:
    check = Draft202012Validator(export.SCHEMA)
    for case in EVERY:
        check.validate(json.loads(json.dumps(export.document(case))))


def test_export_writes_a_bundle_a_case(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    few = [c for c in EVERY if c.id in ("root/path-missing", "hostname/applied")]
    monkeypatch.setattr(cases, "everything", lambda: iter(few))
    assert export.export(tmp_path) == 2
    assert json.loads((tmp_path / "hostname/applied/bundle/config.json").read_text())["hostname"] == "of-the-container"
    assert (tmp_path / "root/path-missing/control/config.json").is_file()
    again = from_json(json.loads((tmp_path / "hostname/applied/expectations.json").read_text())["case"])
    assert same(again, next(c for c in few if c.id == "hostname/applied"))


@pytest.mark.parametrize(
    ("case", "words"),
    [
        (Case(id="no-slash", claim="X runs", clause="config.hostname.applied", expect=[Check(name="it-runs")]), "section/kebab-fact"),
        (Case(id="a/b", claim="x" * 91, clause="config.hostname.applied", expect=[Check(name="it-runs")]), "at most 90"),
        (Case(id="a/b", claim="X should run", clause="config.hostname.applied", expect=[Check(name="it-runs")]), "states a fact"),
        (Case(id="a/b", claim="X runs", clause="config.hostname.aplied", expect=[Check(name="it-runs")]), "config.hostname.applied"),
        (Case(id="a/b", claim="X runs", clause="config.hostname.applied", expect=[Check(name="no-such")]), "no check is called"),
        (Case(id="a/b", claim="X runs", clause="config.hostname.applied", needs=["no-such-need"], expect=[Check(name="it-runs")]), "no-such-need"),
        (Case(id="a/b", claim="X runs", clause="linux.time-offsets.monotonic", version="1.0.2", expect=[Check(name="it-runs")]), "exists since 1.1.0"),
        (
            Case(id="a/b", claim="X runs", clause="config.hostname.applied", expect=[Check(name="it-runs"), Check(name="it-runs")]),
            "two checks of the case",
        ),
    ],
)
def test_a_faulty_case_is_named_with_its_fault(case: Case, words: str) -> None:
    with pytest.raises(CaseFault, match=case.id) as fault:
        cases.look_through(case)
    assert words in str(fault.value)
