"""Every typed patch: what it writes, and that the base with it has no fault."""

import inspect
import json
from typing import Any

import pytest

from bundles import Document, base, merge, patches, schema
from bundles.patches import arg, hook, mount, rule

PATCHES: list[tuple[Document, str, Any]] = [
    (patches.version("1.3.0"), "ociVersion", "1.3.0"),
    (patches.runs("exit", 3), "process/args", ["/probe", "exit", "3"]),
    (patches.args("/bin/x", "-y"), "process/args", ["/bin/x", "-y"]),
    (patches.env("A=1", B="2"), "process/env", ["A=1", "B=2"]),
    (patches.cwd("/tmp"), "process/cwd", "/tmp"),
    (patches.user(7), "process/user", {"uid": 7, "gid": 7}),
    (patches.user(7, 8, [9], 0o22), "process/user", {"uid": 7, "gid": 8, "additionalGids": [9], "umask": 18}),
    (
        patches.capabilities(bounding=["CAP_KILL"], ambient=[]),
        "process/capabilities",
        {"bounding": ["CAP_KILL"], "ambient": []},
    ),
    (patches.all_capabilities("CAP_KILL"), "process/capabilities/ambient", ["CAP_KILL"]),
    (patches.no_new_privileges(False), "process/noNewPrivileges", False),
    (patches.rlimits(("RLIMIT_CORE", 1, 2)), "process/rlimits", [{"type": "RLIMIT_CORE", "soft": 1, "hard": 2}]),
    (patches.terminal(height=24, width=80), "process/consoleSize", {"height": 24, "width": 80}),
    (patches.terminal(False), "process/terminal", False),
    (patches.oom_score_adj(-5), "process/oomScoreAdj", -5),
    (patches.apparmor("p"), "process/apparmorProfile", "p"),
    (patches.selinux("l", "m"), "linux/mountLabel", "m"),
    (patches.scheduler("SCHED_BATCH", nice=3), "process/scheduler", {"policy": "SCHED_BATCH", "nice": 3}),
    (patches.io_priority("IOPRIO_CLASS_BE", 3), "process/ioPriority", {"class": "IOPRIO_CLASS_BE", "priority": 3}),
    (patches.exec_cpu_affinity("0"), "process/execCPUAffinity", {"initial": "0"}),
    (patches.root(readonly=True), "root", {"path": "rootfs", "readonly": True}),
    (patches.root(path="rootfs"), "root", {"path": "rootfs", "readonly": False}),
    (
        patches.mounts(mount("/m", "tmpfs", "t", ["ro"])),
        "mounts/4",
        {"destination": "/m", "type": "tmpfs", "source": "t", "options": ["ro"]},
    ),
    (patches.mounts_of(mount("/m")), "mounts", [{"destination": "/m"}]),
    (patches.masked("/a", "/b"), "linux/maskedPaths", ["/a", "/b"]),
    (patches.readonly("/a"), "linux/readonlyPaths", ["/a"]),
    (patches.propagation("slave"), "linux/rootfsPropagation", "slave"),
    (
        patches.hooks(poststop=[hook("/h", "h", "x", env=["A=1"], timeout=2)]),
        "hooks/poststop/0",
        {"path": "/h", "args": ["h", "x"], "env": ["A=1"], "timeout": 2},
    ),
    (
        patches.ticks("startContainer"),
        "hooks/startContainer/1",
        {"path": "/probe", "args": ["probe", "hook", "startContainer.b"]},
    ),
    (patches.annotations(**{"a.b": "c"}), "annotations", {"a.b": "c"}),
    (patches.namespaces("pid", network="/n"), "linux/namespaces", [{"type": "pid"}, {"type": "network", "path": "/n"}]),
    (patches.userns([(0, 1, 2)]), "linux/gidMappings", [{"containerID": 0, "hostID": 1, "size": 2}]),
    (
        patches.userns([(0, 1, 2)], [(3, 4, 5)], ["mount"], user="/u"),
        "linux/namespaces",
        [{"type": "mount"}, {"type": "user", "path": "/u"}],
    ),
    (patches.time_offsets(monotonic=(1, 2)), "linux/timeOffsets", {"monotonic": {"secs": 1, "nanosecs": 2}}),
    (patches.hostname("h"), "hostname", "h"),
    (patches.domainname("d"), "domainname", "d"),
    (patches.sysctl({"a.b": "1"}), "linux/sysctl", {"a.b": "1"}),
    (patches.devices({"type": "p", "path": "/p"}), "linux/devices", [{"type": "p", "path": "/p"}]),
    (patches.resources(pids={"limit": 3}), "linux/resources", {"pids": {"limit": 3}}),
    (patches.personality("LINUX32"), "linux/personality", {"domain": "LINUX32"}),
    (patches.net_devices(eth0=None, eth1="x"), "linux/netDevices", {"eth0": {}, "eth1": {"name": "x"}}),
    (patches.memory_policy("MPOL_BIND", "0", ["MPOL_F_STATIC_NODES"]), "linux/memoryPolicy/nodes", "0"),
    (
        patches.filtered("getcwd", "SCMP_ACT_ERRNO", 13),
        "linux/seccomp/syscalls",
        [{"names": ["getcwd"], "action": "SCMP_ACT_ERRNO", "errnoRet": 13}],
    ),
    (patches.unlisted("getcwd", "SCMP_ACT_KILL"), "linux/seccomp/defaultAction", "SCMP_ACT_KILL"),
    (patches.intel_rdt(closID="x"), "linux/intelRdt", {"closID": "x"}),
    (
        patches.seccomp(
            default="SCMP_ACT_ALLOW",
            rules=[rule("getcwd", "SCMP_ACT_ERRNO", errno_ret=13, args=[arg(0, 1, "SCMP_CMP_EQ", 2)])],
        ),
        "linux/seccomp",
        {
            "defaultAction": "SCMP_ACT_ALLOW",
            "syscalls": [
                {
                    "names": ["getcwd"],
                    "action": "SCMP_ACT_ERRNO",
                    "errnoRet": 13,
                    "args": [{"index": 0, "value": 1, "op": "SCMP_CMP_EQ", "valueTwo": 2}],
                }
            ],
        },
    ),
]
PARTS = {"arg", "rule", "hook", "mount"}  # documents, but parts of a patch


@pytest.mark.parametrize(("patch", "where", "value"), PATCHES, ids=[p[1] for p in PATCHES])
def test_patch_writes_what_it_says_and_nothing_faulty(patch: Document, where: str, value: Any) -> None:
    config: Any = merge(base(), patch)
    assert json.loads(json.dumps(config)) == config
    assert schema.check(config) == []
    for step in where.split("/"):
        config = config[int(step) if isinstance(config, list) else step]
    assert config == value


def test_every_patch_is_tested_here() -> None:
    source = inspect.getsource(inspect.getmodule(test_every_patch_is_tested_here) or pytest)
    given = [name for name in patches.__all__ if getattr(patches, name).__class__ is type(base) and name not in PARTS]
    written = [name for name in given if inspect.signature(getattr(patches, name)).return_annotation == Document]
    assert "runs" in written
    assert [name for name in written if f"patches.{name}(" not in source] == []


def test_every_call_but_leaves_out_what_it_is_told() -> None:
    calls = patches.every_call_but("getcwd", "read")
    assert "write" in calls and not {"getcwd", "read"} & set(calls)


def test_path_of_is_a_placeholder() -> None:
    assert patches.path_of("red") == "{ns:red}"


def test_ticks_run_the_host_probe_where_the_path_is_the_hosts() -> None:
    hooks = patches.ticks(*patches.POINTS)["hooks"]
    assert {point: entries[0]["path"] for point, entries in hooks.items()} == {
        point: "/probe" if point == "startContainer" else "{probe}" for point in patches.POINTS
    }
