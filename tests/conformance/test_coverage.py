"""Coverage: what counts as a check of a statement, and that the areas which are said to be complete are."""

from __future__ import annotations

import pytest

from conformance import coverage, spec
from conformance.cases import everything
from conformance.model import Case, Check, Rejects

ERRNO = "linux.seccomp.errno-ret"
SECTION = "config-linux.md#seccomp"


def case(clause: str, *checks: Check) -> Case:
    return Case(id="a/b", claim="c", clause=clause, expect=checks or (Check(name="runs"),))


def row(cases: list[Case], explained: dict[str, str] | None = None) -> coverage.Row:
    return next(r for r in coverage.rows(cases, explained or {}) if r.name == SECTION)


def test_a_statement_is_checked_if_a_verdict_names_it() -> None:
    empty = row([])
    assert empty.statements == 44 and empty.checked == 0 and empty.missing == empty.observable > 30
    one = row([case(ERRNO)])
    assert (one.checked, one.missing) == (1, empty.missing - 1)
    assert coverage.cases_of_clauses([case(ERRNO)])[ERRNO] == ["a/b"]


def test_the_clause_of_a_check_counts_and_not_that_of_the_case() -> None:
    checked = coverage.cases_of_clauses([case(ERRNO, Check(name="runs", clause="linux.seccomp.default-errno-ret"))])
    assert "linux.seccomp.default-errno-ret" in checked and ERRNO not in checked


def test_what_is_only_recorded_checks_nothing_but_a_may() -> None:
    may = next(c.id for c in spec.catalogue().values() if c.level == "MAY" and c.observable)
    for clause, counts in ((ERRNO, False), (may, True)):
        checked = coverage.cases_of_clauses([case(clause, Check(name="runs", only_recorded=True))])
        assert (clause in checked) is counts


def test_a_refusal_checks_its_clause() -> None:
    refusal = Rejects(id="a/r", claim="c", clause="linux.namespaces.path-missing-error", config=[{"x": 1}], control=[])
    assert coverage.cases_of_clauses([refusal])["linux.namespaces.path-missing-error"] == ["a/r"]


def test_a_reason_stands_for_a_check() -> None:
    assert (row([], {ERRNO: "why"}).explained, row([case(ERRNO)], {ERRNO: "why"}).explained) == (1, 0)
    assert coverage.stale([case(ERRNO)], {ERRNO: "why"}) == [ERRNO]
    assert coverage.stale([], {ERRNO: "why"}) == []
    unseen = next(c.id for c in spec.catalogue().values() if c.testable == "no")
    assert coverage.stale([], {unseen: "why"}) == [unseen]


def test_areas_are_whole_words_of_ids() -> None:
    lacking = [clause.id for clause in coverage.lacks([], ["linux.time-offsets", "hooks"], {})]
    assert lacking and all(id.startswith(("linux.time-offsets", "hooks.")) for id in lacking)
    assert coverage.lacks([], ["linux.time"], {}) == []
    assert [clause.id for clause in coverage.lacks([], [ERRNO], {})] == [ERRNO]


def test_the_table() -> None:
    text = coverage.table([case(ERRNO)], missing=True, explained={ERRNO: "why", "linux.seccomp.default-errno-ret": "why"})
    lines = [line.split() for line in text.splitlines()]
    observable = row([]).observable
    assert [SECTION, "44", str(observable), "1", "1", str(observable - 2)] in lines
    assert next(words for words in lines if words[:2] == ["the", "specification"])[2:4] == ["652", "532"]
    assert f"without need (a check has come, or nothing can observe it): {ERRNO}" in text
    assert any(words and words[0] == "linux.namespaces.path-missing-error" for words in lines)
    assert "observable, without a check" not in coverage.table([], explained={})


# `config.process` less what later issues bring: scheduler, io-priority, exec affinity.
COMPLETE = [
    *("linux.seccomp", "linux.namespaces", "linux.userns", "linux.time-offsets", "runtime", "hooks", "config.root"),
    *("config.hostname", "config.domainname", "linux.masked-paths", "linux.readonly-paths", "config.process"),
]
LATER = ("config.process.scheduler", "config.process.io-priority", "config.process.exec-cpu-affinity")


@pytest.mark.parametrize("area", COMPLETE)
def test_an_area_that_is_said_to_be_complete_is(area: str) -> None:
    lacking = [c for c in coverage.lacks(list(everything()), [area]) if not c.id.startswith(LATER)]
    assert [c.id for c in lacking] == [], "give each a check, or a line in conformance/spec/unchecked.toml"


def test_no_reason_outlives_its_need() -> None:
    assert coverage.stale(everything()) == []
