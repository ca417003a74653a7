"""One entry of `mounts` after the other: source and options become a detached mount, complete before anybody can
reach it.

Knows bind mounts, new file systems, remounts, and what may lie over /proc. The destination is a descriptor looked up
inside the root file system, and the mount goes onto that descriptor: no name is looked up a second time
(CVE-2021-30465, CVE-2023-27561). Must not know devices, masks or the pivot.
https://github.com/opencontainers/runtime-spec/blob/v1.3.0/config.md#mounts
"""

from __future__ import annotations

import errno

from runtime_ref import filesystems, paths, procfs
from runtime_ref.context import source_path
from runtime_ref.errors import RuntimeFault
from runtime_ref.kernel import const as c
from runtime_ref.kernel import os
from runtime_ref.kernel import sys as k
from runtime_ref.options import Attributes, Options

if False:
    from typing import Any

    from runtime_ref.context import Context

# Fixed places of the kernel's own file systems: an image that has a link there is up to something.
PLAIN_FOLDER = ("proc", "sysfs")
# Where the kernel may refuse a new file system in a user namespace and the host's, seen through ours, is as good.
HOST_COPY = {"sysfs": "/sys", "proc": "/proc"}
# Files of /proc that may be covered: what lxcfs and checkpoint tools put there. Nothing else, else a volume could
# take the place of the files through which the runtime confines the process.
OVER_PROC = (
    "cpuinfo",
    "diskstats",
    "loadavg",
    "meminfo",
    "net/dev",
    "slabinfo",
    "stat",
    "swaps",
    "sys/crypto/fips_enabled",
    "sys/kernel/ns_last_pid",
    "uptime",
)
NO_LABEL = ("proc", "sysfs", "cgroup", "cgroup2")


def mount_all(config: dict[str, Any], ctx: Context) -> None:
    """Makes every mount in listed order. Raises RuntimeFault with the path of the entry at fault."""
    for index, entry in enumerate(config.get("mounts") or ()):
        try:
            mount(entry, index, ctx, config.get("linux", {}).get("mountLabel") or "")
        except OSError as fault:
            what = f"{entry.get('type') or entry.get('source') or 'none'} on {entry['destination']}"
            raise RuntimeFault(f"mount {what}", _told(fault, entry, ctx), f"mounts[{index}]") from None


def mount(entry: dict[str, Any], index: int, ctx: Context, label: str = "") -> None:
    """Makes one mount. Raises OSError or RuntimeFault."""
    options = Options(entry.get("options") or [])
    if options.remount:
        _remount(entry["destination"], options, ctx)
    elif options.bind or index in ctx.trees:
        _bind(entry, index, options, ctx)
    elif entry.get("type") == "cgroup":
        from runtime_ref import cgroup_mounts

        cgroup_mounts.mount(entry, options, ctx)
    else:
        _new(entry, index, options, ctx, label)


def place(tree: int, target: int, options: Options, destination: str, ctx: Context) -> None:
    """Gives a detached mount its attributes and puts it on `target`. Closes neither. Raises OSError."""
    _apply(tree, options)
    filesystems.attach(tree, target)
    if paths.plain(destination) == "/":
        # Everything after this happens on what is now on top.
        os.dup2(tree, ctx.root, inheritable=False)


def _apply(tree: int, options: Options) -> None:
    for attributes, whole in ((options.this, False), (options.tree, True)):
        bits, clear = attributes.masks()
        if bits or clear:
            filesystems.change(tree, bits, clear, whole=whole)
    for kind, whole in options.propagation:
        filesystems.change(tree, propagation=kind, whole=whole)


def _bind(entry: dict[str, Any], index: int, options: Options, ctx: Context) -> None:
    tree = ctx.trees.pop(index, None)
    if tree is None:
        tree = filesystems.clone_of(source_path(entry, ctx.bundle), options.recursive)
    try:
        target, _ = paths.make(ctx.root, entry["destination"], paths.is_folder(tree))
        try:
            may_cover(target, tree, ctx)
            place(tree, target, options, entry["destination"], ctx)
        finally:
            os.close(target)
    finally:
        os.close(tree)


def _new(entry: dict[str, Any], index: int, options: Options, ctx: Context, label: str) -> None:
    kind = entry.get("type") or ""
    if not kind or kind == "none":
        raise OSError(errno.ENODEV, "neither a type nor bind among the options")
    target, before = _target(entry["destination"], kind, ctx)
    tree = -1
    later = False
    try:
        if kind != "proc":
            may_cover(target, None, ctx)
        data = options.data
        if label and kind not in NO_LABEL:
            data = [*data, f'context="{label}"']
        if kind == "tmpfs" and before and not any(option.startswith("mode=") for option in data):
            data = [*data, f"mode={os.fstat(target).st_mode & 0o7777:o}"]
        if kind == "tmpfs" and options.this.set & c.MOUNT_ATTR_RDONLY:
            # Mount points of later entries, device files and the console still have to be made in it.
            options.this.set &= ~c.MOUNT_ATTR_RDONLY
            later = True
        source = entry.get("source") or kind
        try:
            if filesystems.needs_old_call(data, options.super):
                tree = filesystems.old_call(kind, source, data, options.super, target)
            else:
                tree = filesystems.new(kind, source, data, options.super, options.this.masks()[0])
                options.this = Attributes()
        except OSError as fault:
            # A user namespace that does not own the network or pid namespace may have the host's view, not a new one.
            if fault.errno != errno.EPERM or not ctx.userns or kind not in HOST_COPY:
                raise
            tree = filesystems.clone_of(HOST_COPY[kind], True)
            # The mounts below come along, so what is asked of the one is asked of them all.
            filesystems.change(tree, options.this.masks()[0], whole=True)
        if index in ctx.usernses:
            filesystems.change(tree, c.MOUNT_ATTR_IDMAP, userns=ctx.usernses[index])
        if options.copy_up and before:
            from runtime_ref import copyup

            copyup.copy(target, tree)
        if later:
            ctx.read_only_later.append(os.dup(tree))
        place(tree, target, options, entry["destination"], ctx)
        ctx.filesystems.add(os.fstat(tree).st_dev)
    finally:
        os.close(target)
        if tree >= 0:
            os.close(tree)


def _target(destination: str, kind: str, ctx: Context) -> tuple[int, bool]:
    """The folder to mount on and whether it was there before."""
    if kind in PLAIN_FOLDER:
        try:
            return paths.inside(ctx.root, destination, os.O_PATH | os.O_DIRECTORY, c.RESOLVE_NO_SYMLINKS), True
        except FileNotFoundError:
            pass
        except OSError as fault:
            if fault.errno == errno.ELOOP:
                raise OSError(errno.ELOOP, f"a symbolic link is in the way; {kind} needs a plain folder") from None
            raise
    return paths.make(ctx.root, destination, True)


def _remount(destination: str, options: Options, ctx: Context) -> None:
    """New attributes for the mount at `destination`; those not named stay, as mount(8) does it."""
    target = paths.inside(ctx.root, destination)
    fs = -1
    try:
        try:
            fs = k.fspick(target, "", c.FSPICK_CLOEXEC | c.FSPICK_EMPTY_PATH)
        except OSError as fault:
            if fault.errno != errno.EINVAL:
                raise
            raise OSError(errno.EINVAL, "remount: nothing is mounted here") from None
        later, ctx.read_only_later = ctx.read_only_later, []
        read_only(later)
        # The file system may be the host's, which everybody shares: only what this container mounted is reconfigured.
        if not options.bind and os.fstat(target).st_dev in ctx.filesystems:
            _reconfigure(fs, options)
        _apply(target, options)
    finally:
        os.close(target)
        if fs >= 0:
            os.close(fs)


def _reconfigure(fs: int, options: Options) -> None:
    """Gives an existing file system, held by its context, the flags and data of a remount. Raises OSError."""
    flags = {flag: bit for flag, bit in options.super.items() if flag not in ("silent", "iversion")}
    if not flags and not options.data:
        return
    try:
        for flag, bit in flags.items():
            word = flag if bit else {"sync": "async", "lazytime": "nolazytime", "mand": "nomand"}[flag]
            k.fsconfig(fs, c.FSCONFIG_SET_FLAG, word, None, 0)
        for option in options.data:
            filesystems.set_option(fs, option)
        k.fsconfig(fs, c.FSCONFIG_CMD_RECONFIGURE, None, None, 0)
    except OSError as fault:
        raise OSError(fault.errno, filesystems.said(fs, fault)) from None


def read_only(trees: list[int]) -> None:
    """Makes each mount read-only and closes its descriptor. Raises OSError."""
    for tree in trees:
        filesystems.change(tree, c.MOUNT_ATTR_RDONLY)
        os.close(tree)


def may_cover(target: int, tree: int | None, ctx: Context) -> None:
    """Refuses a mount over a procfs, unless it is itself one or covers a file known to be harmless."""
    if not procfs.is_procfs(target) or (tree is not None and procfs.is_procfs(tree)):
        return
    inner = paths.name(target)
    top = paths.name(ctx.root).rstrip("/")
    if inner.startswith(top + "/proc/") and inner[len(top) + 6 :] in OVER_PROC:
        return
    raise OSError(errno.EPERM, "would cover a part of a procfs")


def _told(fault: OSError, entry: dict[str, Any], ctx: Context) -> str:
    """The error in words, with the usual cause where it is known."""
    why = fault.strerror or str(fault)
    if fault.errno == errno.ENODEV and entry.get("type"):
        return f"{why}: the kernel has no file system of type {entry['type']!r}"
    bind = "bind" in (entry.get("options") or ()) or "rbind" in (entry.get("options") or ())
    if fault.errno == errno.ENOENT and bind and not os.path.lexists(source_path(entry, ctx.bundle)):
        return f"{why}: the source {source_path(entry, ctx.bundle)}"
    return f"{fault.filename}: {why}" if fault.filename else why
