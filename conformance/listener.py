"""The agent behind `linux.seccomp.listenerPath`: a socket that takes the process state and answers notified calls.

Knows SCM_RIGHTS (unix(7)) and the notify descriptor (seccomp_unotify(2)). Must not know cases, checks or verdicts: it
answers as it was told to and keeps what came. To the shim it is one more stream: `fd` becomes readable when `drain` has
something to do.
"""

from __future__ import annotations

import array
import fcntl
import os
import select
import signal
import socket
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from conformance.model import Listener
from conformance.observation import Event, Json

KEPT = 1 << 20  # bytes of one connection
MOST_CALLS = 64
# struct seccomp_notif and seccomp_notif_resp, and their ioctls (linux/seccomp.h)
_NOTIFICATION = struct.Struct("<QIIiIQ6Q")
_ANSWER = struct.Struct("<QqiI")
_RECV, _SEND, _ID_VALID = 0xC0502100, 0xC0182101, 0x40082102
PATIENCE = 5.0  # seconds for a signal to show what it does


@dataclass
class Connection:
    """One connection: `pieces` are (bytes, descriptors) of each recvmsg(2), `names` what the descriptors are."""

    socket: socket.socket
    data: bytearray = field(default_factory=bytearray)
    pieces: list[tuple[int, int]] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    closed: bool = False

    def facts(self) -> dict[str, Json]:
        """As JSON values."""
        return {
            "text": self.data.decode("utf-8", "backslashreplace"),
            "pieces": [list(p) for p in self.pieces],
            "descriptors": list(self.names),
            "closed": self.closed,
        }


class Agent:
    """One Listener of a case, at `path`; `connections` and `calls` are what it saw, `tell` takes its moments."""

    def __init__(self, thing: Listener, path: str) -> None:
        kind = socket.SOCK_DGRAM if thing.kind == "datagram" else socket.SOCK_STREAM
        self.thing, self.path = thing, path
        self.total, self.open = 0, True
        self.tell: Callable[[Event], None] = lambda _: None
        self.connections: list[Connection] = []
        self.calls: list[dict[str, Json]] = []
        self._notify: set[int] = set()
        self._poll = select.epoll()
        self._socket = socket.socket(socket.AF_UNIX, kind | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK)
        self._socket.bind(path)
        os.chmod(path, 0o666)
        if thing.kind == "stream":
            self._socket.listen(4)
            self._poll.register(self._socket, select.EPOLLIN)

    @property
    def fd(self) -> int:
        """Readable when anything below it is."""
        return self._poll.fileno()

    @property
    def over(self) -> bool:
        """Whether a connection came and every one has been closed by the other side."""
        return bool(self.connections) and all(c.closed for c in self.connections)

    def facts(self) -> dict[str, Json]:
        """What it saw, as JSON values."""
        return {"connections": [c.facts() for c in self.connections], "calls": list(self.calls)}

    def drain(self) -> bool:
        """Do what is to be done now; True if something was."""
        came = False
        while self.open and (ready := self._poll.poll(0)):
            came = True
            for fd, what in ready:
                if fd == self._socket.fileno():
                    self._accept()
                elif fd in self._notify:
                    self._notified(fd, what)
                else:
                    self._receive(next(c for c in self.connections if not c.closed and c.socket.fileno() == fd))
        return came

    def _accept(self) -> None:
        peer, _ = self._socket.accept()
        peer.setblocking(False)
        self.connections.append(Connection(peer))
        self._poll.register(peer, select.EPOLLIN)
        self.tell(Event(who="listener", name=f"{self.thing.name}.connected"))

    def _receive(self, one: Connection) -> None:
        try:
            data, ancillary, _, _ = one.socket.recvmsg(1 << 16, socket.CMSG_SPACE(16 * 4))
        except BlockingIOError:
            return
        except ConnectionResetError:
            data, ancillary = b"", []
        fds = array.array("i")
        for level, kind, rights in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                fds.frombytes(rights[: len(rights) - len(rights) % fds.itemsize])
        for fd in fds:
            self._adopt(one, fd)
        if data or fds:
            one.pieces.append((len(data), len(fds)))
            one.data += data[: max(0, KEPT - len(one.data))]
            return
        one.closed = True
        self._poll.unregister(one.socket)
        one.socket.close()
        self.tell(Event(who="listener", name=f"{self.thing.name}.closed"))

    def _adopt(self, one: Connection, fd: int) -> None:
        os.set_inheritable(fd, False)
        name = os.readlink(f"/proc/self/fd/{fd}")
        one.names.append(name)
        if name != "anon_inode:seccomp notify":
            os.close(fd)
            return
        self._notify.add(fd)
        self._poll.register(fd, select.EPOLLIN)

    def _notified(self, fd: int, what: int) -> None:
        if what & select.EPOLLIN:
            notification = bytearray(_NOTIFICATION.size)
            try:
                fcntl.ioctl(fd, _RECV, notification, True)
            except OSError:  # the caller has died in the meantime
                return
            self._answer(fd, *_NOTIFICATION.unpack(notification))
        elif what & (select.EPOLLHUP | select.EPOLLERR):
            self._poll.unregister(fd)
            self._notify.discard(fd)
            os.close(fd)

    def _answer(self, fd: int, id: int, pid: int, flags: int, number: int, arch: int, at: int, *args: int) -> None:
        told: dict[str, Json] = {"number": number, "args": list(args)}
        if self.thing.interrupt and len(self.calls) < MOST_CALLS:
            told["interrupted"] = _interrupt(fd, id, pid, self.thing.interrupt)
        error = -self.thing.error
        try:
            fcntl.ioctl(fd, _SEND, _ANSWER.pack(id, 0 if error else self.thing.value, error, 0))
        except OSError as fault:
            told["refused"] = fault.strerror
        if len(self.calls) < MOST_CALLS:
            self.calls.append(told)

    def close(self) -> None:
        """Give everything back."""
        if not self.open:
            return
        self.open = False
        for fd in self._notify:
            os.close(fd)
        for one in self.connections:
            one.socket.close()
        self._socket.close()
        self._poll.close()
        try:
            os.unlink(self.path)
        except FileNotFoundError:
            pass


def _interrupt(fd: int, id: int, pid: int, number: str) -> bool:
    """Send the waiting caller a signal (with a handler); whether that took the call back.

    The signal has woken an interruptible wait when kill(2) returns, and the call goes. One that only a fatal signal ends
    is seen in the caller's state, D; nothing else ends the looking but the deadline.
    """
    try:
        os.kill(pid, signal.Signals[number])
    except (ProcessLookupError, PermissionError):
        return True
    idle = select.poll()  # of nothing: only to pass the time
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            fcntl.ioctl(fd, _ID_VALID, struct.pack("<Q", id))
        except OSError:
            return True
        if _state(pid) == "D":
            return False
        idle.poll(1)
    return False


def _state(pid: int) -> str:
    """The letter of a process's state in /proc/PID/stat; "" when it is gone."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0]
    except OSError:
        return ""
