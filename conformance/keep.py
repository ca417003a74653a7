"""What is kept of a case that is not plainly green: the bundle, the calls, the log, the observation, and a script to repeat it.

Knows when to keep and what; reports/kept.py knows how it is laid out. Must not judge.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from conformance.container import Container
from conformance.model import AnyCase
from conformance.observation import Observation
from conformance.run import Where
from conformance.runtimes.base import Runtime
from conformance.session import Session


class Keeper:
    """For one case on one runtime: `where` gives the place with this keeper in it, `settle` tells what was kept."""

    def __init__(self, session: Session, case: AnyCase, runtime: Runtime, red: Callable[[Observation], bool]) -> None:
        self.session, self.case, self.runtime, self.red = session, case, runtime, red
        self._kept: Path | None = None

    def where(self, where: Where) -> Where:
        """The same place, with each container shown to this keeper before it is taken away."""
        return where if self.session.options.keep == "none" else replace(where, keep=self._look)

    def _look(self, box: Container, seen: Observation) -> None:
        pass

    def settle(self, seen: Observation) -> str:
        """The folder that holds what was kept, below the results; "" if nothing was."""
        return str(self._kept) if self._kept else ""
