"""summary.md: what a CI step shows of a run, below 200 lines whatever happened.

Knows Markdown. Must not judge.
"""

from __future__ import annotations

from typing import Final

from reports.record import Line, Run
from reports.tally import Tally, tallies
from reports.text import one_line, shorten

MOST: Final = 200  # lines
_FAILED: Final = 60
_SKIPS: Final = 40


def cell(text: object, length: int = 160) -> str:
    """Text of a runtime as a table's cell: one line, no mark-up."""
    safe = shorten(one_line(text), length).replace("\\", "\\\\")
    for mark in "|<>`*_[]#&":
        safe = safe.replace(mark, f"\\{mark}")
    return safe


def markdown(run: Run) -> str:
    """The summary."""
    found = tallies(run.header["runtimes"], run.checks)
    host = run.header["host"]
    out = [f"# Conformance to runtime-spec {cell(run.header['spec'])}", ""]
    if run.footer["interrupted"]:
        out += ["**The run was interrupted: not everything was asked.**", ""]
    out += [
        "| runtime | version | MUST failed | SHOULD not met | engines' ways failed | known | error | passed | not asked |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for t in found:
        numbers = (t.must, t.should, t.engine, t.verdicts["KNOWN"], t.verdicts["ERROR"], t.verdicts["PASS"], t.verdicts["SKIP"])
        out.append(f"| {cell(t.name)} | {cell(t.runtime['version'])} | " + " | ".join(map(str, numbers)) + " |")
    out += ["", f"Kernel {cell(host.get('kernel'))}, {cell(host.get('arch'))}, cgroup {cell(host.get('cgroup'))}; exit code {run.footer['exit']}."]
    out += _failed([c for c in run.checks if c["verdict"] in ("ERROR", "FAIL", "FIXED", "NONSTRICT")])
    out += _not_asked(found)
    assert len(out) < MOST
    return "\n".join(out) + "\n"


def _failed(checks: list[Line]) -> list[str]:
    if not checks:
        return ["", "Nothing failed."]
    order = {"ERROR": 0, "FAIL": 1, "FIXED": 2, "NONSTRICT": 3}
    checks = sorted(checks, key=lambda c: order[c["verdict"]])
    out = ["", "## What failed", "", "| verdict | runtime | clause | case, check | expected | observed |", "|---|---|---|---|---|---|"]
    for c in checks[:_FAILED]:
        words = (c["verdict"], c["runtime"], c["clause"], f"{c['case']}, {c['check']}", c["expected"] or "", c["observed"] or c["reason"] or "")
        out.append("| " + " | ".join(map(cell, words)) + " |")
    if len(checks) > _FAILED:
        out += ["", f"And {len(checks) - _FAILED} more, in matrix.html."]
    return out


def _not_asked(found: list[Tally]) -> list[str]:
    rows = [(n, t.name, cls, reason) for t in found for (cls, reason), n in t.reasons.items()]
    if not rows:
        return []
    rows.sort(key=lambda r: (-r[0], r[1:]))
    out = ["", "## Not asked here", "", "| checks | runtime | why | fact |", "|---|---|---|---|"]
    out += ["| " + " | ".join(map(cell, row)) + " |" for row in rows[:_SKIPS]]
    if len(rows) > _SKIPS:
        out += ["", f"And {len(rows) - _SKIPS} more reasons, in matrix.html."]
    return out
