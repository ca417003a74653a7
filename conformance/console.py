"""The harness's end of a container's terminal: the socket that takes it, and what it shows.

Knows SCM_RIGHTS and ptys. Must not know who sends.
"""

from __future__ import annotations

import array
import os
import socket

from conformance.journal import Journal
from conformance.observation import Event, Json
from conformance.shim import Stream


class Console:
    """The socket given by --console-socket: it takes one terminal and becomes a stream of what the terminal shows."""

    def __init__(self, path: str, events: Journal) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK)
        self._socket.bind(path)
        self._socket.listen(4)
        self._peer: socket.socket | None = None
        self._events = events
        self.terminal: Stream | None = None
        self.facts: dict[str, Json] = {}
        self.total, self.open = 0, True

    @property
    def fd(self) -> int:
        """What to poll: the listening socket, then the connection, then the terminal."""
        if self.terminal is not None:
            return self.terminal.fd
        return self._peer.fileno() if self._peer else self._socket.fileno()

    def drain(self) -> bool:
        """Take the connection, the descriptor, then the text."""
        if self.terminal is not None:
            came = self.terminal.drain()
            self.total, self.open = self.terminal.total, self.terminal.open
            return came
        if self._peer is None:
            try:
                self._peer, _ = self._socket.accept()
            except BlockingIOError:
                return False
            self._peer.setblocking(False)
        try:
            said, ancillary, _, _ = self._peer.recvmsg(4096, socket.CMSG_SPACE(16 * 4))
        except BlockingIOError:
            return False
        fds = array.array("i")
        for level, kind, data in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                fds.frombytes(data[: len(data) - len(data) % fds.itemsize])
        self.facts = {"descriptors": len(fds), "message": said.decode("utf-8", "backslashreplace"), "tty": [os.isatty(f) for f in fds]}
        self._events.add(Event(who="console", name="console", data=dict(self.facts)))
        for extra in fds[1:]:
            os.close(extra)
        if fds and os.isatty(fds[0]):
            size = os.get_terminal_size(fds[0])
            self.facts["size"] = [size.lines, size.columns]
            os.set_blocking(fds[0], False)
            os.set_inheritable(fds[0], False)
            self.terminal = Stream(fds[0])
            return True
        for fd in fds[:1]:
            os.close(fd)
        self.open = False
        return True

    def close(self) -> None:
        """Give everything back."""
        self._socket.close()
        if self._peer:
            self._peer.close()
        if self.terminal:
            self.terminal.close()
        self.open = False
