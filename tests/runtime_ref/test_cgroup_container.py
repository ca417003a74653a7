"""Resources of whole containers on the reference runtime, on whichever cgroup version this machine has."""

from __future__ import annotations

import json
import os
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bundles import patches
from runtime_ref import cgroup
from tests.runtime_ref.reference import DEADLINE, Reference

HERE = cgroup.here()
V2 = HERE.version == 2
pytestmark = pytest.mark.skipif(os.geteuid() != 0 or not HERE.version, reason=f"needs root and cgroups; uid {os.geteuid()}, version {HERE.version}")
MIB = 1 << 20
HOLD = patches.runs("hold")
NULL_ONLY = [{"allow": False, "access": "rwm"}, {"allow": True, "type": "c", "major": 1, "minor": 11, "access": "r"}]


@pytest.fixture
def reference(tmp_path: Path) -> Iterator[Reference]:
    made = Reference(tmp_path)
    yield made
    made.end()


@pytest.fixture
def place() -> str:
    return f"/proctor-test-{uuid.uuid4().hex[:12]}"


def at(place: str, *given: dict[str, Any]) -> list[dict[str, Any]]:
    return [*given, {"linux": {"cgroupsPath": place}}]


def file_of(place: str, controller: str, on_v1: str, on_v2: str) -> str:
    """The text of a limit's file."""
    base = HERE.unified if V2 else HERE.v1[controller]
    with open(f"{base}{place}/{on_v2 if V2 else on_v1}") as file:
        return file.read().strip()


def folders(place: str) -> list[str]:
    bases = [HERE.unified] if V2 else list(HERE.v1.values())
    return [base + place for base in bases if os.path.exists(base + place)]


def running(reference: Reference, place: str, *given: dict[str, Any]) -> str:
    ident = reference.ident()
    reference.create(reference.bundle(HOLD, *at(place, *given)), ident)
    reference.ok("start", ident)
    return ident


def test_limits_are_there_before_the_program_starts_and_delete_removes_all(reference: Reference, place: str) -> None:
    limits = patches.resources(
        memory={"limit": 64 * MIB, "swap": 64 * MIB, "reservation": 32 * MIB},
        cpu={"shares": 1024, "quota": 50000, "period": 100000, "cpus": "0", "mems": "0"},
        pids={"limit": 20},
    )
    ident = reference.ident()
    reference.create(reference.bundle(HOLD, *at(place, limits)), ident)
    assert reference.state(ident)["status"] == "created"
    assert file_of(place, "memory", "memory.limit_in_bytes", "memory.max") == str(64 * MIB)
    assert file_of(place, "memory", "memory.soft_limit_in_bytes", "memory.low") == str(32 * MIB)
    assert file_of(place, "pids", "pids.max", "pids.max") == "20"
    assert file_of(place, "cpuset", "cpuset.cpus", "cpuset.cpus") == "0"
    assert file_of(place, "cpu", "cpu.cfs_quota_us", "cpu.max").split()[0] == "50000"
    assert str(reference.state(ident)["pid"]) in file_of(place, "pids", "cgroup.procs", "cgroup.procs").split()
    reference.ok("delete", "--force", ident)
    assert folders(place) == []


def test_the_process_is_in_its_cgroup_and_sees_it_as_root_in_a_new_namespace(reference: Reference, place: str) -> None:
    namespaces = patches.namespaces("pid", "mount", "ipc", "uts", "cgroup")
    (line,) = reference.lines(reference.bundle(patches.runs("dump"), *at(place)))
    assert f":{place}\n" in line["files"]["cgroup"]
    (line,) = reference.lines(reference.bundle(patches.runs("dump"), *at(place, namespaces)))
    seen = {entry.split(":", 2)[2] for entry in line["files"]["cgroup"].splitlines() if place in entry or V2}
    assert seen <= {"/"}
    assert ":/\n" in line["files"]["cgroup"]


def test_pids_limit_stops_forks(reference: Reference, place: str) -> None:
    limit = patches.resources(pids={"limit": 5})
    (line,) = reference.lines(reference.bundle(patches.runs("fork-tree", 20), *at(place, limit)))
    assert line["errno"] == "EAGAIN"
    assert line["made"] <= 5


def test_memory_limit_kills(reference: Reference, place: str) -> None:
    limit = patches.resources(memory={"limit": 16 * MIB, "swap": 16 * MIB})
    (line,) = reference.lines(reference.bundle(patches.runs("memory", 64 * MIB), *at(place, limit)))
    assert line["signal"] == "SIGKILL"


def test_device_rules_hold_for_the_program(reference: Reference, place: str) -> None:
    nodes = patches.devices(
        {"path": "/dev/kmsg", "type": "c", "major": 1, "minor": 11},
        {"path": "/dev/port", "type": "c", "major": 1, "minor": 4},
    )
    program = patches.runs("open", "/dev/kmsg", "O_RDONLY", "open", "/dev/port", "O_RDONLY", "open", "/dev/null", "O_RDWR")
    given = at(place, nodes, patches.resources(devices=NULL_ONLY), patches.all_capabilities("CAP_SYS_RAWIO", "CAP_SYSLOG"))
    lines = reference.lines(reference.bundle(program, *given))
    assert [line["errno"] for line in lines] == ["OK", "EPERM", "OK"]


def test_pause_and_resume(reference: Reference, place: str) -> None:
    ident = running(reference, place)
    reference.ok("pause", ident)
    assert reference.state(ident)["status"] == "paused"
    assert reference.call("pause", ident).returncode != 0
    reference.ok("resume", ident)
    assert reference.state(ident)["status"] == "running"
    assert reference.call("resume", ident).returncode != 0


def test_exec_joins_the_cgroup_but_not_a_paused_one(reference: Reference, place: str) -> None:
    ident = running(reference, place, patches.resources(pids={"limit": 9}))
    line = json.loads(reference.ok("exec", ident, "/probe", "dump"))
    assert f":{place}\n" in line["files"]["cgroup"]
    reference.ok("pause", ident)
    assert reference.call("exec", ident, "/probe", "dump").returncode != 0
    reference.ok("resume", ident)
    pids = json.loads(reference.ok("ps", "--format", "json", ident))
    assert pids == [reference.state(ident)["pid"]]


def test_a_paused_container_can_be_killed_and_deleted(reference: Reference, place: str) -> None:
    ident = running(reference, place)
    reference.ok("pause", ident)
    reference.ok("delete", "--force", ident)
    assert folders(place) == []


def test_update_by_options_and_by_a_document(reference: Reference, place: str) -> None:
    ident = running(reference, place, patches.resources(memory={"limit": 64 * MIB}, pids={"limit": 10}))
    reference.ok("update", "--memory", str(128 * MIB), "--pids-limit", "30", ident)
    assert file_of(place, "memory", "memory.limit_in_bytes", "memory.max") == str(128 * MIB)
    assert file_of(place, "pids", "pids.max", "pids.max") == "30"
    reference.ok("update", "--resources", "-", ident, text=json.dumps({"cpu": {"quota": 20000, "period": 100000}}))
    assert file_of(place, "cpu", "cpu.cfs_quota_us", "cpu.max").split()[0] == "20000"
    assert file_of(place, "pids", "pids.max", "pids.max") == "30"


def test_stats(reference: Reference, place: str) -> None:
    ident = running(reference, place, patches.resources(memory={"limit": 64 * MIB}, pids={"limit": 10}))
    event = json.loads(reference.ok("events", "--stats", ident))
    assert event["type"] == "stats"
    assert event["id"] == ident
    assert event["data"]["pids"] == {"current": 1, "limit": 10}
    assert event["data"]["memory"]["usage"]["limit"] == 64 * MIB
    assert event["data"]["cpu"]["usage"]["total"] > 0


def test_an_oom_kill_is_an_event(reference: Reference, place: str) -> None:
    limit = patches.resources(memory={"limit": 16 * MIB, "swap": 16 * MIB})
    ident = reference.ident()
    program = patches.runs("catch", "SIGUSR1", "pause", "memory", 64 * MIB, "hold")
    reading, writing = os.pipe()
    reference.create(reference.bundle(program, *at(place, limit)), ident, writing)
    os.close(writing)
    reference.ok("start", ident)
    with open(reading) as printed:
        assert json.loads(printed.readline())["kind"] == "catching"  # before that the signal would be lost
        _sees_oom(reference, ident)


def _sees_oom(reference: Reference, ident: str) -> None:
    words = reference.words("events", "--interval", "1s", ident)
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as events:
        assert events.stdout
        first = json.loads(events.stdout.readline())
        assert first["type"] == "stats"
        reference.ok("kill", ident, "USR1")
        kinds = set()
        for _ in range(int(DEADLINE)):  # figures come every second, whatever else keeps the machine busy
            kinds.add(json.loads(events.stdout.readline())["type"])
            if "oom" in kinds:
                break
        reference.ok("delete", "--force", ident)
        events.stdout.read()
        assert events.wait(DEADLINE) == 0
    assert "oom" in kinds


def test_a_limit_that_cannot_be_set_fails_create_and_leaves_nothing(reference: Reference, place: str) -> None:
    bundle = reference.bundle(HOLD, *at(place, patches.resources(cpu={"cpus": "4000"})))
    done = reference.call("create", "--bundle", str(bundle), "never")
    assert done.returncode != 0
    assert "linux.resources.cpu.cpus" in done.stderr
    assert folders(place) == []
    assert reference.call("state", "never").returncode != 0


def test_processes_left_in_the_cgroup_go_with_delete(reference: Reference, place: str) -> None:
    no_pid_namespace = patches.namespaces("mount", "ipc", "uts")
    bundle = reference.bundle(patches.runs("spawn-orphan"), *at(place, no_pid_namespace))
    ident = reference.ident()
    output = reference.folder / "output"
    with open(output, "w") as file:
        reference.create(bundle, ident, file)
    end = os.pidfd_open(reference.state(ident)["pid"])
    reference.ok("start", ident)
    ended(end)
    orphan = json.loads(output.read_text())["pid"]
    left = os.pidfd_open(orphan)
    reference.ok("delete", ident)
    ended(left)
    assert folders(place) == []


def ended(pidfd: int) -> None:
    """Waits for the end of a process that is not our child; closes the descriptor."""
    import select

    assert select.select([pidfd], [], [], DEADLINE)[0]
    os.close(pidfd)


def test_the_same_place_twice_is_refused(reference: Reference, place: str) -> None:
    running(reference, place)
    second = reference.bundle(HOLD, *at(place))
    done = reference.call("create", "--bundle", str(second), "second")
    assert done.returncode != 0
    assert "already has processes" in done.stderr
    assert folders(place)


@pytest.mark.skipif(not V2, reason="unified needs cgroup v2 with controllers")
def test_unified_and_its_errors(reference: Reference, place: str) -> None:
    ident = running(reference, place, patches.resources(unified={"memory.high": str(48 * MIB), "pids.max": "9"}))
    assert file_of(place, "memory", "", "memory.high") == str(48 * MIB)
    reference.ok("delete", "--force", ident)
    bundle = reference.bundle(HOLD, *at(place, patches.resources(unified={"nosuch.max": "1"})))
    done = reference.call("create", "--bundle", str(bundle), "never")
    assert done.returncode != 0
    assert "linux.resources.unified" in done.stderr
    assert folders(place) == []
