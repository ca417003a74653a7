"""Intel RDT on plain folders in place of resctrl (few machines have it): which groups, writes and removals."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from runtime_ref import rdt
from runtime_ref.errors import RuntimeFault


class Resctrl:
    """A folder that looks like resctrl to one who knows the names; new groups get their files as the kernel would."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root = root
        self.fill(root)
        real = os.mkdir

        def mkdir(path: str, mode: int = 0o777) -> None:
            real(path, mode)
            self.fill(Path(path))

        for module in (os, rdt.os):
            monkeypatch.setattr(module, "mkdir", mkdir)

    def fill(self, folder: Path) -> None:
        (folder / "tasks").write_text("")
        if folder.parent.name != "mon_groups":
            (folder / "schemata").write_text("")
            os.makedirs(folder / "mon_groups", exist_ok=True)

    def create(self, ident: str = "c1", **intel_rdt: Any) -> rdt.Rdt:
        return rdt.create(intel_rdt, ident, str(self.root))

    def text(self, name: str) -> str:
        return (self.root / name).read_text()


@pytest.fixture
def resctrl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Resctrl:
    return Resctrl(tmp_path, monkeypatch)


def test_without_a_class_the_id_names_it_and_it_goes_with_the_container(resctrl: Resctrl) -> None:
    made = resctrl.create(l3CacheSchema="L3:0=f", memBwSchema="MB:0=70", schemata=["L2:0=3"])
    made.assign(42)
    assert resctrl.text("c1/schemata") == "L3:0=f\nMB:0=70\nL2:0=3\n"
    assert resctrl.text("c1/tasks") == "42"
    assert made.made


def test_without_schemas_nothing_is_written(resctrl: Resctrl) -> None:
    made = resctrl.create(closID="/")
    made.assign(42)
    assert resctrl.text("schemata") == ""
    assert resctrl.text("tasks") == "42"
    assert not made.made


def test_a_named_class_is_made_and_stays(resctrl: Resctrl) -> None:
    made = resctrl.create(closID="gold", schemata=["L3:0=f"])
    made.remove()
    assert resctrl.text("gold/schemata") == "L3:0=f\n"


def test_a_named_class_that_exists_must_agree(resctrl: Resctrl) -> None:
    os.mkdir(resctrl.root / "gold")
    (resctrl.root / "gold/schemata").write_text("    L3:0=0f;1=ff\n    MB:0= 70\n")
    resctrl.create(closID="gold", l3CacheSchema="L3:0=f", memBwSchema="MB:0=70")
    (resctrl.root / "gold/schemata").write_text("    L3:0=0f;1=ff\n")
    with pytest.raises(RuntimeFault) as caught:
        resctrl.create(closID="gold", l3CacheSchema="L3:0=e")
    assert caught.value.where == "linux.intelRdt.l3CacheSchema"


def test_a_named_class_without_schemas_must_exist(resctrl: Resctrl) -> None:
    with pytest.raises(RuntimeFault, match="does not exist"):
        resctrl.create(closID="gold")
    os.mkdir(resctrl.root / "gold")
    assert not resctrl.create(closID="gold").made


@pytest.mark.parametrize("member", ["enableMonitoring", "enableCMT", "enableMBM"])
def test_a_monitoring_group_of_the_containers_own(resctrl: Resctrl, member: str) -> None:
    os.mkdir(resctrl.root / "gold")
    asked: dict[str, Any] = {member: True, "closID": "gold"}
    made = resctrl.create(**asked)
    made.assign(42)
    group = resctrl.root / "gold/mon_groups/c1"
    assert (group / "tasks").read_text() == "42"
    (group / "tasks").unlink()  # resctrl's files go with rmdir; these do not
    rdt.Rdt(**made.paths).remove()
    assert not group.exists()
    assert (resctrl.root / "gold").exists()


def test_a_group_that_cannot_be_made_leaves_nothing(resctrl: Resctrl, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resctrl, "fill", lambda folder: None)  # no mon_groups below the new class
    with pytest.raises(RuntimeFault) as caught:
        resctrl.create(enableMonitoring=True)
    assert caught.value.where == "linux.intelRdt.enableMonitoring"
    assert not (resctrl.root / "c1").exists()


@pytest.mark.parametrize(
    ("intel_rdt", "where"),
    [
        ({"memBwSchema": "L3:0=f"}, "memBwSchema"),
        ({"memBwSchema": "MB:0=70\nL3:0=f"}, "memBwSchema"),
        ({"schemata": ["L3:0=f", "a\nb"]}, "schemata[1]"),
        ({"closID": "../x", "schemata": ["L3:0=f"]}, "closID"),
        ({"closID": "mon_groups", "schemata": ["L3:0=f"]}, "closID"),
    ],
)
def test_what_is_refused(resctrl: Resctrl, intel_rdt: dict[str, Any], where: str) -> None:
    with pytest.raises(RuntimeFault) as caught:
        resctrl.create(**intel_rdt)
    assert caught.value.where == f"linux.intelRdt.{where}"


def test_the_mount_is_found_and_its_absence_is_an_error() -> None:
    line = "31 23 0:27 / /sys/fs/resctrl rw,relatime - resctrl resctrl rw\n"
    assert rdt.mounted("24 1 0:3 / /proc rw - proc proc rw\n" + line) == "/sys/fs/resctrl"
    assert rdt.mounted("24 1 0:3 / /proc rw - proc proc rw\n") is None
    with open("/proc/self/mountinfo") as file:
        if rdt.mounted(file.read()) is None:
            with pytest.raises(RuntimeFault, match="no resctrl filesystem"):
                rdt.create({}, "c1")
