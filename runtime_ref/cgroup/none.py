"""No cgroup: for a user who may not make one, or a machine that mounts none.

What needs one is refused, with the reason.

Knows nothing of hierarchies. The container's processes are then those that /proc says have the init as their
ancestor.
"""

from __future__ import annotations

from runtime_ref.errors import RuntimeFault
from runtime_ref.kernel import os

if False:
    from typing import Any

    from runtime_ref.cgroup.oom import Watch


class NoCgroup:
    """Stands in where a cgroup cannot be had; `why` says why."""

    driver = "none"
    made: tuple[str, ...] = ()

    def __init__(self, why: str, init: int = 0) -> None:
        self.why = why
        self.init = init

    @property
    def paths(self) -> dict[str, Any]:
        """What state.json keeps, for `cgroup.from_state`."""
        return {"driver": self.driver, "why": self.why, "init": self.init}

    @property
    def planned(self) -> dict[str, Any]:
        """Nothing: `create` makes nothing."""
        return {}

    def create(self) -> None:
        """Nothing."""

    def attach(self, pid: int) -> None:
        """Keeps the init's pid, whose descendants are the container."""
        self.init = pid

    def fd_for_clone(self) -> None:
        """None."""

    def join(self, init: int = 0) -> None:
        """Nothing."""

    def limits(self, resources: dict[str, Any]) -> None:
        """Refuses every resource."""
        for topic, value in resources.items():
            if value:
                raise RuntimeFault("set cgroup limits", self.why, f"linux.resources.{topic}")

    def frozen(self) -> bool:
        """Never."""
        return False

    def freeze(self) -> None:
        """Refused."""
        raise RuntimeFault("pause", self.why)

    def thaw(self) -> None:
        """Refused."""
        raise RuntimeFault("resume", self.why)

    def pids(self) -> list[int]:
        """The init, its descendants by /proc/PID/stat, and what else is in its pid namespace if that is not ours."""
        children: dict[int, list[int]] = {}
        namespace = _pid_namespace(self.init)
        found = [self.init] if self.init and os.path.exists(f"/proc/{self.init}") else []
        own = namespace in ("", _pid_namespace(os.getpid()))
        for name in os.listdir("/proc"):
            if name.isdecimal():
                try:
                    with open(f"/proc/{name}/stat", "rb") as file:
                        parent = int(file.read().rpartition(b")")[2].split()[1])
                except OSError:
                    continue
                if not own and _pid_namespace(int(name)) == namespace:
                    parent = self.init
                if int(name) != self.init:
                    children.setdefault(parent, []).append(int(name))
        for pid in found:
            found.extend(children.get(pid, ()))
        return found

    def kill(self, signal: int) -> None:
        """Sends a signal to the init and its descendants, the init last."""
        for pid in reversed(self.pids()):
            try:
                os.kill(pid, signal)
            except ProcessLookupError:
                pass

    def stats(self) -> dict[str, Any]:
        """Refused."""
        raise RuntimeFault("stats", self.why)

    def oom(self) -> Watch:
        """Refused."""
        raise RuntimeFault("watch for OOM", self.why)

    def remove(self) -> None:
        """Nothing."""


def _pid_namespace(pid: int) -> str:
    try:
        return os.readlink(f"/proc/{pid}/ns/pid")
    except OSError:
        return ""  # it is gone, or another user's
