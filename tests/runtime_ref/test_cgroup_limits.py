"""`linux.resources` as files of both cgroup versions, on paper: no cgroup is touched."""

from __future__ import annotations

from typing import Any

import pytest

from runtime_ref import cgroup
from runtime_ref.cgroup import v1_limits, v2_limits
from runtime_ref.errors import RuntimeFault

NO_FILES = {"blkio.weight", "io.bfq.weight"}


def has(controller: str, file: str, where: str) -> bool:
    """Every file of today's kernels, but no RDMA controller."""
    if controller == "rdma":
        raise RuntimeFault("set cgroup limits", "no rdma", where)
    return file not in NO_FILES


def on_v1(**resources: Any) -> dict[str, str]:
    return {file: text for _, file, text, _ in v1_limits.writes(resources, has)}


def on_v2(now: dict[str, str] | None = None, **resources: Any) -> dict[str, str]:
    return {file: text for _, file, text, _ in v2_limits.writes(resources, has, now or {})}


FULL_CPU = {"shares": 512, "quota": 50000, "period": 100000, "burst": 1000, "idle": 0, "cpus": "0-1", "mems": "0"}
FULL_BLOCK = {
    "weight": 500,
    "weightDevice": [{"major": 8, "minor": 0, "weight": 300}],
    "throttleReadBpsDevice": [{"major": 8, "minor": 0, "rate": 600}],
    "throttleWriteIOPSDevice": [{"major": 8, "minor": 16, "rate": 30}],
}


def test_v1_memory() -> None:
    memory = {
        "limit": 1000, "swap": -1, "reservation": 500, "kernel": -1, "kernelTCP": 7, "swappiness": 10,
        "disableOOMKiller": True, "useHierarchy": True, "checkBeforeUpdate": True,
    }  # fmt: skip
    assert on_v1(memory=memory) == {
        "memory.limit_in_bytes": "1000",
        "memory.memsw.limit_in_bytes": "-1",
        "memory.soft_limit_in_bytes": "500",
        "memory.kmem.limit_in_bytes": "-1",
        "memory.kmem.tcp.limit_in_bytes": "7",
        "memory.swappiness": "10",
        "memory.oom_control": "1",
        "memory.use_hierarchy": "1",
    }


def test_v1_cpu_goes_to_two_controllers() -> None:
    found = [(controller, file, text) for controller, file, text, _ in v1_limits.writes({"cpu": FULL_CPU}, has)]
    assert ("cpu", "cpu.cfs_quota_us", "50000") in found
    assert ("cpu", "cpu.cfs_burst_us", "1000") in found
    assert ("cpuset", "cpuset.cpus", "0-1") in found
    assert len(found) == 7


@pytest.mark.parametrize(("limit", "text"), [(-1, "max"), (0, "0"), (12, "12")])
def test_pids_zero_is_a_limit(limit: int, text: str) -> None:
    assert on_v1(pids={"limit": limit}) == {"pids.max": text} == on_v2(pids={"limit": limit})


def test_v1_block_io_takes_the_bfq_file_where_there_is_no_other() -> None:
    assert on_v1(blockIO=FULL_BLOCK) == {
        "blkio.bfq.weight": "500",
        "blkio.bfq.weight_device": "8:0 300",
        "blkio.throttle.read_bps_device": "8:0 600",
        "blkio.throttle.write_iops_device": "8:16 30",
    }


def test_what_engines_write_for_a_container_without_limits_is_no_limit() -> None:
    memory = dict.fromkeys(("limit", "swap", "reservation", "kernel", "kernelTCP"), 0)
    cpu = dict.fromkeys(("shares", "quota", "period", "realtimeRuntime", "realtimePeriod"), 0)
    nothing = cgroup.asked({"memory": memory, "cpu": cpu, "blockIO": {"weight": 0, "leafWeight": 0}})
    assert on_v1(**nothing) == {} == on_v2(**nothing)


def test_a_zero_that_says_something_stays() -> None:
    said = {"memory": {"swappiness": 0, "disableOOMKiller": False}, "cpu": {"idle": 0, "burst": 0}, "pids": {"limit": 0}}
    assert cgroup.asked(said) == said


def test_v1_rest() -> None:
    network = {"classID": 7, "priorities": [{"name": "eth0", "priority": 5}]}
    assert on_v1(network=network, hugepageLimits=[{"pageSize": "2MB", "limit": 4}]) == {
        "net_cls.classid": "7",
        "net_prio.ifpriomap": "eth0 5",
        "hugetlb.2MB.rsvd.limit_in_bytes": "4",
        "hugetlb.2MB.limit_in_bytes": "4",
    }


def test_rdma_names_handles_and_objects() -> None:
    entries = {"mlx5_1": {"hcaHandles": 3, "hcaObjects": 10}, "rxe3": {"hcaObjects": 1}}
    found = v1_limits.rdma({"rdma": entries}, lambda *_: True)
    assert [one[2] for one in found] == ["mlx5_1 hca_handle=3 hca_object=10", "rxe3 hca_object=1"]


def test_v2_keeps_the_usual_weight_and_both_ends() -> None:
    assert [v2_limits.weight(shares) for shares in (2, 1024, 262144)] == [1, 100, 10000]
    weights = [v2_limits.weight(shares) for shares in range(2, 262145, 511)]
    assert weights == sorted(weights)
    assert [v2_limits.io_weight(weight) for weight in (10, 1000)] == [1, 10000]


@pytest.mark.parametrize(
    ("memory", "files"),
    [
        ({"limit": 1000, "swap": 1500}, {"memory.max": "1000", "memory.swap.max": "500"}),
        ({"limit": 1000, "swap": 1000}, {"memory.max": "1000", "memory.swap.max": "0"}),
        ({"limit": 1000, "swap": -1}, {"memory.max": "1000", "memory.swap.max": "max"}),
        ({"limit": -1, "swap": -1}, {"memory.max": "max", "memory.swap.max": "max"}),
        ({"reservation": 5, "kernel": -1, "disableOOMKiller": False, "useHierarchy": True}, {"memory.low": "5"}),
    ],
)
def test_v2_memory(memory: dict[str, Any], files: dict[str, str]) -> None:
    assert on_v2(memory=memory) == files


@pytest.mark.parametrize(
    ("resources", "where"),
    [
        ({"memory": {"swap": 1000}}, "memory.swap"),
        ({"memory": {"limit": 1000, "swap": 999}}, "memory.swap"),
        ({"memory": {"kernel": 1000}}, "memory.kernel"),
        ({"memory": {"swappiness": 0}}, "memory.swappiness"),
        ({"memory": {"disableOOMKiller": True}}, "memory.disableOOMKiller"),
        ({"cpu": {"realtimeRuntime": 1000}}, "cpu.realtimeRuntime"),
        ({"blockIO": {"leafWeight": 10}}, "blockIO.leafWeight"),
        ({"network": {"classID": 1}}, "network.classID"),
        ({"rdma": {"x": {"hcaObjects": 1}}}, "rdma.x"),
        ({"unified": {"memory/max": "1"}}, "unified['memory/max']"),
        ({"unified": {"rdma.max": "1"}}, "unified['rdma.max']"),
    ],
)
def test_v2_refuses_what_it_cannot_convert(resources: dict[str, Any], where: str) -> None:
    with pytest.raises(RuntimeFault) as caught:
        on_v2(**resources)
    assert caught.value.where == f"linux.resources.{where}"


def test_v2_checks_before_an_update_only_if_asked() -> None:
    now = {"memory.current": "5000"}
    assert on_v2(now, memory={"limit": 4000})["memory.max"] == "4000"
    assert on_v2(now, memory={"limit": 5000, "checkBeforeUpdate": True})["memory.max"] == "5000"
    with pytest.raises(RuntimeFault, match="5000 bytes are in use"):
        on_v2(now, memory={"limit": 4000, "checkBeforeUpdate": True})


@pytest.mark.parametrize(
    ("cpu", "text"),
    [
        ({"quota": 50000, "period": 100000}, "50000 100000"),
        ({"quota": -1}, "max 20000"),
        ({"period": 40000}, "9000 40000"),
    ],
)
def test_v2_cpu_max_keeps_the_half_that_is_not_given(cpu: dict[str, int], text: str) -> None:
    assert on_v2({"cpu.max": "9000 20000"}, cpu=cpu) == {"cpu.max": text}


def test_v2_block_io() -> None:
    found = [(file, text) for _, file, text, _ in v2_limits.writes({"blockIO": FULL_BLOCK}, has, {})]
    assert found == [
        ("io.weight", str(v2_limits.io_weight(500))),
        ("io.weight", f"8:0 {v2_limits.io_weight(300)}"),
        ("io.max", "8:0 rbps=600"),
        ("io.max", "8:16 wiops=30"),
    ]


def test_unified_is_written_as_it_stands_a_line_at_a_time() -> None:
    unified = {"io.max": "8:0 rbps=1\n8:16 wiops=2", "memory.unheard_of": "1", "cgroup.max.depth": "3"}
    found = v2_limits.writes({"unified": unified}, has, {})
    assert [one[:3] for one in found] == [
        ("io", "io.max", "8:0 rbps=1"),
        ("io", "io.max", "8:16 wiops=2"),
        ("memory", "memory.unheard_of", "1"),
        ("cgroup", "cgroup.max.depth", "3"),
    ]
