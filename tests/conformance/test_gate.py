"""A session against a baseline: a reference that forgets something turns the gate red, the untouched one leaves it green."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

import pytest

from tests.conformance.suite import Result, examine

REFERENCE = Path(sys.executable).parent / "runtime-ref"
ASK = ("-n0", "conformance/cases/root.py", "-k", "hostname/")
FORGETS = 'for word; do if [ "$before" = --bundle ]; then sed -i \'s/"hostname"/"forgotten"/\' "$word/config.json"; fi; before=$word; done\n'


def _runtime(folder: Path, name: str, fault: str = "") -> str:
    """The reference as another binary of the same name, with or without a fault: the option that examines it."""
    path = folder / name
    path.write_text(f'#!/bin/sh\n{fault}exec {REFERENCE} "$@"\n')
    path.chmod(0o755)
    return f"--runtime=mine={path}"


def _lines(result: Result, word: str) -> list[str]:
    return sorted(line for line in result.output.splitlines() if line.startswith(word + "  "))


def test_a_faulty_reference_is_red_against_the_record_of_the_untouched_one(tmp_path: Path) -> None:
    fine, faulty = _runtime(tmp_path, "fine"), _runtime(tmp_path, "faulty", FORGETS)
    before = examine(tmp_path / "before", fine, *ASK)
    assert before.exit == 0 and before.run is not None, before.output
    against = f"--baseline={before.run.path}"
    green = examine(tmp_path / "green", fine, *ASK, against)
    assert green.exit == 0, green.output
    assert "0 worse, 0 better" in green.output and not _lines(green, "REGRESSED")
    red = examine(tmp_path / "red", faulty, *ASK, against)
    assert red.exit == 1 and red.run is not None, red.output
    assert red.run.footer["exit"] == 1
    failed = [c for c in red.run.checks if c["verdict"] == "FAIL"]
    assert failed
    assert _lines(red, "REGRESSED") == sorted(
        f"REGRESSED  mine  {c['level']} {c['clause']}  {c['case']} {c['check']}: expected {c['expected']}; observed {c['observed']} (FAIL, was PASS)"
        for c in failed
    )


def test_what_is_written_down_is_green_until_it_is_mended(tmp_path: Path) -> None:
    fine, faulty = _runtime(tmp_path, "fine"), _runtime(tmp_path, "faulty", FORGETS)
    path = tmp_path / "baseline.toml"
    wrote = examine(tmp_path / "wrote", faulty, *ASK, f"--baseline={path}", "--update-baseline")
    assert wrote.exit == 0 and wrote.run is not None, wrote.output
    entries = tomllib.loads(path.read_text())["entry"]
    assert {(e["case"], e["check"]) for e in entries} == {(c["case"], c["check"]) for c in wrote.run.checks if c["verdict"] == "FAIL"}
    assert f'+case = "{entries[0]["case"]}"' in wrote.output
    known = examine(tmp_path / "known", faulty, *ASK, f"--baseline={path}")
    assert known.exit == 0, known.output
    assert known.verdicts["FAIL"] == len(entries)  # the gate excuses them, the record does not hide them
    mended = examine(tmp_path / "mended", fine, *ASK, f"--baseline={path}")
    assert mended.exit == 0, mended.output
    assert len(_lines(mended, "FIXED")) == len(entries)


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("none.toml", None, "--update-baseline writes one"),
        ("foreign.toml", "[tool]\n", "no baseline of format 1"),
        ("cut.jsonl", "", "it is empty"),
        ("foreign.jsonl", '{"kind":"check"}\n', "is missing"),
    ],
)
def test_a_baseline_that_is_none_ends_the_session_before_the_first_case(tmp_path: Path, name: str, text: str | None, told: str) -> None:
    path = tmp_path / name
    if text is not None:
        path.write_text(text)
    result = examine(tmp_path / "r", f"--runtime={REFERENCE}", *ASK, f"--baseline={path}")
    assert result.exit == 2, result.output
    assert told in result.output and "Traceback" not in result.output
    assert result.run is None


def test_a_run_that_asked_nothing_passes_no_gate(tmp_path: Path) -> None:
    path = tmp_path / "b.toml"
    path.write_text("format = 1\n")
    result = examine(tmp_path / "r", f"--runtime={REFERENCE}", *ASK[:-1], "no-such-case", f"--baseline={path}")
    assert result.exit == 5, result.output


def test_a_run_that_stopped_early_passes_no_gate(tmp_path: Path) -> None:
    faulty, path = _runtime(tmp_path, "faulty", FORGETS), tmp_path / "b.toml"
    whole = examine(tmp_path / "whole", faulty, *ASK, f"--baseline={path}", "--update-baseline")
    assert whole.exit == 0 and whole.run is not None, whole.output
    failed = whole.verdicts["FAIL"]
    cut = examine(tmp_path / "cut", faulty, *ASK, f"--baseline={path}", "--maxfail=1")
    assert cut.exit == 1 and cut.run is not None, cut.output
    assert cut.run.footer["interrupted"] is True
    assert f"{len(whole.run.checks) - len(cut.run.checks)} more checks were not asked" in cut.output
    last = examine(tmp_path / "last", faulty, *ASK, f"--baseline={path}", f"--maxfail={failed + 1}")
    assert last.exit == 0 and last.run is not None, last.output
    assert last.run.footer["interrupted"] is False
