"""The line that tells how far a run is, on a terminal; elsewhere pytest's own dots stay.

Knows pytest's terminal reporter. The text itself is made by reports/terminal.py.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from typing import Any

from reports.terminal import live_line


class Live:
    """Rewrites one line as verdicts come. Nothing is written where the output is no terminal, or with -v."""

    def __init__(self, reporter: Any, runtimes: Sequence[str]) -> None:
        self._writer: Any = reporter._tw if reporter is not None else None
        self.on = reporter is not None and reporter.isatty and reporter.verbosity == 0 and "CI" not in os.environ
        self.failed = dict.fromkeys(runtimes, 0)
        self.total = self.done = 0
        self._begun = time.monotonic()
        self._shown = 0.0

    def tell(self, record: Mapping[str, Any]) -> None:
        """Count one verdict, and show the line at most ten times a second."""
        self.done += 1
        if record["verdict"] in ("FAIL", "FIXED", "ERROR"):
            self.failed[record["runtime"]] += 1
        now = time.monotonic()
        if self.on and (now - self._shown > 0.1 or self.done == self.total):
            self._shown = now
            line = live_line(self.done, self.total, self.failed, now - self._begun, width=self._writer.fullwidth)
            self._writer.write("\r" + line.ljust(self._writer.fullwidth - 1), flush=True)

    def end(self) -> None:
        """The last state stays, on a line of its own."""
        if self.on and self.done:
            self.on = False
            self._writer.write("\n", flush=True)
        self.on = False
