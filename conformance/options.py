"""The suite's own options on pytest's command line, and what they mean together.

Knows the words and their faults. Must not know how anything is run.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest


class Usage(Exception):
    """A command line that cannot be meant; the text says what to type instead."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """What the user asked for."""

    runtimes: tuple[str, ...]
    runtime_args: tuple[str, ...]
    spec: str
    level: str
    profile: str
    require: tuple[str, ...]
    keep: str
    rootfs: Path | None
    timeout: float
    baseline: Path | None
    update_baseline: bool
    shard: str
    repeat: int
    results: Path | None


def add(parser: pytest.Parser) -> None:
    """Every option with the help that `pytest --help` prints."""
    group = parser.getgroup("proctor", "Proctor: conformance of OCI container runtimes")
    add = group.addoption
    add(
        "--runtime",
        action="append",
        default=[],
        metavar="RUNTIME",
        help="a runtime to examine: a path, a name on PATH, NAME=PATH, or 'reference' (the default). Give it again for several side by side.",
    )
    add(
        "--runtime-arg", action="append", default=[], metavar="ARG", help="a global argument for every call of the runtime, e.g. --runtime-arg=--systemd-cgroup"
    )
    add("--runtime-timeout", type=float, default=10.0, metavar="SECONDS", help="how long one call of a runtime may take (default 10)")
    add("--spec", default="1.3.0", metavar="VERSION", help="the version of the runtime-spec to examine against (default 1.3.0)")
    add("--level", choices=["must", "should"], default="must", help="what fails the run: a broken MUST (default), or also a SHOULD that is not met")
    add("--profile", choices=["spec", "cli", "all"], default="all", help="the text of the spec, what engines rely on beside it, or both (default)")
    add(
        "--require",
        default="",
        metavar="NEEDS",
        help="needs that must not be the cause of a skip here, e.g. apparmor,cgroup2: such a skip becomes a failure; 'all' forbids every skip by the host",
    )
    add("--keep", choices=["failed", "all", "none"], default="failed", help="whose bundles and logs to keep below the results (default: of what did not pass)")
    add("--rootfs", metavar="DIR|TAR", help="a root filesystem to run in, e.g. the output of docker export; default: the probe alone")
    add("--baseline", metavar="FILE", help="a baseline or an older results.jsonl: the exit code is 0 when nothing got worse than there")
    add("--update-baseline", action="store_true", help="with --baseline: show how the file would change for this run, and write it")
    add("--shard", default="", metavar="I/N", help="examine the I-th of N parts of the cases; join the records with `python -m reports merge`")
    add("--repeat", type=int, default=1, metavar="N", help="run every case N times; a verdict that is not the same each time is told as k/N")
    add("--results", metavar="DIR", help="where the folder of this run goes (default: reports/results)")


def read(config: pytest.Config) -> Options:
    """The options of this session. Raises Usage."""
    get = config.getoption
    timeout = float(get("--runtime-timeout"))
    if not 0 < timeout < 86400:
        raise Usage("--runtime-timeout is a number of seconds above 0")
    version = str(get("--spec"))
    if version not in ("1.0.0", "1.0.1", "1.0.2", "1.1.0", "1.2.0", "1.2.1", "1.3.0"):
        raise Usage(f"--spec {version}: no such version of the runtime-spec is known here; 1.0.2, 1.1.0, 1.2.1 and 1.3.0 are")
    shard = str(get("--shard"))
    if shard:
        i, slash, n = shard.partition("/")
        if not (slash and i.isdigit() and n.isdigit() and 1 <= int(i) <= int(n)):
            raise Usage(f"--shard {shard}: write it as I/N with 1 <= I <= N, e.g. --shard 1/4")
    if int(get("--repeat")) < 1:
        raise Usage("--repeat is a number of rounds, 1 or more")
    if get("--update-baseline") and not get("--baseline"):
        raise Usage("--update-baseline needs --baseline=FILE")
    rootfs = get("--rootfs")
    if rootfs and not Path(rootfs).exists():
        raise Usage(f"--rootfs {rootfs}: no such folder or tar file")
    return Options(
        runtimes=tuple(get("--runtime")) or ("reference",),
        runtime_args=tuple(get("--runtime-arg")),
        spec=version,
        level=str(get("--level")),
        profile=str(get("--profile")),
        require=tuple(w.strip() for w in str(get("--require")).split(",") if w.strip()),
        keep=str(get("--keep")),
        rootfs=Path(rootfs).absolute() if rootfs else None,
        timeout=timeout,
        baseline=Path(get("--baseline")).absolute() if get("--baseline") else None,
        update_baseline=bool(get("--update-baseline")),
        shard=shard,
        repeat=int(get("--repeat")),
        results=Path(get("--results")).absolute() if get("--results") else None,
    )
