"""The journal of one container: hooks, programs and the harness write their moments into one order.

Knows the FIFO and its lines. Must not know what an order means.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from conformance.observation import Event


class Journal:
    """The FIFO in the rootfs into which hooks and processes write their moments, and the harness its own, so that one order holds."""

    def __init__(self, path: Path) -> None:
        self.fd = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        self.events: list[Event] = []
        self._rest = b""
        self.total, self.open = 0, True

    def drain(self) -> bool:
        """Take the lines that have come."""
        came = False
        while self.open:
            try:
                piece = os.read(self.fd, 65536)
            except BlockingIOError:
                break
            came = True
            self.total += len(piece)
            *lines, self._rest = (self._rest + piece).split(b"\n")
            for line in lines:
                try:
                    data = json.loads(line.decode("latin-1"))
                    self.events.append(Event(who=data["kind"], name=data["name"], data=data))
                except (ValueError, KeyError, TypeError):
                    self.events.append(Event(who="noise", name=line[:200].decode("latin-1")))
        return came

    def add(self, event: Event) -> None:
        """A moment of the harness's own, after all that has been written until now."""
        self.drain()
        self.events.append(event)

    def close(self) -> None:
        """Give the descriptor back."""
        if self.open:
            self.open = False
            os.close(self.fd)
