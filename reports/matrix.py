"""The matrix: clauses by section as rows, runtimes as columns, each cell the worst verdict.

Knows what the template shows of a record. Must not judge.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from reports import page
from reports.record import Line, Run
from reports.tally import RED, SAID, ClauseRow, clauses, tallies, values, worst


def html(run: Run) -> str:
    """The whole page; about 1.5 s for 20,000 records."""
    found = tallies(run.header["runtimes"], run.checks)
    sections = {section: [_row(row, run.runtimes) for row in rows] for section, rows in clauses(run).items()}
    return page.render(
        "matrix.html.j2", header=run.header, footer=run.footer, runtimes=found, sections=sections, said=SAID, rows=sum(map(len, sections.values()))
    )


def _row(row: ClauseRow, names: list[str]) -> dict[str, Any]:
    cells = []
    for name in names:
        verdicts = Counter(line["verdict"] for line in row.of(name))
        top = worst(verdicts)
        asked = verdicts.total() - (verdicts["SKIP"] if top != "SKIP" else 0)
        cells.append({"runtime": name, "verdict": top, "count": f"{verdicts[top]}/{asked}" if top else ""})
    told: list[dict[str, Any]] = []
    held: dict[str, list[str]] = {}
    for (case, check), by in row.checks.items():
        if {line["verdict"] for line in by.values()} <= {"PASS"} and len(values(by)) < 2:
            held.setdefault(case, []).append(check)
        else:
            told.append(_told(case, check, [by[n] for n in names if n in by]))
    return {
        "clause": row.clause,
        "section": row.section,
        "link": row.link,
        "level": row.level,
        "profile": row.profile,
        "differs": row.differs,
        "red": bool(row.verdicts & {*RED, "NONSTRICT"}),
        "cells": cells,
        "told": told,
        "held": list(held.items()),
    }


def _told(case: str, check: str, lines: list[Line]) -> dict[str, Any]:
    patches: list[Any] = next((line["config_patch"] for line in lines if line["config_patch"]), [])
    return {
        "case": case,
        "check": check,
        "claim": lines[0]["claim"],
        "lines": lines,
        "patch": "\n".join(json.dumps(p, ensure_ascii=False) for p in patches),
    }
