"""The systemd driver: the container's cgroup is that of a transient scope, made by systemd over D-Bus.

`cgroupsPath` is then `slice:prefix:name`, as engines write it; absent, it is `:runtime-ref:<id>`. Knows the manager
object of org.freedesktop.systemd1(5) through jeepney, which is imported here only. The limits are set twice: as unit
properties, so that systemd does not take them back on a reload, and as files through `v1` or `v2`, for what systemd
has no property for.
"""

from __future__ import annotations

from _signal import SIGKILL  # type: ignore[import-not-found]  # the signal module costs 5 ms

from runtime_ref.errors import ConfigError, RuntimeFault
from runtime_ref.kernel import os

if False:
    from typing import Any

    from runtime_ref.cgroup import Hierarchies
    from runtime_ref.cgroup.oom import Watch
    from runtime_ref.cgroup.v1 import V1
    from runtime_ref.cgroup.v2 import V2

    Property = tuple[str, tuple[str, Any]]
    """A unit property: name, (D-Bus signature, value)."""

PATIENCE = 30.0
"""Seconds that systemd gets for a job."""
INFINITY = 2**64 - 1


class Systemd:
    """A scope unit around the cgroup `inner`. `user`: of the calling user's manager, not the system's; `made`: the unit is
    this container's, so that it may be stopped."""

    driver = "systemd"

    def __init__(self, inner: V1 | V2, unit: str, parent: str, user: bool, made: bool = False) -> None:
        self.inner = inner
        self.unit = unit
        self.slice = parent
        self.user = user
        self.made = made

    @classmethod
    def of(cls, path: str, ident: str, found: Hierarchies, devices: Any, owner: int | None) -> Systemd:
        """The unit and the place for a `cgroupsPath`. Raises ConfigError if it has not the form slice:prefix:name."""
        parent, prefix, name = split(path, ident)
        user = os.geteuid() != 0
        if not parent:
            parent = "user.slice" if user else "system.slice"
        unit = name if name.endswith(".slice") else f"{prefix}-{name}.scope" if prefix else f"{name}.scope"
        where = f"{expand(parent)}/{unit}".strip("/")
        if found.version == 2:
            from runtime_ref.cgroup.v2 import V2

            base = found.unified + (_manager_cgroup() if user else "")
            return cls(V2(found.unified, f"{base}/{where}", [], devices, owner), unit, parent, user)
        from runtime_ref.cgroup.v1 import V1

        dirs = {controller: f"{point}/{where}" for controller, point in found.v1.items()}
        return cls(V1(dirs, [], devices), unit, parent, user)

    @property
    def paths(self) -> dict[str, Any]:
        """What state.json keeps, for `cgroup.from_state`."""
        return {
            "driver": self.driver, "inner": self.inner.paths, "unit": self.unit, "slice": self.slice, "user": self.user,
            "made": self.made,
        }  # fmt: skip

    @property
    def planned(self) -> dict[str, Any]:
        """Nothing: `create` makes nothing."""
        return {}

    def create(self) -> None:
        """Nothing yet: a scope needs a process to be made of."""

    def fd_for_clone(self) -> None:
        """None: the scope is made around the clone."""

    def attach(self, pid: int) -> None:
        """Makes the scope with the container's init in it, and waits until systemd has done it. Raises RuntimeFault."""
        properties: list[Property] = [
            ("Description", ("s", f"OCI container {self.unit}")),
            ("Slice", ("s", self.slice)),
            ("PIDs", ("au", [pid])),
            ("Delegate", ("b", True)),
            ("DefaultDependencies", ("b", False)),
        ]
        if self.unit.endswith(".slice"):
            raise ConfigError("linux.cgroupsPath", "names a slice; the systemd driver makes scopes")
        with Bus(self.user) as bus:
            try:
                bus.job("StartTransientUnit", "ssa(sv)a(sa(sv))", (self.unit, "fail", properties, []))
            except RuntimeFault as fault:
                self.made = "UnitExists" not in fault.why
                raise
        self.made = True
        self.inner.create(occupied=True)

    def join(self, init: int = 0) -> None:
        """The calling process goes in."""
        self.inner.join(init)

    def limits(self, resources: dict[str, Any]) -> None:
        """Applies `linux.resources`. Raises RuntimeFault with the JSON path."""
        if found := properties(resources, self.inner.driver == "v2"):
            with Bus(self.user) as bus:
                bus.call("SetUnitProperties", "sba(sv)", (self.unit, True, found))
        self.inner.limits(resources)

    def frozen(self) -> bool:
        """Whether the container is paused."""
        return self.inner.frozen()

    def freeze(self) -> None:
        """Stops all processes."""
        self.inner.freeze()

    def thaw(self) -> None:
        """Lets all processes go on."""
        self.inner.thaw()

    def pids(self) -> list[int]:
        """Ids of all processes of the container."""
        return self.inner.pids()

    def kill(self, signal: int) -> None:
        """Sends a signal to every process."""
        self.inner.kill(signal)

    def stats(self) -> dict[str, Any]:
        """The data of a stats event."""
        return self.inner.stats()

    def oom(self) -> Watch:
        """A watch of the OOM kills."""
        return self.inner.oom()

    def remove(self) -> None:
        """Stops the scope, which kills what is left in it, and removes what systemd does not know of."""
        if not self.made:
            return
        self.inner.kill(SIGKILL)  # systemd would ask the processes to end, and wait for that
        with Bus(self.user) as bus:
            try:
                bus.job("StopUnit", "ss", (self.unit, "replace"))
            except RuntimeFault as fault:
                if "NoSuchUnit" not in fault.why:
                    raise
            try:
                bus.call("ResetFailedUnit", "s", (self.unit,))
            except RuntimeFault:
                pass  # it had not failed
        self.inner.remove()


def split(path: str, ident: str) -> tuple[str, str, str]:
    """`slice:prefix:name` in its parts. Raises ConfigError for another form."""
    if not path:
        return "", "runtime-ref", ident
    parts = path.split(":")
    if len(parts) != 3 or not parts[2] or "/" in path:
        raise ConfigError("linux.cgroupsPath", f"must be slice:prefix:name for the systemd driver, is {path!r}")
    parent = parts[0]
    if parent and parent != "-.slice" and not parent.endswith(".slice"):
        raise ConfigError("linux.cgroupsPath", f"must begin with a slice, whose name ends in .slice, is {path!r}")
    return parent, parts[1], parts[2]


def expand(parent: str) -> str:
    """The folder of a slice: each dash of its name is a level (systemd.slice(5)), so a-b.slice is a.slice/a-b.slice."""
    name = parent.removesuffix(".slice")
    if name in ("", "-"):
        return ""
    words = name.split("-")
    if "" in words:
        raise ConfigError("linux.cgroupsPath", f"{parent!r} is not the name of a slice")
    return "/".join("-".join(words[: count + 1]) + ".slice" for count in range(len(words)))


def properties(resources: dict[str, Any], unified: bool) -> list[Property]:
    """The limits that systemd has a property for (systemd.resource-control(5)), in its units."""
    found: list[Property] = []

    def bound(name: str, value: int | None) -> None:
        if value is not None:
            found.append((name, ("t", INFINITY if value < 0 else value)))

    memory, cpu = resources.get("memory") or {}, resources.get("cpu") or {}
    limit, swap = memory.get("limit"), memory.get("swap")
    bound("MemoryMax" if unified else "MemoryLimit", limit)
    if unified:
        bound("MemoryLow", memory.get("reservation"))
        if swap is not None and (swap < 0 or (limit is not None and 0 <= limit <= swap)):
            bound("MemorySwapMax", swap if swap < 0 else swap - (limit or 0))
        if shares := cpu.get("shares"):
            from runtime_ref.cgroup.v2_limits import weight

            bound("CPUWeight", weight(shares))
        for member, name in (("cpus", "AllowedCPUs"), ("mems", "AllowedMemoryNodes")):
            if numbers := cpu.get(member):
                found.append((name, ("ay", mask(numbers))))
    else:
        bound("CPUShares", cpu.get("shares") or None)
    if period := cpu.get("period"):
        bound("CPUQuotaPeriodUSec", period)
    if (quota := cpu.get("quota")) is not None:
        # systemd wants the time in each second, in steps of 10 ms; it rounds as it likes, so we round up.
        each = quota * 1_000_000 // (period or 100_000)
        bound("CPUQuotaPerSecUSec", -1 if quota <= 0 else -(-each // 10_000) * 10_000)
    bound("TasksMax", (resources.get("pids") or {}).get("limit"))
    return found


def mask(numbers: str) -> bytes:
    """ "0-3,7" as systemd's bit mask, least byte first."""
    from runtime_ref.cgroup.stats import numbers as listed

    bits = 0
    for number in listed(numbers):
        bits |= 1 << number
    return bits.to_bytes(bits.bit_length() // 8 + 1, "little")


def _manager_cgroup() -> str:
    """The cgroup of the user's manager, below which its units are: known from where this process is."""
    from runtime_ref.cgroup.files import read

    for line in read("/proc/self/cgroup").splitlines():
        if line.startswith("0::") and "@" in line:
            head, _, tail = line[3:].partition("@")
            return head + "@" + tail.partition("/")[0]
    return f"/user.slice/user-{os.geteuid()}.slice/user@{os.geteuid()}.service"


class Bus:
    """A connection to systemd's manager object; use it as a context."""

    def __init__(self, user: bool) -> None:
        try:
            from jeepney.io import blocking  # type: ignore[import-untyped]

            self.connection = blocking.open_dbus_connection("SESSION" if user else "SYSTEM")
        except ImportError:
            raise RuntimeFault("reach systemd", "needs the Python package jeepney") from None
        except (OSError, KeyError) as fault:
            raise RuntimeFault("reach systemd", f"no D-Bus {'session' if user else 'system'} bus: {fault}") from None

    def __enter__(self) -> Bus:
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()

    def call(self, method: str, signature: str, body: tuple[Any, ...]) -> Any:
        """Calls a method of the manager; its results. Raises RuntimeFault with the D-Bus error."""
        import jeepney  # type: ignore[import-untyped]

        manager = jeepney.DBusAddress("/org/freedesktop/systemd1", "org.freedesktop.systemd1", "org.freedesktop.systemd1.Manager")
        try:
            reply = self.connection.send_and_get_reply(jeepney.new_method_call(manager, method, signature, body), timeout=PATIENCE)
        except (TimeoutError, OSError) as fault:
            raise RuntimeFault("reach systemd", f"{method}: {fault or 'no answer'}") from None
        if reply.header.message_type == jeepney.MessageType.error:
            name = reply.header.fields.get(jeepney.HeaderFields.error_name, "")
            raise RuntimeFault(f"systemd {method}", f"{name}: {' '.join(map(str, reply.body))}", "linux.cgroupsPath")
        return reply.body

    def job(self, method: str, signature: str, body: tuple[Any, ...]) -> None:
        """Calls a method that starts a job, and waits for the job to end well."""
        import jeepney
        from jeepney.bus_messages import message_bus  # type: ignore[import-untyped]

        removed = jeepney.MatchRule(
            type="signal", interface="org.freedesktop.systemd1.Manager", member="JobRemoved",
            path="/org/freedesktop/systemd1",
        )  # fmt: skip
        self.connection.send_and_get_reply(message_bus.AddMatch(removed), timeout=PATIENCE)
        self.call("Subscribe", "", ())
        with self.connection.filter(removed, bufsize=1000) as jobs:
            (job,) = self.call(method, signature, body)
            while True:
                try:
                    signal = self.connection.recv_until_filtered(jobs, timeout=PATIENCE)
                except TimeoutError:
                    raise RuntimeFault(f"systemd {method}", f"the job is not done after {PATIENCE:.0f} s") from None
                _, path, unit, result = signal.body
                if path == job:
                    if result != "done":
                        raise RuntimeFault(f"systemd {method}", f"the job for {unit} ended as {result}")
                    return
