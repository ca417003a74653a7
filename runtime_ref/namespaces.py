"""Namespaces: which are new, which are joined, and the mappings of a new user namespace.

https://github.com/opencontainers/runtime-spec/blob/v1.3.0/config-linux.md#namespaces, #user-namespace-mappings,
#offset-for-time-namespace. Knows clone flags and /proc/PID/ns. Must not know what happens inside.
"""

from __future__ import annotations

from runtime_ref.errors import ConfigError, RuntimeFault
from runtime_ref.kernel import const as c
from runtime_ref.kernel import os
from runtime_ref.kernel import sys as k

if False:
    from typing import Any

FLAGS = {
    "user": c.CLONE_NEWUSER, "pid": c.CLONE_NEWPID, "network": c.CLONE_NEWNET, "ipc": c.CLONE_NEWIPC, "uts": c.CLONE_NEWUTS,
    "mount": c.CLONE_NEWNS, "cgroup": c.CLONE_NEWCGROUP, "time": c.CLONE_NEWTIME,
}  # fmt: skip
FILES = {"network": "net", "mount": "mnt"}  # the name in /proc/PID/ns, where it is another
# These two the first process makes for itself: one after it has joined its cgroup, one to set its clocks in between.
LATER = ("cgroup", "time")
# The clocks that a time namespace shifts, by their names in config.json and in timens_offsets (time_namespaces(7)).
CLOCKS = {"monotonic": "monotonic", "boottime": "boottime"}


class Join:
    """A namespace to join: clone flag, descriptor, and the member of config.json that says so."""

    __slots__ = ("fd", "flag", "where")

    def __init__(self, flag: int, fd: int, where: str) -> None:
        self.flag = flag
        self.fd = fd
        self.where = where

    def enter(self) -> None:
        """setns(2). Raises RuntimeFault."""
        try:
            k.setns(self.fd, self.flag)
        except OSError as fault:
            raise RuntimeFault("join namespace", fault.strerror or str(fault), self.where) from None
        os.close(self.fd)


def new_flags(linux: dict[str, Any]) -> int:
    """The flags for clone3(2) of the namespaces that are new from the first moment."""
    flags = 0
    for entry in linux.get("namespaces") or ():
        if not entry.get("path") and entry["type"] not in LATER:
            flags |= FLAGS[entry["type"]]
    return flags


def is_new(linux: dict[str, Any], kind: str) -> bool:
    """Whether the container gets a new namespace of this type."""
    return any(entry["type"] == kind and not entry.get("path") for entry in linux.get("namespaces") or ())


def is_joined(linux: dict[str, Any], kind: str) -> bool:
    """Whether the container joins a namespace of this type."""
    return any(entry["type"] == kind and entry.get("path") for entry in linux.get("namespaces") or ())


def joins(linux: dict[str, Any]) -> list[Join]:
    """The namespaces to join, opened and checked, in the order to enter them. Raises RuntimeFault with the entry's path.

    The user namespace last: until then the host's rights count, which reach into all of them. An ordinary user has rights only
    inside it, so enters it first. The mount namespace comes after all whose entering reads nothing.
    """
    found = []
    for number, entry in enumerate(linux.get("namespaces") or ()):
        path = entry.get("path")
        if not path:
            continue
        where = f"linux.namespaces[{number}].path"
        kind = entry["type"]
        try:
            fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except OSError as fault:
            raise ConfigError(where, f"{path}: {fault.strerror}") from None
        found.append(Join(FLAGS[kind], fd, where))
        if not _is_of(fd, FLAGS[kind]):
            raise ConfigError(where, f"{path} is no {kind} namespace")
    ordinary = os.geteuid() != 0
    first = (c.CLONE_NEWUSER,) if ordinary else ()
    last = (c.CLONE_NEWNS,) if ordinary else (c.CLONE_NEWNS, c.CLONE_NEWUSER)
    return sorted(found, key=lambda join: (join.flag not in first, last.index(join.flag) if join.flag in last else -1))


def _is_of(fd: int, flag: int) -> bool:
    import fcntl

    try:
        return k.fstatfs_type(fd) == c.NSFS_MAGIC and fcntl.ioctl(fd, c.NS_GET_NSTYPE) == flag
    except OSError:
        return False


def write_maps(pid: int, linux: dict[str, Any]) -> None:
    """The id mappings of a new user namespace, whose first process `pid` waits. Raises RuntimeFault."""
    uids, gids = linux.get("uidMappings") or [], linux.get("gidMappings") or []
    if os.geteuid() == 0:
        _write(pid, "gid_map", gids, "linux.gidMappings")
        _write(pid, "uid_map", uids, "linux.uidMappings")
        return
    from runtime_ref import rootless

    rootless.write_maps(pid, uids, gids)


def _write(pid: int, name: str, entries: list[dict[str, int]], where: str) -> None:
    text = "".join(f"{entry['containerID']} {entry['hostID']} {entry['size']}\n" for entry in entries)
    try:
        fd = os.open(f"/proc/{pid}/{name}", os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.write(fd, text.encode())
        finally:
            os.close(fd)
    except OSError as fault:
        raise RuntimeFault(f"write {name}", fault.strerror or str(fault), where) from None


def loopback_up() -> None:
    """Sets up the loopback device of the calling process's network namespace: netdevice(7). Raises RuntimeFault."""
    import fcntl
    from _socket import AF_UNIX, SOCK_CLOEXEC, SOCK_DGRAM, socket
    from sys import byteorder

    try:
        line = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)  # of any family: the call is about devices
        try:
            fcntl.ioctl(line.fileno(), c.SIOCSIFFLAGS, b"lo".ljust(16, b"\0") + c.IFF_UP.to_bytes(24, byteorder))
        finally:
            line.close()
    except OSError as fault:
        raise RuntimeFault("set the loopback device up", str(fault.strerror)) from None


def enter_time(offsets: dict[str, Any]) -> None:
    """Makes a time namespace, sets its clocks and goes in. Must come before the user ids change. Raises RuntimeFault."""
    try:
        k.unshare(c.CLONE_NEWTIME)
        lines = "".join(
            f"{CLOCKS[name]} {entry.get('secs', 0)} {entry.get('nanosecs', 0)}\n" for name, entry in offsets.items()
        )
        if lines:
            fd = os.open("/proc/self/timens_offsets", os.O_WRONLY | os.O_CLOEXEC)
            try:
                os.write(fd, lines.encode())
            finally:
                os.close(fd)
        fd = os.open("/proc/self/ns/time_for_children", os.O_RDONLY | os.O_CLOEXEC)
        try:
            k.setns(fd, c.CLONE_NEWTIME)
        finally:
            os.close(fd)
    except OSError as fault:
        raise RuntimeFault("time namespace", fault.strerror or str(fault), "linux.timeOffsets") from None


def become_root() -> None:
    """Becomes root of the user namespace just entered; one without an id 0 leaves us as nobody, with all capabilities in it."""
    try:
        os.setgroups([])
    except OSError:
        pass  # denied for ordinary users
    for become in (os.setresgid, os.setresuid):
        try:
            become(0, 0, 0)
        except OSError:
            pass
