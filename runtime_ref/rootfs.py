"""The container's root file system: from the host's view to the container's, in three steps of the container's first process.

`prepare` (propagation, root, mounts, devices), `pivot` (the root becomes "/"), `finish` (sysctl, propagation, read-only, masks).
Knows the order; each topic has its module, and what the runtime has opened before is in `context`. Must not know hooks, cgroups or
the process. https://github.com/opencontainers/runtime-spec/blob/v1.3.0/config.md#root
"""

from __future__ import annotations

import errno
import sys

from runtime_ref import devices, filesystems, masks, mounts, procfs
from runtime_ref.context import propagation
from runtime_ref.errors import RuntimeFault
from runtime_ref.kernel import const as c
from runtime_ref.kernel import os
from runtime_ref.kernel import sys as k

if False:
    from typing import Any

    from runtime_ref.context import Context


def prepare(config: dict[str, Any], bundle: str, ctx: Context) -> None:
    """Makes the root file system with all mounts and devices, in the container's mount namespace.

    Raises RuntimeFault.
    """
    kind, _ = propagation(config.get("linux", {}).get("rootfsPropagation") or "")
    step = "mount propagation of the host's tree"
    try:
        if ctx.mountns and kind != c.MS_SHARED:
            # Nothing mounted from here on may show on the host. (With "shared", volumes may pass mounts back: only the
            # root itself is cut off.)
            private = kind in (c.MS_PRIVATE, c.MS_UNBINDABLE)
            _change_path("/", c.MS_PRIVATE if private else c.MS_SLAVE, whole=True)
        step = f"bind the root {ctx.path} onto itself"
        ctx.root = _root(ctx, kind)
    except OSError as fault:
        raise RuntimeFault(step, fault.strerror or str(fault), "root.path") from None
    mounts.mount_all(config, ctx)
    devices.make_all(config, ctx)


def pivot(ctx: Context, no_pivot: bool = False) -> None:
    """Makes the prepared root the "/" of this process and, in its mount namespace, of everything.

    `no_pivot`: move the root over "/" instead, for hosts whose root is the initial ramfs. Nothing can be imported any
    more afterwards. Raises RuntimeFault.
    """
    # From the next step on a module's name would be looked up in the container, and its file run with all our rights.
    sys.meta_path.clear()
    step = "read-only mounts"
    try:
        later, ctx.read_only_later = ctx.read_only_later, []
        mounts.read_only(later)
        step = "change the root"
        os.fchdir(ctx.root)
        if not ctx.mountns:
            os.chroot(".")
        elif no_pivot:
            k.move_mount(ctx.root, "", c.AT_FDCWD, "/", c.MOVE_MOUNT_F_EMPTY_PATH)
            os.chroot(".")
        else:
            old = os.open("/", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
            k.pivot_root(".", ".")
            # The old root now lies over the new one. Cut it off first, so that taking it away takes nothing away
            # elsewhere.
            os.fchdir(old)
            filesystems.change(old, propagation=c.MS_SLAVE, whole=True)
            k.umount2(".", c.MNT_DETACH)
            os.close(old)
        os.chdir("/")
    except OSError as fault:
        raise RuntimeFault(step, fault.strerror or str(fault), "root.path") from None


def finish(config: dict[str, Any], ctx: Context) -> None:
    """What can only be done when everything is in place: sysctl, propagation, read-only root and paths, masks.

    Raises RuntimeFault.
    """
    linux = config.get("linux", {})
    if linux.get("sysctl"):
        from runtime_ref import sysctl

        sysctl.apply(config)
    kind, whole = propagation(linux.get("rootfsPropagation") or "")
    try:
        if kind:
            filesystems.change(ctx.root, propagation=kind, whole=whole)
        if config["root"].get("readonly"):
            filesystems.change(ctx.root, c.MOUNT_ATTR_RDONLY)
    except OSError as fault:
        raise RuntimeFault("the root's attributes", fault.strerror or str(fault), "root") from None
    masks.read_only_all(config, ctx.root)
    masks.mask_all(config, ctx.root)


def undo(path: str) -> None:
    """Takes away the mounts of a container without a mount namespace: they lie on the host, over `path`."""
    try:
        k.umount2(path, c.MNT_DETACH | c.UMOUNT_NOFOLLOW)
    except OSError as fault:
        if fault.errno not in (errno.EINVAL, errno.ENOENT):
            raise


def _root(ctx: Context, kind: int) -> int:
    """Binds the root onto itself, so that it is a mount, and gives its descriptor."""
    tree, ctx.root_tree = ctx.root_tree, -1
    if tree < 0:
        tree = filesystems.clone_of(ctx.path, True)
    # Out of the host's peer groups: a mount made in the container shows nowhere else.
    filesystems.change(tree, propagation=c.MS_SLAVE, whole=True)
    if kind in (c.MS_PRIVATE, c.MS_UNBINDABLE, 0):
        filesystems.change(tree, propagation=c.MS_PRIVATE)
    try:
        place = os.open(ctx.path, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    except PermissionError:
        # The mapped root cannot walk there. Where it is mounted is of no matter, it is only left by pivot_root.
        place = os.open("/", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        if kind == c.MS_SHARED and ctx.mountns:
            _change_path(_mount_point(place), c.MS_PRIVATE)
        filesystems.attach(tree, place)
    finally:
        os.close(place)
    return tree


def _change_path(path: str, kind: int, whole: bool = False) -> None:
    fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        filesystems.change(fd, propagation=kind, whole=whole)
    finally:
        os.close(fd)


def _mount_point(fd: int) -> str:
    """The mount point of the mount a descriptor lies on: proc_pid_fdinfo(5), proc_pid_mountinfo(5)."""
    with open(f"/proc/self/fdinfo/{fd}", "rb") as file:
        ident = next(line.split()[1] for line in file.read().splitlines() if line.startswith(b"mnt_id:"))
    with open("/proc/self/mountinfo", "rb") as file:
        for line in file.read().splitlines():
            fields = line.split(b" ")
            if fields[0] == ident:
                return procfs.unescaped(os.fsdecode(fields[4]))
    raise OSError(errno.EINVAL, "the mount is not in this namespace")
