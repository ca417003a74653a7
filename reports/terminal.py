"""Texts for the terminal: a failure, the closing table. Pure functions of records."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any


def failure_text(check: Mapping[str, Any], *, others: Sequence[Mapping[str, Any]], colour: bool = False) -> str:
    """What a person needs of one red check."""
    lines = [
        f"{check['verdict']}  {check['level']}  {check['section']}  {check['case']}  [{check['runtime']}]",
        f"  claim     {check['claim']}",
        f"  clause    {check['clause']}  {check['link']}",
        f"  expected  {check['expected']}",
        f"  observed  {check['observed']}",
    ]
    for name in ("where", "raw", "reason", "kept"):
        if check.get(name):
            lines.append(f"  {name:9} {check[name]}")
    if others:
        lines.append("  others    " + "  ".join(f"{o['runtime']} {o['verdict']}" for o in others))
    for call in check["calls"]:
        lines.append(f"  call      {call['op']}: {call['exit']}  {' '.join(call['argv'])}")
    lines.append(f"  again     {check['again']}")
    return "\n".join(lines)


def closing_table(records: Sequence[Mapping[str, Any]], runtimes: Sequence[Mapping[str, Any]], *, colour: bool = False) -> str:
    """Per runtime: verdicts counted."""
    lines = []
    for runtime in runtimes:
        counts = Counter(r["verdict"] for r in records if r["runtime"] == runtime["name"])
        lines.append(f"{runtime['name']:12} " + "  ".join(f"{v} {n}" for v, n in sorted(counts.items())))
    return "\n".join(lines)
