"""What tells how far a run is: one line that is rewritten on a terminal, a line every tenth of the run in a log.

Knows pytest's terminal reporter. The text itself is made by reports/terminal.py.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from typing import Any

from reports.terminal import live_line

TENTHS = 10


class Live:
    """Takes the place of pytest's letters. With -v or -q, pytest's own output stays, and nothing is written here."""

    def __init__(self, reporter: Any, runtimes: Sequence[str]) -> None:
        self._reporter: Any = reporter
        self.on = reporter is not None and reporter.verbosity == 0
        self._rewrites = self.on and reporter.isatty and "CI" not in os.environ
        self.failed = dict.fromkeys(runtimes, 0)
        self.total = self.done = 0
        self._begun = time.monotonic()
        self._shown = 0.0

    def tell(self, record: Mapping[str, Any]) -> None:
        """Count one verdict. On a terminal show the line at most ten times a second, in a log when another tenth is done."""
        self.done += 1
        if record["verdict"] in ("FAIL", "FIXED", "ERROR"):
            self.failed[record["runtime"]] += 1
        if not self.on:
            return
        elapsed = time.monotonic() - self._begun
        if self._rewrites:
            if elapsed - self._shown > 0.1 or self.done == self.total:
                self._shown = elapsed
                writer = self._reporter._tw
                line = live_line(self.done, self.total, self.failed, elapsed, width=writer.fullwidth)
                writer.write("\r" + line.ljust(writer.fullwidth - 1), flush=True)
        elif self.total and self.done * TENTHS // self.total > (self.done - 1) * TENTHS // self.total:
            self._reporter.write_line(live_line(self.done, self.total, self.failed, elapsed))

    def end(self) -> None:
        """The last state stays, on a line of its own."""
        if self._rewrites and self.done:
            self._reporter._tw.write("\n", flush=True)
        self.on = self._rewrites = False
