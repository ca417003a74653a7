"""New file systems by the new mount API: a type, a source, flags and options become a detached mount, held by its
descriptor.

Knows fsopen(2), fsconfig(2), fsmount(2), and mount(2) for the two things those cannot say. Must not know where the
mount goes. https://github.com/opencontainers/runtime-spec/blob/v1.3.0/config.md#posix-platform-mounts
"""

from __future__ import annotations

import errno

from runtime_ref.kernel import const as c
from runtime_ref.kernel import os
from runtime_ref.kernel import sys as k

# fsconfig(2) takes values up to 255 bytes; longer ones (overlay's lowerdir) only go through mount(2).
VALUE_MAX = 255
# Not offered by fsconfig(2).
OLD_ONLY = ("iversion",)


def new(
    kind: str,
    source: str = "",
    data: list[str] | tuple[str, ...] = (),
    flags: dict[str, int] | None = None,
    attrs: int = 0,
) -> int:
    """A detached mount of a new file system of type `kind`.

    `data`: options of the file system ("size=64k"); `flags`: of every file system (name -> MS_ bit or 0);
    `attrs`: MOUNT_ATTR_ bits. Raises OSError whose text has what the file system itself said.
    """
    fs = k.fsopen(kind, c.FSOPEN_CLOEXEC)
    try:
        try:
            if source:
                k.fsconfig(fs, c.FSCONFIG_SET_STRING, "source", source, 0)
            for flag, bit in (flags or {}).items():
                if bit and flag != "silent":
                    k.fsconfig(fs, c.FSCONFIG_SET_FLAG, flag, None, 0)
            for option in data:
                set_option(fs, option)
            k.fsconfig(fs, c.FSCONFIG_CMD_CREATE, None, None, 0)
            return k.fsmount(fs, c.FSMOUNT_CLOEXEC, attrs)
        except OSError as fault:
            raise OSError(fault.errno, said(fs, fault)) from None
    finally:
        os.close(fs)


def set_option(fs: int, option: str) -> None:
    """Hands one "key" or "key=value" to a file system context. Raises OSError."""
    key, equals, value = option.partition("=")
    if not equals:
        k.fsconfig(fs, c.FSCONFIG_SET_FLAG, key, None, 0)
        return
    if len(value) > 1 and value[0] == value[-1] == '"':
        value = value[1:-1]
    k.fsconfig(fs, c.FSCONFIG_SET_STRING, key, value, 0)


def needs_old_call(data: list[str], flags: dict[str, int]) -> bool:
    """Whether only mount(2) can say this."""
    return any(len(option.partition("=")[2].encode()) > VALUE_MAX for option in data) or any(
        flags.get(flag) for flag in OLD_ONLY
    )


def old_call(kind: str, source: str, data: list[str], flags: dict[str, int], place: int) -> int:
    """The same by mount(2), which needs somewhere to mount: a file system of our own, for a moment over the folder
    `place`.

    Gives a detached mount as `new` does. Raises OSError.
    """
    bits = 0
    for bit in flags.values():
        bits |= bit
    scratch = new("tmpfs", "tmpfs", ["mode=700"])
    try:
        attach(scratch, place)
        here = f"/proc/self/fd/{scratch}"
        try:
            os.mkdir("new", dir_fd=scratch)
            k.mount(source or kind, here + "/new", kind, bits, ",".join(data) or None)
            return k.open_tree(scratch, "new", c.OPEN_TREE_CLONE | c.OPEN_TREE_CLOEXEC)
        finally:
            k.umount2(here, c.MNT_DETACH)
    finally:
        os.close(scratch)


def clone(fd: int, whole: bool) -> int:
    """A detached copy of the mount at a descriptor, seen from there; `whole`: with the mounts below. Raises OSError."""
    flags = c.OPEN_TREE_CLONE | c.OPEN_TREE_CLOEXEC | c.AT_EMPTY_PATH
    return k.open_tree(fd, "", flags | c.AT_RECURSIVE if whole else flags)


def clone_of(path: str, whole: bool = False) -> int:
    """As `clone`, of what lies at a path of the host. Raises OSError."""
    flags = c.OPEN_TREE_CLONE | c.OPEN_TREE_CLOEXEC
    return k.open_tree(c.AT_FDCWD, path, flags | c.AT_RECURSIVE if whole else flags)


def attach(tree: int, target: int) -> None:
    """Puts a detached mount onto exactly the file that `target` (an O_PATH descriptor) is. Raises OSError."""
    k.move_mount(tree, "", target, "", c.MOVE_MOUNT_F_EMPTY_PATH | c.MOVE_MOUNT_T_EMPTY_PATH)


def change(
    tree: int, bits: int = 0, clear: int = 0, propagation: int = 0, whole: bool = False, userns: int = 0
) -> None:
    """mount_setattr(2) on a mount held by descriptor; `userns`: the user namespace of MOUNT_ATTR_IDMAP.

    Raises OSError.
    """
    k.mount_setattr(
        tree, "", c.AT_EMPTY_PATH | c.AT_RECURSIVE if whole else c.AT_EMPTY_PATH, bits, clear, propagation, userns
    )


def said(fs: int, fault: OSError) -> str:
    """The words of an error, with the lines that the file system left in its context: fsopen(2) lets them be read."""
    lines = []
    while True:
        try:
            line = os.read(fs, 512).decode("utf-8", "replace").strip()
        except OSError as end:
            if end.errno == errno.EMSGSIZE:
                continue
            break
        if line[:2] in ("e ", "w "):
            lines.append(line[2:])
    return "; ".join([fault.strerror or str(fault), *lines])
