"""Texts for the terminal: a failure, the closing table, the live line.

Knows records and widths; every function is pure. Must not write anywhere, and must not know pytest.
"""

from __future__ import annotations

import json
import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from reports.record import Line
from reports.tally import Tally, tallies
from reports.text import folded, one_line, shorten, visible

WIDTH: Final = 80
_COLOURS: Final = {
    "FAIL": "31;1", "ERROR": "35;1", "FIXED": "33;1", "NONSTRICT": "33", "KNOWN": "36", "SKIP": "2", "INFO": "34", "PASS": "32", "dim": "2",
}  # fmt: skip
_LOG_LINES: Final = 4


def paint(text: str, style: str, colour: bool) -> str:
    """The text in the style's colour, or as it is."""
    return f"\x1b[{_COLOURS[style]}m{text}\x1b[0m" if colour and style in _COLOURS else text


def failure_text(check: Line, *, others: Sequence[Line] = (), versions: Mapping[str, str] | None = None, colour: bool = False, width: int = WIDTH) -> str:
    """What a person needs of one red check; lines of at most `width`, but for links and the commands, which are to be copied whole."""
    head = f"{check['verdict']}  {check['level']}  {check['section']}  {check['case']}  [{check['runtime']}]"
    lines = [paint(visible(head), check["verdict"], colour)]
    if check["profile"] == "cli":
        lines += folded("profile", "cli: engines rely on it, the spec does not say it", width=width)
    lines += folded("claim", check["claim"], width=width)
    lines.append(f"  {'clause':10}{visible(check['clause'])}  (check {visible(check['check'])})")
    lines.append(f"  {'':10}{visible(check['link'])}")
    lines += _facts(check["expected"], check["observed"], width)
    for label, name in (("where", "where"), ("raw", "raw"), ("reason", "reason")):
        if check.get(name):
            lines += folded(label, check[name], width=width)
    if others:
        named = versions or {}
        lines += folded("others", "   ".join(f"{o['runtime']} {named.get(o['runtime'], '')}".strip() + f" {o['verdict']}" for o in others), width=width)
    for patch in check["config_patch"]:
        lines += folded("config", shorten(json.dumps(patch, ensure_ascii=False), 600), width=width)
    lines += _calls(check["calls"], width)
    entries = [_entry(e) for e in check["log"]]
    for number, entry in enumerate(entries[-_LOG_LINES:]):
        label = "log" if number == 0 else ""
        lines += folded(label, shorten(entry, 300), width=width)
    if len(entries) > _LOG_LINES:
        lines += folded("", f"(the last {_LOG_LINES} of {len(entries)})", width=width)
    if check.get("kept"):
        lines.append(f"  {'by hand':10}sudo sh {visible(shlex.quote(check['kept'] + '/repro.sh'))}")
    lines.append(f"  {'again':10}{visible(check['again'])}")
    return "\n".join(line.rstrip() for line in lines)


def _facts(expected: str | None, observed: str | None, width: int) -> list[str]:
    """The two lines aligned fact by fact, where both are lists of as many facts and fit."""
    want, got = expected or "nothing was expected", observed or "nothing"
    a, b = visible(want).split(", "), visible(got).split(", ")
    if len(a) == len(b) > 1 and "\n" not in want + got:
        wide = [max(len(x), len(y)) for x, y in zip(a, b, strict=True)]
        if sum(wide) + 3 * (len(wide) - 1) <= width - 12:
            return [f"  {label:10}" + "   ".join(x.ljust(w) for x, w in zip(facts, wide, strict=True)) for label, facts in (("expected", a), ("observed", b))]
    return folded("expected", want, width=width) + folded("observed", got, width=width)


def _calls(calls: Sequence[Any], width: int) -> list[str]:
    """How every call ended, and the one to look at in full: the first that failed, else the first."""
    if not calls:
        return []
    ended = ["no exit code" if c["exit"] is None else f"exit {c['exit']}" if c["exit"] >= 0 else f"signal {-c['exit']}" for c in calls]
    lines = folded("calls", ", ".join(f"{c['op']}: {e}" for c, e in zip(calls, ended, strict=True)), width=width)
    one = next((c for c in calls if c["exit"] != 0), calls[0])
    lines.append(f"  {'argv':10}{visible(shlex.join(one['argv']))}")
    if one["exit"] != 0 and one["stderr"].strip():
        lines += folded("stderr", shorten(one["stderr"].strip(), 400), width=width)
    return lines


def _entry(entry: Any) -> str:
    if isinstance(entry, Mapping):
        level, message = entry.get("level", ""), entry.get("msg", entry.get("message"))
        if message is not None:
            return f"{level}: {message}" if level else str(message)
        return json.dumps(entry, ensure_ascii=False)
    return str(entry)


_COLUMNS: Final = (("MUST", "failed"), ("SHOULD", "not met"), ("", "engine"), ("", "known"), ("", "passed"), ("not", "asked"))


def _row(first: str, cells: Sequence[str]) -> str:
    return first + "".join("  " + cell.rjust(max(map(len, head))) for cell, head in zip(cells, _COLUMNS, strict=True))


def closing_table(records: Sequence[Line], runtimes: Sequence[Line], *, colour: bool = False, width: int = WIDTH) -> str:
    """Per runtime what failed, what is known, what held; below it what was not asked here, and why."""
    found = tallies(runtimes, records)
    wide = min(max([len(visible(t.name)) for t in found] + [7]), 16)
    blank = " " * (wide + 11)
    out = [_row(blank, [head[0] for head in _COLUMNS]).rstrip(), _row(f"{'runtime':{wide}} {'version':10}", [head[1] for head in _COLUMNS])]
    for t in found:
        counts = (t.must, t.should, t.engine, t.verdicts["KNOWN"], t.verdicts["PASS"], t.verdicts["SKIP"])
        styles = ("FAIL", "NONSTRICT", "FAIL", "KNOWN", "PASS", "")
        cells = [paint(str(n).rjust(max(map(len, h))), s, colour and n > 0) for n, s, h in zip(counts, styles, _COLUMNS, strict=True)]
        out.append(_row(f"{shorten(one_line(t.name), wide):{wide}} {shorten(one_line(t.runtime['version']), 10):10}", cells))
    for t in found:
        out += _notes(t, colour, width)
    return "\n".join(out + _not_asked(found, width))


def _notes(t: Tally, colour: bool, width: int) -> list[str]:
    name, out = one_line(t.name), []
    if t.verdicts["ERROR"]:
        out.append(paint(f"{name}: {t.verdicts['ERROR']} ERROR: the harness failed, they say nothing about it", "ERROR", colour))
    if t.verdicts["FIXED"]:
        out.append(paint(f"{name}: {t.verdicts['FIXED']} FIXED: deviations that hold now, remove their entries", "FIXED", colour))
    return out


def _not_asked(found: Sequence[Tally], width: int, most: int = 8) -> list[str]:
    facts: dict[tuple[str, str], list[str]] = {}
    total: Counter[tuple[str, str]] = Counter()
    for t in found:
        for fact, number in t.reasons.items():
            facts.setdefault(fact, []).append(f"{one_line(t.name)} {number}")
            total[fact] += number
    order = sorted(facts, key=lambda fact: (-total[fact], fact))
    out = ["not asked here"] if order else []
    for reason_class, reason in order[:most]:
        names = ", ".join(facts[reason_class, reason])
        out += folded(reason_class, f"{one_line(reason)} ({names})", width=width, margin=16)
    if len(order) > most:
        out.append(f"  and {sum(total[f] for f in order[most:])} for {len(order) - most} other reasons, in summary.md")
    return out


def live_line(done: int, total: int, failed: Mapping[str, int], elapsed: float, *, width: int = WIDTH) -> str:
    """How far a run is, on one line of at most `width - 1`: done of total, minutes, what failed per runtime."""
    minutes, seconds = divmod(int(elapsed), 60)
    line = f"{done}/{total}  {minutes}:{seconds:02}  " + "  ".join(f"{visible(name)} {count} failed" for name, count in failed.items())
    return shorten(line, width - 1)


def annotation(check: Line) -> str:
    """A GitHub error command for one regression, escaped so that a runtime's words cannot end it."""
    text = f"{check['case']} {check['check']}: expected {check['expected']}, observed {check['observed']} ({check['clause']})"
    title = f"{check['verdict']} {check['level']} [{check['runtime']}]"
    safe = visible(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return f"::error title={one_line(title).replace('%', '%25').replace(',', '%2C').replace(':', '%3A')}::{safe}"
