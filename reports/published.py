"""What of a run can be published: one report per runtime, free of this machine's paths; and the page of how runtimes differ.

Knows the report's form. Must not read records from disk.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import yaml

from reports.record import Line, Run
from reports.tally import why
from reports.text import one_line, shorten, visible

FORMAT: Final = 1
_DUMPER: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class PublishedFault(ValueError):
    """A file that is no published report; the text names it."""


def report(run: Run, name: str) -> dict[str, Any]:
    """One runtime's report: suite, spec, runtime, machine, counts per level, and every check that is not a plain pass."""
    runtime, host, checks = run.runtime(name), run.header["host"], run.of(name)
    skipped: dict[tuple[str, str], list[str]] = {}
    for c in checks:
        if c["verdict"] == "SKIP":
            skipped.setdefault(why(c), []).append(_id(c))
    counts: dict[str, Counter[str]] = {}
    for c in checks:
        counts.setdefault("cli" if c["profile"] == "cli" else c["level"], Counter())[c["verdict"]] += 1
    return {
        "format": FORMAT,
        "suite": run.header["suite"],
        "spec": run.header["spec"],
        "examined": run.header["started"],
        "runtime": {k: runtime[k] for k in ("name", "version", "sha256", "spec_min", "spec_max")},
        "host": {k: host.get(k) for k in ("kernel", "arch", "cgroup", "lsms", "uid")},
        "interrupted": run.footer["interrupted"],
        "counts": {level: dict(sorted(counts[level].items())) for level in ("MUST", "SHOULD", "MAY", "cli") if level in counts},
        "failed": _group(c for c in checks if c["verdict"] in ("FAIL", "FIXED", "ERROR")),
        "not_met": _group(c for c in checks if c["verdict"] == "NONSTRICT"),
        "known": _group(c for c in checks if c["verdict"] == "KNOWN"),
        "recorded": _group(c for c in checks if c["verdict"] == "INFO"),
        "held_otherwise": _group(c for c in checks if c["verdict"] == "PASS" and c["observed"] != c["expected"]),
        "not_asked": [{"class": cls, "reason": visible(reason), "checks": sorted(names)} for (cls, reason), names in sorted(skipped.items())],
    }


def _id(check: Line) -> str:
    return visible(f"{check['case']} {check['check']}")


def _group(checks: Iterable[Line]) -> list[dict[str, Any]]:
    """By clause: [{clause, level, link, checks: [{check, verdict, expected, observed, reason?}]}]."""
    rows: dict[str, dict[str, Any]] = {}
    for c in sorted(checks, key=lambda c: (c["clause"], c["case"], c["check"])):
        row = rows.setdefault(c["clause"], {"clause": visible(c["clause"]), "level": c["level"], "link": visible(c["link"]), "checks": []})
        one = {"check": _id(c), "verdict": c["verdict"], "expected": _shown(c["expected"]), "observed": _shown(c["observed"])}
        if c["reason"]:
            one["reason"] = visible(c["reason"])
        row["checks"].append(one)
    return list(rows.values())


def _shown(text: str | None) -> str | None:
    return None if text is None else visible(text)


def dump(document: dict[str, Any]) -> str:
    """As YAML, in the order written, in plain characters."""
    return str(yaml.dump(document, Dumper=_DUMPER, sort_keys=False, allow_unicode=True, width=120))


def load(path: Path) -> dict[str, Any]:
    """A published report. Raises PublishedFault."""
    try:
        document = yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER)
    except (yaml.YAMLError, UnicodeDecodeError) as fault:
        raise PublishedFault(f"{path}: it is no YAML: {one_line(fault)[:200]}") from None
    if not isinstance(document, dict) or document.get("format") != FORMAT or not isinstance(document.get("runtime"), dict):
        raise PublishedFault(f"{path}: it is no report of format {FORMAT}")
    return document


def publish(run: Run, folder: Path, *, only: Sequence[str] = ()) -> list[Path]:
    """Write `<spec>/<runtime>-<version>.yaml` for every runtime of a run, or `only` some; the paths. Raises PublishedFault."""
    if run.footer["interrupted"] or run.header["options"].get("shard"):
        raise PublishedFault(f"{run.path}: only a whole run is published, and this one was interrupted or is a shard")
    written = []
    for name in [n for n in run.runtimes if not only or n in only]:
        document = report(run, name)
        version = "".join(ch if ch.isalnum() or ch in ".+-" else "_" for ch in str(document["runtime"]["version"]))
        target = folder / str(run.header["spec"]) / f"{file_name(name)}-{version}.yaml"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(dump(document), encoding="utf-8")
        written.append(target)
    return written


def file_name(name: str) -> str:
    """A runtime's name as part of a file's name."""
    return "".join(ch if ch.isalnum() or ch in "._-" else "_" for ch in name).lstrip(".") or "_"


def differences(folder: Path) -> str:
    """The page docs/differences.md, from every report below the folder: per spec version, what is not the same everywhere."""
    out = [
        "# How the runtimes differ",
        "",
        "Generated by `python -m reports differences` from `reports/published/`; do not edit. Every line is a check on which the runtimes that",
        "were asked did not show the same. PASS stands for the expected value, a dash for a runtime that was not asked there (its report says why).",
    ]
    for spec in sorted({p.parent for p in folder.glob("*/*.yaml")}):
        out += _of_spec(spec.name, [load(p) for p in sorted(spec.glob("*.yaml"))])
    return "\n".join(out) + "\n"


def _of_spec(spec: str, reports: list[dict[str, Any]]) -> list[str]:
    names = [f"{r['runtime']['name']} {r['runtime']['version']}" for r in reports]
    out = ["", f"## runtime-spec {spec}", "", "| | " + " | ".join(map(_cell, names)) + " |", "|---" * (len(names) + 1) + "|"]
    for label, level, verdicts in (
        ("MUST failed", "MUST", ("FAIL",)),
        ("MUST not so, a recorded deviation", "MUST", ("KNOWN",)),
        ("SHOULD not met", "SHOULD", ("NONSTRICT", "KNOWN", "FAIL")),
        ("not so, though engines rely on it", "cli", ("FAIL", "KNOWN", "NONSTRICT")),
    ):
        out.append(f"| {label} | " + " | ".join(str(sum(r["counts"].get(level, {}).get(v, 0) for v in verdicts)) for r in reports) + " |")
    out.append("| not asked | " + " | ".join(str(sum(len(s["checks"]) for s in r["not_asked"])) for r in reports) + " |")
    shown: dict[tuple[str, str], dict[int, str]] = {}
    expected: dict[tuple[str, str], str] = {}
    for number, r in enumerate(reports):
        for part in ("failed", "not_met", "known", "recorded", "held_otherwise"):
            for row in r[part]:
                for one in row["checks"]:
                    shown.setdefault((row["clause"], one["check"]), {})[number] = str(one["observed"])
                    expected[row["clause"], one["check"]] = str(one["expected"])
    silent = [{check for s in r["not_asked"] for check in s["checks"]} for r in reports]
    section = ""
    for (clause, check), by in sorted(shown.items()):
        cells = [by.get(n, "-" if check in silent[n] else "PASS") for n in range(len(reports))]
        if len({c for c in cells if c != "-"}) < 2:
            continue
        if clause != section:
            out += ["", f"### {clause}", "", "| check | expected | " + " | ".join(map(_cell, names)) + " |", "|---" * (len(names) + 2) + "|"]
            section = clause
        out.append(f"| {_cell(check)} | {_cell(expected[clause, check])} | " + " | ".join(map(_cell, cells)) + " |")
    return out


def _cell(text: str) -> str:
    safe = one_line(text).replace("\\", "\\\\")
    for mark in "|<>`*_[]":
        safe = safe.replace(mark, f"\\{mark}")
    return shorten(safe, 160)
