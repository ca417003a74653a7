"""The gate: a baseline says how things stood; what is worse than there is a regression.

Knows two forms of baseline: a TOML file of what is not a plain pass, or a whole older record. Must not set exit codes.
An ERROR is never in a baseline: it is ours.
"""

from __future__ import annotations

import difflib
import json
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from reports.compare import BADNESS
from reports.record import Line, Run, read
from reports.text import one_line

ENTRIES: Final = ("FAIL", "NONSTRICT")  # a KNOWN deviation is recorded with its reason elsewhere
_MEMBERS: Final = {"runtime": str, "case": str, "check": str, "verdict": str, "observed": str, "why": str}
Key = tuple[str, str, str]  # runtime, case, check


class BaselineFault(ValueError):
    """A baseline that cannot be used; the text names file, entry and fault."""


@dataclass(frozen=True)
class Regression:
    """A check that is worse than the baseline has it. `was` is the verdict there, or "" where it has none."""

    check: Line
    was: str

    @property
    def line(self) -> str:
        """One line with clause, expected and observed."""
        c = self.check
        before = f"was {self.was}" if self.was else "not in the baseline"
        told = f"REGRESSED  {c['runtime']}  {c['level']} {c['clause']}  {c['case']} {c['check']}: expected {c['expected'] or '-'}; "
        return one_line(told + f"observed {c['observed'] or c['reason'] or '-'} ({c['verdict']}, {before})")


@dataclass(frozen=True)
class Fixed:
    """A check that is better than the baseline has it: its entry can go."""

    check: Line
    was: str

    @property
    def line(self) -> str:
        """One line for the terminal."""
        c = self.check
        return one_line(f"FIXED      {c['runtime']}  {c['level']} {c['clause']}  {c['case']} {c['check']}: {c['verdict']}, was {self.was}")


Judgement = Regression | Fixed | None


@dataclass(frozen=True)
class Baseline:
    """{(runtime, case, check): entry}. `whole` where it was a record, which also knows what passed."""

    entries: dict[Key, Line] = field(default_factory=dict)
    whole: bool = False
    path: Path = field(default=Path())

    @staticmethod
    def load(path: Path) -> Baseline:
        """Read a .toml baseline, a results.jsonl, or a run's folder. Raises BaselineFault, or RecordFault."""
        if path.suffix != ".toml":
            run = read(path)
            return Baseline({(c["runtime"], c["case"], c["check"]): c for c in run.checks}, whole=True, path=path)
        try:
            document = tomllib.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise BaselineFault(f"{path}: there is no such baseline (--update-baseline writes one)") from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
            raise BaselineFault(f"{path}: it is no TOML: {fault}") from None
        if document.get("format") != 1 or not isinstance(document.get("entry", []), list):
            raise BaselineFault(f"{path}: it is no baseline of format 1")
        entries: dict[Key, Line] = {}
        for number, entry in enumerate(document.get("entry", []), 1):
            wrong = _entry_fault(entry)
            key = (entry["runtime"], entry["case"], entry["check"]) if not wrong else ("", "", "")
            if wrong or key in entries:
                raise BaselineFault(f"{path}: entry {number}: {wrong or 'it is there twice'}")
            entries[key] = entry
        return Baseline(entries, path=path)

    def judge(self, check: Line) -> Judgement:
        """Worse, better, or None. A check that is worse in another way than before is worse; one that is not asked is neither."""
        verdict = check["verdict"]
        now = BADNESS.get(verdict)
        entry = self.entries.get((check["runtime"], check["case"], check["check"]))
        was = str(entry["verdict"]) if entry is not None else ""
        if verdict == "ERROR":
            return Regression(check, was)
        if now is None:
            return None
        before = BADNESS.get(was)
        if entry is None or before is None:  # nothing is known of it: only what is red is worse
            return Regression(check, was) if verdict in ENTRIES else None
        if now == before and verdict in ENTRIES and (check["observed"] or "") != (entry.get("observed") or ""):
            return Regression(check, f"{was}: {entry.get('observed')}")
        if now and before and (check["observed"] or "") == (entry.get("observed") or ""):
            return None  # a deviation was recorded, or its entry removed: the runtime does what it did
        if now > before:
            return Regression(check, was)
        return Fixed(check, was) if now < before else None

    def judge_all(self, checks: Iterable[Line]) -> tuple[list[Regression], list[Fixed]]:
        """What is worse and what is better among the checks."""
        found = [self.judge(c) for c in checks]
        return [f for f in found if isinstance(f, Regression)], [f for f in found if isinstance(f, Fixed)]


def _entry_fault(entry: Any) -> str:
    if not isinstance(entry, dict):
        return "it is no table"
    for name, kind in _MEMBERS.items():
        if name not in entry and name != "why":
            return f"{name} is missing"
        if name in entry and not isinstance(entry[name], kind):
            return f"{name} is no text"
    if entry["verdict"] not in ENTRIES:
        return f"verdict {entry['verdict']!r} is neither FAIL nor NONSTRICT"
    unknown = sorted(set(entry) - set(_MEMBERS))
    return f"{unknown[0]} is no member of an entry" if unknown else ""


def text_of(old: Baseline, checks: Iterable[Line]) -> str:
    """The baseline that a run's checks make: what is FAIL or NONSTRICT now; what was not asked keeps its entry; a `why` stays."""
    entries: dict[Key, dict[str, str]] = {}
    seen: set[Key] = set()
    for c in checks:
        key = (c["runtime"], c["case"], c["check"])
        if c["verdict"] in BADNESS and c["verdict"] != "ERROR":
            seen.add(key)
        if c["verdict"] in ENTRIES:
            entries[key] = {n: str(c[n] or "") for n in ("runtime", "case", "check", "verdict", "observed")}
            entries[key]["why"] = str(old.entries.get(key, {}).get("why", ""))
    for key, entry in old.entries.items():
        if key not in seen and entry["verdict"] in ENTRIES:
            entries[key] = {n: str(entry.get(n) or "") for n in _MEMBERS}
    out = ["# What does not hold yet. `pytest --baseline=THIS --update-baseline` writes it; `why` is yours.", "format = 1", ""]
    for key in sorted(entries):
        out += ["[[entry]]", *(f"{n} = {_toml(v)}" for n, v in entries[key].items() if v or n == "observed"), ""]
    return "\n".join(out)


def _toml(text: str) -> str:
    clean = text.encode("utf-8", "replace").decode()
    return json.dumps(clean, ensure_ascii=False).replace("\x7f", "\\u007f")


def propose(old: Baseline, run: Run | Iterable[Line]) -> str:
    """The diff from the baseline to the one that this run makes; "" where nothing changes."""
    checks = list(run.checks if isinstance(run, Run) else run)
    before = text_of(old, ()).splitlines(keepends=True)
    after = text_of(old, checks).splitlines(keepends=True)
    return "".join(difflib.unified_diff(before, after, "baseline", "this run", n=1))


@dataclass(frozen=True)
class Gate:
    """What a run is against its baseline: lines for the terminal, and whether anything is worse."""

    lines: tuple[str, ...]
    worse: tuple[Regression, ...]


def gate(baseline: Baseline, checks: Iterable[Line], *, update: Path | None = None) -> Gate:
    """Judge a run's checks. With `update`, show the diff and write the new baseline there: then nothing is worse but an ERROR."""
    checks = list(checks)
    worse, better = baseline.judge_all(checks)
    lines: list[str] = []
    if update is not None:
        diff = propose(baseline, checks)
        update.write_text(text_of(baseline, checks), encoding="utf-8")
        lines = [one_line(x) for x in diff.splitlines()] or ["the baseline stays as it is"]
        return Gate((*lines, f"baseline {update} written"), tuple(w for w in worse if w.check["verdict"] == "ERROR"))
    lines = [w.line for w in worse] + [b.line for b in better]
    return Gate((*lines, f"against {baseline.path}: {len(worse)} worse, {len(better)} better"), tuple(worse))
