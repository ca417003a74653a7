"""Messages between the runtime and the container's first process: one byte that says what, a text, and at most one descriptor.

Over a socket of whole messages (SOCK_SEQPACKET, unix(7)): no message is cut, and the end of the other side is an empty one. Must
not know what the messages are about.
"""

from __future__ import annotations

import errno

# Private, but `socket` costs 9 ms to import.
from _socket import AF_UNIX, CMSG_SPACE, SCM_RIGHTS, SOCK_CLOEXEC, SOCK_SEQPACKET, SOCK_STREAM, SOL_SOCKET, socket, socketpair

from runtime_ref import text
from runtime_ref.errors import ConfigError, RuntimeFault
from runtime_ref.kernel import os

if False:
    from typing import Any

# To the runtime.
PID = b"P"  # the first process's pid, where a process between them made it
MOUNTED = b"H"  # the root file system is ready: hooks, please
CONSOLE = b"C"  # the master of the terminal, as a descriptor; the name of the other side
LISTENER = b"L"  # the listener of seccomp, as a descriptor
READY = b"R"
FAILED = b"E"
HOOK_FAILED = b"F"
# To the first process.
FILTER = b"S"  # flags (4 bytes) and instructions of the seccomp filter
GO = b"G"  # mappings and cgroup are there; the states for its hooks
HOOKS_DONE = b"D"
TAKEN = b"T"  # the listener has been handed on

SIZE = 1 << 17  # of the largest message; a socket's buffer has 208 KiB


def pair() -> tuple[socket, socket]:
    """Two ends, closed on exec."""
    return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0)


def listen(folder: int, name: str) -> socket:
    """A socket that listens in a folder given by its descriptor (a path may be longer than a socket's address can be)."""
    door = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0)
    door.bind(f"/proc/self/fd/{folder}/{name}")
    door.listen(1)
    return door


def call(folder: int, name: str) -> socket:
    """A connection to it. Raises OSError."""
    line = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0)
    line.connect(f"/proc/self/fd/{folder}/{name}")
    return line


def connect(path: str) -> socket:
    """A connection to somebody else's stream socket, for a console or listener. Raises OSError."""
    line = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)
    folder, _, name = path.rpartition("/")
    fd = os.open(folder or "/" if path.startswith("/") else folder or ".", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        line.connect(f"/proc/self/fd/{fd}/{name}")
    finally:
        os.close(fd)
    return line


def opened(descriptor: int) -> socket:
    """A socket that is open already."""
    return socket(fileno=descriptor)


def send(line: socket, kind: bytes, words: str = "", fd: int = -1) -> None:
    """Sends a message. Raises OSError."""
    data = kind + words.encode("utf-8", "surrogateescape")
    if fd < 0:
        if line.send(data) != len(data):
            raise OSError(errno.EIO, "the message was not sent")  # a filter skips the call
    else:
        send_fd(line, data, fd)


def send_fd(line: socket, data: bytes, fd: int) -> None:
    """Sends a descriptor with some bytes."""
    line.sendmsg([data], [(SOL_SOCKET, SCM_RIGHTS, fd.to_bytes(4, "little"))])


def receive(line: socket) -> tuple[bytes, str, int]:
    """(what, text, descriptor or -1) of the next message; what is b"" when the other side is gone."""
    while True:
        try:
            data, extra, _, _ = line.recvmsg(SIZE, CMSG_SPACE(4), 0x40000000)  # MSG_CMSG_CLOEXEC
            break
        except ConnectionResetError:
            pass  # told once, of an other side that went with messages unread; what it has sent before comes after that
    fd = -1
    for level, kind, value in extra:
        if level == SOL_SOCKET and kind == SCM_RIGHTS:
            fd = int.from_bytes(value[:4], "little")
    return data[:1], data[1:].decode("utf-8", "surrogateescape"), fd


def send_filter(line: socket, flags: int, code: bytes) -> None:
    """Sends a compiled filter with the flags to load it with. Raises OSError."""
    line.send(FILTER + flags.to_bytes(4, "little") + code)


def receive_filter(line: socket) -> tuple[int, bytes]:
    """Flags and instructions; ends the process where the runtime has given up."""
    data = line.recv(SIZE)
    if data[:1] != FILTER:
        os._exit(1)
    return int.from_bytes(data[1:5], "little"), data[5:]


def packed(fault: BaseException) -> str:
    """An error as a text that `unpacked` reads on the other side."""
    if isinstance(fault, RuntimeFault):
        parts = {"step": fault.step, "why": fault.why, "where": fault.where, "config": isinstance(fault, ConfigError)}
    elif isinstance(fault, OSError):
        name = f"{os.fsdecode(fault.filename)}: " if isinstance(fault.filename, (str, bytes)) else ""
        parts = {"step": "", "why": name + (fault.strerror or str(fault)), "where": ""}
    else:
        parts = {"step": "", "why": f"{type(fault).__name__}: {fault}", "where": ""}
    parts = {name: part[:4096] if isinstance(part, str) else part for name, part in parts.items()}
    return text.dumps(parts)


def unpacked(words: str, step: str) -> RuntimeFault:
    """The error again; `step` is its step where it had none."""
    from runtime_ref import spec

    parts: Any = spec.parse(words.encode("utf-8", "surrogateescape"), "the message")
    if parts.get("config"):
        return ConfigError(parts["where"], parts["why"])
    return RuntimeFault(parts["step"] or step, parts["why"], parts["where"])
