"""The v2 driver on this machine's unified hierarchy, with whatever controllers it has, and the eBPF device program."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from runtime_ref import cgroup
from runtime_ref.cgroup import devices_bpf, files
from runtime_ref.cgroup.v2 import V2
from runtime_ref.errors import RuntimeFault
from tests.runtime_ref import opens

HERE = cgroup.here()
ROOT = HERE.unified
UNIFIED = cgroup.Hierarchies({}, ROOT)
pytestmark = pytest.mark.skipif(
    not ROOT or os.geteuid() != 0, reason=f"needs root and a cgroup2 mount; found {ROOT!r}, uid {os.geteuid()}"
)
CONTROLLERS = files.read(ROOT + "/cgroup.controllers").split() if ROOT else []


def controller(name: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(name not in CONTROLLERS, reason=f"cgroup v2 has only the controllers {CONTROLLERS}")


def chosen(path: str, **config: Any) -> V2:
    config["linux"] = {**config.get("linux", {}), "cgroupsPath": path}
    found = cgroup.choose(config, "x", found=UNIFIED)
    assert isinstance(found, V2)
    return found


@pytest.fixture
def place() -> str:
    return f"/proctor-test-{uuid.uuid4().hex[:12]}/leaf"


@pytest.fixture
def made(place: str) -> Iterator[V2]:
    found = chosen(place)
    found.create()
    yield found
    cgroup.from_state(found.paths).remove()
    assert not [folder for folder in found.made if os.path.exists(folder)]


def inside(found: V2, *argv: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(argv or ("cat",), stdin=subprocess.PIPE, stdout=subprocess.PIPE, preexec_fn=found.join)


def text(found: V2, file: str) -> str:
    with open(f"{found.folder}/{file}") as opened:
        return opened.read().strip()


def opened(found: V2, *devices: str) -> dict[str, str]:
    child = inside(found, sys.executable, opens.__file__, *devices)
    return dict(line.split() for line in child.communicate()[0].decode().splitlines())


def test_the_place_and_who_is_in_it(made: V2, place: str) -> None:
    child = inside(made)
    with open(f"/proc/{child.pid}/cgroup") as file:
        assert f"0::{place}\n" in file.read()
    assert made.pids() == [child.pid]
    child.communicate()
    assert made.pids() == []


def test_a_child_is_born_inside(made: V2, place: str) -> None:
    from runtime_ref.kernel import sys as k

    fd = made.fd_for_clone()
    assert fd is not None
    pid = k.clone3(0, signal.SIGCHLD, fd)
    if pid == 0:
        with open("/proc/self/cgroup") as file:
            os._exit(0 if f"0::{place}\n" in file.read() else 9)
    os.close(fd)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def test_device_rules_are_enforced_and_replaced(made: V2) -> None:
    deny = {"allow": False, "access": "rwm"}
    made.limits({"devices": [deny, {"allow": True, "type": "c", "major": 1, "minor": 11, "access": "rm"}]})
    assert opened(made, "1:3", "1:9", "1:11", "1:4") == {"1:3": "OK", "1:9": "OK", "1:11": "OK", "1:4": "EPERM"}
    made.limits({"devices": [deny]})
    assert opened(made, "1:3", "1:11") == {"1:3": "OK", "1:11": "EPERM"}
    fd = os.open(made.folder, os.O_DIRECTORY)
    assert len(devices_bpf.attached(fd)) == 1
    made.limits({"devices": [{"allow": True, "access": "rwm"}]})
    assert opened(made, "1:3", "1:11") == {"1:3": "OK", "1:11": "OK"}
    assert len(devices_bpf.attached(fd)) == 1
    os.close(fd)


def test_a_long_list_of_rules_is_taken_by_the_kernel(made: V2) -> None:
    rules: list[dict[str, Any]] = [
        {"allow": bool(minor % 3), "type": "c", "major": 240, "minor": minor, "access": "rw"} for minor in range(300)
    ]
    made.limits({"devices": [*rules, {"allow": False, "type": "c", "major": 1, "minor": 11, "access": "r"}]})
    assert opened(made, "1:9", "1:11") == {"1:9": "OK", "1:11": "EPERM"}


def test_pause_and_resume(made: V2) -> None:
    child = inside(made)
    made.freeze()
    assert made.frozen()
    assert child.stdin
    child.stdin.close()
    fd = os.pidfd_open(child.pid)
    assert not select.select([fd], [], [], 0)[0]
    made.thaw()
    assert select.select([fd], [], [], 30)[0]
    os.close(fd)
    child.wait()
    assert not made.frozen()


def test_kill_reaches_all_and_ends_a_pause(made: V2) -> None:
    children = [inside(made) for _ in range(3)]
    made.freeze()
    made.kill(signal.SIGKILL)
    assert [child.wait(timeout=30) for child in children] == [-signal.SIGKILL] * 3


def test_another_signal(made: V2) -> None:
    child = inside(made)
    made.kill(signal.SIGTERM)
    assert child.wait(timeout=30) == -signal.SIGTERM
    assert not made.frozen()


def test_remove_takes_nested_cgroups_and_running_processes(place: str) -> None:
    found = chosen(place)
    found.create()
    nested = found.folder + "/nested/deeper"
    os.makedirs(nested)
    child = inside(found)
    with open(nested + "/cgroup.procs", "w") as file:
        file.write(str(child.pid))
    cgroup.from_state(found.paths).remove()
    assert child.wait(timeout=30) == -signal.SIGKILL
    assert not os.path.exists(os.path.dirname(found.folder))


def test_an_occupied_cgroup_is_refused(made: V2, place: str) -> None:
    child = inside(made)
    with pytest.raises(RuntimeFault, match="already has processes"):
        chosen(place).create()
    child.communicate()


def owned(**changes: Any) -> V2:
    """The cgroup of a configuration whose process is uid 7 behind a mapping to 1000; `changes` go into the mount."""
    mount = {"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup", "options": ["rw"], **changes}
    linux = {
        "namespaces": [{"type": "cgroup"}, {"type": "user"}],
        "uidMappings": [{"containerID": 0, "hostID": 1000, "size": 10}],
    }
    return chosen("/x", linux=linux, mounts=[mount], process={"user": {"uid": 7, "gid": 0}})


def test_who_gets_to_own_the_cgroup() -> None:
    assert owned().owner == 1007
    assert owned(options=["ro"]).owner is None
    assert owned(source="other").owner is None
    assert owned(destination="/elsewhere").owner is None
    assert chosen("/x", linux={"namespaces": []}, process={"user": {"uid": 7}}).owner is None


def test_only_the_delegated_files_change_hands(place: str) -> None:
    found = chosen(place)
    found.owner = 1007
    found.create()
    try:
        with open("/sys/kernel/cgroup/delegate") as file:
            delegated = set(file.read().split())
        present = set(os.listdir(found.folder))
        uids = {name: os.stat(f"{found.folder}/{name}").st_uid for name in present}
        assert {name for name, uid in uids.items() if uid == 1007} == delegated & present
        assert os.stat(found.folder).st_uid == 1007
        assert os.stat(os.path.dirname(found.folder)).st_uid == 0
    finally:
        found.remove()


def test_a_controller_that_is_absent_is_an_error(made: V2) -> None:
    with pytest.raises(RuntimeFault, match="nosuch is not available") as caught:
        made.limits({"unified": {"nosuch.max": "1"}})
    assert caught.value.where == "linux.resources.unified['nosuch.max']"


def test_a_core_file_by_unified(made: V2) -> None:
    made.limits({"unified": {"cgroup.max.depth": "3"}})
    assert text(made, "cgroup.max.depth") == "3"


@controller("pids")
def test_pids(made: V2) -> None:
    made.limits({"pids": {"limit": 7}})
    assert text(made, "pids.max") == "7"
    made.limits({"pids": {"limit": -1}})
    assert text(made, "pids.max") == "max"
    child = inside(made)
    assert made.stats()["pids"]["current"] == 1
    child.communicate()


@controller("memory")
def test_memory_limit_and_oom_kill(made: V2) -> None:
    made.limits({"memory": {"limit": 16 << 20, "swap": 16 << 20}, "unified": {"memory.high": "max"}})
    assert text(made, "memory.max") == str(16 << 20)
    watch = made.oom()
    poll = select.poll()
    poll.register(watch, watch.mask)
    child = inside(made, sys.executable, "-c", "x = bytearray(256 << 20)")
    child.communicate()
    assert child.returncode == -signal.SIGKILL
    assert poll.poll(60_000)
    assert watch.take() >= 1
    assert not poll.poll(0)
    watch.close()
    assert made.stats()["memory"]["usage"]["limit"] == 16 << 20


@controller("cpu")
def test_cpu(made: V2) -> None:
    made.limits({"cpu": {"shares": 1024, "quota": 50000, "period": 100000, "burst": 1000}})
    assert text(made, "cpu.weight") == "100"
    assert text(made, "cpu.max") == "50000 100000"
    assert text(made, "cpu.max.burst") == "1000"
    made.limits({"cpu": {"quota": -1}})
    assert text(made, "cpu.max") == "max 100000"


@controller("cpuset")
def test_cpuset(made: V2) -> None:
    made.limits({"cpu": {"cpus": "0", "mems": "0"}})
    assert text(made, "cpuset.cpus") == "0"
    assert made.stats()["cpuset"] == {"cpus": [0], "mems": [0]}


@controller("io")
def test_block_io_of_the_first_disk(made: V2) -> None:
    with open("/proc/partitions") as file:
        disks = [line.split()[:2] for line in file.read().splitlines()[2:]]
    if not disks:
        pytest.skip("this machine has no block device: /proc/partitions is empty")
    major, minor = map(int, disks[0])
    made.limits({"blockIO": {"throttleReadBpsDevice": [{"major": major, "minor": minor, "rate": 1 << 20}]}})
    assert f"{major}:{minor} rbps={1 << 20}" in text(made, "io.max")
