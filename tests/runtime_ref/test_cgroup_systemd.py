"""The systemd driver on paper: names, folders, unit properties. Its talk with systemd needs systemd."""

from __future__ import annotations

import pytest

from runtime_ref import cgroup
from runtime_ref.cgroup import systemd
from runtime_ref.errors import ConfigError

UNIFIED = cgroup.Hierarchies({}, "/cg")
HYBRID = cgroup.Hierarchies({"memory": "/cg/memory", "name=systemd": "/cg/systemd"}, "/cg/unified")


@pytest.mark.parametrize(
    ("parent", "folder"),
    [("system.slice", "system.slice"), ("a-b-c.slice", "a.slice/a-b.slice/a-b-c.slice"), ("-.slice", ""), ("", "")],
)
def test_a_slice_is_a_folder_for_each_dash(parent: str, folder: str) -> None:
    assert systemd.expand(parent) == folder


def test_the_scope_and_its_place() -> None:
    config = {"linux": {"cgroupsPath": "machine-x.slice:libpod:abc"}}
    found = cgroup.choose(config, "id", systemd=True, found=UNIFIED)
    assert isinstance(found, systemd.Systemd)
    assert found.unit == "libpod-abc.scope"
    assert found.paths["inner"]["folder"] == "/cg/machine.slice/machine-x.slice/libpod-abc.scope"
    absent = cgroup.choose({}, "id", systemd=True, found=UNIFIED)
    assert absent.paths["unit"] == "runtime-ref-id.scope"
    assert absent.paths["inner"]["folder"].endswith("/system.slice/runtime-ref-id.scope")


def test_on_version_1_every_hierarchy_has_the_place_and_state_brings_it_back() -> None:
    found = cgroup.choose({"linux": {"cgroupsPath": ":p:n"}}, "id", systemd=True, found=HYBRID)
    again = cgroup.from_state(found.paths)
    assert again.paths == found.paths
    assert again.paths["inner"]["dirs"] == {
        "memory": "/cg/memory/system.slice/p-n.scope",
        "name=systemd": "/cg/systemd/system.slice/p-n.scope",
    }


@pytest.mark.parametrize("path", ["/a/b", "a:b", "noslice:b:c", "a.slice:b:", "a--b.slice:c:d"])
def test_other_forms_are_refused(path: str) -> None:
    with pytest.raises(ConfigError):
        cgroup.choose({"linux": {"cgroupsPath": path}}, "id", systemd=True, found=UNIFIED)


def test_properties_in_systemds_units() -> None:
    resources = {
        "memory": {"limit": 1000, "swap": 1500, "reservation": -1},
        "cpu": {"shares": 1024, "quota": 12345, "period": 50000, "cpus": "0,9", "mems": "0"},
        "pids": {"limit": 5},
    }
    assert dict(systemd.properties(resources, True)) == {
        "MemoryMax": ("t", 1000),
        "MemoryLow": ("t", systemd.INFINITY),
        "MemorySwapMax": ("t", 500),
        "CPUWeight": ("t", 100),
        "AllowedCPUs": ("ay", b"\x01\x02"),
        "AllowedMemoryNodes": ("ay", b"\x01"),
        "CPUQuotaPeriodUSec": ("t", 50000),
        "CPUQuotaPerSecUSec": ("t", 250_000),
        "TasksMax": ("t", 5),
    }
    assert dict(systemd.properties({"memory": {"limit": -1}, "cpu": {"quota": -1}}, False)) == {
        "MemoryLimit": ("t", systemd.INFINITY),
        "CPUQuotaPerSecUSec": ("t", systemd.INFINITY),
    }
