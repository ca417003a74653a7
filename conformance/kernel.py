"""The few system calls of the harness that Python 3.11 does not have. Shares nothing with the reference runtime.

Each raises OSError with the call's name. Man pages: unshare(2), setns(2), mount(2), umount2(2), prctl(2).
"""

from __future__ import annotations

import ctypes
import os

CLONE = {
    "time": 0x80,
    "mount": 0x20000,
    "cgroup": 0x2000000,
    "uts": 0x4000000,
    "ipc": 0x8000000,
    "user": 0x10000000,
    "pid": 0x20000000,
    "network": 0x40000000,
}
# namespace type of the spec -> its name in /proc/PID/ns
PROC_NS = {"mount": "mnt", "network": "net", **{t: t for t in ("pid", "ipc", "uts", "user", "cgroup", "time")}}

MS_REC, MS_PRIVATE, MS_BIND, MS_RDONLY, MS_REMOUNT = 0x4000, 1 << 18, 0x1000, 1, 32
MNT_DETACH = 2
PR_SET_CHILD_SUBREAPER = 36
PR_SET_PDEATHSIG = 1

_libc = ctypes.CDLL(None, use_errno=True)


def _done(result: int, call: str, what: str = "") -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{call}: {os.strerror(number)}", what)
    return result


def unshare(flags: int) -> None:
    """unshare(2): flags are CLONE values, or-ed."""
    _done(_libc.unshare(flags), "unshare")


def setns(fd: int, flags: int = 0) -> None:
    """setns(2)."""
    _done(_libc.setns(fd, flags), "setns")


def mount(source: str, target: str, kind: str | None = None, flags: int = 0, data: str | None = None) -> None:
    """mount(2)."""
    _done(
        _libc.mount(source.encode(), target.encode(), kind.encode() if kind else None, ctypes.c_ulong(flags), data.encode() if data else None),
        "mount",
        target,
    )


def umount(target: str, flags: int = MNT_DETACH) -> None:
    """umount2(2), lazily unless told otherwise."""
    _done(_libc.umount2(target.encode(), flags), "umount2", target)


def prctl(option: int, value: int) -> int:
    """prctl(2) with one argument."""
    return _done(_libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0), "prctl")
