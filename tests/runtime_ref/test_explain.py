"""`explain`: every member belongs to a step, the order is that of the run, and nothing is done."""

from __future__ import annotations

import copy
import json
import os
from pathlib import Path
from typing import Any

import pytest

from runtime_ref import explain, members, shapes, spec
from runtime_ref.cli import Call
from runtime_ref.errors import ConfigError

FULL: dict[str, Any] = {
    "ociVersion": "1.3.0",
    "annotations": {"a": "b"},
    "hostname": "h",
    "domainname": "d",
    "root": {"path": "rootfs", "readonly": True},
    "process": {
        "terminal": True,
        "consoleSize": {"height": 1, "width": 2},
        "user": {"uid": 1, "gid": 2, "umask": 0o27, "additionalGids": [3]},
        "args": ["sh", "-c", "true"],
        "env": ["A=b"],
        "cwd": "/tmp",
        "rlimits": [{"type": "RLIMIT_CORE", "soft": 0, "hard": 1}],
        "apparmorProfile": "p",
        "capabilities": {"bounding": ["CAP_KILL", "CAP_NOVEL"]},
        "noNewPrivileges": True,
        "oomScoreAdj": 0,
        "scheduler": {"policy": "SCHED_BATCH"},
        "selinuxLabel": "l",
        "ioPriority": {"class": "IOPRIO_CLASS_BE", "priority": 1},
        "execCPUAffinity": {"initial": "0"},
    },
    "mounts": [
        {"destination": "/proc", "type": "proc", "source": "proc"},
        {"destination": "/data", "source": "/srv", "options": ["rbind", "ro"]},
    ],
    "hooks": {
        name: [{"path": f"/hooks/{name}", "args": [name, "now"], "timeout": 5}] for name in shapes.HOOKS
    },
    "linux": {
        "namespaces": [
            {"type": "mount"},
            {"type": "uts"},
            {"type": "user"},
            {"type": "time"},
            {"type": "cgroup"},
            {"type": "network", "path": "/run/netns/red"},
        ],
        "uidMappings": [{"containerID": 0, "hostID": 1000, "size": 10}],
        "gidMappings": [{"containerID": 0, "hostID": 2000, "size": 10}],
        "timeOffsets": {"monotonic": {"secs": 5}},
        "devices": [{"type": "c", "path": "/dev/fuse", "major": 10, "minor": 229}],
        "netDevices": {"eth1": {"name": "lan"}},
        "cgroupsPath": "/a/b",
        "resources": {"pids": {"limit": 5}},
        "rootfsPropagation": "slave",
        "intelRdt": {"closID": "gold"},
        "memoryPolicy": {"mode": "MPOL_LOCAL"},
        "sysctl": {"kernel.msgmax": "1"},
        "seccomp": {
            "defaultAction": "SCMP_ACT_ALLOW",
            "listenerPath": "/run/agent",
            "syscalls": [{"names": ["mkdir"], "action": "SCMP_ACT_NOTIFY"}],
        },
        "maskedPaths": ["/proc/kcore"],
        "readonlyPaths": ["/proc/sys"],
        "mountLabel": "m",
        "personality": {"domain": "LINUX32"},
    },
}  # fmt: skip


def full() -> dict[str, Any]:
    return copy.deepcopy(FULL)


def test_every_known_member_is_in_the_example_and_belongs_to_a_step() -> None:
    document = full()
    spec.check(document)
    for name, shape in (("process", members.process), ("linux", members.linux), ("root", members.root)):
        assert set(document[name]) == set(shape.members)
    assert set(document) == set(members.config.members)
    every = explain.steps(document)
    for path in explain.members(document):
        assert any(step.uses(path) for step in every), f"no step uses {path}"


def test_each_step_has_something_to_tell_of_the_example() -> None:
    document = full()
    spec.check(document)
    silent = {step.name for step in explain.steps(document) if not step.lines}
    assert silent == {"filter"}  # the early loading of the filter, which noNewPrivileges makes unnecessary


def test_the_order_is_that_of_the_run() -> None:
    document = full()
    spec.check(document)
    names = [step.name for step in explain.steps(document) if step.lines]
    order = [
        "config", "cgroup", "clone", "mappings", "join", "mounts", "prestart", "createRuntime", "createContainer",
        "pivot", "finish", "limits", "user", "wait", "startContainer", "exec", "poststart", "poststop",
    ]  # fmt: skip
    last = {name: len(names) - 1 - names[::-1].index(name) for name in names}
    assert sorted(order, key=lambda name: last[name]) == order


def test_what_it_says() -> None:
    said = explain.told(full())
    for words in (
        "enter the network namespace /run/netns/red",
        "that one adds CLONE_NEWCGROUP CLONE_NEWTIME itself",
        "uid 0 to 9 inside is 1000 to 1009 outside",
        "/data: bind /srv with ro",
        "move eth1 in as lan",
        "/hooks/createRuntime now, at most 5 s",
        "hidden: /proc/kcore",
        "CAP_NOVEL is not known",
        "/proc/self/oom_score_adj: 0",
        "run sh -c true with 1 variables",
        "BPF instructions; all other calls: SCMP_ACT_ALLOW",
    ):
        assert words in said, words


def test_without_no_new_privileges_the_filter_comes_before_the_user() -> None:
    document = full()
    document["process"]["noNewPrivileges"] = False
    spec.check(document)
    names = [step.name for step in explain.steps(document) if step.lines]
    assert names.count("filter") == 2
    assert names.index("user") == len(names) - 1 - names[::-1].index("filter") + 1


def test_unknown_members_are_named() -> None:
    document = full()
    document["linux"]["novel"] = 1
    [line] = [line for line in explain.told(document).splitlines() if line.startswith("linux.novel")]
    assert line.endswith("none: not known, so ignored")


def test_a_faulty_configuration_is_refused_with_its_path() -> None:
    document = full()
    document["process"]["cwd"] = "tmp"
    with pytest.raises(ConfigError) as fault:
        explain.told(document)
    assert fault.value.where == "process.cwd"


def test_the_command_reads_and_does_nothing_else(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "config.json").write_text(json.dumps(FULL))
    before = sorted(os.listdir(tmp_path))
    explain.explain_command(Call("explain", {}, {}, [str(tmp_path)]))
    assert capsys.readouterr().out.startswith("  1 runtime config")
    assert sorted(os.listdir(tmp_path)) == before
