"""Shards of one run joined into one record.

Knows what must be alike in all of them. Must not draw.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from reports.compare import Incomparable
from reports.record import Line, Run, Writer, read

_SEVERITY = (3, 2, 1, 0, 5)  # a part in which nothing ran does not hide what happened in another


def merge(wheres: Sequence[Path], out: Path, *, partial: bool = False) -> Path:
    """Write the joined record, with what was kept, into the folder `out` (which must not exist). Raises RecordFault, Incomparable.

    Every shard I/N must be there once, unless `partial`; suite, spec, options and binaries must be the same in all.
    """
    runs = [read(where) for where in wheres]
    if not runs:
        raise Incomparable("no record to join")
    first = runs[0].header
    for run in runs[1:]:
        for what in ("suite", "spec"):
            if run.header[what] != first[what]:
                raise Incomparable(f"{runs[0].path} is of {what} {first[what]}, {run.path} of {run.header[what]}: not shards of one run")
        if _binaries(run) != _binaries(runs[0]):
            raise Incomparable(f"{runs[0].path} and {run.path} did not examine the same runtimes: {_binaries(runs[0])} and {_binaries(run)}")
        if _options(run) != _options(runs[0]):
            raise Incomparable(f"{runs[0].path} and {run.path} were run with other options: {_options(runs[0])} and {_options(run)}")
    for run in runs:
        if run.footer["interrupted"]:
            raise Incomparable(f"{run.path}: that run was interrupted, so the whole would look complete without being so")
    if not partial:
        _whole(runs)
    seen: dict[tuple[str, str, str], Path] = {}
    for run in runs:
        for c in run.checks:
            key = (c["case"], c["check"], c["runtime"])
            if key in seen:
                raise Incomparable(f"{seen[key]} and {run.path} both hold {' '.join(key)}")
            seen[key] = run.path
    out.mkdir(parents=True)
    _write(runs, out)
    for run in runs:
        kept = run.path.parent / "kept"
        if kept.is_dir():
            shutil.copytree(kept, out / "kept", dirs_exist_ok=True, symlinks=True, ignore=_only_plain)
    return out / "results.jsonl"


def _moved(check: Line, out: Path) -> Line:
    _, kept, rest = str(check["kept"] or "").rpartition("/kept/")
    return {**check, "kept": str(out.resolve() / "kept" / rest)} if kept else check


def _only_plain(folder: str, names: list[str]) -> list[str]:
    return [n for n in names if not (Path(folder, n).is_dir() or Path(folder, n).is_file())]


def _binaries(run: Run) -> list[str]:
    return sorted(f"{r['name']} {r['version']} {r['sha256'][:12]}" for r in run.header["runtimes"])


def _options(run: Run) -> dict[str, Any]:
    return {k: v for k, v in run.header["options"].items() if k != "shard"}


def _whole(runs: Sequence[Run]) -> None:
    shards = [str(run.header["options"].get("shard") or "") for run in runs]
    parts = {s.partition("/")[2] for s in shards}
    if len(parts) != 1 or "" in parts:
        raise Incomparable(f"these are no shards of one run: {', '.join(s or 'whole' for s in shards)} (--partial joins them nevertheless)")
    number = int(parts.pop())
    missing = sorted({f"{i}/{number}" for i in range(1, number + 1)} - set(shards))
    if missing:
        raise Incomparable(f"shard {', '.join(missing)} is missing (--partial joins the others nevertheless)")
    if len(shards) > number:
        raise Incomparable("a shard is there twice: " + ", ".join(sorted(s for s, n in Counter(shards).items() if n > 1)))


def _write(runs: Sequence[Run], out: Path) -> None:
    header = {**runs[0].header, "options": {**runs[0].header["options"], "shard": "", "merged": [run.header["run"] for run in runs]}}
    header["started"] = min(run.header["started"] for run in runs)
    writer = Writer(out / "results.jsonl")
    writer.header(header)
    checks = [_moved(c, out) for run in runs for c in run.checks]
    for check in checks:
        writer.check(check)
    counts = {name: dict(Counter(c["verdict"] for c in checks if c["runtime"] == name)) for name in runs[0].runtimes}
    codes = [run.footer["exit"] for run in runs]
    code = min(codes, key=lambda c: _SEVERITY.index(c) if c in _SEVERITY else -1)
    ended = max(run.footer["ended"] for run in runs)
    writer.footer({"kind": "footer", "checks": len(checks), "counts": counts, "exit": code, "interrupted": False, "ended": ended})
    writer.close()
