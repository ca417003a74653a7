"""Labels of security modules: refused where the module is off, written where it is on, never written to a false /proc."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from runtime_ref import lsm
from runtime_ref.errors import RuntimeFault

PROFILE = {"process": {"apparmorProfile": "strict"}}
CONTEXT = {"process": {"selinuxLabel": "u:r:t:s0"}}
MOUNTS = {"linux": {"mountLabel": "u:r:t:s0:c1,c2"}}


@pytest.mark.parametrize(
    ("config", "path", "module"),
    [
        (PROFILE, "process.apparmorProfile", "AppArmor"),
        (CONTEXT, "process.selinuxLabel", "SELinux"),
        (MOUNTS, "linux.mountLabel", "SELinux"),
    ],
)
def test_a_label_without_its_module_is_refused(config: dict[str, dict[str, str]], path: str, module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for on in (True, False):
        monkeypatch.setattr(lsm, "apparmor_on", lambda on=on: on)
        monkeypatch.setattr(lsm, "selinux_on", lambda on=on: on)
        if on:
            lsm.check(config)
            continue
        with pytest.raises(RuntimeFault) as fault:
            lsm.check(config)
        assert fault.value.where == path
        assert module in fault.value.why


def test_no_confinement_needs_no_module(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lsm, "apparmor_on", lambda: False)
    lsm.check({"process": {"apparmorProfile": "unconfined"}})
    assert lsm.open_labels({"apparmorProfile": "unconfined"}) == []
    assert lsm.open_labels({}) == []


def test_the_files_are_those_of_this_thread() -> None:
    labels = lsm.open_labels({"apparmorProfile": "strict", "selinuxLabel": "u:r:t:s0"})
    try:
        found = [(os.readlink(f"/proc/self/fd/{fd}"), label, where) for fd, label, where in labels]
    finally:
        for fd, _, _ in labels:
            os.close(fd)
    own = os.path.realpath("/proc/thread-self")
    assert [label for _, label, _ in found] == [b"exec strict", b"u:r:t:s0"]
    assert [where for _, _, where in found] == ["process.apparmorProfile", "process.selinuxLabel"]
    for path, _, _ in found:
        assert path.startswith(own + "/attr/")


def test_another_file_system_is_no_proc(tmp_path: Path) -> None:
    (tmp_path / "attr").mkdir()
    (tmp_path / "attr" / "exec").touch()
    folder = os.open(tmp_path, os.O_PATH)
    try:
        with pytest.raises(RuntimeFault) as fault:
            lsm.open_labels({"selinuxLabel": "x"}, folder)
    finally:
        os.close(folder)
    assert "not a procfs" in fault.value.why
    assert (tmp_path / "attr" / "exec").read_text() == ""


def test_write_puts_the_label_and_closes(tmp_path: Path) -> None:
    file = tmp_path / "exec"
    fd = os.open(file, os.O_WRONLY | os.O_CREAT)
    lsm.write([(fd, b"exec strict", "process.apparmorProfile")])
    assert file.read_bytes() == b"exec strict"
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(fd)


def test_a_refused_label_has_its_path(tmp_path: Path) -> None:
    file = tmp_path / "exec"
    file.touch()
    fd = os.open(file, os.O_RDONLY)
    with pytest.raises(RuntimeFault) as fault:
        lsm.write([(fd, b"exec strict", "process.apparmorProfile")])
    assert fault.value.where == "process.apparmorProfile"
    assert "exec strict" in fault.value.why


def test_the_option_of_mounts_keeps_commas_together() -> None:
    assert lsm.mount_option(MOUNTS["linux"]) == 'context="u:r:t:s0:c1,c2"'
    assert lsm.mount_option({}) is None
