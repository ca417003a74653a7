"""What `runtime_ref.spec` takes, what it refuses, and with which JSON path."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from runtime_ref import spec
from runtime_ref.errors import ConfigError

BASE: dict[str, Any] = {
    "ociVersion": "1.0.2",
    "process": {"args": ["/bin/true"], "cwd": "/", "user": {"uid": 0, "gid": 0}},
    "root": {"path": "rootfs"},
    "linux": {"namespaces": [{"type": "pid"}, {"type": "mount"}, {"type": "uts"}]},
}


def base(**members: Any) -> dict[str, Any]:
    document = copy.deepcopy(BASE)
    for name, value in members.items():
        document.setdefault(name, {})
        if isinstance(value, dict) and isinstance(document[name], dict):
            document[name].update(value)
        else:
            document[name] = value
    return document


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"ociVersion": "one"}, "ociVersion"),
    ({"ociVersion": 1}, "ociVersion"),
    ({"ociVersion": "1.0"}, "ociVersion"),
    ({"ociVersion": "01.0.2"}, "ociVersion"),
    ({"ociVersion": "1.0.2-01"}, "ociVersion"),
    ({"ociVersion": "1.0.2-"}, "ociVersion"),
    ({"ociVersion": "0.9.9"}, "ociVersion"),
    ({"ociVersion": "1.0.0-rc5"}, "ociVersion"),
    ({"ociVersion": "1.4.0"}, "ociVersion"),
    ({"ociVersion": "2.0.0"}, "ociVersion"),
    ({"root": {"path": ""}}, "root.path"),
    ({"root": {"path": 3}}, "root.path"),
    ({"root": {"readonly": "yes"}}, "root.readonly"),
    ({"process": []}, "process"),
    ({"process": {"cwd": "relative"}}, "process.cwd"),
    ({"process": {"args": []}}, "process.args"),
    ({"process": {"args": ["a", 1]}}, "process.args[1]"),
    ({"process": {"args": ["a\0b"]}}, "process.args[0]"),
    ({"process": {"args": ["\ud800"]}}, "process.args[0]"),
    ({"process": {"user": {"uid": 0}}}, "process.user.gid"),
    ({"process": {"user": {"uid": -1, "gid": 0}}}, "process.user.uid"),
    ({"process": {"user": {"uid": 2**32 - 1, "gid": 0}}}, "process.user.uid"),
    ({"process": {"user": {"uid": True, "gid": 0}}}, "process.user.uid"),
    ({"process": {"user": {"uid": 1.0, "gid": 0}}}, "process.user.uid"),
    ({"process": {"user": {"uid": 0, "gid": 0, "umask": 0o1000}}}, "process.user.umask"),
    ({"process": {"rlimits": [{"type": "RLIMIT_NOPE", "soft": 1, "hard": 1}]}}, "process.rlimits[0].type"),
    ({"process": {"rlimits": [{"type": "RLIMIT_CORE", "soft": 1, "hard": 1}] * 2}}, "process.rlimits[1].type"),
    ({"process": {"rlimits": [{"type": "RLIMIT_CORE", "soft": 2, "hard": 1}]}}, "process.rlimits[0].soft"),
    ({"process": {"rlimits": [{"type": "RLIMIT_CORE", "soft": 2}]}}, "process.rlimits[0].hard"),
    ({"process": {"oomScoreAdj": 1001}}, "process.oomScoreAdj"),
    ({"process": {"ioPriority": {"class": "IOPRIO_CLASS_BE", "priority": 8}}}, "process.ioPriority.priority"),
    ({"process": {"ioPriority": {"class": "IOPRIO_CLASS_NONE", "priority": 1}}}, "process.ioPriority.class"),
    ({"process": {"scheduler": {"policy": "SCHED_ISO"}}}, "process.scheduler.policy"),
    ({"process": {"scheduler": {"policy": "SCHED_FIFO"}}}, "process.scheduler.priority"),
    ({"process": {"scheduler": {"policy": "SCHED_OTHER", "priority": 3}}}, "process.scheduler.priority"),
    ({"process": {"scheduler": {"policy": "SCHED_OTHER", "nice": 20}}}, "process.scheduler.nice"),
    ({"process": {"scheduler": {"policy": "SCHED_OTHER", "flags": ["X"]}}}, "process.scheduler.flags[0]"),
    ({"process": {"execCPUAffinity": {"initial": "3-1"}}}, "process.execCPUAffinity.initial"),
    ({"process": {"execCPUAffinity": {"final": "a"}}}, "process.execCPUAffinity.final"),
    ({"process": {"terminal": True, "consoleSize": {"height": 1}}}, "process.consoleSize.width"),
    ({"process": {"terminal": True, "consoleSize": 7}}, "process.consoleSize"),
    ({"mounts": [{"source": "x"}]}, "mounts[0].destination"),
    ({"mounts": [{"destination": "/x", "options": "ro"}]}, "mounts[0].options"),
    ({"mounts": [{"destination": "/x", "options": ["bind", "idmap"]}]}, "mounts[0].options"),
    (
        {"mounts": [{"destination": "/x", "uidMappings": [{"containerID": 0, "hostID": 1, "size": 1}]}]},
        "mounts[0].gidMappings",
    ),
    ({"hooks": {"prestart": [{"path": "relative"}]}}, "hooks.prestart[0].path"),
    ({"hooks": {"poststop": [{"path": "/x", "timeout": 0}]}}, "hooks.poststop[0].timeout"),
    ({"annotations": {"": "x"}}, "annotations"),
    ({"annotations": {"a": 1}}, 'annotations["a"]'),
    ({"linux": {"namespaces": [{"type": "pid"}, {"type": "pid"}]}}, "linux.namespaces[1].type"),
    ({"linux": {"namespaces": [{"type": "net"}]}}, "linux.namespaces[0].type"),
    ({"linux": {"namespaces": [{"type": "pid", "path": "x"}]}}, "linux.namespaces[0].path"),
    ({"hostname": "x", "linux": {"namespaces": []}}, "hostname"),
    ({"domainname": "x", "linux": {"namespaces": []}}, "domainname"),
    ({"hostname": "x" * 65, "linux": {"namespaces": [{"type": "uts"}]}}, "hostname"),
    ({"process": {"cwd": "/", "args": ["x"], "user": {"uid": 0, "gid": 0, "additionalGids": [1] * 65537}}}, "process.user.additionalGids"),
    ({"linux": {"uidMappings": [{"containerID": 0, "hostID": 1, "size": 1}]}}, "linux.uidMappings"),
    ({"linux": {"namespaces": [{"type": "user"}]}}, "linux.uidMappings"),
    ({"linux": {"timeOffsets": {"monotonic": {"secs": 1}}}}, "linux.timeOffsets"),
    ({"linux": {"timeOffsets": {"realtime": {"secs": 1}}}}, "linux.timeOffsets"),
    ({"linux": {"devices": [{"type": "c", "path": "/dev/x"}]}}, "linux.devices[0].major"),
    ({"linux": {"devices": [{"type": "x", "path": "/dev/x"}]}}, "linux.devices[0].type"),
    ({"linux": {"netDevices": {"eth0": {"name": "a-name-much-too-long"}}}}, 'linux.netDevices["eth0"].name'),
    ({"linux": {"cgroupsPath": "/a/../b"}}, "linux.cgroupsPath"),
    ({"linux": {"rootfsPropagation": "weird"}}, "linux.rootfsPropagation"),
    ({"linux": {"maskedPaths": ["proc"]}}, "linux.maskedPaths[0]"),
    ({"linux": {"readonlyPaths": ["proc"]}}, "linux.readonlyPaths[0]"),
    ({"linux": {"personality": {"domain": "BSD"}}}, "linux.personality.domain"),
    ({"linux": {"personality": {"domain": "LINUX", "flags": ["X"]}}}, "linux.personality.flags"),
    ({"linux": {"memoryPolicy": {"mode": "MPOL_BIND"}}}, "linux.memoryPolicy.nodes"),
    ({"linux": {"memoryPolicy": {"mode": "MPOL_LOCAL", "nodes": "0"}}}, "linux.memoryPolicy.nodes"),
    ({"linux": {"memoryPolicy": {"mode": "MPOL_NONE"}}}, "linux.memoryPolicy.mode"),
    ({"linux": {"memoryPolicy": {"mode": "MPOL_LOCAL", "flags": ["F"]}}}, "linux.memoryPolicy.flags[0]"),
    ({"linux": {"sysctl": {"kernel.x": 1}}}, 'linux.sysctl["kernel.x"]'),
    ({"linux": {"intelRdt": {"closID": "a/b"}}}, "linux.intelRdt.closID"),
    ({"linux": {"intelRdt": {"memBwSchema": "L3:0=f"}}}, "linux.intelRdt.memBwSchema"),
    ({"linux": {"intelRdt": {"schemata": ["L3:0=f\nMB:0=1"]}}}, "linux.intelRdt.schemata[0]"),
    ({"linux": {"resources": {"memory": {"limit": -2}}}}, "linux.resources.memory.limit"),
    ({"linux": {"resources": {"memory": {"swappiness": 101}}}}, "linux.resources.memory.swappiness"),
    ({"linux": {"resources": {"cpu": {"quota": 5, "burst": 6}}}}, "linux.resources.cpu.burst"),
    ({"linux": {"resources": {"cpu": {"cpus": "0-"}}}}, "linux.resources.cpu.cpus"),
    ({"linux": {"resources": {"pids": {"limit": "5"}}}}, "linux.resources.pids.limit"),
    ({"linux": {"resources": {"rdma": {"mlx": {}}}}}, 'linux.resources.rdma["mlx"]'),
    ({"linux": {"resources": {"unified": {"../x": "1"}}}}, 'linux.resources.unified["../x"]'),
    (
        {"linux": {"resources": {"hugepageLimits": [{"pageSize": "2M", "limit": 0}]}}},
        "linux.resources.hugepageLimits[0].pageSize",
    ),
    (
        {"linux": {"resources": {"blockIO": {"weightDevice": [{"major": 8, "minor": 0}]}}}},
        "linux.resources.blockIO.weightDevice[0]",
    ),
    ({"linux": {"resources": {"devices": [{"access": "r"}]}}}, "linux.resources.devices[0].allow"),
    ({"linux": {"resources": {"devices": [{"allow": True, "access": "x"}]}}}, "linux.resources.devices[0].access"),
    ({"linux": {"seccomp": {}}}, "linux.seccomp.defaultAction"),
    ({"linux": {"seccomp": {"defaultAction": "SCMP_ACT_MAYBE"}}}, "linux.seccomp.defaultAction"),
    (
        {"linux": {"seccomp": {"defaultAction": "SCMP_ACT_KILL", "defaultErrnoRet": 1}}},
        "linux.seccomp.defaultErrnoRet",
    ),
    (
        {"linux": {"seccomp": {"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 4096}}},
        "linux.seccomp.defaultErrnoRet",
    ),
    (
        {"linux": {"seccomp": {"defaultAction": "SCMP_ACT_ALLOW", "listenerMetadata": "x"}}},
        "linux.seccomp.listenerMetadata",
    ),
    ({"linux": {"seccomp": {"defaultAction": "SCMP_ACT_NOTIFY"}}}, "linux.seccomp.listenerPath"),
    ({"linux": {"seccomp": {"defaultAction": "SCMP_ACT_NOTIFY", "listenerPath": "/x"}}}, "linux.seccomp.defaultAction"),
    (
        {
            "linux": {
                "seccomp": {
                    "defaultAction": "SCMP_ACT_ALLOW",
                    "listenerPath": "/x",
                    "syscalls": [{"names": ["mkdir", "sendmsg"], "action": "SCMP_ACT_NOTIFY"}],
                }
            }
        },
        "linux.seccomp.syscalls[0].names",
    ),
    (
        {"linux": {"seccomp": {"defaultAction": "SCMP_ACT_LOG", "architectures": ["X"]}}},
        "linux.seccomp.architectures[0]",
    ),
    ({"linux": {"seccomp": {"defaultAction": "SCMP_ACT_ALLOW", "flags": ["X"]}}}, "linux.seccomp.flags[0]"),
    (
        {"linux": {"seccomp": {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": [], "action": "X"}]}}},
        "linux.seccomp.syscalls[0].names",
    ),
    (
        {
            "linux": {
                "seccomp": {
                    "defaultAction": "SCMP_ACT_ALLOW",
                    "syscalls": [
                        {
                            "names": ["a"],
                            "action": "SCMP_ACT_LOG",
                            "args": [{"index": 6, "value": 1, "op": "SCMP_CMP_EQ"}],
                        }
                    ],
                }
            }
        },
        "linux.seccomp.syscalls[0].args[0].index",
    ),
]


@pytest.mark.parametrize(("members", "path"), REFUSED, ids=[f"{n}-{path}" for n, (_, path) in enumerate(REFUSED)])
def test_refused_with_the_path(members: dict[str, Any], path: str) -> None:
    spec.check(base())  # the control
    with pytest.raises(ConfigError) as fault:
        spec.check(base(**members))
    assert fault.value.where == path
    assert fault.value.why


@pytest.mark.parametrize("missing", ["ociVersion", "root"])
def test_required_at_the_top(missing: str) -> None:
    document = base()
    del document[missing]
    with pytest.raises(ConfigError) as fault:
        spec.check(document)
    assert (fault.value.where, fault.value.why) == (missing, "is required")


@pytest.mark.parametrize("version", ["1.0.0", "1.0.2-dev", "1.1.0+dev", "1.2.1", "1.3.0-rc.1", "1.3.0", "1.3.7"])
def test_versions_taken(version: str) -> None:
    spec.check(base(ociVersion=version))


def test_unknown_members_are_ignored() -> None:
    document = base(future={"x": [None]}, process={"novel": 1}, linux={"novel": {"a": 1}})
    spec.check(document)
    assert document["future"] == {"x": [None]}


def test_null_is_absent_and_defaults_are_filled() -> None:
    document = base(mounts=None, hooks=None, process={"env": None, "user": None, "rlimits": None})
    spec.check(document)
    assert document["mounts"] == []
    assert document["hooks"] == {}
    assert document["process"]["env"] == []
    assert document["process"]["user"] == {"uid": 0, "gid": 0}
    assert "rlimits" not in document["process"]


def test_console_size_without_terminal_is_not_read() -> None:
    document = base(process={"consoleSize": "nonsense"})
    spec.check(document)
    assert "consoleSize" not in document["process"]


def test_notify_for_all_but_what_hands_the_listener_over() -> None:
    rule = {"names": ["sendmsg"], "action": "SCMP_ACT_ALLOW"}
    filters = {"defaultAction": "SCMP_ACT_NOTIFY", "listenerPath": "/x", "syscalls": [rule]}
    spec.check(base(linux={"seccomp": filters}))


def test_a_configuration_without_process_is_taken() -> None:
    document = base()
    del document["process"]
    spec.check(document)


BROKEN = [b"", b"{", b"{} x", b'{"a": }', b'{"a": NaN}', b'{"a" 1}', b"[1,]", b'"\x01"', b"\xff", b"{'a': 1}", b"nul"]


@pytest.mark.parametrize("data", BROKEN)
def test_broken_json_is_named(data: bytes) -> None:
    with pytest.raises(ConfigError) as fault:
        spec.parse(data)
    assert "config.json" in fault.value.why


@pytest.mark.parametrize("data", [b"[" * 200_000, b'{"a":' * 200_000])
def test_deep_nesting_is_an_error_and_no_crash(data: bytes) -> None:
    with pytest.raises(ConfigError):
        spec.parse(data)


@pytest.mark.parametrize("document", [{}, {"a": [1, 2.5, None, True, "\u20ac\n", -(2**63)]}, [], "x", 7])
def test_parse_agrees_with_the_standard_library(document: object) -> None:
    for data in (json.dumps(document), " \n" + json.dumps(document, indent=2, ensure_ascii=False) + "\n\t"):
        assert spec.parse(data.encode()) == document


def test_load_reads_the_bundle(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps(BASE))
    with pytest.raises(ConfigError) as fault:
        spec.load(str(tmp_path))
    assert (fault.value.where, "does not exist" in fault.value.why) == ("root.path", True)
    (tmp_path / "rootfs").touch()
    with pytest.raises(ConfigError) as fault:
        spec.load(str(tmp_path))
    assert "is not a folder" in fault.value.why
    (tmp_path / "rootfs").unlink()
    (tmp_path / "rootfs").mkdir()
    assert spec.load(str(tmp_path))["ociVersion"] == "1.0.2"


def test_load_without_file_or_with_another_value(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as fault:
        spec.load(str(tmp_path))
    assert "No such file" in fault.value.why
    (tmp_path / "config.json").write_text("[]")
    with pytest.raises(ConfigError) as fault:
        spec.load(str(tmp_path))
    assert "must hold a JSON object" in fault.value.why


def test_process_and_resources_files(tmp_path: Path) -> None:
    file = tmp_path / "x.json"
    file.write_text(json.dumps({"args": ["a"], "cwd": "x"}))
    with pytest.raises(ConfigError) as fault:
        spec.load_process(str(file))
    assert fault.value.where == "process.cwd"
    file.write_text(json.dumps({"pids": {"limit": -2}}))
    with pytest.raises(ConfigError) as fault:
        spec.load_resources(str(file))
    assert fault.value.where == "resources.pids.limit"


def test_slow_modules_are_not_imported() -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); from runtime_ref import spec; spec.parse(b'{\"a\": 1}');"
        "print(*{'re', 'json', 'ctypes', 'enum', 'typing', 'dataclasses', 'contextlib'} & set(sys.modules))"
    )
    root = Path(spec.__file__).parent.parent
    run = subprocess.run([sys.executable, "-IS", "-c", code, str(root)], capture_output=True, text=True, check=True)
    assert run.stdout.split() == []
