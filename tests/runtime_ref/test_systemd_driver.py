"""The systemd driver against a real systemd: scopes come, hold limits, pause, and go. Limits need controllers on cgroup v2."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bundles import patches
from runtime_ref import cgroup
from runtime_ref.cgroup import files
from tests.runtime_ref.reference import Reference
from tests.runtime_ref.systemd_world import SYSTEMD, SystemdWorld

UNIFIED = cgroup.here().unified
CONTROLLERS = files.read(UNIFIED + "/cgroup.controllers").split() if UNIFIED else []
TOOLS = [name for name in (SYSTEMD, "busctl", "dbus-daemon", "nsenter", "unshare") if not shutil.which(name)]
pytestmark = pytest.mark.skipif(
    bool(TOOLS) or os.geteuid() != 0 or not UNIFIED,
    reason=f"needs root, cgroup2 and systemd; uid {os.geteuid()}, cgroup2 at {UNIFIED!r}, missing {TOOLS}",
)
limited = pytest.mark.skipif("memory" not in CONTROLLERS, reason=f"cgroup v2 has only the controllers {CONTROLLERS}")
HOLD = patches.runs("hold")


class Inside(Reference):
    """The runtime, called among systemd's processes and with its driver."""

    def __init__(self, folder: Path, world: SystemdWorld) -> None:
        super().__init__(folder)
        self.world = world

    def words(self, *words: str) -> list[str]:
        return self.world.inside(*super().words("--systemd-cgroup", *words))

    def property(self, unit: str, name: str) -> str:
        show = self.world.inside("systemctl", "show", "--value", "--property", name, unit)
        return subprocess.run(show, capture_output=True, text=True, check=True).stdout.strip()

    def folder_of(self, place: str) -> str:
        return f"{self.world.cgroup}/{place}"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SystemdWorld]:
    made = SystemdWorld(tmp_path_factory.mktemp("systemd"), UNIFIED)
    yield made
    made.end()


@pytest.fixture
def reference(world: SystemdWorld) -> Iterator[Inside]:
    folder = world.log.parent / os.urandom(4).hex()
    folder.mkdir()
    made = Inside(folder, world)
    yield made
    made.end()


def at(place: str, *given: dict[str, Any]) -> list[dict[str, Any]]:
    return [*given, {"linux": {"cgroupsPath": place}}]


def test_the_container_is_a_scope_of_the_slice_asked_for(reference: Inside) -> None:
    ident = reference.ident()
    reference.create(reference.bundle(HOLD, *at(f"proctor-a.slice:ref:{ident}")), ident)
    unit = f"ref-{ident}.scope"
    assert reference.property(unit, "ActiveState") == "active"
    assert reference.property(unit, "Slice") == "proctor-a.slice"
    assert reference.property(unit, "Delegate") == "yes"
    folder = reference.folder_of(f"proctor.slice/proctor-a.slice/{unit}")
    assert len(files.processes(folder)) == 1
    reference.ok("start", ident)
    reference.ok("pause", ident)
    assert reference.state(ident)["status"] == "paused"
    reference.ok("resume", ident)
    reference.ok("delete", "--force", ident)
    assert reference.property(unit, "LoadState") == "not-found"
    assert not os.path.exists(folder)


def test_the_default_place(reference: Inside) -> None:
    ident = reference.ident()
    reference.create(reference.bundle(HOLD), ident)
    assert reference.property(f"runtime-ref-{ident}.scope", "Slice") == "system.slice"


def test_a_container_that_ended_leaves_no_unit(reference: Inside) -> None:
    printed = reference.ok("run", "--bundle", str(reference.bundle(patches.runs("say", "x"))), "once")
    assert printed == "x\n"
    assert reference.property("runtime-ref-once.scope", "LoadState") == "not-found"


def test_the_same_scope_twice_is_refused(reference: Inside) -> None:
    ident = reference.ident()
    reference.create(reference.bundle(HOLD, *at(":ref:same")), ident)
    done = reference.call("create", "--bundle", str(reference.bundle(HOLD, *at(":ref:same"))), "second")
    assert done.returncode != 0
    assert "ref-same.scope" in done.stderr
    assert reference.property("ref-same.scope", "ActiveState") == "active"


def test_device_rules(reference: Inside) -> None:
    rules = [{"allow": False, "access": "rwm"}]
    nodes = patches.devices({"path": "/dev/kmsg", "type": "c", "major": 1, "minor": 11})
    program = patches.runs("open", "/dev/kmsg", "O_RDONLY", "open", "/dev/null", "O_RDWR")
    given = at("", nodes, patches.resources(devices=rules), patches.all_capabilities("CAP_SYSLOG"))
    assert [line["errno"] for line in reference.lines(reference.bundle(program, *given))] == ["EPERM", "OK"]


@limited
def test_limits_are_systemds_too(reference: Inside) -> None:
    ident = reference.ident()
    limits = patches.resources(memory={"limit": 64 << 20}, cpu={"quota": 20000, "period": 100000}, pids={"limit": 9})
    reference.create(reference.bundle(HOLD, *at("", limits)), ident)
    unit = f"runtime-ref-{ident}.scope"
    folder = reference.folder_of(f"system.slice/{unit}")
    assert files.read(folder + "/memory.max") == str(64 << 20) == reference.property(unit, "MemoryMax")
    assert files.read(folder + "/cpu.max") == "20000 100000"
    assert reference.property(unit, "CPUQuotaPerSecUSec") == "200ms"
    reference.ok("update", "--pids-limit", "12", ident)
    assert files.read(folder + "/pids.max") == "12" == reference.property(unit, "TasksMax")
