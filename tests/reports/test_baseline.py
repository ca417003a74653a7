"""The gate: what is worse than the baseline, and how a baseline is written."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from reports.__main__ import main
from reports.baseline import Baseline, BaselineFault, Fixed, Regression, propose, text_of
from tests.reports import samples
from tests.reports.samples import check, header, runtime


def _from(*checks: dict[str, Any]) -> Baseline:
    return Baseline({(c["runtime"], c["case"], c["check"]): c for c in checks}, whole=True)


@pytest.mark.parametrize(
    ("before", "now", "kind"),
    [
        (check(), check(), None),
        (check(), check(verdict="FAIL"), Regression),
        (check(), check(verdict="NONSTRICT", level="SHOULD"), Regression),
        (check(), check(verdict="KNOWN"), Regression),
        (check(verdict="FAIL"), check(verdict="FAIL"), None),
        (check(verdict="FAIL"), check(verdict="FAIL", observed="worse still"), Regression),
        (check(verdict="FAIL"), check(), Fixed),
        (check(verdict="FAIL"), check(verdict="KNOWN"), None),
        (check(verdict="KNOWN"), check(verdict="FIXED", observed="yes"), Fixed),
        (check(verdict="FAIL"), check(verdict="SKIP"), None),
        (check(verdict="SKIP"), check(verdict="FAIL"), Regression),
        (check(verdict="SKIP"), check(), None),
        (check(verdict="ERROR"), check(verdict="ERROR"), Regression),
        (None, check(verdict="FAIL"), Regression),
        (None, check(verdict="KNOWN"), None),
        (None, check(), None),
        (check(verdict="INFO", observed="1"), check(verdict="INFO", observed="2"), None),
    ],
)
def test_a_check_against_the_baseline(before: dict[str, Any] | None, now: dict[str, Any], kind: type | None) -> None:
    judged = (_from(before) if before else Baseline()).judge(now)
    assert judged is None if kind is None else isinstance(judged, kind)


def test_a_regression_is_one_line_with_clause_expected_and_observed() -> None:
    judged = _from(check()).judge(check(verdict="FAIL", observed="two\nlines"))
    assert isinstance(judged, Regression)
    assert judged.line == "REGRESSED  one  MUST area.clause  area/fact it-holds: expected yes; observed two⏎lines (FAIL, was PASS)"


def test_what_is_written_judges_the_same_run_green(tmp_path: Path) -> None:
    checks = samples.many(600)
    odd = check("odd/text", verdict="FAIL", observed='quotes " and \\ and \x7f and \ttabs\n')
    run = samples.run(tmp_path / "r", *checks, odd)
    path = tmp_path / "b.toml"
    path.write_text(text_of(Baseline(), run.checks))
    worse, better = Baseline.load(path).judge_all(run.checks)
    assert (worse, better) == ([], [])
    assert propose(Baseline.load(path), run) == ""


def test_an_update_keeps_reasons_and_what_was_not_asked(tmp_path: Path) -> None:
    path = tmp_path / "b.toml"
    entry = '[[entry]]\nruntime = "one"\ncase = "area/{}"\ncheck = "it-holds"\nverdict = "FAIL"\nobserved = "no"\nwhy = "{}"\n'
    path.write_text("format = 1\n" + entry.format("fact", "a reason") + entry.format("unasked", "later") + entry.format("mended", "gone"))
    old = Baseline.load(path)
    run = samples.run(tmp_path / "r", check(verdict="FAIL"), check("area/unasked", verdict="SKIP"), check("area/mended"), check("area/new", verdict="FAIL"))
    entries = tomllib.loads(text_of(old, run.checks))["entry"]
    assert [(e["case"], e.get("why", "")) for e in entries] == [("area/fact", "a reason"), ("area/new", ""), ("area/unasked", "later")]
    diff = propose(old, run)
    assert '-case = "area/mended"' in diff and '+case = "area/new"' in diff and "area/unasked" not in [x[8:-1] for x in diff.splitlines() if x[0] in "+-"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("format = ", "it is no TOML"),
        ("format = 2", "no baseline of format 1"),
        ("format = 1\n[[entry]]\ncase = 'x'", "entry 1: runtime is missing"),
        ("format = 1\n[[entry]]\nruntime='a'\ncase='b'\ncheck='c'\nverdict='PASS'\nobserved=''", "neither FAIL nor NONSTRICT"),
        ("format = 1\n[[entry]]\nruntime='a'\ncase='b'\ncheck='c'\nverdict='FAIL'\nobserved=''\nmore=1", "more is no member"),
        ("format = 1\n" + "[[entry]]\nruntime='a'\ncase='b'\ncheck='c'\nverdict='FAIL'\nobserved=''\n" * 2, "entry 2: it is there twice"),
    ],
)
def test_a_baseline_that_is_none(tmp_path: Path, text: str, why: str) -> None:
    path = tmp_path / "b.toml"
    path.write_text(text)
    with pytest.raises(BaselineFault, match=why):
        Baseline.load(path)


def test_a_missing_baseline_says_what_to_type(tmp_path: Path) -> None:
    with pytest.raises(BaselineFault, match="--update-baseline writes one"):
        Baseline.load(tmp_path / "none.toml")


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = samples.write(tmp_path / "a", header(runtime("one")), [check(), check(name="b", verdict="FAIL")])
    after = samples.write(tmp_path / "b", header(runtime("one")), [check(verdict="FAIL"), check(name="b")])
    assert main(["gate", str(after), "--baseline", str(before), "--annotate"]) == 1
    told = capsys.readouterr().out
    assert told.count("REGRESSED") == 1 and told.count("FIXED") == 1 and told.count("::error ") == 1
    assert main(["gate", str(before), "--baseline", str(before)]) == 0
    base = tmp_path / "base.toml"
    assert main(["gate", str(after), "--baseline", str(base), "--update-baseline"]) == 0
    assert '+case = "area/fact"' in capsys.readouterr().out
    assert main(["gate", str(after), "--baseline", str(base)]) == 0
    assert main(["gate", str(before), "--baseline", str(base)]) == 1
    assert main(["gate", str(after), "--baseline", str(before), "--update-baseline"]) == 2
