"""The container's cgroup on version 2: one folder of the unified hierarchy.

https://github.com/opencontainers/runtime-spec/blob/v1.3.0/config-linux.md#control-groups, #cgroup-ownership,
#configLinuxUnified, and the kernel's Documentation/admin-guide/cgroup-v2.rst. Must not know config.json beyond
`linux.resources`. The child comes in by CLONE_INTO_CGROUP, which needs no migration.
"""

from __future__ import annotations

from _signal import SIGKILL  # type: ignore[import-not-found]  # the signal module costs 5 ms

from runtime_ref.cgroup import files
from runtime_ref.errors import RuntimeFault
from runtime_ref.kernel import os

if False:
    from typing import Any

    from runtime_ref.cgroup.oom import Watch

DELEGATE = "/sys/kernel/cgroup/delegate"
DELEGATED = "cgroup.procs\ncgroup.subtree_control\ncgroup.threads"


class V2:
    """One container's cgroup: `root` is the mount point, `folder` lies below it.

    `owner`: host uid to give it to, or None.
    """

    driver = "v2"

    def __init__(self, root: str, folder: str, made: list[str], devices: Any = (), owner: int | None = None) -> None:
        self.root = root
        self.folder = folder
        self.made = made
        self.devices = devices  # linux.devices
        self.owner = owner

    @property
    def paths(self) -> dict[str, Any]:
        """What state.json keeps, for `cgroup.from_state`."""
        return {
            "driver": self.driver, "root": self.root, "folder": self.folder, "made": self.made,
        }  # fmt: skip

    @property
    def planned(self) -> dict[str, Any]:
        """The same before `create`; nothing where the folder is there already, since it may be another container's."""
        made = files.missing(self.folder)
        return {**self.paths, "made": made} if made else {}

    def create(self, occupied: bool = False) -> None:
        """Makes the folder, with all controllers there are. Raises RuntimeFault if it is frozen or has processes."""
        try:
            if not files.make(self.folder, self.made, _nothing) and not occupied:
                if inside := files.processes(self.folder):
                    why = f"{self.folder} already has processes: {inside[:5]}"
                    raise RuntimeFault("create cgroup", why, "linux.cgroupsPath")
                if self.frozen():
                    raise RuntimeFault("create cgroup", f"{self.folder} is frozen", "linux.cgroupsPath")
            self._enable()
            if self.owner is not None:
                self._delegate(self.owner)
        except OSError as fault:
            files.prune(self.made)
            raise RuntimeFault("create cgroup", f"{fault.filename}: {fault.strerror}", "linux.cgroupsPath") from None
        except RuntimeFault:
            files.prune(self.made)
            raise

    def _enable(self) -> None:
        """Passes controllers down from the root to the folder above ours. One that a level refuses stays away."""
        above = self.root
        for name in self.folder[len(self.root) :].strip("/").split("/"):
            on = files.read(above + "/cgroup.subtree_control").split()
            off = [word for word in files.read(above + "/cgroup.controllers").split() if word not in on]
            if off:
                try:
                    files.write(above + "/cgroup.subtree_control", " ".join("+" + word for word in off))
                except OSError:
                    for word in off:
                        try:
                            files.write(above + "/cgroup.subtree_control", "+" + word)
                        except OSError:
                            pass  # `limits` tells, if one is asked for
            above += "/" + name

    def _delegate(self, owner: int) -> None:
        """Gives the folder and the delegated files that exist to `owner`, and no other file."""
        os.chown(self.folder, owner, -1)
        for name in files.read_or(DELEGATE, DELEGATED).split():
            try:
                os.chown(f"{self.folder}/{name}", owner, -1)
            except FileNotFoundError:
                pass

    def attach(self, pid: int) -> None:
        """Nothing: the init was cloned into the folder."""

    def fd_for_clone(self) -> int | None:
        """A descriptor of the folder for CLONE_INTO_CGROUP (clone(2)); close it after the clone."""
        return os.open(self.folder, os.O_DIRECTORY | os.O_CLOEXEC)

    def join(self, init: int = 0) -> None:
        """Moves the calling process in, for `exec`.

        Where the container has split its cgroup, to the one of process `init`.
        """
        try:
            files.write(self.folder + "/cgroup.procs", "0")
        except OSError as first:
            fault = first
            there = self.root + _own_path(files.read_or(f"/proc/{init}/cgroup", "")) if init else self.folder
            if there != self.folder and there.startswith(self.folder + "/"):
                try:
                    files.write(there + "/cgroup.procs", "0")
                    return
                except OSError as second:
                    fault = second
            raise RuntimeFault("join cgroup", f"{there}/cgroup.procs: {fault.strerror}", "linux.cgroupsPath") from None

    def limits(self, resources: dict[str, Any]) -> None:
        """Applies `linux.resources`, those members that are there. Raises RuntimeFault with the JSON path."""
        from runtime_ref.cgroup import v2_limits

        now = {name: files.read_or(f"{self.folder}/{name}", "") for name in ("cpu.max", "memory.current")}
        writes = v2_limits.writes(resources, self._has, {key: text for key, text in now.items() if text})
        files.settle(writes, lambda _: self.folder)
        if resources.get("devices"):
            from runtime_ref.cgroup import device_rules, devices_bpf

            rules = device_rules.listed(resources, self.devices)
            devices_bpf.replace(self.folder, devices_bpf.assemble(rules))

    def _has(self, controller: str, file: str, where: str) -> bool:
        if controller != "cgroup" and controller not in files.read(self.folder + "/cgroup.controllers").split():
            why = f"the controller {controller} is not available in {self.folder}"
            raise RuntimeFault("set cgroup limits", why, where)
        return os.path.exists(f"{self.folder}/{file}")

    def frozen(self) -> bool:
        """Whether the container is paused (or just being paused)."""
        return files.read_or(self.folder + "/cgroup.freeze", "0") == "1"

    def freeze(self) -> None:
        """Stops all processes. Raises RuntimeFault if they do not stop in time."""
        try:
            files.write(self.folder + "/cgroup.freeze", "1")
            fd = os.open(self.folder + "/cgroup.events", os.O_RDONLY | os.O_CLOEXEC)
        except OSError as fault:
            raise RuntimeFault("pause", f"{self.folder}: {fault.strerror}") from None

        def stopped() -> bool:
            return b"frozen 1" in os.pread(fd, 4096, 0)

        try:
            if not files.until(stopped, fd):
                self.thaw()
                raise RuntimeFault("pause", f"the processes in {self.folder} do not stop")
        finally:
            os.close(fd)

    def thaw(self) -> None:
        """Lets all processes go on."""
        files.write(self.folder + "/cgroup.freeze", "0")

    def pids(self) -> list[int]:
        """Ids of all processes of the container, also of cgroups it made."""
        return files.processes(self.folder)

    def kill(self, signal: int) -> None:
        """Sends a signal to every process; none escapes by forking (cgroup.kill, or frozen meanwhile)."""
        if signal == SIGKILL:
            try:
                files.write(self.folder + "/cgroup.kill", "1")
                return
            except OSError as fault:
                if fault.errno not in files.GONE:
                    raise
                if not os.path.isdir(self.folder):
                    return
        paused = self.frozen()
        if not paused:
            try:
                self.freeze()
            except (RuntimeFault, OSError):
                pass
        for pid in self.pids():
            try:
                os.kill(pid, signal)
            except ProcessLookupError:
                pass
        if not paused or signal == SIGKILL:
            files.unless_gone(self.thaw)

    def stats(self) -> dict[str, Any]:
        """The data of a stats event; see `stats`."""
        from runtime_ref.cgroup import stats

        return stats.v2(self.folder)

    def oom(self) -> Watch:
        """A watch of the OOM kills. Raises RuntimeFault without the memory controller."""
        from runtime_ref.cgroup import oom

        return oom.v2(self.folder)

    def remove(self) -> None:
        """Removes the folders that `create` made, and cgroups below them; processes left in them are killed first."""
        if self.folder in self.made:
            files.remove(self.folder, lambda: self.kill(SIGKILL))
        files.prune(self.made)


def _own_path(text: str) -> str:
    """The path in the unified hierarchy, of /proc/PID/cgroup; "" if there is none."""
    for line in text.splitlines():
        if line.startswith("0::"):
            return line[3:].rstrip("/")
    return ""


def _nothing(_: str) -> None:
    """A new folder needs nothing."""
