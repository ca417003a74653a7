"""Id-mapped mounts: the user namespace that carries a mapping, and the mounts that take it.

All of it is done by the parent before the container's first process exists: only the host's root may map a host file
system. Knows user namespaces of a waiting child and MOUNT_ATTR_IDMAP. Must not know where mounts go.
https://github.com/opencontainers/runtime-spec/blob/v1.3.0/config.md#posix-platform-mounts
"""

from __future__ import annotations

from _signal import SIGCHLD, SIGKILL, pause  # type: ignore[import-not-found]  # "signal" costs 5 ms

from runtime_ref.errors import ConfigError
from runtime_ref.kernel import const as c
from runtime_ref.kernel import os
from runtime_ref.kernel import sys as k

if False:
    from typing import Any


def mappings(entry: dict[str, Any], config: dict[str, Any], where: str) -> tuple[list[Any], list[Any]] | str:
    """The (uid, gid) mappings for a mount: its own, else the container's; or the path of a user namespace to join.

    Raises ConfigError where there are none, or only one of the two.
    """
    uids, gids = entry.get("uidMappings") or [], entry.get("gidMappings") or []
    if bool(uids) != bool(gids):
        missing = "gidMappings" if uids else "uidMappings"
        raise ConfigError(f"{where}.{missing}", "uidMappings and gidMappings come together, this one is missing")
    if uids:
        return uids, gids
    linux = config.get("linux", {})
    for namespace in linux.get("namespaces", ()):
        if namespace["type"] == "user":
            if namespace.get("path"):
                return str(namespace["path"])
            return linux.get("uidMappings") or [], linux.get("gidMappings") or []
    raise ConfigError(where, "an id mapping is asked for, but the mount has none and the container no user namespace")


def user_namespace(maps: tuple[list[Any], list[Any]] | str) -> int:
    """A descriptor of a user namespace with these mappings, made for the purpose or found at a path. Raises OSError."""
    if isinstance(maps, str):
        return os.open(maps, os.O_RDONLY | os.O_CLOEXEC)
    pid = k.clone3(c.CLONE_NEWUSER, SIGCHLD)
    if pid == 0:
        # The child only has to exist; it is killed as soon as its namespace is held.
        k.prctl(c.PR_SET_PDEATHSIG, SIGKILL)
        while True:
            pause()
    try:
        for name, entries in (("uid_map", maps[0]), ("gid_map", maps[1])):
            text = "".join(f"{m['containerID']} {m['hostID']} {m['size']}\n" for m in entries)
            fd = os.open(f"/proc/{pid}/{name}", os.O_WRONLY | os.O_CLOEXEC)
            try:
                os.write(fd, text.encode())
            finally:
                os.close(fd)
        return os.open(f"/proc/{pid}/ns/user", os.O_RDONLY | os.O_CLOEXEC)
    finally:
        os.kill(pid, SIGKILL)
        os.waitpid(pid, 0)
