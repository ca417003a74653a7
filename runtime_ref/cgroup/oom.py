"""Watching a cgroup for kills by the kernel's out-of-memory killer, on both versions.

Knows cgroup.event_control of v1 and memory.events of v2. Must not know who prints the events.
"""

from __future__ import annotations

from select import POLLIN, POLLPRI

from runtime_ref.cgroup.files import read, read_or, write
from runtime_ref.errors import RuntimeFault
from runtime_ref.kernel import os


class Watch:
    """A descriptor to poll (`fileno`, `mask`) and the count behind it. Close it after use."""

    def __init__(self, fd: int, mask: int, counter: str) -> None:
        self.fd = fd
        self.mask = mask
        self.counter = counter
        self.seen = _kills(counter)

    def fileno(self) -> int:
        """The descriptor; poll it for `mask`."""
        return self.fd

    def take(self) -> int:
        """Kills since the last call; -1 once the cgroup is gone (its removal also wakes the poll)."""
        if self.mask == POLLIN:
            try:
                os.read(self.fd, 8)
            except BlockingIOError:
                pass  # nothing happened since
        else:
            try:
                os.pread(self.fd, 4096, 0)  # a kernfs file stays ready until this very descriptor is read again
            except OSError:
                return -1
        if not os.path.exists(self.counter):
            return -1
        now = _kills(self.counter)
        new, self.seen = now - self.seen, now
        return max(new, 0)

    def close(self) -> None:
        """Gives the descriptor back."""
        os.close(self.fd)


def v1(folder: str) -> Watch:
    """Asks memory.oom_control for events on an eventfd."""
    event = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
    try:
        control = os.open(folder + "/memory.oom_control", os.O_RDONLY | os.O_CLOEXEC)
        try:
            write(folder + "/cgroup.event_control", f"{event} {control}")
        finally:
            os.close(control)
    except OSError as fault:
        os.close(event)
        raise RuntimeFault("watch for OOM", f"{folder}: {fault.strerror}") from None
    return Watch(event, POLLIN, folder + "/memory.oom_control")


def v2(folder: str) -> Watch:
    """memory.events itself reports a change."""
    try:
        fd = os.open(folder + "/memory.events", os.O_RDONLY | os.O_CLOEXEC)
    except OSError as fault:
        raise RuntimeFault("watch for OOM", f"{folder}/memory.events: {fault.strerror}") from None
    read(folder + "/memory.events")
    os.read(fd, 4096)
    return Watch(fd, POLLPRI, folder + "/memory.events")


def _kills(counter: str) -> int:
    for line in read_or(counter, "").splitlines():
        key, _, number = line.partition(" ")
        if key == "oom_kill":
            return int(number)
    return 0
