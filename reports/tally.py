"""What a record adds up to: the worst of several verdicts, counts per runtime, clauses with their checks.

Knows verdicts and levels. Must not know how anything is drawn. A skip is never counted as a pass.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from reports.record import Line, Run

WORST: Final = ("ERROR", "FAIL", "FIXED", "NONSTRICT", "KNOWN", "SKIP", "INFO", "PASS")
RED: Final = ("ERROR", "FAIL", "FIXED")
RANK: Final = {verdict: place for place, verdict in enumerate(WORST)}
SAID: Final = {
    "ERROR": "the harness failed",
    "FAIL": "a MUST is broken",
    "FIXED": "a recorded deviation no longer holds",
    "NONSTRICT": "a SHOULD is not met",
    "KNOWN": "a recorded deviation, still so",
    "SKIP": "not asked here",
    "INFO": "recorded, not judged",
    "PASS": "holds",
}


def worst(verdicts: Iterable[str]) -> str:
    """The verdict that matters most among several, or "" for none. One pass beside a skip is a pass: something was asked."""
    found = set(verdicts)
    if found & {"PASS", "INFO"}:
        found.discard("SKIP")
    return min(found, key=RANK.__getitem__, default="")


def why(check: Line) -> tuple[str, str]:
    """Reason class and fact of a check that was not asked."""
    return check["reason_class"] or "?", check["reason"] or "no reason was recorded"


@dataclass
class Tally:
    """One runtime's counts. `must`, `should` and `engine` are what failed, of the spec's two levels and of the cli profile."""

    runtime: Line
    verdicts: Counter[str] = field(default_factory=Counter)
    must: int = 0
    should: int = 0
    engine: int = 0
    skips: Counter[str] = field(default_factory=Counter)  # by reason class
    reasons: Counter[tuple[str, str]] = field(default_factory=Counter)  # by reason class and the fact
    checks: int = 0

    @property
    def name(self) -> str:
        """The runtime's name."""
        return str(self.runtime["name"])

    @property
    def good(self) -> bool:
        """Whether nothing of it is red."""
        return not any(self.verdicts[v] for v in RED)

    def add(self, check: Line) -> None:
        """Count one check."""
        verdict = check["verdict"]
        self.checks += 1
        self.verdicts[verdict] += 1
        if verdict in ("FAIL", "NONSTRICT"):
            if check["profile"] == "cli":
                self.engine += 1
            elif check["level"] == "MUST":
                self.must += 1
            else:
                self.should += 1
        elif verdict == "SKIP":
            self.skips[check["reason_class"] or "?"] += 1
            self.reasons[why(check)] += 1


def tallies(runtimes: Sequence[Line], checks: Iterable[Line]) -> list[Tally]:
    """One tally for each runtime of a header, in its order."""
    found = {str(r["name"]): Tally(r) for r in runtimes}
    for check in checks:
        if check["runtime"] in found:
            found[check["runtime"]].add(check)
    return list(found.values())


@dataclass
class ClauseRow:
    """One clause with every check of it: {(case, check): {runtime: line}}."""

    clause: str
    section: str
    link: str
    level: str
    profile: str
    checks: dict[tuple[str, str], dict[str, Line]] = field(default_factory=dict)

    def of(self, runtime: str) -> list[Line]:
        """One runtime's checks of the clause."""
        return [by[runtime] for by in self.checks.values() if runtime in by]

    @property
    def verdicts(self) -> set[str]:
        """Every verdict in the row."""
        return {line["verdict"] for by in self.checks.values() for line in by.values()}

    @property
    def differs(self) -> bool:
        """Whether runtimes that were asked the same differ, by what was observed."""
        return any(len(values(by)) > 1 for by in self.checks.values())


def value(check: Line) -> str | None:
    """What a check saw, as far as runtimes are compared by it; None where it was not asked or the harness failed."""
    if check["verdict"] in ("SKIP", "ERROR"):
        return None
    seen = check["observed"]
    return str(seen) if seen is not None else f"({check['verdict']})"


def values(by_runtime: dict[str, Line]) -> set[str]:
    """The distinct values that the runtimes of one check showed."""
    return {v for v in map(value, by_runtime.values()) if v is not None}


def clauses(run: Run) -> dict[str, list[ClauseRow]]:
    """{section: its clauses}, in the order in which the record first names them by section, sorted by clause within."""
    rows: dict[str, ClauseRow] = {}
    for line in run.checks:
        row = rows.get(line["clause"])
        if row is None:
            row = rows[line["clause"]] = ClauseRow(line["clause"], line["section"], line["link"], line["level"], line["profile"])
        elif line["level"] == "MUST" or (line["level"] == "SHOULD" and row.level == "MAY"):
            row.level = line["level"]  # a check that is only recorded does not lower its clause
        row.checks.setdefault((line["case"], line["check"]), {})[line["runtime"]] = line
    sections: dict[str, list[ClauseRow]] = {}
    for row in sorted(rows.values(), key=lambda r: (_place(r.section), r.clause)):
        sections.setdefault(row.section, []).append(row)
    return sections


_PAGES: Final = ("bundle", "runtime", "runtime-linux", "config", "config-linux", "features", "features-linux")


def _place(section: str) -> tuple[int, str]:
    page = section.partition("#")[0].removesuffix(".md")
    return (_PAGES.index(page) if page in _PAGES else len(_PAGES), section)
