"""Runs side by side: what became worse or better between the first and each later one, and who differs alone.

Knows records. Runtimes are compared by what was observed, not only by verdict. Must not draw (see sides.py) or gate (see baseline.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from reports.record import Line, Run
from reports.tally import value

Key = tuple[str, str]  # case, check
BADNESS: Final = {"PASS": 0, "INFO": 0, "FIXED": 0, "KNOWN": 1, "NONSTRICT": 2, "FAIL": 3, "ERROR": 4}


class Incomparable(ValueError):
    """Records that cannot be compared or joined; the text says why and what would help."""


@dataclass(frozen=True)
class Column:
    """One runtime of one record."""

    label: str
    runtime: Line
    run: Run
    checks: dict[Key, Line]


@dataclass(frozen=True)
class Change:
    """One check that is not as before, of one runtime in two records. `before` or `after` is None where the check is not there."""

    kind: str  # regressed, fixed, new, gone, moved
    label: str
    before: Line | None
    after: Line | None

    @property
    def check(self) -> Line:
        """The check, as the later record has it."""
        found = self.after or self.before
        assert found is not None
        return found


@dataclass(frozen=True)
class Difference:
    """One check that runtimes answer differently: {column label: what was observed}. `alone` is the one column all others agree against."""

    case: str
    check: str
    clause: str
    level: str
    link: str
    seen: dict[str, str]
    verdicts: dict[str, str]
    alone: str | None


@dataclass(frozen=True)
class Comparison:
    """All that differs."""

    columns: tuple[Column, ...]
    changes: tuple[Change, ...]
    differences: tuple[Difference, ...]
    asked: int = 0
    same: int = 0
    pairs: tuple[str, ...] = field(default=())  # runtimes for which there is a before and an after

    @property
    def regressed(self) -> bool:
        """Whether anything became worse."""
        return any(c.kind == "regressed" for c in self.changes)

    def of_kind(self, kind: str) -> list[Change]:
        """The changes of one kind."""
        return [c for c in self.changes if c.kind == kind]


def compare(runs: Sequence[Run], *, other_suites: bool = False, same_runtime: bool = False, only: Sequence[str] = ()) -> Comparison:
    """Compare two records or more; raises Incomparable."""
    if len(runs) < 2:
        raise Incomparable("one record alone cannot be compared: name two or more")
    paths = [run.path.resolve() for run in runs]
    if len(set(paths)) < len(paths):
        raise Incomparable(f"{runs[-1].path}: the same record twice")
    for run in runs[1:]:
        for what in ("suite", "spec"):
            if run.header[what] != runs[0].header[what] and not other_suites:
                raise Incomparable(
                    f"{runs[0].path} is of {what} {runs[0].header[what]}, {run.path} of {run.header[what]}: verdicts may differ for that alone "
                    "(--other-suites compares them nevertheless)"
                )
    columns = _columns(runs, only, same_runtime)
    changes, pairs = _changes(runs, columns)
    differences, asked, same = _differences(columns)
    return Comparison(columns=tuple(columns), changes=tuple(changes), differences=tuple(differences), asked=asked, same=same, pairs=tuple(pairs))


def _columns(runs: Sequence[Run], only: Sequence[str], same_runtime: bool) -> list[Column]:
    found: list[tuple[Run, Line]] = [(run, r) for run in runs for r in run.header["runtimes"] if not only or r["name"] in only]
    if not found:
        raise Incomparable(f"no record has a runtime called {' or '.join(only)}; there are {', '.join(sorted({n for run in runs for n in run.runtimes}))}")
    seen: dict[tuple[str, str, str], Path] = {}
    for run, r in found:
        key = (r["name"], r["version"], r["sha256"])
        if key in seen and not same_runtime:
            raise Incomparable(
                f"{seen[key]} and {run.path} both hold {r['name']} {r['version']} (sha256 {r['sha256'][:12]}), the same runtime twice: "
                "--same-runtime compares two runs of one, --runtime NAME leaves the others out"
            )
        seen.setdefault(key, run.path)
    columns, taken = [], set()
    for run, r in found:
        label, number = f"{r['name']} {r['version']}", 2
        while label in taken:
            label, number = f"{r['name']} {r['version']} #{number}", number + 1
        taken.add(label)
        columns.append(Column(label, r, run, {(c["case"], c["check"]): c for c in run.of(r["name"])}))
    return columns


def _changes(runs: Sequence[Run], columns: Sequence[Column]) -> tuple[list[Change], list[str]]:
    first = {c.runtime["name"]: c for c in columns if c.run is runs[0]}
    changes: list[Change] = []
    pairs: list[str] = []
    for later in (c for c in columns if c.run is not runs[0]):
        earlier = first.get(later.runtime["name"])
        if earlier is None:
            continue
        pairs.append(f"{earlier.label} to {later.label}")
        for key in dict.fromkeys([*earlier.checks, *later.checks]):
            before, after = earlier.checks.get(key), later.checks.get(key)
            kind = kind_of(before, after)
            if kind:
                changes.append(Change(kind, later.label, before, after))
    return changes, pairs


def kind_of(before: Line | None, after: Line | None) -> str:
    """regressed, fixed, new, gone, moved, or "" where nothing changed. A skip is neither better nor worse: it moved."""
    if before is None:
        return "new"
    if after is None:
        return "gone"
    was, now = BADNESS.get(before["verdict"]), BADNESS.get(after["verdict"])
    if was is None or now is None:
        return "" if before["verdict"] == after["verdict"] else "moved"
    if now != was and now and was and before["observed"] == after["observed"]:
        return "moved"  # a deviation was recorded, or its entry removed: the runtime does what it did
    if now != was:
        return "regressed" if now > was else "fixed"
    return "" if before["observed"] == after["observed"] and before["verdict"] == after["verdict"] else "moved"


def _differences(columns: Sequence[Column]) -> tuple[list[Difference], int, int]:
    """Every check that not all columns answer alike, how many were asked of two or more, and how many were alike."""
    out: list[Difference] = []
    asked = 0
    for key in dict.fromkeys(k for c in columns for k in c.checks):
        seen: dict[str, str] = {}
        lines: list[Line] = []
        for column in columns:
            line = column.checks.get(key)
            what = value(line) if line is not None else None
            if line is not None and what is not None:
                seen[column.label] = what
                lines.append(line)
        if len(seen) < 2:
            continue
        asked += 1
        if len(set(seen.values())) < 2:
            continue
        one = lines[0]
        out.append(
            Difference(
                case=one["case"],
                check=one["check"],
                clause=one["clause"],
                level=one["level"],
                link=one["link"],
                seen=seen,
                verdicts={label: line["verdict"] for label, line in zip(seen, lines, strict=True)},
                alone=_alone(seen),
            )
        )
    return out, asked, asked - len(out)


def _alone(seen: dict[str, str]) -> str | None:
    """Who is alone: of three or more, all but one agree."""
    if len(seen) < 3:
        return None
    for label, what in seen.items():
        rest = [v for other, v in seen.items() if other != label]
        if what not in rest and len(set(rest)) == 1:
            return label
    return None


def document(found: Comparison) -> dict[str, Any]:
    """The comparison as JSON has it."""
    return {
        "format": 1,
        "columns": [{"label": c.label, **c.runtime, "run": c.run.header["run"], "record": str(c.run.path)} for c in found.columns],
        "asked_of_several": found.asked,
        "the_same": found.same,
        "pairs": list(found.pairs),
        "changes": [
            {
                "kind": c.kind,
                "runtime": c.label,
                **{k: c.check[k] for k in ("case", "check", "clause", "level", "link", "expected")},
                "before": None if c.before is None else {"verdict": c.before["verdict"], "observed": c.before["observed"]},
                "after": None if c.after is None else {"verdict": c.after["verdict"], "observed": c.after["observed"]},
            }
            for c in found.changes
        ],
        "differences": [vars(d) for d in found.differences],
    }
