"""A comparison as text, JSON, Markdown or HTML.

Knows layouts. Must not decide what is worse or who differs (compare.py does).
"""

from __future__ import annotations

import json
import textwrap

from reports import page
from reports.compare import Change, Comparison, Difference, document
from reports.record import Line
from reports.summary import cell
from reports.tally import SAID
from reports.text import folded, one_line

KINDS = ("regressed", "fixed", "new", "gone", "moved")
TITLES = {
    "regressed": "became worse",
    "fixed": "became better",
    "new": "not in the earlier record",
    "gone": "not in the later record",
    "moved": "neither better nor worse, but not as before",
}
_MOST = 40  # of new, gone, moved and of each group of differences in text and Markdown: JSON and HTML tell all


def show(found: Comparison, form: str) -> str:
    """The comparison in one of `text`, `json`, `md`, `html`."""
    return {"text": text, "json": as_json, "md": markdown, "html": html}[form](found)


def as_json(found: Comparison) -> str:
    """For programs."""
    return json.dumps(document(found), indent=1) + "\n"


def _was(line: Line | None) -> str:
    if line is None:
        return "-"
    told = line["observed"] if line["observed"] is not None else line["reason"]
    return f"{line['verdict']} {told}" if told is not None else str(line["verdict"])


def groups(found: Comparison) -> list[tuple[str, list[Difference]]]:
    """Differences by who is alone; last those in which nobody is."""
    out = [(f"{c.label} alone", [d for d in found.differences if d.alone == c.label]) for c in found.columns]
    out.append(("no one alone", [d for d in found.differences if d.alone is None]))
    return [(title, some) for title, some in out if some]


def text(found: Comparison) -> str:
    """For a terminal, 80 columns."""
    out = [one_line(c.label) + f"   run {one_line(c.run.header['run'])}, {len(c.checks)} checks" for c in found.columns]
    for kind in KINDS:
        some = found.of_kind(kind)
        if some:
            out += ["", f"{kind.upper()}: {len(some)} {TITLES[kind]}"]
            for change in some[: len(some) if kind in ("regressed", "fixed") else _MOST]:
                out += _change(change)
            if kind not in ("regressed", "fixed") and len(some) > _MOST:
                out.append(f"  and {len(some) - _MOST} more (--format json tells all)")
    for title, differences in groups(found):
        out += ["", f"{one_line(title).upper()}: {len(differences)}"]
        for d in differences[:_MOST]:
            out += folded(d.level, f"{d.case} {d.check}  ({d.clause})", margin=10)
            for label, seen in d.seen.items():
                out += folded("", f"{label} {d.verdicts[label]}: {seen}", margin=12)
        if len(differences) > _MOST:
            out.append(f"  and {len(differences) - _MOST} more (--format json tells all)")
    out += ["", *textwrap.wrap(_closing(found), 80)]
    return "\n".join(line.rstrip() for line in out) + "\n"


def _change(change: Change) -> list[str]:
    c = change.check
    out = folded(c["level"], f"{c['case']} {c['check']}  ({c['clause']})  [{change.label}]", margin=10)
    if change.kind in ("regressed", "fixed", "moved"):
        out += folded("", f"was {_was(change.before)}", margin=12) + folded("", f"is  {_was(change.after)}", margin=12)
        if change.kind == "regressed" and c["expected"]:
            out += folded("", f"expected {c['expected']}", margin=12)
    elif change.kind == "new":
        out += folded("", _was(change.after), margin=12)
    return out


def _closing(found: Comparison) -> str:
    said = f"{found.asked} checks were asked of two or more, {found.same} show the same, {len(found.differences)} differ"
    if found.pairs:
        said += "; " + ", ".join(f"{len(found.of_kind(k))} {k}" for k in KINDS)
    return said


def markdown(found: Comparison) -> str:
    """For a comment or a step summary."""
    out = ["# " + cell(" | ".join(c.label for c in found.columns), 400), "", cell(_closing(found), 400)]
    for kind in KINDS:
        some = found.of_kind(kind)
        if some:
            out += ["", f"## {kind.capitalize()}: {len(some)}", "", "| runtime | level | clause | case, check | was | is |", "|---|---|---|---|---|---|"]
            for change in some[:_MOST]:
                c = change.check
                words = (change.label, c["level"], c["clause"], f"{c['case']}, {c['check']}", _was(change.before), _was(change.after))
                out.append("| " + " | ".join(map(cell, words)) + " |")
            if len(some) > _MOST:
                out += ["", f"And {len(some) - _MOST} more."]
    labels = [c.label for c in found.columns]
    for title, differences in groups(found):
        out += ["", f"## {cell(title)}: {len(differences)}", "", "| level | clause | case, check | " + " | ".join(map(cell, labels)) + " |"]
        out.append("|---" * (len(labels) + 3) + "|")
        for d in differences[:_MOST]:
            seen = [f"{d.verdicts[n]} {d.seen[n]}" if n in d.seen else "-" for n in labels]
            out.append("| " + " | ".join(map(cell, (d.level, d.clause, f"{d.case}, {d.check}", *seen))) + " |")
        if len(differences) > _MOST:
            out += ["", f"And {len(differences) - _MOST} more."]
    return "\n".join(out) + "\n"


def html(found: Comparison) -> str:
    """One file, as the matrix is."""
    changes = [(kind, TITLES[kind], [(c, _was(c.before), _was(c.after)) for c in found.of_kind(kind)]) for kind in KINDS if found.of_kind(kind)]
    return page.render("compare.html.j2", found=found, changes=changes, groups=groups(found), closing=_closing(found), said=SAID)
