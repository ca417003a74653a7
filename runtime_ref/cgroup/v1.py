"""The container's cgroups on version 1: one folder in each mounted hierarchy.

https://github.com/opencontainers/runtime-spec/blob/v1.3.0/config-linux.md#control-groups and cgroups(7). Knows the
files of the v1 controllers. Must not know config.json beyond `linux.resources`, nor how the container is made. Tasks
come in by writing 0 into `tasks`, each from itself: a write into `cgroup.procs` takes a lock of the whole system and
waits for an RCU grace period (7 to 10 ms measured), and the process that joins has one thread.
"""

from __future__ import annotations

from _signal import SIGKILL  # type: ignore[import-not-found]  # the signal module costs 5 ms

from runtime_ref.cgroup import files
from runtime_ref.errors import RuntimeFault
from runtime_ref.kernel import os

if False:
    from typing import Any

    from runtime_ref.cgroup.oom import Watch


class V1:
    """One container's cgroups. `dirs`: controller (or "name=systemd") to folder, shared by co-mounted controllers."""

    driver = "v1"

    def __init__(self, dirs: dict[str, str], made: list[str], devices: Any = ()) -> None:
        self.dirs = dirs
        self.made = made
        self.devices = devices  # linux.devices
        self.places = list(dict.fromkeys(dirs.values()))

    @property
    def paths(self) -> dict[str, Any]:
        """What state.json keeps, for `cgroup.from_state`."""
        return {"driver": self.driver, "dirs": self.dirs, "made": self.made}

    @property
    def planned(self) -> dict[str, Any]:
        """The same before `create`, of those folders alone that it will make: what is there may be another container's."""
        made = [folder for place in self.places for folder in files.missing(place)]
        return {"driver": self.driver, "dirs": {name: place for name, place in self.dirs.items() if place in made}, "made": made}

    def create(self, occupied: bool = False) -> None:
        """Makes the folders. Raises RuntimeFault for one that is frozen or has tasks, and leaves nothing then."""
        cpuset = self.dirs.get("cpuset")
        try:
            for place in self.places:
                born = _inherit_cpuset if place == cpuset else _nothing
                if not files.make(place, self.made, born):
                    if not occupied:
                        self._fit(place)
                    born(place)
        except OSError as fault:
            files.prune(self.made)
            raise RuntimeFault("create cgroup", f"{fault.filename}: {fault.strerror}", "linux.cgroupsPath") from None
        except RuntimeFault:
            files.prune(self.made)
            raise

    def _fit(self, place: str) -> None:
        """Whether a folder that was there already is fit for a container."""
        if inside := files.processes(place):
            raise RuntimeFault("create cgroup", f"{place} already has processes: {inside[:5]}", "linux.cgroupsPath")
        if place == self.dirs.get("freezer") and files.read(place + "/freezer.state") != "THAWED":
            raise RuntimeFault("create cgroup", f"{place} is frozen", "linux.cgroupsPath")

    def attach(self, pid: int) -> None:
        """Nothing: the init joins by itself."""

    def fd_for_clone(self) -> None:
        """None: clone3 can place a child only on version 2."""

    def join(self, init: int = 0) -> None:
        """The calling thread, which must be its process's only one, goes in. Raises RuntimeFault."""
        for place in self.places:
            try:
                files.write(place + "/tasks", "0")
            except OSError as fault:
                raise RuntimeFault("join cgroup", f"{place}/tasks: {fault.strerror}", "linux.cgroupsPath") from None

    def limits(self, resources: dict[str, Any]) -> None:
        """Applies `linux.resources`, those members that are there. Raises RuntimeFault with the JSON path."""
        if resources.get("unified"):
            raise RuntimeFault("set cgroup limits", "needs cgroup v2; this machine runs v1", "linux.resources.unified")
        from runtime_ref.cgroup import v1_limits

        files.settle(v1_limits.writes(resources, self._has), self._dir)
        self._bounded((resources.get("memory") or {}).get("kernel", -1))
        if resources.get("devices"):
            from runtime_ref.cgroup import device_rules

            rules = device_rules.listed(resources, self.devices)
            place = self._need("devices", device_rules.WHERE)
            for file, text, where in device_rules.v1_writes(rules, files.read(place + "/devices.list")):
                files.settle([("devices", file, text, where)], self._dir)

    def _bounded(self, kernel_memory: int) -> None:
        """A kernel since 5.16 takes memory.kernel without an effect: what cannot be applied is an error."""
        file = self.dirs.get("memory", "") + "/memory.kmem.limit_in_bytes"
        if kernel_memory >= 0 and int(files.read(file)) > kernel_memory + 65536:
            why = "this kernel takes the value and does nothing with it"
            raise RuntimeFault("set cgroup limits", why, "linux.resources.memory.kernel")

    def _has(self, controller: str, file: str, where: str) -> bool:
        return os.path.exists(self._need(controller, where) + "/" + file)

    def _need(self, controller: str, where: str) -> str:
        try:
            return self.dirs[controller]
        except KeyError:
            raise RuntimeFault("set cgroup limits", _absent(controller), where) from None

    def _dir(self, controller: str) -> str:
        return self.dirs[controller]

    def frozen(self) -> bool:
        """Whether the container is paused (or just being paused)."""
        place = self.dirs.get("freezer")
        return place is not None and files.read_or(place + "/freezer.state", "THAWED") != "THAWED"

    def freeze(self) -> None:
        """Stops all tasks. Raises RuntimeFault where there is no freezer or they do not stop in time."""
        state = self._freezer() + "/freezer.state"

        def stopped() -> bool:
            files.write(state, "FROZEN")  # again each time: a task that forked meanwhile is seen only by a new write
            return files.read(state) == "FROZEN"

        if not files.until(stopped):
            files.write(state, "THAWED")
            raise RuntimeFault("pause", f"{state} stays FREEZING")

    def thaw(self) -> None:
        """Lets all tasks go on."""
        files.write(self._freezer() + "/freezer.state", "THAWED")

    def _freezer(self) -> str:
        try:
            return self.dirs["freezer"]
        except KeyError:
            raise RuntimeFault("pause", _absent("freezer")) from None

    def pids(self) -> list[int]:
        """Ids of all processes of the container, also of cgroups it made."""
        return files.processes(self.dirs.get("freezer") or self.places[0])

    def kill(self, signal: int) -> None:
        """Sends a signal to every process, frozen meanwhile so that none escapes by forking. SIGKILL ends a pause."""
        paused = self.frozen()
        if not paused and not self.pids():
            return  # nobody is there, so nobody can fork
        freezer = "freezer" in self.dirs
        if freezer and not paused:
            try:
                self.freeze()
            except (RuntimeFault, OSError):
                pass  # a task stuck in the kernel, which the signal reaches all the same; or the cgroup has gone with its tasks
        for pid in self.pids():
            try:
                os.kill(pid, signal)
            except ProcessLookupError:
                pass
        if freezer and (signal == SIGKILL or not paused):
            files.unless_gone(self.thaw)

    def stats(self) -> dict[str, Any]:
        """The data of a stats event; see `stats`."""
        from runtime_ref.cgroup import stats

        return stats.v1(self.dirs)

    def oom(self) -> Watch:
        """A watch of the OOM kills. Raises RuntimeFault without the memory hierarchy."""
        from runtime_ref.cgroup import oom

        return oom.v1(self._need("memory", ""))

    def remove(self) -> None:
        """Removes the folders that `create` made, and cgroups below them. Tasks that are left in them are killed."""
        mine = set(self.made)
        for place in self.places:
            if place in mine:
                files.remove(place, lambda: self.kill(SIGKILL))
        files.prune([folder for folder in self.made if folder not in self.places])


def _absent(controller: str) -> str:
    why = f"the {controller} hierarchy is not mounted"
    return f"{why}, or uid {os.geteuid()} may make no cgroup in it" if os.geteuid() else why


def _nothing(_: str) -> None:
    """Most hierarchies need nothing for a new folder."""


def _inherit_cpuset(folder: str) -> None:
    """Copies the CPUs and memory nodes from above into a folder that has none; before, no task can join (ENOSPC)."""
    for name in ("/cpuset.cpus", "/cpuset.mems"):
        if files.read(folder + name).strip():
            continue
        above = os.path.dirname(folder)
        if not files.read_or(above + name, "-").strip():
            _inherit_cpuset(above)
        files.write(folder + name, files.read(above + name))
