"""A procfs that is known to be one: files under /proc/sys and /proc/self are written only through it.

A container's /proc may be a symbolic link, a tmpfs or covered by another mount (CVE-2019-19921, CVE-2025-52881), so
nothing is written by that name. Knows fsopen(2) of "proc" and the checks of a procfs descriptor. Must not know who
writes what. https://github.com/opencontainers/runtime-spec/blob/v1.3.0/config-linux.md#sysctl
"""

from __future__ import annotations

import errno

from runtime_ref import filesystems
from runtime_ref.errors import RuntimeFault
from runtime_ref.kernel import const as c
from runtime_ref.kernel import os
from runtime_ref.kernel import sys as k

ROOT_INODE = 1  # the top folder of every procfs
SAFE = c.RESOLVE_BENEATH | c.RESOLVE_NO_XDEV | c.RESOLVE_NO_MAGICLINKS | c.RESOLVE_NO_SYMLINKS


def unescaped(path: str) -> str:
    """A path of a mount table without its octal escapes: proc_pid_mountinfo(5)."""
    if "\\" in path:
        for code, letter in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
            path = path.replace(code, letter)
    return path


def private(below: str = "/proc") -> int:
    """A descriptor of a procfs mounted nowhere; where the kernel refuses one (inside masked containers), that at
    `below`, checked.

    Raises RuntimeFault when neither can be had.
    """
    try:
        return filesystems.new("proc", "proc")
    except OSError as fault:
        if fault.errno not in (errno.EPERM, errno.EACCES):
            raise RuntimeFault("a procfs of our own", str(fault)) from None
    fd = os.open(below, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    if not is_procfs(fd) or os.fstat(fd).st_ino != ROOT_INODE:
        os.close(fd)
        raise RuntimeFault(f"open {below}", "is not the top of a procfs")
    return fd


def is_procfs(fd: int) -> bool:
    """Whether a descriptor lies on a procfs."""
    return k.fstatfs_type(fd) == c.PROC_SUPER_MAGIC


def open_file(proc: int, path: str, flags: int) -> int:
    """Opens `path` (relative) below a procfs: no link is followed, no mount is crossed. Raises OSError."""
    fd = k.openat2(proc, path, flags | os.O_CLOEXEC, 0, SAFE)
    if not is_procfs(fd):
        os.close(fd)
        raise OSError(errno.EXDEV, "does not lie on a procfs", path)
    return fd


def write(proc: int, path: str, text: bytes) -> None:
    """Writes one file below a procfs in one call. Raises OSError."""
    fd = open_file(proc, path, os.O_WRONLY)
    try:
        os.write(fd, text)
    finally:
        os.close(fd)
