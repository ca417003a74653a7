"""What a container uses, as the data of a `stats` event: the shape that engines know from runc's `events --stats`.

Numbers are bytes, nanoseconds (CPU) or counts; a limit of "none" is 0 for pids and 2^64-1 for memory. A file that the
kernel does not have leaves its member out or 0. Knows the statistics files of both versions, and nothing of events.
"""

from __future__ import annotations

from runtime_ref.cgroup.files import read_or
from runtime_ref.kernel import os

if False:
    from typing import Any

NO_LIMIT = 2**64 - 1


def number(path: str) -> int:
    """The number in a file; "max" is 2^64-1, no such file is 0."""
    text = read_or(path, "0")
    return NO_LIMIT if text == "max" else int(text or 0)


def table(path: str) -> dict[str, int]:
    """A file of "key number" lines."""
    found: dict[str, int] = {}
    for line in read_or(path, "").splitlines():
        key, _, value = line.partition(" ")
        if value.lstrip("-").isdecimal():
            found[key] = int(value)
    return found


def numbers(text: str) -> list[int]:
    """ "0-3,7" as [0, 1, 2, 3, 7]."""
    found: list[int] = []
    for part in text.split(",") if text.strip() else ():
        low, _, high = part.partition("-")
        found.extend(range(int(low), int(high or low) + 1))
    return found


def v1(dirs: dict[str, str]) -> dict[str, Any]:
    """From the v1 folders, by controller."""
    data: dict[str, Any] = {}
    if (folder := dirs.get("cpuacct")) is not None:
        tick = 1_000_000_000 // os.sysconf("SC_CLK_TCK")
        split = table(folder + "/cpuacct.stat")
        usage: dict[str, Any] = {"total": number(folder + "/cpuacct.usage")}
        if each := read_or(folder + "/cpuacct.usage_percpu", "").split():
            usage["percpu"] = [int(value) for value in each]
        usage.update(kernel=split.get("system", 0) * tick, user=split.get("user", 0) * tick)
        data["cpu"] = {"usage": usage, "throttling": _throttling(table(dirs.get("cpu", folder) + "/cpu.stat"), 1)}
    if (folder := dirs.get("cpuset")) is not None:
        data["cpuset"] = _cpuset(folder, "cpuset.effective_cpus", "cpuset.effective_mems")
    if (folder := dirs.get("memory")) is not None:
        raw = table(folder + "/memory.stat")
        data["memory"] = {
            "cache": raw.get("total_cache", 0),
            "usage": _v1_memory(folder, "memory"),
            "swap": _v1_memory(folder, "memory.memsw"),
            "kernel": _v1_memory(folder, "memory.kmem"),
            "kernelTCP": _v1_memory(folder, "memory.kmem.tcp"),
            "raw": raw,
        }
    if (folder := dirs.get("pids")) is not None:
        data["pids"] = _pids(folder)
    if (folder := dirs.get("blkio")) is not None:
        data["blkio"] = {
            "ioServiceBytesRecursive": _v1_block(folder, "io_service_bytes"),
            "ioServicedRecursive": _v1_block(folder, "io_serviced"),
        }
    if (folder := dirs.get("hugetlb")) is not None:
        names = ("usage_in_bytes", "max_usage_in_bytes", "failcnt")
        data["hugetlb"] = {size: _huge(folder, size, names) for size in _sizes(folder, ".usage_in_bytes")}
    return data


def v2(folder: str) -> dict[str, Any]:
    """From the one folder of v2."""
    cpu = table(folder + "/cpu.stat")
    data: dict[str, Any] = {
        "cpu": {
            "usage": {
                "total": cpu.get("usage_usec", 0) * 1000,
                "kernel": cpu.get("system_usec", 0) * 1000,
                "user": cpu.get("user_usec", 0) * 1000,
            },
            "throttling": _throttling(cpu, 1000),
        }
    }
    if os.path.exists(folder + "/cpuset.cpus.effective"):
        data["cpuset"] = _cpuset(folder, "cpuset.cpus.effective", "cpuset.mems.effective")
    if os.path.exists(folder + "/memory.current"):
        raw = table(folder + "/memory.stat")
        events = table(folder + "/memory.events")
        data["memory"] = {
            "cache": raw.get("file", 0),
            "usage": {
                "usage": number(folder + "/memory.current"),
                "max": number(folder + "/memory.peak"),
                "limit": number(folder + "/memory.max"),
                "failcnt": events.get("max", 0),
            },
            "swap": {
                "usage": number(folder + "/memory.swap.current"),
                "max": number(folder + "/memory.swap.peak"),
                "limit": number(folder + "/memory.swap.max"),
                "failcnt": table(folder + "/memory.swap.events").get("fail", 0),
            },
            "raw": raw,
        }
    if os.path.exists(folder + "/pids.current"):
        data["pids"] = _pids(folder)
    data["blkio"] = _v2_block(folder)
    if sizes := _sizes(folder, ".current"):
        data["hugetlb"] = {size: _huge(folder, size, ("current", "", "")) for size in sizes}
    return data


def _throttling(cpu: dict[str, int], scale: int) -> dict[str, int]:
    time = cpu.get("throttled_usec", 0) * scale if scale > 1 else cpu.get("throttled_time", 0)
    return {"periods": cpu.get("nr_periods", 0), "throttledPeriods": cpu.get("nr_throttled", 0), "throttledTime": time}


def _cpuset(folder: str, cpus: str, mems: str) -> dict[str, list[int]]:
    return {"cpus": numbers(read_or(f"{folder}/{cpus}", "")), "mems": numbers(read_or(f"{folder}/{mems}", ""))}


def _v1_memory(folder: str, name: str) -> dict[str, int]:
    return {
        "limit": number(f"{folder}/{name}.limit_in_bytes"),
        "usage": number(f"{folder}/{name}.usage_in_bytes"),
        "max": number(f"{folder}/{name}.max_usage_in_bytes"),
        "failcnt": number(f"{folder}/{name}.failcnt"),
    }


def _pids(folder: str) -> dict[str, int]:
    limit = number(folder + "/pids.max")
    return {"current": number(folder + "/pids.current"), "limit": 0 if limit == NO_LIMIT else limit}


def _v1_block(folder: str, name: str) -> list[dict[str, Any]]:
    """Entries of the BFQ scheduler's file, or of the throttle's where that has none: lines such as "8:0 Read 4096"."""
    for file in (f"blkio.bfq.{name}_recursive", f"blkio.throttle.{name}_recursive", f"blkio.throttle.{name}"):
        found = []
        for line in read_or(f"{folder}/{file}", "").splitlines():
            words = line.split()
            if len(words) == 3:
                major, minor = words[0].split(":")
                found.append({"major": int(major), "minor": int(minor), "op": words[1], "value": int(words[2])})
        if found:
            return found
    return []


def _v2_block(folder: str) -> dict[str, list[dict[str, Any]]]:
    sizes: list[dict[str, Any]] = []
    counts: list[dict[str, Any]] = []
    for line in read_or(folder + "/io.stat", "").splitlines():
        device, *pairs = line.split()
        major, _, minor = device.partition(":")
        values = dict(pair.split("=", 1) for pair in pairs if "=" in pair)
        for op, key, into in (
            ("Read", "rbytes", sizes), ("Write", "wbytes", sizes), ("Read", "rios", counts), ("Write", "wios", counts),
        ):  # fmt: skip
            if key in values:
                into.append({"major": int(major), "minor": int(minor), "op": op, "value": int(values[key])})
    return {"ioServiceBytesRecursive": sizes, "ioServicedRecursive": counts}


def _sizes(folder: str, end: str) -> list[str]:
    try:
        names = os.listdir(folder)
    except OSError:
        return []
    found = [name[8 : -len(end)] for name in names if name.startswith("hugetlb.") and name.endswith(end)]
    return sorted(size for size in found if "." not in size)


def _huge(folder: str, size: str, names: tuple[str, str, str]) -> dict[str, int]:
    usage, most, fails = names
    return {
        "usage": number(f"{folder}/hugetlb.{size}.{usage}"),
        "max": number(f"{folder}/hugetlb.{size}.{most}") if most else 0,
        "failcnt": number(f"{folder}/hugetlb.{size}.{fails}") if fails else table(f"{folder}/hugetlb.{size}.events").get("max", 0),
    }
