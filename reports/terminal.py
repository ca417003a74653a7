"""Texts for the terminal: a failure, the closing table, the live line.

Knows records and widths; every function is pure. Must not write anywhere, and must not know pytest.
"""

from __future__ import annotations

import json
import shlex
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
    for call in check["calls"]:
        ended = "no exit code" if call["exit"] is None else f"exit {call['exit']}" if call["exit"] >= 0 else f"signal {-call['exit']}"
        lines += folded("call", f"{call['op']}: {ended}", width=width)
        lines.append(f"  {'':10}{visible(shlex.join(call['argv']))}")
        if call["exit"] != 0 and call["stderr"].strip():
            lines += folded("", shorten(call["stderr"].strip(), 400), width=width)
    entries = [_entry(e) for e in check["log"]]
    for number, entry in enumerate(entries[-_LOG_LINES:]):
        label = "log" if number == 0 else ""
        lines += folded(label, shorten(entry, 300), width=width)
    if len(entries) > _LOG_LINES:
        lines += folded("", f"(the last {_LOG_LINES} of {len(entries)})", width=width)
    if check.get("kept"):
        lines.append(f"  {'by hand':10}sudo sh {visible(check['kept'])}/repro.sh")
    lines.append(f"  {'again':10}{visible(check['again'])}")
    return "\n".join(line.rstrip() for line in lines)


def _facts(expected: str | None, observed: str | None, width: int) -> list[str]:
    """The two lines aligned fact by fact, where both are lists of as many facts and fit."""
    want, got = expected or "nothing was expected", observed or "nothing"
    a, b = visible(want).split(", "), visible(got).split(", ")
    if len(a) == len(b) > 1 and "\n" not in want + got:
        wide = [max(len(x), len(y)) for x, y in zip(a, b, strict=True)]
        if sum(wide) + 3 * (len(wide) - 1) <= width - 12:
            return [
                f"  {label:10}" + "   ".join(x.ljust(w) for x, w in zip(facts, wide, strict=True)) for label, facts in (("expected", a), ("observed", b))
            ]
    return folded("expected", want, width=width) + folded("observed", got, width=width)


def _entry(entry: Any) -> str:
    if isinstance(entry, Mapping):
        level, message = entry.get("level", ""), entry.get("msg", entry.get("message"))
        if message is not None:
            return f"{level}: {message}" if level else str(message)
        return json.dumps(entry, ensure_ascii=False)
    return str(entry)


def _count(number: int, style: str, colour: bool, wide: int) -> str:
    return paint(str(number).rjust(wide), style, colour and number > 0)


def closing_table(records: Sequence[Line], runtimes: Sequence[Line], *, colour: bool = False, width: int = WIDTH) -> str:
    """Per runtime what failed, what is known, what held; below it what was not asked here, and why."""
    found = tallies(runtimes, records)
    heads = ("MUST failed", "SHOULD not met", "engine", "known", "passed", "not asked")
    name_width = min(max([len(t.name) for t in found] + [7]), 16)
    out = [f"{'runtime':{name_width}} {'version':10}" + "".join(f"  {h}" for h in heads)]
    for t in found:
        cells = ((t.must, "FAIL"), (t.should, "NONSTRICT"), (t.engine, "FAIL"), (t.verdicts["KNOWN"], "KNOWN"))
        line = f"{shorten(visible(t.name), name_width):{name_width}} {shorten(one_line(t.runtime['version']), 10):10}"
        line += "".join("  " + _count(n, style, colour, len(h)) for (n, style), h in zip(cells, heads, strict=False))
        line += "  " + str(t.verdicts["PASS"]).rjust(len(heads[4])) + "  " + str(t.verdicts["SKIP"]).rjust(len(heads[5]))
        out.append(line)
    for t in found:
        out += _notes(t, colour, width)
    return "\n".join(out)


def _notes(t: Tally, colour: bool, width: int) -> list[str]:
    name, out = visible(t.name), []
    if t.verdicts["ERROR"]:
        out.append(paint(f"{name}: {t.verdicts['ERROR']} ERROR, the harness failed: these say nothing about the runtime", "ERROR", colour))
    if t.verdicts["FIXED"]:
        out.append(paint(f"{name}: {t.verdicts['FIXED']} FIXED, recorded deviations that hold now: remove their entries", "FIXED", colour))
    if t.verdicts["INFO"]:
        out.append(f"{name}: {t.verdicts['INFO']} recorded and not judged (MAY, or the text is silent)")
    for (reason_class, reason), number in sorted(t.reasons.items(), key=lambda i: (-i[1], i[0]))[:6]:
        out.append(shorten(f"{name}: {number} not asked here ({reason_class}): {one_line(reason)}", width))
    if len(t.reasons) > 6:
        rest = sum(t.reasons.values()) - sum(n for _, n in t.reasons.most_common(6))
        out.append(f"{name}: {rest} not asked here for {len(t.reasons) - 6} other reasons, see summary.md")
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
