"""Records made up for tests: the same every time."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from reports.record import FORMAT, Run, Writer, read

PAGES = ("bundle.md", "runtime.md", "config.md", "config-linux.md", "features.md")


def runtime(name: str, version: str = "1.0", **other: Any) -> dict[str, Any]:
    """A runtime as the header has it; the digest follows from name and version."""
    digest = f"{abs(hash_of(name + version)):064x}"[-64:]
    line = {"name": name, "path": f"/usr/bin/{name}", "version": version, "sha256": digest, "spec_min": "1.0.0", "spec_max": "1.3.0", "adapter": name}
    return line | other


def hash_of(text: str) -> int:
    """The same in every process."""
    return int.from_bytes(text.encode("utf-8", "replace").ljust(8, b"x")[:24], "big")


def header(*runtimes: dict[str, Any], **other: Any) -> dict[str, Any]:
    """The first line."""
    line: dict[str, Any] = {
        "kind": "header",
        "format": FORMAT,
        "suite": "0.1.0",
        "spec": "1.3.0",
        "started": "2026-01-02T03:04:05+00:00",
        "run": "r1",
        "argv": ["pytest"],
        "options": {"level": "must", "shard": ""},
        "runtimes": list(runtimes),
        "host": {"kernel": "6.1", "arch": "x86_64", "cgroup": "v2", "controllers": ["pids"], "lsms": ["landlock"], "uid": 0, "capabilities": []},
    }
    return line | other


def check(case: str = "area/fact", name: str = "it-holds", runtime: str = "one", verdict: str = "PASS", **other: Any) -> dict[str, Any]:
    """One check; what is not given is plausible for the verdict."""
    line: dict[str, Any] = {
        "kind": "check",
        "case": case,
        "check": name,
        "runtime": runtime,
        "nodeid": f"conformance/cases/area.py::{case}@{runtime}::{name}",
        "claim": "a thing does what it does",
        "clause": "area.clause",
        "section": "config.md#area",
        "link": "https://example.org/config.md#area",
        "level": "MUST",
        "profile": "spec",
        "verdict": verdict,
        "reason_class": "kernel" if verdict == "SKIP" else None,
        "reason": "AppArmor is not enabled" if verdict == "SKIP" else None,
        "expected": None if verdict == "SKIP" else "yes",
        "observed": None if verdict == "SKIP" else "yes" if verdict in ("PASS", "INFO") else "no",
        "where": None,
        "raw": None,
        "duration": 0.001,
        "config_patch": [],
        "calls": [],
        "log": [],
        "kept": None,
        "again": f"pytest --runtime={runtime} 'area.py::{case}@{runtime}::{name}'",
        "round": 1,
    }
    return line | other


def write(path: Path, head: dict[str, Any], checks: Iterable[dict[str, Any]], **footer: Any) -> Path:
    """A whole record at the path (a folder gets results.jsonl)."""
    path.mkdir(parents=True, exist_ok=True)
    lines = list(checks)
    writer = Writer(path / "results.jsonl")
    writer.header(head)
    for line in lines:
        writer.check(line)
    counts = {r["name"]: dict(Counter(c["verdict"] for c in lines if c["runtime"] == r["name"])) for r in head["runtimes"]}
    end = {"kind": "footer", "checks": len(lines), "counts": counts, "exit": 0, "interrupted": False, "ended": "2026-01-02T03:05:05+00:00"}
    writer.footer(end | footer)
    writer.close()
    return path


def run(path: Path, *checks: dict[str, Any], **head: Any) -> Run:
    """A record with these checks, of the runtimes that they name, written and read again."""
    names = dict.fromkeys(c["runtime"] for c in checks)
    return read(write(path, header(*(runtime(n) for n in names), **head), checks))


def many(number: int, names: tuple[str, ...] = ("one", "two", "three"), seed: int = 7) -> list[dict[str, Any]]:
    """That many checks or a few less, over about 650 clauses, mostly green."""
    chance = random.Random(seed)
    out = []
    for index in range(number // len(names)):
        clause = index % 650
        shared = {"clause": f"clause.{clause:03}", "section": f"{PAGES[clause % 5]}#part-{clause % 40}", "level": ("MUST", "MUST", "SHOULD")[clause % 3]}
        for name in names:
            verdict = chance.choices(("PASS", "FAIL", "NONSTRICT", "KNOWN", "SKIP", "INFO"), (90, 2, 1, 2, 3, 2))[0]
            extra: dict[str, Any] = {}
            if verdict in ("FAIL", "NONSTRICT", "KNOWN"):
                extra = {
                    "config_patch": [{"process": {"args": ["/probe", f"try-{index}"]}}],
                    "calls": [{"op": op, "argv": [f"/usr/bin/{name}", op, f"c{index}"], "exit": 0, "stderr": ""} for op in ("create", "start", "delete")],
                    "log": [{"level": "error", "msg": f"message {index}"}],
                    "observed": f"value {chance.randrange(3)}",
                }
            out.append(check(f"area-{clause % 30}/case-{index // 4}", f"check-{index % 4}", name, verdict, **{**shared, **extra}))
    return out


HOSTILE = (
    "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">",
    "\"><svg onload=document.title='owned'> {{ 7*7 }} {% raw %}",
    "</script></style></details></table><h1>out</h1>",
    "\x1b[2J\x1b]0;owned\x07 bell \x00 null \x9b31m",
    "right\u202eto left\u2066 zero\u200bwidth",
    "::error title=x::y\n::warning::z %0A",
    "| a | b |\n# heading\n```\n[link](javascript:alert(1))",
    "half \ud800 a pair",
)


def hostile_run(path: Path) -> Run:
    """A record every text of which was chosen by somebody who means harm."""
    checks = []
    for number, text in enumerate(HOSTILE):
        call = {"op": text, "argv": [text, text], "exit": 1, "stderr": text}
        told = dict.fromkeys(("claim", "clause", "section", "expected", "observed", "where", "raw", "reason", "again", "kept"), text)
        patch = [{text: text}]
        checks.append(
            check(
                f"{number} {text}",
                text,
                "one",
                "FAIL",
                link="javascript:document.title='owned'",
                calls=[call],
                log=[text, {"msg": text}],
                config_patch=patch,
                **told,
            )
        )
        checks.append(check(f"s{number} {text}", text, "one", "SKIP", reason_class="kernel", reason=text))
    evil = HOSTILE[0]
    return read(
        write(
            path,
            header(
                runtime("one", version=evil, path=evil, spec_max=evil, sha256=evil),
                run=evil,
                host={"kernel": evil, "arch": evil, "cgroup": evil, "uid": evil, "lsms": [evil]},
            ),
            checks,
        )
    )


def text_of(run: Run) -> str:
    """The file as it is on disk."""
    return run.path.read_text()


def lines_of(run: Run) -> list[Any]:
    """Every line as JSON."""
    return [json.loads(line) for line in text_of(run).splitlines()]
