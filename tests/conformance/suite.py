"""The suite as a user runs it: one pytest process, and the record it wrote."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from reports.record import Run, read

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Result:
    """How it ended: exit code, what it printed, and the record (None where it wrote none)."""

    exit: int
    output: str
    run: Run | None

    @property
    def verdicts(self) -> Counter[str]:
        """How many of each verdict."""
        return Counter(c["verdict"] for c in self.run.checks) if self.run else Counter()

    def verdict(self, case: str, check: str) -> str:
        """The verdict of one check."""
        assert self.run is not None, self.output
        return next(str(c["verdict"]) for c in self.run.checks if (c["case"], c["check"]) == (case, check))


def environment() -> dict[str, str]:
    """Ours without what an outer pytest left in it."""
    return {k: v for k, v in os.environ.items() if not k.startswith("PYTEST")}


def examine(results: Path, *words: str, seconds: float = 300, cwd: Path = ROOT) -> Result:
    """Run pytest with these words; the results go below `results`."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", f"--results={results}", *words],
        cwd=cwd,
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    written = sorted(results.glob("*/results.jsonl")) if results.is_dir() else []
    return Result(exit=done.returncode, output=done.stdout + done.stderr, run=read(written[-1]) if written else None)
