"""Device files: the default ones, those of `linux.devices`, the links of /dev, and /dev/console.

Knows mknod(2) and, where that is not allowed, a bind mount of the host's node whose numbers were checked on its
descriptor. Must not know cgroup rules for devices. https://github.com/opencontainers/runtime-spec/blob/v1.3.0/config-
linux.md#devices
"""

from __future__ import annotations

import errno
import stat

from runtime_ref import filesystems, paths
from runtime_ref.errors import RuntimeFault
from runtime_ref.kernel import os

if False:
    from typing import Any

    from runtime_ref.context import Context

# https://github.com/opencontainers/runtime-spec/blob/v1.3.0/config-linux.md#default-devices
DEFAULT = (("null", 1, 3), ("zero", 1, 5), ("full", 1, 7), ("random", 1, 8), ("urandom", 1, 9), ("tty", 5, 0))
# https://github.com/opencontainers/runtime-spec/blob/v1.3.0/runtime-linux.md#dev-symbolic-links
LINKS = (
    ("fd", "/proc/self/fd"),
    ("stdin", "/proc/self/fd/0"),
    ("stdout", "/proc/self/fd/1"),
    ("stderr", "/proc/self/fd/2"),
)
KINDS = {"c": stat.S_IFCHR, "u": stat.S_IFCHR, "b": stat.S_IFBLK, "p": stat.S_IFIFO}
MODE = 0o666


def make_all(config: dict[str, Any], ctx: Context) -> None:
    """Makes every device file and link of the container, unless its /dev is a bind mount and so somebody else's.

    Raises RuntimeFault with the path of the entry at fault.
    """
    mask = os.umask(0)
    try:
        ours = not _dev_is_bound(config)
        if ours:
            default(ctx)
        for index, entry in enumerate(config.get("linux", {}).get("devices") or ()):
            if not ours and paths.plain(entry["path"]).startswith("/dev/"):
                continue
            try:
                configured(entry, ctx)
            except OSError as fault:
                raise RuntimeFault(f"device {entry['path']}", str(fault.strerror), f"linux.devices[{index}]") from None
        if ours:
            links(ctx)
    finally:
        os.umask(mask)


def default(ctx: Context) -> None:
    """The devices every container has. One that is there already stays. Raises RuntimeFault."""
    folder, _ = paths.make(ctx.root, "/dev", True)
    try:
        for name, major, minor in DEFAULT:
            device = os.makedev(major, minor)
            try:
                try:
                    os.mknod(name, stat.S_IFCHR | MODE, device, dir_fd=folder)
                    continue
                except OSError as fault:
                    if fault.errno not in (errno.EEXIST, errno.EPERM):
                        raise
                there = _look(folder, name)
                try:
                    found = os.fstat(there)
                    if stat.S_ISCHR(found.st_mode) and found.st_rdev == device:
                        continue
                    if not stat.S_ISREG(found.st_mode):
                        raise OSError(errno.EEXIST, "a file of another kind is in its place")
                    _bind(f"/dev/{name}", stat.S_IFCHR, device, there)
                finally:
                    os.close(there)
            except OSError as fault:
                raise RuntimeFault(f"device /dev/{name}", str(fault.strerror)) from None
    finally:
        os.close(folder)


def configured(entry: dict[str, Any], ctx: Context) -> None:
    """One entry of `linux.devices`. Raises OSError, also where a file that is no such device is at its path."""
    kind = KINDS[entry["type"]]
    device = 0 if entry["type"] == "p" else os.makedev(entry["major"], entry["minor"])
    mode = entry.get("fileMode")
    folder, name = paths.parent(ctx.root, entry["path"])
    there = -1
    try:
        try:
            os.mknod(name, kind | (MODE if mode is None else mode & 0o7777), device, dir_fd=folder)
        except OSError as fault:
            if fault.errno not in (errno.EEXIST, errno.EPERM):
                raise
            if fault.errno == errno.EPERM:
                there = _look(folder, name)
        if there < 0:
            there = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
        found = os.fstat(there)
        if stat.S_IFMT(found.st_mode) != kind or (kind != stat.S_IFIFO and found.st_rdev != device):
            if not (stat.S_ISREG(found.st_mode) and found.st_size == 0 and ctx.userns):
                raise OSError(errno.EEXIST, "a file that is not this device is at its path")
            # The node, owner and mode are the host's: a user namespace may make none.
            _bind(entry["path"], kind, device, there)
            return
        _own(there, entry)
    finally:
        os.close(folder)
        if there >= 0:
            os.close(there)


def links(ctx: Context) -> None:
    """The symbolic links of /dev whose source exists now, and /dev/ptmx.

    Those that are there already stay. Raises OSError.
    """
    folder, _ = paths.make(ctx.root, "/dev", True)
    try:
        source = paths.find(ctx.root, "/proc/self/fd")
        if source is not None:
            os.close(source)
            for name, path in LINKS:
                _link(path, name, folder)
        try:
            # A node here would lead to the host's terminals.
            if stat.S_ISCHR(os.stat("ptmx", dir_fd=folder, follow_symlinks=False).st_mode):
                os.unlink("ptmx", dir_fd=folder)
        except FileNotFoundError:
            pass
        _link("pts/ptmx", "ptmx", folder)
    finally:
        os.close(folder)


def console(ctx: Context, terminal: int) -> None:
    """Puts the container's side of a terminal (a descriptor) onto /dev/console.

    What lies at that name must be a plain file or device, never a link (CVE-2025-52565). Raises RuntimeFault.
    """
    try:
        if not stat.S_ISCHR(os.fstat(terminal).st_mode) or os.major(os.fstat(terminal).st_rdev) not in range(136, 144):
            raise OSError(errno.ENOTTY, "is no pseudoterminal")
        folder, _ = paths.make(ctx.root, "/dev", True)
        try:
            target = _look(folder, "console")
        finally:
            os.close(folder)
        try:
            found = os.fstat(target)
            if not (stat.S_ISREG(found.st_mode) or stat.S_ISCHR(found.st_mode)):
                raise OSError(errno.EEXIST, "a file of another kind is in its place")
            tree = filesystems.clone(terminal, False)
            try:
                filesystems.attach(tree, target)
            finally:
                os.close(tree)
        finally:
            os.close(target)
    except OSError as fault:
        raise RuntimeFault("device /dev/console", str(fault.strerror)) from None


def _look(folder: int, name: str) -> int:
    """An O_PATH descriptor of a name, made as an empty file where missing; a symbolic link is not followed."""
    try:
        os.close(os.open(name, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600, dir_fd=folder))
    except FileExistsError:
        pass
    return os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)


def _bind(path: str, kind: int, device: int, target: int) -> None:
    """The host's node with these numbers, bound onto `target`: at the same path, else where the kernel says it is."""
    for place in (path, _kernel_name(kind, device)):
        try:
            tree = filesystems.clone_of(place)
        except OSError:
            continue
        try:
            found = os.fstat(tree)
            if stat.S_IFMT(found.st_mode) == kind and found.st_rdev == device:
                filesystems.attach(tree, target)
                return
        finally:
            os.close(tree)
    raise OSError(errno.ENODEV, f"the host has no node {os.major(device)}:{os.minor(device)} to bind")


def _kernel_name(kind: int, device: int) -> str:
    folder = "block" if kind == stat.S_IFBLK else "char"
    try:
        with open(f"/sys/dev/{folder}/{os.major(device)}:{os.minor(device)}/uevent", "rb") as file:
            for line in file.read().decode("utf-8", "replace").splitlines():
                if line.startswith("DEVNAME="):
                    return "/dev/" + line[8:]
    except OSError:
        pass
    return ""


def _own(fd: int, entry: dict[str, Any]) -> None:
    """Owner and mode as asked; fileMode counts after the owner, as chown(2) clears set-id bits."""
    if entry.get("uid") is not None or entry.get("gid") is not None:
        uid, gid = entry.get("uid"), entry.get("gid")
        os.chown(f"/proc/self/fd/{fd}", -1 if uid is None else uid, -1 if gid is None else gid)
    if entry.get("fileMode") is not None:
        os.chmod(f"/proc/self/fd/{fd}", entry["fileMode"] & 0o7777)


def _link(source: str, name: str, folder: int) -> None:
    try:
        os.symlink(source, name, dir_fd=folder)
    except FileExistsError:
        pass


def _dev_is_bound(config: dict[str, Any]) -> bool:
    bound = False
    for entry in config.get("mounts") or ():
        if paths.plain(entry["destination"]) == "/dev":
            bound = any(word in ("bind", "rbind") for word in entry.get("options") or ())
    return bound
