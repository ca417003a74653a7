"""The mount of type `cgroup`: what a container sees at /sys/fs/cgroup, on version 1, 2 and the two side by side.

Knows the host's cgroup mounts (/proc/self/mountinfo) and the cgroups the calling process is in (/proc/self/cgroup).
Must not make, limit or remove cgroups. https://github.com/opencontainers/runtime-spec/blob/v1.3.0/config-
linux.md#cgroups-path
"""

from __future__ import annotations

import errno

from runtime_ref import filesystems, mounts, paths, procfs
from runtime_ref.kernel import const as c
from runtime_ref.kernel import os
from runtime_ref.options import Options

if False:
    from typing import Any

    from runtime_ref.context import Context

UNIFIED = "/sys/fs/cgroup"


def mount(entry: dict[str, Any], options: Options, ctx: Context) -> None:
    """Mounts the container's own cgroups at the destination of `entry`.

    Version 2 alone: one cgroup2 file system. Version 1: a tmpfs with one folder a hierarchy, each showing the
    container's cgroup as its top. The unified hierarchy of a mixed host has no controllers and is left out, as engines
    expect. Raises OSError.
    """
    target, _ = paths.make(ctx.root, entry["destination"], True)
    try:
        mounts.may_cover(target, None, ctx)
        if hierarchies := _hierarchies():
            _version_1(hierarchies, target, entry["destination"], options, ctx)
        else:
            tree = _version_2(ctx)
            try:
                mounts.place(tree, target, options, entry["destination"], ctx)
            finally:
                os.close(tree)
    finally:
        os.close(target)


def _version_2(ctx: Context) -> int:
    try:
        return filesystems.new("cgroup2", "cgroup")
    except OSError as fault:
        if fault.errno not in (errno.EPERM, errno.EBUSY):
            raise
    path = UNIFIED if ctx.cgroupns else UNIFIED + _own().get("", "/")
    return filesystems.clone_of(path)


def _version_1(
    hierarchies: list[tuple[str, str, str]], target: int, destination: str, options: Options, ctx: Context
) -> None:
    top = filesystems.new("tmpfs", "tmpfs", ["mode=755"])
    try:
        read_only = options.this.set & c.MOUNT_ATTR_RDONLY
        options.this.set &= ~c.MOUNT_ATTR_RDONLY
        mounts.place(top, target, options, destination, ctx)
        own = {} if ctx.cgroupns else _own()
        for point, root, names in hierarchies:
            _one(point, root, names, own, top, options, bool(read_only))
        if read_only:
            filesystems.change(top, c.MOUNT_ATTR_RDONLY)
    finally:
        os.close(top)


def _one(point: str, root: str, names: str, own: dict[str, str], top: int, options: Options, read_only: bool) -> None:
    """One hierarchy: a folder named as on the host, and a link for each name of controllers mounted together."""
    folder = os.path.basename(point)
    if own:
        path = own.get(names)
        if path is None:
            return
        # The mount shows `root` of the hierarchy as its top; our cgroup lies below that.
        inner = path[len(root.rstrip("/")) :] if path.startswith(root) else path
        tree = filesystems.clone_of(point + "/" + inner.lstrip("/"))
    else:
        words = ["none", names] if names.startswith("name=") else names.split(",")
        tree = filesystems.new("cgroup", "cgroup", words)
    try:
        os.mkdir(folder, 0o755, dir_fd=top)
        inside = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=top)
        try:
            bits, clear = options.this.masks()
            filesystems.change(tree, bits | (c.MOUNT_ATTR_RDONLY if read_only else 0), clear)
            filesystems.attach(tree, inside)
        finally:
            os.close(inside)
    finally:
        os.close(tree)
    for name in names.split(",") if "," in names else ():
        try:
            os.symlink(folder, name, dir_fd=top)
        except FileExistsError:
            pass


def _hierarchies() -> list[tuple[str, str, str]]:
    """(mount point, root, controllers joined by ",") of each version 1 hierarchy of the host. proc_pid_mountinfo(5)."""
    found: list[tuple[str, str, str]] = []
    seen: set[str] = set()
    own = _own()
    with open("/proc/self/mountinfo", "rb") as file:
        lines = file.read().decode("utf-8", "surrogateescape").splitlines()
    for line in lines:
        left, _, right = line.partition(" - ")
        if not right.startswith("cgroup "):
            continue
        fields = left.split(" ")
        names = _known(right.rpartition(" ")[2].split(","), own)
        if names and names not in seen:
            seen.add(names)
            found.append((procfs.unescaped(fields[4]), procfs.unescaped(fields[3]), names))
    return found


def _known(options: list[str], own: dict[str, str]) -> str:
    """The controllers (or name=) among the options of a cgroup mount, written as /proc/self/cgroup writes them."""
    for names in own:
        if names and set(names.split(",")) <= set(options):
            return names
    return ""


def _own() -> dict[str, str]:
    """Controllers -> path of the cgroup the calling process is in, "" being the unified hierarchy. cgroups(7)."""
    with open("/proc/self/cgroup", "rb") as file:
        lines = file.read().decode("utf-8", "surrogateescape").splitlines()
    return {names: path for _, names, path in (line.split(":", 2) for line in lines)}
