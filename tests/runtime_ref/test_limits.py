"""Limits of one process as the kernel then reports them, and faults with the member's JSON path."""

from __future__ import annotations

import os
import resource
from typing import Any

import pytest

from runtime_ref import limits, shapes
from tests.runtime_ref.within import Refused, within


def after(function: str, member: dict[str, Any], *more: Any) -> dict[str, Any]:
    """Runs in a child: what the kernel says of the process after limits.`function`(member)."""
    from runtime_ref import limits as there
    from runtime_ref.kernel import sys as k

    getattr(there, function)(member, *more)
    found: dict[str, Any] = {
        "limits": {name: k.prlimit(0, number) for name, number in there.RLIMITS.items()},
        "policy": os.sched_getscheduler(0),
        "nice": os.getpriority(os.PRIO_PROCESS, 0),
        "priority": os.sched_getparam(0).sched_priority,
        "cpus": sorted(os.sched_getaffinity(0)),
        "io": k._call("ioprio_get", 1, 0),
        "umask": os.umask(0),
    }
    for name in ("personality", "numa_maps", "oom_score_adj"):
        try:
            with open(f"/proc/self/{name}") as file:
                found[name] = file.read()
        except OSError:
            found[name] = None
    return found


def seen(function: str, member: dict[str, Any], *more: Any) -> dict[str, Any]:
    found: dict[str, Any] = within(after, function, member, *more, cut_off=False)
    return found


def test_the_names_are_those_that_the_configuration_may_hold() -> None:
    assert set(limits.RLIMITS) == set(shapes.RLIMITS)
    assert set(limits.POLICIES) == set(shapes.POLICIES)
    assert set(limits.SCHED_FLAGS) == set(shapes.SCHED_FLAGS)
    assert set(limits.IO_CLASSES) == set(shapes.IO_CLASSES)
    assert set(limits.MEMORY_MODES) == set(shapes.MEMORY_MODES)
    assert set(limits.MEMORY_FLAGS) == set(shapes.MEMORY_FLAGS)
    assert set(limits.DOMAINS) == set(shapes.DOMAINS)
    for name, number in limits.RLIMITS.items():
        assert getattr(resource, name, number) == number


@pytest.mark.parametrize("name", sorted(limits.RLIMITS))
def test_every_rlimit(name: str) -> None:
    _, hard = resource.prlimit(0, limits.RLIMITS[name])
    top = hard % 2**64
    # Not so small that the child could not answer any more.
    soft = min(top, {"RLIMIT_AS": 1 << 40, "RLIMIT_NOFILE": 512}.get(name, 1 << 30))
    found = seen("rlimits", {"rlimits": [{"type": name, "soft": soft, "hard": top}]})
    assert found["limits"][name] == [soft, top]


def raised() -> list[list[int]]:
    """Runs in a child: a limit below, first only raised, then set without rights."""
    from runtime_ref import limits as there
    from runtime_ref.kernel import sys as k

    resource.setrlimit(resource.RLIMIT_CORE, (5, 10))
    entries = {"rlimits": [{"type": "RLIMIT_CORE", "soft": 3, "hard": 8}]}
    there.raise_rlimits(entries)
    steps = [list(k.prlimit(0, there.RLIMITS["RLIMIT_CORE"]))]
    os.setresuid(1000, 1000, 1000)
    there.rlimits(entries)
    return [*steps, list(k.prlimit(0, there.RLIMITS["RLIMIT_CORE"]))]


def test_lowering_waits_for_the_end() -> None:
    assert within(raised, cut_off=False) == [[5, 10], [3, 8]]


def test_raising_a_hard_limit_has_its_path() -> None:
    def lifted() -> None:
        from runtime_ref import limits as there

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        os.setresuid(1000, 1000, 1000)
        there.raise_rlimits({"rlimits": [{"type": "RLIMIT_CORE", "soft": 1, "hard": 1}]})

    with pytest.raises(Refused) as refused:
        within(lifted, cut_off=False)
    assert "process.rlimits[0]: RLIMIT_CORE to 1, 1: prlimit64: Operation not permitted" in refused.value.text


def test_a_limit_above_what_is_allowed_has_its_path() -> None:
    def lowered() -> None:
        from runtime_ref import limits as there

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        os.setresuid(1000, 1000, 1000)
        there.rlimits(
            {
                "rlimits": [
                    {"type": "RLIMIT_CPU", "soft": 1000, "hard": 1000},
                    {"type": "RLIMIT_CORE", "soft": 1, "hard": 1},
                ]
            }
        )

    with pytest.raises(Refused) as refused:
        within(lowered, cut_off=False)
    assert "process.rlimits[1]: RLIMIT_CORE to 1, 1: prlimit64: Operation not permitted" in refused.value.text


@pytest.mark.parametrize("policy", ["SCHED_OTHER", "SCHED_BATCH", "SCHED_IDLE"])
def test_scheduler(policy: str) -> None:
    found = seen("scheduler", {"scheduler": {"policy": policy, "nice": 7}})
    assert (found["policy"], found["nice"]) == (limits.POLICIES[policy], 7)


def test_scheduler_flags_and_default_nice() -> None:
    found = seen("scheduler", {"scheduler": {"policy": "SCHED_BATCH", "flags": ["SCHED_FLAG_RESET_ON_FORK"]}})
    assert found["policy"] == limits.POLICIES["SCHED_BATCH"] | os.SCHED_RESET_ON_FORK
    assert found["nice"] == 0


@pytest.mark.parametrize("policy", ["SCHED_FIFO", "SCHED_RR"])
def test_real_time_policies(policy: str) -> None:
    try:
        found = seen("scheduler", {"scheduler": {"policy": policy, "priority": 5}})
    except Refused as refused:
        # No CAP_SYS_NICE, or a cgroup without real-time budget.
        assert f"process.scheduler: {policy}: sched_setattr: Operation not permitted" in refused.text
    else:
        assert (found["policy"], found["priority"]) == (limits.POLICIES[policy], 5)


def test_scheduler_refused_has_its_path() -> None:
    with pytest.raises(Refused) as refused:
        seen("scheduler", {"scheduler": {"policy": "SCHED_DEADLINE", "runtime": 5, "deadline": 4, "period": 3}})
    assert "process.scheduler: SCHED_DEADLINE: sched_setattr" in refused.value.text


@pytest.mark.parametrize(("name", "number"), [("IOPRIO_CLASS_BE", 2), ("IOPRIO_CLASS_IDLE", 3)])
def test_io_priority(name: str, number: int) -> None:
    assert seen("io_priority", {"ioPriority": {"class": name, "priority": 6}})["io"] == number << 13 | 6


def test_personality() -> None:
    found = seen("personality", {"personality": {"domain": "LINUX32"}})
    assert found["personality"] in ("00000008\n", None)  # the file is for the owner with ptrace rights only


@pytest.mark.parametrize(
    ("mode", "nodes", "flags", "shown"),
    [
        ("MPOL_BIND", "0", [], "bind:0"),
        ("MPOL_BIND", "0", ["MPOL_F_STATIC_NODES"], "bind=static:0"),
        ("MPOL_INTERLEAVE", "0", ["MPOL_F_RELATIVE_NODES"], "interleave=relative:0"),
        ("MPOL_PREFERRED", "0", [], "prefer:0"),
        ("MPOL_LOCAL", "", [], "local"),
        ("MPOL_DEFAULT", "", [], "default"),
    ],
)
def test_memory_policy(mode: str, nodes: str, flags: list[str], shown: str) -> None:
    if not os.path.exists("/proc/self/numa_maps"):
        pytest.skip("the kernel is built without NUMA: no /proc/self/numa_maps")
    found = seen("memory_policy", {"memoryPolicy": {"mode": mode, "nodes": nodes, "flags": flags}})
    assert found["numa_maps"].split()[1] == shown


def test_memory_policy_refused_has_its_path() -> None:
    with pytest.raises(Refused) as refused:
        seen("memory_policy", {"memoryPolicy": {"mode": "MPOL_BIND", "nodes": "1000"}})
    assert "linux.memoryPolicy: MPOL_BIND 1000: set_mempolicy" in refused.value.text


def test_affinity() -> None:
    first = sorted(os.sched_getaffinity(0))[0]
    member = {"execCPUAffinity": {"initial": str(first), "final": ""}}
    assert seen("affinity", member, "initial")["cpus"] == [first]
    assert seen("affinity", member, "final")["cpus"] == sorted(os.sched_getaffinity(0))


def test_oom_score() -> None:
    with open("/proc/self/oom_score_adj") as file:
        now = int(file.read())
    higher = min(1000, now + 17)
    assert seen("oom_score_adj", {"oomScoreAdj": higher})["oom_score_adj"] == f"{higher}\n"
    assert seen("oom_score_adj", {})["oom_score_adj"] == f"{now}\n"


def test_umask() -> None:
    assert seen("umask", {"user": {"umask": 0o27}})["umask"] == 0o27
    assert seen("umask", {"user": {"umask": 0}})["umask"] == 0


def test_number_lists() -> None:
    assert shapes.ranges("0-3,7") == [0, 1, 2, 3, 7]
    assert shapes.ranges(" ") == []
    for wrong in ("a", "3-1", "1,", "-1", "1-", "99999"):
        with pytest.raises(shapes.Bad):
            shapes.ranges(wrong)
