"""The terminal of a container: the pty in its own devpts, and what becomes of the two sides.

https://github.com/opencontainers/runtime-spec/blob/v1.3.0/config.md#process (terminal, consoleSize). Knows ptys, the console
socket of engines, and how a terminal is carried to ours. Must not know mounts; the folder it looks in is handed to it.
"""

from __future__ import annotations

import fcntl

from runtime_ref import talk
from runtime_ref.errors import RuntimeFault
from runtime_ref.kernel import os

if False:
    from _socket import socket
    from typing import Any

TIOCSPTLCK, TIOCGPTN, TIOCGPTPEER = 0x40045431, 0x80045430, 0x5441  # ioctl_tty(2)
TIOCSWINSZ, TIOCGWINSZ, TIOCSCTTY = 0x5414, 0x5413, 0x540E


def open_pty(master: int, size: dict[str, Any] | None) -> tuple[int, str]:
    """Unlocks a new pty's master; (descriptor of the other side, its name in the container). Raises OSError.

    The other side comes from the master itself, not from a name that somebody else may have put there.
    """
    fcntl.ioctl(master, TIOCSPTLCK, (0).to_bytes(4, "little"))
    number = int.from_bytes(fcntl.ioctl(master, TIOCGPTN, bytes(4)), "little")
    slave = fcntl.ioctl(master, TIOCGPTPEER, os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    if size:
        resize(master, size.get("height", 0), size.get("width", 0))
    else:
        copy_size(master)
    return slave, f"/dev/pts/{number}"


def resize(master: int, rows: int, columns: int) -> None:
    """Sets the size in characters."""
    fcntl.ioctl(master, TIOCSWINSZ, b"".join(n.to_bytes(2, "little") for n in (rows, columns, 0, 0)))


def copy_size(master: int) -> None:
    """Gives a terminal the size of ours, if standard input is one."""
    try:
        fcntl.ioctl(master, TIOCSWINSZ, fcntl.ioctl(0, TIOCGWINSZ, bytes(8)))
    except OSError:
        pass


def become_terminal(slave: int) -> None:
    """Makes it the controlling terminal and the three standard descriptors of this session leader."""
    fcntl.ioctl(slave, TIOCSCTTY, 0)
    for fd in (0, 1, 2):
        os.dup2(slave, fd)


def connect(path: str) -> socket:
    """The console socket. Raises RuntimeFault."""
    try:
        return talk.connect(path)
    except OSError as fault:
        raise RuntimeFault("console socket", f"{path}: {fault.strerror}") from None


def hand_over(line: socket, master: int, name: str) -> None:
    """Sends the master to who listens at the console socket. Raises RuntimeFault."""
    try:
        talk.send_fd(line, name.encode(), master)
    except OSError as fault:
        raise RuntimeFault("console socket", fault.strerror or str(fault)) from None


class Relay:
    """Carries bytes between our own standard descriptors and a container's terminal, until the container has ended."""

    def __init__(self, master: int) -> None:
        self.master = master
        self.saved: Any = None

    def __enter__(self) -> Relay:
        if os.isatty(0):
            import termios
            import tty

            self.saved = termios.tcgetattr(0)
            tty.setraw(0)
        return self

    def __exit__(self, *_: object) -> None:
        if self.saved is not None:
            import termios

            termios.tcsetattr(0, termios.TCSADRAIN, self.saved)

    def carry(self) -> None:
        """Returns when the other side is closed by all. Signals are handled meanwhile."""
        import select

        poll = select.poll()
        poll.register(self.master, select.POLLIN)
        poll.register(0, select.POLLIN)
        while True:
            for fd, _ in poll.poll():
                try:
                    data = os.read(fd, 65536)
                except OSError:  # EIO: nobody has the other side open
                    data = b""
                if data:
                    _write(1 if fd == self.master else self.master, data)
                elif fd == self.master:
                    return
                else:
                    poll.unregister(0)


def _write(fd: int, data: bytes) -> None:
    while data:
        try:
            data = data[os.write(fd, data) :]
        except OSError:
            return
