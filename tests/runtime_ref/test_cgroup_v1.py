"""The v1 driver on this machine's hierarchies: make, join, limit, freeze, kill, count, remove."""

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
from runtime_ref.cgroup.v1 import V1
from runtime_ref.errors import ConfigError, RuntimeFault
from tests.runtime_ref import opens

HERE = cgroup.here()
pytestmark = pytest.mark.skipif(
    HERE.version != 1 or os.geteuid() != 0 or not os.access(HERE.v1.get("memory", "/proc"), os.W_OK),
    reason=f"needs root and writable cgroup v1 hierarchies; found version {HERE.version}, uid {os.geteuid()}",
)


def chosen(path: str, **linux: Any) -> V1:
    found = cgroup.choose({"linux": {"cgroupsPath": path, **linux}}, "x")
    assert isinstance(found, V1)
    return found


@pytest.fixture
def place() -> str:
    return f"/proctor-test-{uuid.uuid4().hex[:12]}/leaf"


@pytest.fixture
def made(place: str) -> Iterator[V1]:
    found = chosen(place)
    found.create()
    yield found
    cgroup.from_state(found.paths).remove()
    assert not [folder for folder in found.made if os.path.exists(folder)]


def inside(found: V1, *argv: str) -> subprocess.Popen[bytes]:
    """A process in the cgroup that waits for its standard input to close; gone with the cgroup."""
    return subprocess.Popen(argv or ("cat",), stdin=subprocess.PIPE, stdout=subprocess.PIPE, preexec_fn=found.join)


def text(found: V1, controller: str, file: str) -> str:
    with open(f"{found.dirs[controller]}/{file}") as opened:
        return opened.read().strip()


def test_every_mounted_hierarchy_gets_the_folder(made: V1, place: str) -> None:
    assert set(made.dirs) == set(HERE.v1)
    for controller, folder in made.dirs.items():
        assert folder == HERE.v1[controller] + place
        assert os.path.isdir(folder)


def test_a_process_joins_all_of_them(made: V1, place: str) -> None:
    child = inside(made)
    with open(f"/proc/{child.pid}/cgroup") as file:
        lines = {line.split(":")[1]: line.strip().split(":", 2)[2] for line in file}
    assert {lines[name] for name in made.dirs if name in lines} == {place}
    assert made.pids() == [child.pid]
    child.communicate()
    assert made.pids() == []


def test_cpuset_is_copied_down_every_new_folder(made: V1) -> None:
    above = os.path.dirname(made.dirs["cpuset"])
    for folder in (above, made.dirs["cpuset"]):
        with open(folder + "/cpuset.cpus") as cpus, open(folder + "/cpuset.mems") as mems:
            assert cpus.read().strip()
            assert mems.read().strip()


def test_limits_and_their_update(made: V1) -> None:
    mib = 1 << 20
    made.limits({"memory": {"limit": 64 * mib, "swap": 64 * mib}, "pids": {"limit": 9}})
    assert text(made, "memory", "memory.limit_in_bytes") == str(64 * mib)
    assert text(made, "pids", "pids.max") == "9"
    made.limits({"memory": {"limit": 256 * mib, "swap": 512 * mib}})  # the sum must grow first
    made.limits({"memory": {"limit": 32 * mib, "swap": 32 * mib}})  # the sum must shrink last
    assert text(made, "memory", "memory.memsw.limit_in_bytes") == str(32 * mib)
    made.limits({"pids": {"limit": -1}, "memory": {"limit": -1, "swap": -1}})
    assert text(made, "pids", "pids.max") == "max"
    assert int(text(made, "memory", "memory.limit_in_bytes")) > 1 << 60


def test_cpu_limits_in_any_order(made: V1) -> None:
    made.limits({"cpu": {"shares": 512, "quota": 50000, "period": 100000, "burst": 20000, "cpus": "0", "mems": "0"}})
    assert text(made, "cpu", "cpu.cfs_burst_us") == "20000"
    assert text(made, "cpuset", "cpuset.cpus") == "0"
    made.limits({"cpu": {"quota": 2000, "period": 10000, "burst": 1000}})
    assert text(made, "cpu", "cpu.cfs_quota_us") == "2000"
    made.limits({"cpu": {"quota": 90000, "period": 100000, "burst": 80000}})
    assert text(made, "cpu", "cpu.cfs_burst_us") == "80000"


def test_a_limit_the_kernel_refuses_names_the_member(made: V1) -> None:
    with pytest.raises(RuntimeFault) as caught:
        made.limits({"cpu": {"cpus": "4000"}})
    assert caught.value.where == "linux.resources.cpu.cpus"


def test_a_limit_without_effect_is_refused(made: V1) -> None:
    with open(made.dirs["memory"] + "/memory.kmem.limit_in_bytes", "r+") as file:
        file.write(str(1 << 20))
        file.flush()
        file.seek(0)
        works = int(file.read()) == 1 << 20
    if works:
        made.limits({"memory": {"kernel": 1 << 20}})
        return
    with pytest.raises(RuntimeFault) as caught:
        made.limits({"memory": {"kernel": 1 << 20}})
    assert caught.value.where == "linux.resources.memory.kernel"
    made.limits({"memory": {"kernel": -1}})


def test_a_controller_that_is_not_mounted_is_refused(made: V1) -> None:
    made.dirs.pop("pids")
    with pytest.raises(RuntimeFault, match="pids hierarchy is not mounted"):
        made.limits({"pids": {"limit": 1}})
    with pytest.raises(RuntimeFault) as caught:
        made.limits({"unified": {"memory.max": "1"}})
    assert caught.value.where == "linux.resources.unified"


def test_device_rules_close_a_device(made: V1) -> None:
    made.limits({"devices": [{"allow": False, "access": "rwm"}, {"allow": True, "type": "c", "major": 1, "minor": 11}]})
    listed = text(made, "devices", "devices.list").splitlines()
    assert "c 1:3 rwm" in listed
    assert "c 1:11 rwm" in listed
    child = inside(made, sys.executable, opens.__file__, "1:3", "1:9", "1:11", "1:4", "10:1")
    found = dict(line.split() for line in child.communicate()[0].decode().splitlines())
    assert found == {"1:3": "OK", "1:9": "OK", "1:11": "OK", "1:4": "EPERM", "10:1": "EPERM"}


def test_pause_and_resume(made: V1) -> None:
    child = inside(made)
    made.freeze()
    assert made.frozen()
    assert text(made, "freezer", "freezer.state") == "FROZEN"
    assert child.stdin
    child.stdin.close()
    fd = os.pidfd_open(child.pid)
    assert not select.select([fd], [], [], 0)[0]
    made.thaw()
    assert select.select([fd], [], [], 30)[0]
    os.close(fd)
    child.wait()
    assert not made.frozen()


def test_kill_reaches_all_and_ends_a_pause(made: V1) -> None:
    children = [inside(made) for _ in range(3)]
    made.freeze()
    made.kill(signal.SIGKILL)
    assert [child.wait(timeout=30) for child in children] == [-signal.SIGKILL] * 3


@pytest.mark.parametrize("last", ["freeze", "thaw"])
def test_kill_of_a_cgroup_that_goes_with_its_last_process(last: str, made: V1, monkeypatch: pytest.MonkeyPatch) -> None:
    """As systemd's do, at any moment."""
    child, step, thaw = inside(made), getattr(V1, last), V1.thaw

    def gone(self: V1) -> None:
        child.kill()
        thaw(self)  # what is frozen does not die
        child.wait(timeout=30)
        self.remove()
        step(self)

    monkeypatch.setattr(V1, last, gone)
    made.kill(signal.SIGKILL)
    assert child.wait(timeout=30) == -signal.SIGKILL


def test_another_signal_keeps_the_pause(made: V1) -> None:
    child = inside(made)
    made.freeze()
    made.kill(signal.SIGTERM)
    assert made.frozen()
    made.thaw()
    assert child.wait(timeout=30) == -signal.SIGTERM


def test_stats_have_the_engines_shape(made: V1) -> None:
    made.limits({"pids": {"limit": 5}, "memory": {"limit": 64 << 20}})
    child = inside(made)
    data = made.stats()
    child.communicate()
    assert data["pids"] == {"current": 1, "limit": 5}
    assert data["memory"]["usage"]["limit"] == 64 << 20
    assert data["memory"]["usage"]["max"] > 0
    assert data["cpu"]["usage"]["total"] > 0
    assert set(data["cpu"]["throttling"]) == {"periods", "throttledPeriods", "throttledTime"}
    assert data["cpuset"]["cpus"]
    assert "2MB" in data["hugetlb"] or "hugetlb" not in HERE.v1


def test_an_oom_kill_is_seen(made: V1) -> None:
    made.limits({"memory": {"limit": 8 << 20, "swap": 8 << 20}})
    watch = made.oom()
    poll = select.poll()
    poll.register(watch, watch.mask)
    child = inside(made, sys.executable, "-c", "x = bytearray(64 << 20)")
    assert poll.poll(60_000)
    child.communicate()
    watch.take()
    watch.close()
    assert child.returncode == -signal.SIGKILL
    assert made.oom().seen >= 1


def test_remove_takes_nested_cgroups_and_running_processes(place: str) -> None:
    found = chosen(place)
    found.create()
    nested = found.dirs["memory"] + "/nested/deeper"
    os.makedirs(nested)
    child = inside(found)
    with open(nested + "/tasks", "w") as file:
        file.write(str(child.pid))
    cgroup.from_state(found.paths).remove()
    assert child.wait(timeout=30) == -signal.SIGKILL
    assert not any(os.path.exists(os.path.dirname(folder)) for folder in found.dirs.values())


def test_an_occupied_or_frozen_cgroup_is_refused_and_nothing_is_left(made: V1, place: str) -> None:
    child = inside(made)
    second = chosen(place)
    with pytest.raises(RuntimeFault, match="already has processes"):
        second.create()
    child.communicate()
    made.freeze()
    with pytest.raises(RuntimeFault, match="is frozen"):
        chosen(place).create()
    made.thaw()
    assert os.path.isdir(made.dirs["memory"])


def test_folders_that_were_there_before_stay(made: V1, place: str) -> None:
    second = chosen(place)
    second.create()
    second.remove()
    assert all(os.path.isdir(folder) for folder in made.dirs.values())


def test_where_the_path_is_relative_or_absent(place: str) -> None:
    name = place.strip("/")
    assert chosen(name).dirs == chosen("/" + name).dirs
    absent = chosen("")
    assert absent.dirs["memory"] == f"{HERE.v1['memory']}/runtime-ref-x"
    for refused in ("/a/../../b", "/", "./"):
        with pytest.raises(ConfigError):
            chosen(refused)


def test_a_failed_create_leaves_nothing(place: str) -> None:
    found = chosen(place)
    found.places[-1] = "/proc/none/such"
    with pytest.raises(RuntimeFault):
        found.create()
    assert found.made
    assert not [folder for folder in found.made if os.path.exists(folder)]
