"""The seal: the interpreter that runs beside a container can be written by nobody, whatever /proc/self/exe leads to.

A container whose program is `#!/proc/self/exe` runs the host's interpreter and can then open it for writing (CVE-2019-5736). So
the interpreter starts itself again from a read-only mount that only this process holds: a write through it is EROFS, and a
mount that is in no namespace cannot be changed. Without the right to mount, a sealed copy in memory does the same. Costs one start
of the interpreter; an interpreter on a read-only file system needs none. Must not know anything of containers.
"""

from __future__ import annotations

import posix  # not `os`: this comes before all else, and is done twice
import sys

EXE = "/proc/self/exe"
MARK = "sealed"  # -X sealed: what runs is already the sealed one


def seal(argv: list[str]) -> None:
    """Returns when the interpreter's file cannot be written; before that it starts this command line again. Raises OSError."""
    if MARK in sys._xoptions or sealed():
        return
    fd = _read_only()
    if fd < 0:
        fd = _copy()
    path = argv[0] if argv[0].startswith("/") else f"{posix.getcwd()}/{argv[0]}"
    flags = ["-IS"] if sys.flags.no_site else []
    posix.set_inheritable(fd, False)
    posix.execve(fd, [sys.executable, "-X", MARK, *flags, path, *argv[1:]], posix.environ)


def sealed() -> bool:
    """Whether the interpreter already comes from a read-only mount."""
    return bool(posix.statvfs(EXE).f_flag & posix.ST_RDONLY)


def _read_only() -> int:
    """The interpreter on a read-only mount of its own; -1 without the right to mount."""
    from runtime_ref.kernel import const as c
    from runtime_ref.kernel import sys as k

    try:
        tree = k.open_tree(c.AT_FDCWD, EXE, c.OPEN_TREE_CLONE | c.OPEN_TREE_CLOEXEC)
        k.mount_setattr(tree, "", c.AT_EMPTY_PATH, c.MOUNT_ATTR_RDONLY)
    except OSError:
        return -1
    return tree


def _copy() -> int:
    """A copy of the interpreter in memory that nobody can change (memfd_create(2))."""
    import fcntl

    source = posix.open(EXE, posix.O_RDONLY | posix.O_CLOEXEC)
    fd = posix.memfd_create("runtime-ref", posix.MFD_CLOEXEC | posix.MFD_ALLOW_SEALING)
    try:
        left = posix.fstat(source).st_size
        while left:
            left -= posix.sendfile(fd, source, None, left)
    finally:
        posix.close(source)
    fcntl.fcntl(fd, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE)
    return fd
