"""`linux.resources` as files of cgroup v2: the v1 terms of the specification converted, and `unified` as it stands.

https://github.com/opencontainers/runtime-spec/blob/v1.3.0/config-linux.md#configLinuxUnified; the kernel's
Documentation/admin-guide/cgroup-v2.rst. Pure but for `has`, which tells of files. A member without counterpart is an
error unless its value is what v2 does anyway. Device rules are in `device_rules` and `devices_bpf`.
"""

from __future__ import annotations

from runtime_ref.cgroup.v1_limits import THROTTLES, rdma
from runtime_ref.errors import RuntimeFault

if False:
    from typing import Any

    from runtime_ref.cgroup.files import Write
    from runtime_ref.cgroup.v1_limits import Has

_NONE: dict[str, Any] = {}


def weight(shares: int) -> int:
    """cpu.shares (2 to 262144, usual 1024) as cpu.weight (1 to 10000, usual 100).

    The usual value and both ends meet, and between them the curve is smooth: the exponent of ten is a quadratic of the
    exponent of two. (The straight line of older runtimes turns the usual 1024 into 39, below every ordinary neighbour.)
    """
    import math

    if shares <= 2:
        return 1
    if shares >= 262144:
        return 10000
    power = math.log2(shares)
    return math.ceil(10 ** ((power * power + 125 * power) / 612.0 - 7.0 / 34.0))


def io_weight(block_weight: int) -> int:
    """blkio.weight (10 to 1000) on the straight line to io.weight (1 to 10000)."""
    return 1 + (block_weight - 10) * 9999 // 990


def writes(resources: dict[str, Any], has: Has, now: dict[str, str]) -> list[Write]:
    """The limits to write. `now`: texts of the files whose present value counts (cpu.max, memory.current)."""
    found = _memory(resources.get("memory") or _NONE, has, now)
    found += _cpu(resources.get("cpu") or _NONE, has, now)
    if (limit := resources.get("pids", _NONE).get("limit")) is not None:
        found.append(_one(has, "pids", "pids.max", _bound(limit), "linux.resources.pids.limit"))
    found += _block(resources.get("blockIO") or _NONE, has)
    for number, entry in enumerate(resources.get("hugepageLimits") or ()):
        where = f"linux.resources.hugepageLimits[{number}]"
        size = entry["pageSize"]
        if has("hugetlb", f"hugetlb.{size}.rsvd.max", where):
            found.append(("hugetlb", f"hugetlb.{size}.rsvd.max", str(entry["limit"]), where))
        found.append(("hugetlb", f"hugetlb.{size}.max", str(entry["limit"]), where))
    for member in ("classID", "priorities"):
        if resources.get("network", _NONE).get(member):
            raise _no_way(f"linux.resources.network.{member}", "has no counterpart")
    return found + rdma(resources, has) + _unified(resources.get("unified") or _NONE, has)


def _one(has: Has, controller: str, file: str, text: str, where: str) -> Write:
    has(controller, file, where)
    return controller, file, text, where


def _no_way(where: str, why: str) -> RuntimeFault:
    return RuntimeFault("set cgroup limits", f"{why} in cgroup v2", where)


def _bound(value: int) -> str:
    return "max" if value < 0 else str(value)


def _memory(memory: dict[str, Any], has: Has, now: dict[str, str]) -> list[Write]:
    path = "linux.resources.memory"
    found: list[Write] = []
    limit, swap = memory.get("limit"), memory.get("swap")
    if limit is not None:
        if memory.get("checkBeforeUpdate") and 0 <= limit < int(now.get("memory.current", "0")):
            raise RuntimeFault("set cgroup limits", f"{now['memory.current']} bytes are in use", f"{path}.limit")
        found.append(_one(has, "memory", "memory.max", _bound(limit), f"{path}.limit"))
    if swap is not None:
        found += _swap(swap, limit, has, f"{path}.swap")
    if (low := memory.get("reservation")) is not None:
        found.append(_one(has, "memory", "memory.low", _bound(low), f"{path}.reservation"))
    for member, usual in (("kernel", -1), ("kernelTCP", -1), ("disableOOMKiller", False), ("useHierarchy", True)):
        if memory.get(member, usual) != usual:
            raise _no_way(f"{path}.{member}", "has no counterpart")
    if memory.get("swappiness") is not None:
        raise _no_way(f"{path}.swappiness", "has no counterpart")
    return found


def _swap(swap: int, limit: int | None, has: Has, where: str) -> list[Write]:
    """v1 bounds memory and swap together, v2 swap alone."""
    if swap < 0:
        text = "max"
    elif limit is None or limit < 0:
        raise _no_way(where, "a sum of memory and swap without a limit of the memory has no counterpart")
    elif swap < limit:
        raise RuntimeFault("set cgroup limits", f"is lower than the memory limit {limit}", where)
    else:
        text = str(swap - limit)
    if not has("memory", "memory.swap.max", where) and text in ("max", "0"):
        return []  # a kernel that does not account swap
    return [("memory", "memory.swap.max", text, where)]


def _cpu(cpu: dict[str, Any], has: Has, now: dict[str, str]) -> list[Write]:
    path = "linux.resources.cpu"
    found: list[Write] = []
    if shares := cpu.get("shares"):
        found.append(_one(has, "cpu", "cpu.weight", str(weight(shares)), f"{path}.shares"))
    quota, period = cpu.get("quota"), cpu.get("period")
    if quota is not None or period is not None:
        was_quota, _, was_period = (now.get("cpu.max") or "max 100000").partition(" ")
        text = f"{was_quota if quota is None else _bound(quota)} {period or was_period}"
        found.append(_one(has, "cpu", "cpu.max", text, f"{path}.{'period' if quota is None else 'quota'}"))
    if (burst := cpu.get("burst")) is not None:
        found.append(_one(has, "cpu", "cpu.max.burst", str(burst), f"{path}.burst"))
    for member in ("realtimeRuntime", "realtimePeriod"):
        if cpu.get(member):
            raise _no_way(f"{path}.{member}", "has no counterpart")
    if (idle := cpu.get("idle")) is not None:
        found.append(_one(has, "cpu", "cpu.idle", str(idle), f"{path}.idle"))
    for member in ("cpus", "mems"):
        if (numbers := cpu.get(member)) is not None:
            found.append(_one(has, "cpuset", f"cpuset.{member}", numbers, f"{path}.{member}"))
    return found


def _block(block: dict[str, Any], has: Has) -> list[Write]:
    path = "linux.resources.blockIO"
    found: list[Write] = []
    if not block:
        return found
    bfq = has("io", "io.bfq.weight", path)

    def weigh(device: str, value: int, where: str) -> Write:
        text = str(value if bfq else io_weight(value))
        return "io", "io.bfq.weight" if bfq else "io.weight", f"{device}{text}", where

    if (value := block.get("weight")) is not None:
        found.append(weigh("", value, f"{path}.weight"))
    if block.get("leafWeight") is not None:
        raise _no_way(f"{path}.leafWeight", "has no counterpart")
    for number, entry in enumerate(block.get("weightDevice") or ()):
        where = f"{path}.weightDevice[{number}]"
        if entry.get("leafWeight") is not None:
            raise _no_way(f"{where}.leafWeight", "has no counterpart")
        if (value := entry.get("weight")) is not None:
            found.append(weigh(f"{entry['major']}:{entry['minor']} ", value, f"{where}.weight"))
    for member, _, key in THROTTLES:
        for number, entry in enumerate(block.get(member) or ()):
            text = f"{entry['major']}:{entry['minor']} {key}={entry['rate'] or 'max'}"
            found.append(("io", "io.max", text, f"{path}.{member}[{number}]"))
    return found


def _unified(unified: dict[str, str], has: Has) -> list[Write]:
    """Files by name. Each line is a write of its own: a file such as io.max takes one device at a time."""
    found: list[Write] = []
    for file, text in unified.items():
        where = f"linux.resources.unified[{file!r}]"
        controller, dot, rest = file.partition(".")
        if not dot or not rest or not controller or "/" in file:
            raise RuntimeFault("set cgroup limits", "is no name of a cgroup file", where)
        has(controller, file, where)
        found.extend((controller, file, line, where) for line in text.split("\n") if line or not text)
    return found
