"""Paths of the container, looked up by the kernel inside the root file system and never as text on the host.

Knows openat2(2) with RESOLVE_IN_ROOT: "..", absolute symbolic links and races all end inside the root. Must not know
what is mounted or written there. A descriptor that comes from here is what later steps use; nobody looks a name up
twice. https://github.com/opencontainers/runtime-spec/blob/v1.3.0/config.md#mounts
"""

from __future__ import annotations

import errno
import stat

from runtime_ref.kernel import const as c
from runtime_ref.kernel import os
from runtime_ref.kernel import sys as k

# Renames elsewhere can make a lookup with ".." give EAGAIN: openat2(2) says to try again.
TRIES = 64
LINKS = 40  # as many symbolic links as the kernel follows in one lookup


def inside(root: int, path: str, flags: int = os.O_PATH, resolve: int = 0) -> int:
    """A descriptor of `path` looked up with the folder `root` (a descriptor) as "/". Raises OSError."""
    tries = TRIES
    while True:
        try:
            return k.openat2(root, path or ".", flags | os.O_CLOEXEC, 0, c.RESOLVE_IN_ROOT | resolve)
        except OSError as fault:
            if fault.errno != errno.EAGAIN or not tries:
                raise
        tries -= 1


def find(root: int, path: str, flags: int = os.O_PATH, resolve: int = 0) -> int | None:
    """As `inside`, but None where there is no such file."""
    try:
        return inside(root, path, flags, resolve)
    except OSError as fault:
        if fault.errno in (errno.ENOENT, errno.ENOTDIR):
            return None
        raise


def make(root: int, path: str, folder: bool, mode: int = 0o755) -> tuple[int, bool]:
    """An O_PATH descriptor of `path` below `root`, and whether it was there before.

    Missing folders on the way are made with `mode`; the last part becomes a folder or, without `folder`, an empty file.
    A dangling symbolic link is followed inside the root, as a container would. Raises OSError.
    """
    there = _found(root, path)
    if there is not None:
        return there, True
    todo = [part for part in reversed(path.split("/")) if part and part != "."]
    done = ""
    links = LINKS
    here = os.dup(root)
    while todo:
        part = todo.pop()
        walked = done + "/" + part
        there = _found(root, walked)
        if there is None:
            link = _link(here, part)
            if link is None:
                there = _new(here, part, folder or bool(todo), mode)
            else:
                links -= 1
                if not links:
                    os.close(here)
                    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
                todo += [name for name in reversed(link.split("/")) if name and name != "."]
                if link.startswith("/"):
                    done = ""
                    os.close(here)
                    here = os.dup(root)
                continue
        os.close(here)
        here, done = there, walked
    return here, False


def parent(root: int, path: str) -> tuple[int, str]:
    """The folder that holds `path` (made where missing) and the last name, which is not looked up. Raises OSError."""
    folder, _, name = path.rstrip("/").rpartition("/")
    if name in ("", ".", ".."):
        raise OSError(errno.EINVAL, "a path that ends in a name is needed", path)
    return make(root, folder or "/", True)[0], name


def plain(path: str) -> str:
    """A path as text, from "/", without "." and "..": only to compare, never to look up."""
    return os.path.normpath("/" + path.lstrip("/"))


def name(fd: int) -> str:
    """Where the kernel says a descriptor points, from the root of the calling process (/proc: the host's)."""
    return os.readlink(f"/proc/self/fd/{fd}")


def is_folder(fd: int) -> bool:
    """Whether a descriptor is of a folder."""
    return stat.S_ISDIR(os.fstat(fd).st_mode)


def _found(root: int, path: str) -> int | None:
    try:
        return inside(root, path)
    except OSError as fault:
        if fault.errno == errno.ENOENT:
            return None
        raise


def _link(here: int, part: str) -> str | None:
    try:
        return os.readlink(part, dir_fd=here)
    except OSError:
        return None


def _new(here: int, part: str, folder: bool, mode: int) -> int:
    """Makes one name. One made by somebody else meanwhile is taken as it is, but never through a symbolic link."""
    try:
        if folder:
            os.mkdir(part, mode, dir_fd=here)
        else:
            os.close(
                os.open(
                    part, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW, mode & 0o644, dir_fd=here
                )
            )
    except FileExistsError:
        pass
    flags = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC
    return os.open(part, flags | os.O_DIRECTORY if folder else flags, dir_fd=here)
