"""Kernel parameters of the container: names checked to be the container's own, then written through a private procfs.

Knows which parameters belong to which namespace. Must not write anything that the whole machine shares.
https://github.com/opencontainers/runtime-spec/blob/v1.3.0/config-linux.md#sysctl
"""

from __future__ import annotations

from runtime_ref import procfs
from runtime_ref.errors import ConfigError, RuntimeFault
from runtime_ref.kernel import os

if False:
    from typing import Any

# namespaces(7), sysctl(7): what is kept per namespace, as prefixes of paths below /proc/sys.
OWNED = (
    ("net/", "network"),
    ("fs/mqueue/", "ipc"),
    ("kernel/msgmax", "ipc"),
    ("kernel/msgmnb", "ipc"),
    ("kernel/msgmni", "ipc"),
    ("kernel/auto_msgmni", "ipc"),
    ("kernel/msg_next_id", "ipc"),
    ("kernel/sem_next_id", "ipc"),
    ("kernel/shm_next_id", "ipc"),
    ("kernel/sem", "ipc"),
    ("kernel/shmall", "ipc"),
    ("kernel/shmmax", "ipc"),
    ("kernel/shmmni", "ipc"),
    ("kernel/shm_rmid_forced", "ipc"),
    ("kernel/domainname", "uts"),
    ("kernel/hostname", "uts"),
    ("kernel/ns_last_pid", "pid"),
    ("user/", "user"),
)


def path_of(key: str) -> str:
    """Where below /proc/sys a parameter lies.

    As in sysctl(8) "." and "/" both separate, and the first of them says which.
    """
    dot, slash = key.find("."), key.find("/")
    if slash < 0 or -1 < dot < slash:
        return key.replace(".", "\0").replace("/", ".").replace("\0", "/")
    return key


def check(config: dict[str, Any]) -> None:
    """Raises ConfigError for a parameter that is not of a namespace that the container has for itself."""
    linux = config.get("linux", {})
    own = {entry["type"]: entry.get("path") for entry in linux.get("namespaces", ())}
    for key in linux.get("sysctl", ()):
        path = path_of(key)
        where = f"linux.sysctl.{key}"
        if not path or any(part in ("", ".", "..") for part in path.split("/")):
            raise ConfigError(where, "is no name of a kernel parameter")
        kind = _namespace(path)
        if kind is None:
            raise ConfigError(where, "belongs to no namespace: it would change the host's value")
        if kind not in own or (own[kind] and _is_ours(own[kind], kind)):
            raise ConfigError(where, f"would change the host's value: the container has no {kind} namespace of its own")
        if path == "kernel/hostname" and config.get("hostname"):
            raise ConfigError(where, "conflicts with hostname")
        if path == "kernel/domainname" and config.get("domainname"):
            raise ConfigError(where, "conflicts with domainname")


def apply(config: dict[str, Any]) -> None:
    """Writes each parameter, in the container's namespaces. Raises RuntimeFault."""
    wanted = config.get("linux", {}).get("sysctl")
    if not wanted:
        return
    proc = procfs.private()
    try:
        for key, value in wanted.items():
            try:
                procfs.write(proc, "sys/" + path_of(key), value.encode())
            except OSError as fault:
                raise RuntimeFault(
                    f"write {value!r} to /proc/sys/{path_of(key)}", str(fault.strerror), f"linux.sysctl.{key}"
                ) from None
    finally:
        os.close(proc)


def _namespace(path: str) -> str | None:
    for prefix, kind in OWNED:
        if path == prefix or (prefix[-1] == "/" and path.startswith(prefix)):
            return kind
    return None


def _is_ours(path: str | None, kind: str) -> bool:
    """Whether the namespace at `path` is the one the runtime itself is in."""
    try:
        there, here = os.stat(path or ""), os.stat("/proc/self/ns/" + {"network": "net"}.get(kind, kind))
    except OSError:
        return False
    return (there.st_dev, there.st_ino) == (here.st_dev, here.st_ino)
