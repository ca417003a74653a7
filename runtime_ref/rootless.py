"""What an ordinary user needs other means for: id mappings by newuidmap(1) and newgidmap(1), or one id without them.

Must not know anything else of containers. user_namespaces(7), subuid(5).
"""

from __future__ import annotations

from runtime_ref.errors import RuntimeFault
from runtime_ref.kernel import os

if False:
    from typing import Any

TOOLS = {"uid": "newuidmap", "gid": "newgidmap"}


def write_maps(pid: int, uids: list[dict[str, Any]], gids: list[dict[str, Any]]) -> None:
    """Maps the ids of the user namespace of process `pid`. Raises RuntimeFault."""
    for kind, entries, own in (("gid", gids, os.getegid()), ("uid", uids, os.geteuid())):
        where = f"linux.{kind}Mappings"
        if len(entries) == 1 and entries[0]["size"] == 1 and entries[0]["hostID"] == own:
            # One's own id needs no help, but groups can then no longer be dropped.
            if kind == "gid":
                _write(pid, "setgroups", "deny", where)
            _write(pid, f"{kind}_map", f"{entries[0]['containerID']} {own} 1\n", where)
            continue
        tool = _found(TOOLS[kind])
        if not tool:
            why = f"needs {TOOLS[kind]} (Debian package uidmap): a user may map only {kind} {own} without it"
            raise RuntimeFault("map ids", why, where)
        words = [str(n) for entry in entries for n in (entry["containerID"], entry["hostID"], entry["size"])]
        _run([tool, str(pid), *words], where)


def _found(name: str) -> str:
    for folder in os.environ.get("PATH", "/usr/bin:/bin").split(":"):
        if os.access(f"{folder}/{name}", os.X_OK):
            return f"{folder}/{name}"
    return ""


def _run(argv: list[str], where: str) -> None:
    output = os.memfd_create("output", os.MFD_CLOEXEC)
    pid = os.posix_spawn(
        argv[0], argv, os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, output, 1), (os.POSIX_SPAWN_DUP2, output, 2)]
    )
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    said = os.pread(output, 1024, 0).decode("utf-8", "replace").strip()
    os.close(output)
    if code:
        raise RuntimeFault("map ids", f"{os.path.basename(argv[0])} ended with {code}: {said}", where)


def _write(pid: int, name: str, text: str, where: str) -> None:
    try:
        fd = os.open(f"/proc/{pid}/{name}", os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.write(fd, text.encode())
        finally:
            os.close(fd)
    except OSError as fault:
        raise RuntimeFault(f"write {name}", fault.strerror or str(fault), where) from None
