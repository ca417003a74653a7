"""What the steps that make the root file system share, and what only the runtime can do for them before the first process exists.

Knows which sources the first process could not open: with a user namespace they may lie where its mapped root may not go, and only the
host's root gives a host file system an id mapping. Must not know how anything is mounted (`rootfs`). Few modules: all that the
runtime loads before the clone keeps the first process waiting.
"""

from __future__ import annotations

import errno

from runtime_ref.errors import ConfigError, RuntimeFault
from runtime_ref.kernel import const as c
from runtime_ref.kernel import os

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


def of(config: dict[str, Any], bundle: str) -> Context:
    """Checks what can be checked and opens what the child could not. In the parent, before the child exists.

    With a user namespace, sources and root may lie where the mapped root may not go, so their trees are opened here;
    and only here can a host file system get an id mapping. Raises ConfigError, RuntimeFault.
    """
    linux = config.get("linux", {})
    propagation(linux.get("rootfsPropagation") or "")
    ctx = Context(config, bundle)
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


def propagation(word: str) -> tuple[int, bool]:
    """`rootfsPropagation` as (MS_ flag or 0, whole tree). Raises ConfigError."""
    if not word:
        return 0, False
    if word in PROPAGATION:
        return PROPAGATION[word], False
    if word[:1] == "r" and word[1:] in PROPAGATION:
        return PROPAGATION[word[1:]], True
    raise ConfigError("linux.rootfsPropagation", f"must be shared, slave, private or unbindable, is {word!r}")


def source_path(entry: dict[str, Any], bundle: str) -> str:
    """The source of a bind mount; a relative one is below the bundle."""
    return os.path.join(bundle, entry.get("source") or "")


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
    from runtime_ref import filesystems

    try:
        if maps is not None:
            ctx.usernses[index] = idmap.user_namespace(maps)
        if bind and "remount" not in options:
            tree = _early(source_path(entry, ctx.bundle), "rbind" in options, config)
            if tree >= 0:
                ctx.trees[index] = tree
            elif maps is not None:
                raise PermissionError(errno.EPERM, "only the host's root may map the ids of its file systems")
            if maps is not None:
                filesystems.change(tree, c.MOUNT_ATTR_IDMAP, whole="ridmap" in options, userns=ctx.usernses[index])
    except OSError as fault:
        what = "id mapping of" if maps is not None else "open"
        raise RuntimeFault(
            f"{what} {source_path(entry, ctx.bundle)}", fault.strerror or str(fault), where
        ) from None


def _wants_ids(entry: dict[str, Any]) -> bool:
    options = entry.get("options") or ()
    return bool(entry.get("uidMappings") or entry.get("gidMappings") or "idmap" in options or "ridmap" in options)


def _early(path: str, whole: bool, config: dict[str, Any]) -> int:
    """A tree of the host, opened by the parent; -1 if only the mapped root of the child may mount (rootless)."""
    from runtime_ref import filesystems

    try:
        tree = filesystems.clone_of(path, whole)
    except PermissionError:
        return -1
    if propagation(config.get("linux", {}).get("rootfsPropagation") or "")[0] != c.MS_SHARED:
        # As in the child's namespace: it follows the host, but tells it nothing.
        filesystems.change(tree, propagation=c.MS_SLAVE, whole=True)
    return tree
