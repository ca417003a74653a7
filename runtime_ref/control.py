"""Commands on the cgroup of a container that exists: pause, resume, update, events; and the refusal of those not offered.

Knows the options of these commands and the form of events. Must not know how a cgroup does it (`cgroup`).
No specification has these operations; the names and forms are those that engines use.
"""

from __future__ import annotations

from runtime_ref import cgroup, state, text, trace
from runtime_ref.errors import RuntimeFault, Usage
from runtime_ref.kernel import os
from runtime_ref.state import CREATED, PAUSED, RUNNING, Record

if False:
    from typing import Any, NoReturn

    from runtime_ref.cgroup import Cgroup
    from runtime_ref.cli import Call

# Option: object and member of linux.resources. Those of bytes may have a unit.
MEMBERS = {
    "memory": ("memory", "limit"),
    "memory-reservation": ("memory", "reservation"),
    "memory-swap": ("memory", "swap"),
    "cpu-shares": ("cpu", "shares"),
    "cpu-quota": ("cpu", "quota"),
    "cpu-period": ("cpu", "period"),
    "cpu-burst": ("cpu", "burst"),
    "cpu-idle": ("cpu", "idle"),
    "cpuset-cpus": ("cpu", "cpus"),
    "cpuset-mems": ("cpu", "mems"),
    "pids-limit": ("pids", "limit"),
    "blkio-weight": ("blockIO", "weight"),
}
TEXTS = ("cpuset-cpus", "cpuset-mems")
UNITS = {"k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}
COUNTED = 0.1  # seconds in which a kill that was told of is in the count
SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def _taken(call: Call, *wanted: str) -> tuple[Record, Cgroup]:
    """The container, locked, whose status must be one of these, and its cgroup. Raises RuntimeFault."""
    record = state.find(call.settings, call.ident).take()
    if record.status not in wanted:
        raise RuntimeFault(f"{call.command} container {record.ident}", f"is {record.status}, not {' or '.join(wanted)}")
    return record, cgroup.from_state(record.data["cgroup"])


def pause_command(call: Call) -> None:
    """`pause ID`: stops all processes where they are."""
    record, group = _taken(call, RUNNING)
    group.freeze()
    if trace.on:
        trace.tell("pause", f"the processes of {record.ident} stand still", "write")


def resume_command(call: Call) -> None:
    """`resume ID`: lets them go on."""
    record, group = _taken(call, PAUSED)
    group.thaw()
    if trace.on:
        trace.tell("resume", f"the processes of {record.ident} go on", "write")


def update_command(call: Call) -> None:
    """`update ID`: the members of --resources, and over them those of single options."""
    from runtime_ref import spec

    resources: dict[str, Any] = {}
    if path := call.options.get("resources"):
        resources = spec.load_resources(path)
    for option, (topic, member) in MEMBERS.items():
        value = call.options.get(option)
        if value is not None:
            resources.setdefault(topic, {})[member] = value if option in TEXTS else amount(option, value)
    if not resources:
        raise Usage("update: nothing to change is given")
    spec.check_resources(resources)
    _, group = _taken(call, CREATED, RUNNING, PAUSED)
    group.limits(cgroup.asked(resources))


def amount(option: str, words: str) -> int:
    """A number, for memory perhaps with a unit: 512m is 512 MiB. Raises Usage."""
    digits, unit = words.lower().removesuffix("b"), 1
    if option.startswith("memory") and digits[-1:] in UNITS:
        digits, unit = digits[:-1], UNITS[digits[-1]]
    try:
        return int(digits) * unit
    except ValueError:
        raise Usage(f"--{option} needs a number, not {words!r}") from None


def seconds(words: str) -> float:
    """A duration such as 5s, 500ms, 2m. Raises Usage."""
    for unit, size in SECONDS.items():
        digits = words.removesuffix(unit)
        if digits != words and digits.replace(".", "", 1).isdecimal():
            return float(digits) * size
    raise Usage(f"--interval needs a time such as 5s or 500ms, not {words!r}")


def events_command(call: Call) -> None:
    """`events ID`: figures at once and then at each interval, OOM kills as they come, until the container has ended."""
    record = state.find(call.settings, call.ident)
    if record.status not in (CREATED, RUNNING, PAUSED):
        raise RuntimeFault(f"events of container {record.ident}", f"is {record.status}, not running")
    group = cgroup.from_state(record.data["cgroup"])
    interval = seconds(call.options.get("interval") or "5s")
    if "stats" in call.options:
        _event(record, "stats", group.stats())
        return
    kills = group.oom()  # before the first line, so that who has read it misses no kill
    _event(record, "stats", group.stats())
    _follow(record, group, interval, kills)


def _follow(record: Record, group: Cgroup, interval: float, kills: Any) -> None:
    import select
    from time import monotonic

    end = os.pidfd_open(record.pid)
    poll = select.poll()
    poll.register(end, select.POLLIN)
    poll.register(kills, kills.mask)
    due = monotonic() + interval
    early = False  # version 1 wakes us before it has counted the kill: then look once more
    while state.alive(record.pid, record.data["start"]):
        left = max(0.0, due - monotonic())
        ready = {fd for fd, _ in poll.poll(min(left, COUNTED if early else left) * 1000)}
        new = kills.take()
        _ooms(record, new)
        early = kills.fd in ready and not new
        if end in ready:
            return
        if monotonic() >= due:
            _event(record, "stats", group.stats())
            due += interval
    _ooms(record, kills.take())


def _ooms(record: Record, count: int) -> None:
    for _ in range(count):
        _event(record, "oom", None)


def _event(record: Record, kind: str, data: Any) -> None:
    event = {"type": kind, "id": record.ident}
    if data is not None:
        event["data"] = data
    print(text.dumps(event), flush=True)


def refused_command(call: Call) -> NoReturn:
    """`checkpoint`, `restore`."""
    raise RuntimeFault(call.command, "this runtime does not offer it; see `features`")
