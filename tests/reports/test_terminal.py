"""Texts for the terminal, whole and as they are printed."""

import re

from reports.terminal import annotation, closing_table, failure_text, live_line
from tests.reports import samples
from tests.reports.samples import check, runtime

CALLS = [
    {"op": "create", "argv": ["/usr/bin/crun", "--root", "/tmp/r", "create", "c1"], "exit": 0, "stderr": ""},
    {"op": "start", "argv": ["/usr/bin/crun", "--root", "/tmp/r", "start", "c1"], "exit": 1, "stderr": "cannot start it\n"},
    {"op": "delete", "argv": ["/usr/bin/crun", "delete", "c1"], "exit": None, "stderr": ""},
]
FAILED = check(
    "lifecycle/delete-running",
    "03-delete-refused",
    "crun",
    "FAIL",
    claim="delete of a container that is not stopped generates an error and has no effect on it whatever",
    clause="runtime.ops.delete.not-stopped",
    section="runtime.md#delete",
    link="https://example.org/runtime.md#delete",
    expected="status running, process alive",
    observed="status stopped, process ended",
    where="state and /proc",
    config_patch=[{"process": {"args": ["/probe", "pause"]}}],
    calls=CALLS,
    log=[{"level": "error", "msg": f"line {n}"} for n in range(6)],
    kept="reports/results/r1/kept/lifecycle/delete-running/crun",
)
OTHERS = [check(runtime="runc"), check(runtime="reference", verdict="SKIP")]
GOLDEN = """\
FAIL  MUST  runtime.md#delete  lifecycle/delete-running  [crun]
  claim     delete of a container that is not stopped generates an error and has
            no effect on it whatever
  clause    runtime.ops.delete.not-stopped  (check 03-delete-refused)
            https://example.org/runtime.md#delete
  expected  status running   process alive
  observed  status stopped   process ended
  where     state and /proc
  others    runc 1.1.5 PASS   reference SKIP
  config    {"process": {"args": ["/probe", "pause"]}}
  calls     create: exit 0, start: exit 1, delete: no exit code
  argv      /usr/bin/crun --root /tmp/r start c1
  stderr    cannot start it
  log       error: line 2
            error: line 3
            error: line 4
            error: line 5
            (the last 4 of 6)
  by hand   sudo sh reports/results/r1/kept/lifecycle/delete-running/crun/repro.sh
  again     pytest --runtime=crun 'area.py::lifecycle/delete-running@crun::03-delete-refused'"""

TABLE = """\
                          MUST   SHOULD                           not
runtime     version     failed  not met  engine  known  passed  asked
one         1.0              1        1       1      1       1      1
two-is-long 1.1.5-rc9…       0        0       0      0       2      0
one: 1 ERROR: the harness failed, they say nothing about it
not asked here
  kernel        AppArmor is not enabled (one 1)"""


def test_a_failure() -> None:
    assert failure_text(FAILED, others=OTHERS, versions={"runc": "1.1.5"}) == GOLDEN


def test_colour_adds_nothing_but_colour() -> None:
    painted = failure_text(FAILED, others=OTHERS, versions={"runc": "1.1.5"}, colour=True)
    assert painted != GOLDEN
    assert re.sub(r"\x1b\[[0-9;]*m", "", painted) == GOLDEN


def test_only_what_is_copied_is_wider_than_80_columns() -> None:
    long = check(verdict="FAIL", expected="word " * 60, observed="x" * 300, reason="why " * 40, config_patch=[{"a": "b" * 200}], log=["m" * 300], raw="r" * 200)
    wide = [line for line in failure_text(long).splitlines() if len(line) > 80]
    assert [line[:12] for line in wide] == []


def test_a_check_of_engines_ways_is_not_called_a_breach_of_the_spec() -> None:
    text = failure_text(check(verdict="FAIL", profile="cli"))
    assert "cli: engines rely on it, the spec does not say it" in text


def _records() -> list[dict[str, object]]:
    return [
        check(name="a", verdict="FAIL"),
        check(name="b", verdict="NONSTRICT", level="SHOULD"),
        check(name="c", verdict="FAIL", profile="cli"),
        check(name="d", verdict="KNOWN"),
        check(name="e"),
        check(name="f", verdict="SKIP"),
        check(name="g", verdict="ERROR"),
        check(name="a", runtime="two-is-long"),
        check(name="b", runtime="two-is-long"),
    ]


def test_the_closing_table() -> None:
    assert closing_table(_records(), [runtime("one"), runtime("two-is-long", "1.1.5-rc9+dirty")]) == TABLE


def test_the_closing_table_in_colour() -> None:
    painted = closing_table(_records(), [runtime("one"), runtime("two-is-long", "1.1.5-rc9+dirty")], colour=True)
    assert re.sub(r"\x1b\[[0-9;]*m", "", painted) == TABLE
    assert "\x1b[31;1m     1\x1b[0m" in painted


def test_many_reasons_are_summed() -> None:
    records = [check(name=str(n), verdict="SKIP", reason=f"fact {n:02}") for n in range(12)]
    text = closing_table(records, [runtime("one")])
    assert text.count("fact ") == 8
    assert "and 4 for 4 other reasons" in text


def test_the_live_line_never_wraps() -> None:
    assert live_line(412, 1330, {"runc": 0, "crun": 2}, 91.4) == "412/1330  1:31  runc 0 failed  crun 2 failed"
    assert len(live_line(1, 2, {f"runtime-{n}": n for n in range(20)}, 5)) == 79


def test_nothing_a_runtime_says_reaches_the_terminal_as_control() -> None:
    for text in samples.HOSTILE:
        line = check(
            verdict="FAIL",
            runtime=text,
            case=text,
            claim=text,
            observed=text,
            expected=text,
            raw=text,
            reason=text,
            log=[text, {"msg": text}],
            again=text,
            link=text,
        )
        printed = failure_text(line, others=[check(runtime=text)]) + closing_table([line], [runtime(text, text)]) + live_line(1, 2, {text: 1}, 0)
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e\u2066\u200b\ud800-\udfff]", printed)


def test_an_annotation_is_one_line_and_one_command() -> None:
    text = annotation(check(verdict="FAIL", observed="a\n::warning::b%"))
    assert "\n" not in text
    assert text == ("::error title=FAIL MUST [one]::area/fact it-holds: expected yes, observed a%0A::warning::b%25 (area.clause)")
