"""The container's root file system: from the host's view to the container's, in four steps of the container's first
process.

`context` (still in the parent: what only the host's root can open), `prepare` (propagation, root, mounts, devices),
`pivot` (the root becomes "/"), `finish` (sysctl, propagation, read-only, masks). Knows the order; each topic has its
module. Must not know hooks, cgroups or the process. https://github.com/opencontainers/runtime-
spec/blob/v1.3.0/config.md#root
"""

from __future__ import annotations

import errno
import os
import sys

from runtime_ref import devices, filesystems, masks, mounts
from runtime_ref.errors import ConfigError, RuntimeFault
from runtime_ref.kernel import const as c
from runtime_ref.kernel import sys as k

if False:
    from typing import Any

# https://github.com/opencontainers/runtime-spec/blob/v1.3.0/config-linux.md#rootfs-mount-propagation
# The four values, and the forms that engines use for "and everything below".
PROPAGATION = {"shared": c.MS_SHARED, "slave": c.MS_SLAVE, "private": c.MS_PRIVATE, "unbindable": c.MS_UNBINDABLE}


class Context:
    """What the steps share. Descriptors are close-on-exec.

    root: O_PATH descriptor of the container's "/" (from `prepare` on; still that after `pivot`).
    trees, usernses: index of a mount -> detached mount, or user namespace of its id mapping, opened by the parent.
    """

    __slots__ = (
        "bundle",
        "cgroupns",
        "filesystems",
        "mountns",
        "path",
        "read_only_later",
        "root",
        "root_tree",
        "trees",
        "userns",
        "usernses",
    )

    def __init__(self, config: dict[str, Any], bundle: str) -> None:
        kinds = {entry["type"] for entry in config.get("linux", {}).get("namespaces", ())}
        self.bundle = bundle
        self.path = os.path.join(bundle, config["root"]["path"])
        self.mountns = "mount" in kinds
        self.cgroupns = "cgroup" in kinds
        self.userns = "user" in kinds
        self.root = -1
        self.root_tree = -1
        self.trees: dict[int, int] = {}
        self.usernses: dict[int, int] = {}
        self.filesystems: set[int] = set()  # device numbers of the file systems this container mounted
        self.read_only_later: list[int] = []

    def close(self) -> None:
        """Closes what the parent opened for its child; call it in the parent once the child runs."""
        for fd in (self.root_tree, *self.trees.values(), *self.usernses.values()):
            if fd >= 0:
                os.close(fd)
        self.root_tree = -1
        self.trees.clear()
        self.usernses.clear()


def context(config: dict[str, Any], bundle: str) -> Context:
    """Checks what can be checked and opens what the child could not. In the parent, before the child exists.

    With a user namespace, sources and root may lie where the mapped root may not go, so their trees are opened here;
    and only here can a host file system get an id mapping. Raises ConfigError, RuntimeFault.
    """
    linux = config.get("linux", {})
    propagation(linux.get("rootfsPropagation") or "")
    ctx = Context(config, bundle)
    _load(config)
    if linux.get("sysctl"):
        from runtime_ref import sysctl

        sysctl.check(config)
    if linux.get("netDevices"):
        from runtime_ref import netdev

        netdev.check(config)
    try:
        if ctx.userns and ctx.mountns:
            ctx.root_tree = _early(ctx.path, True, config)
        for index, entry in enumerate(config.get("mounts") or ()):
            _open_source(config, entry, index, ctx)
    except BaseException:
        ctx.close()
        raise
    return ctx


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


def propagation(word: str) -> tuple[int, bool]:
    """`rootfsPropagation` as (MS_ flag or 0, whole tree). Raises ConfigError."""
    if not word:
        return 0, False
    if word in PROPAGATION:
        return PROPAGATION[word], False
    if word[:1] == "r" and word[1:] in PROPAGATION:
        return PROPAGATION[word[1:]], True
    raise ConfigError("linux.rootfsPropagation", f"must be shared, slave, private or unbindable, is {word!r}")


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


def _open_source(config: dict[str, Any], entry: dict[str, Any], index: int, ctx: Context) -> None:
    options = entry.get("options") or ()
    bind = "bind" in options or "rbind" in options
    where = f"mounts[{index}]"
    maps = None
    if _wants_ids(entry):
        from runtime_ref import idmap

        maps = idmap.mappings(entry, config, where)
    elif not (bind and ctx.userns and ctx.mountns):
        return
    try:
        if maps is not None:
            ctx.usernses[index] = idmap.user_namespace(maps)
        if bind and "remount" not in options:
            tree = _early(mounts.source_path(entry, ctx.bundle), "rbind" in options, config)
            if tree >= 0:
                ctx.trees[index] = tree
            elif maps is not None:
                raise PermissionError(errno.EPERM, "only the host's root may map the ids of its file systems")
            if maps is not None:
                filesystems.change(tree, c.MOUNT_ATTR_IDMAP, whole="ridmap" in options, userns=ctx.usernses[index])
    except OSError as fault:
        what = "id mapping of" if maps is not None else "open"
        raise RuntimeFault(
            f"{what} {mounts.source_path(entry, ctx.bundle)}", fault.strerror or str(fault), where
        ) from None


def _wants_ids(entry: dict[str, Any]) -> bool:
    options = entry.get("options") or ()
    return bool(entry.get("uidMappings") or entry.get("gidMappings") or "idmap" in options or "ridmap" in options)


def _load(config: dict[str, Any]) -> None:
    """Imports the rarer topics now: later, inside the container or as a mapped root, their files cannot be read."""
    for entry in config.get("mounts") or ():
        if entry.get("type") == "cgroup":
            from runtime_ref import cgroup_mounts  # noqa: F401
        if "tmpcopyup" in (entry.get("options") or ()):
            from runtime_ref import copyup  # noqa: F401


def _early(path: str, whole: bool, config: dict[str, Any]) -> int:
    """A tree of the host, opened by the parent; -1 if only the mapped root of the child may mount (rootless)."""
    try:
        tree = filesystems.clone_of(path, whole)
    except PermissionError:
        return -1
    if propagation(config.get("linux", {}).get("rootfsPropagation") or "")[0] != c.MS_SHARED:
        # As in the child's namespace: it follows the host, but tells it nothing.
        filesystems.change(tree, propagation=c.MS_SLAVE, whole=True)
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
                return fields[4].decode("unicode_escape").encode("latin-1").decode("utf-8", "surrogateescape")
    raise OSError(errno.EINVAL, "the mount is not in this namespace")
