"""`linux.resources` as files of cgroup v1: which file, which text, for which member.

https://github.com/opencontainers/runtime-spec/blob/v1.3.0/config-linux.md#configLinuxMemory up to #configLinuxRDMA;
the kernel's Documentation/admin-guide/cgroup-v1. Pure: knows no folder and writes nothing. Device rules are in
`device_rules`.
"""

from __future__ import annotations

if False:
    from collections.abc import Callable
    from typing import Any

    from runtime_ref.cgroup.files import Write

    Has = Callable[[str, str, str], bool]
    """Whether a controller has a file: controller, file, JSON path. Raises RuntimeFault without that controller."""

PLAIN = (
    # object, member, controller, file
    ("memory", "limit", "memory", "memory.limit_in_bytes"),
    ("memory", "swap", "memory", "memory.memsw.limit_in_bytes"),
    ("memory", "reservation", "memory", "memory.soft_limit_in_bytes"),
    ("memory", "kernel", "memory", "memory.kmem.limit_in_bytes"),
    ("memory", "kernelTCP", "memory", "memory.kmem.tcp.limit_in_bytes"),
    ("memory", "swappiness", "memory", "memory.swappiness"),
    ("memory", "disableOOMKiller", "memory", "memory.oom_control"),
    ("memory", "useHierarchy", "memory", "memory.use_hierarchy"),
    ("cpu", "shares", "cpu", "cpu.shares"),
    ("cpu", "period", "cpu", "cpu.cfs_period_us"),
    ("cpu", "quota", "cpu", "cpu.cfs_quota_us"),
    ("cpu", "burst", "cpu", "cpu.cfs_burst_us"),
    ("cpu", "realtimePeriod", "cpu", "cpu.rt_period_us"),
    ("cpu", "realtimeRuntime", "cpu", "cpu.rt_runtime_us"),
    ("cpu", "idle", "cpu", "cpu.idle"),
    ("cpu", "cpus", "cpuset", "cpuset.cpus"),
    ("cpu", "mems", "cpuset", "cpuset.mems"),
    ("pids", "limit", "pids", "pids.max"),
    ("network", "classID", "net_cls", "net_cls.classid"),
)
THROTTLES = (
    ("throttleReadBpsDevice", "read_bps", "rbps"),
    ("throttleWriteBpsDevice", "write_bps", "wbps"),
    ("throttleReadIOPSDevice", "read_iops", "riops"),
    ("throttleWriteIOPSDevice", "write_iops", "wiops"),
)
"""Member, its name in the v1 files, its key in io.max of v2."""


def writes(resources: dict[str, Any], has: Has) -> list[Write]:
    """The limits to write, in the order of the specification.

    `checkBeforeUpdate` needs none: the v1 kernel always checks.
    """
    found: list[Write] = []
    for topic, member, controller, file in PLAIN:
        value = resources.get(topic, _NONE).get(member)
        if value is None:
            continue
        where = f"linux.resources.{topic}.{member}"
        has(controller, file, where)
        found.append((controller, file, _text(topic, value), where))
    found.extend(_block(resources.get("blockIO", _NONE), has))
    for number, entry in enumerate(resources.get("hugepageLimits") or ()):
        where = f"linux.resources.hugepageLimits[{number}]"
        size = entry["pageSize"]
        # The reservation limit where the kernel has it; the other one as well, for faults without a reservation.
        if has("hugetlb", f"hugetlb.{size}.rsvd.limit_in_bytes", where):
            found.append(("hugetlb", f"hugetlb.{size}.rsvd.limit_in_bytes", str(entry["limit"]), where))
        found.append(("hugetlb", f"hugetlb.{size}.limit_in_bytes", str(entry["limit"]), where))
    for number, entry in enumerate(resources.get("network", _NONE).get("priorities") or ()):
        where = f"linux.resources.network.priorities[{number}]"
        has("net_prio", "", where)
        found.append(("net_prio", "net_prio.ifpriomap", f"{entry['name']} {entry['priority']}", where))
    found.extend(rdma(resources, has))
    return found


_NONE: dict[str, Any] = {}


def _text(topic: str, value: int | bool | str) -> str:
    if value is True or value is False:
        return str(int(value))
    if topic == "pids" and value == -1:
        return "max"
    return str(value)


def _block(block: dict[str, Any], has: Has) -> list[Write]:
    """Weights (of the BFQ scheduler, which since Linux 5.0 is the only one that has them) and throttles."""
    found: list[Write] = []
    if not block:
        return found
    path = "linux.resources.blockIO"
    bfq = "bfq." if not has("blkio", "blkio.weight", path) else ""
    for member, name in (("weight", f"{bfq}weight"), ("leafWeight", "leaf_weight")):
        if (value := block.get(member)) is not None:
            found.append(("blkio", f"blkio.{name}", str(value), f"{path}.{member}"))
    for number, entry in enumerate(block.get("weightDevice") or ()):
        device = f"{entry['major']}:{entry['minor']}"
        for member, name in (("weight", f"{bfq}weight_device"), ("leafWeight", "leaf_weight_device")):
            if (value := entry.get(member)) is not None:
                found.append(("blkio", f"blkio.{name}", f"{device} {value}", f"{path}.weightDevice[{number}].{member}"))
    for member, name, _ in THROTTLES:
        for number, entry in enumerate(block.get(member) or ()):
            text = f"{entry['major']}:{entry['minor']} {entry['rate']}"
            found.append(("blkio", f"blkio.throttle.{name}_device", text, f"{path}.{member}[{number}]"))
    return found


def rdma(resources: dict[str, Any], has: Has) -> list[Write]:
    """RDMA handles and objects of each device: the same file in both versions."""
    found: list[Write] = []
    for device, entry in (resources.get("rdma") or {}).items():
        where = f"linux.resources.rdma.{device}"
        has("rdma", "", where)
        pairs = (("hca_handle", entry.get("hcaHandles")), ("hca_object", entry.get("hcaObjects")))
        text = " ".join(f"{key}={value}" for key, value in pairs if value is not None)
        found.append(("rdma", "rdma.max", f"{device} {text}", where))
    return found
