"""Facts of the machine, and the words by which a case needs them."""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any

import pytest

from conformance.host import CAPABILITIES, Host, Missing, capability_names, cgroups, known, needs, seccomp_actions

V1 = """\
31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct
38 31 0:35 / /sys/fs/cgroup/pids ro,relatime - cgroup cgroup rw,pids
40 31 0:37 / /sys/fs/cgroup/my\\040own rw,relatime - cgroup cgroup rw,name=systemd
"""
V2 = "41 31 0:38 / /sys/fs/cgroup/unified rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n"


def test_cgroups_of_a_machine_with_v1() -> None:
    mode, controllers, named, unified, read_only = cgroups(V1, lambda point: "")
    assert (mode, unified, read_only) == ("v1", None, frozenset({"pids"}))
    assert controllers == {
        "cpu": "/sys/fs/cgroup/cpu,cpuacct",
        "cpuacct": "/sys/fs/cgroup/cpu,cpuacct",
        "pids": "/sys/fs/cgroup/pids",
    }
    assert named == {"systemd": "/sys/fs/cgroup/my own"}


def test_cgroups_of_a_machine_with_both() -> None:
    mode, controllers, _, unified, _ = cgroups(V2 + V1, lambda point: "")
    assert (mode, unified) == ("hybrid", "/sys/fs/cgroup/unified")
    assert sorted(controllers) == ["cpu", "cpuacct", "pids"]


def test_cgroups_of_a_machine_with_v2() -> None:
    asked: list[str] = []

    def at(point: str) -> str:
        asked.append(point)
        return "cpuset cpu io memory pids\n"

    mode, controllers, named, unified, read_only = cgroups(V2, at)
    assert (mode, named, read_only, asked) == ("v2", {}, frozenset(), [unified])
    assert set(controllers) == {"cpuset", "cpu", "cpuacct", "io", "blkio", "memory", "pids", "devices", "freezer"}
    assert cgroups(V2.replace(" rw,nosuid", " ro,nosuid"), at)[4] >= {"cpu", "pids"}


def test_cgroups_of_a_machine_without() -> None:
    assert cgroups("31 23 0:28 / / rw - tmpfs tmpfs rw\nnonsense\n", lambda point: "")[0] == "none"


def test_capability_names() -> None:
    assert capability_names("0000000000000005") == ("CAP_CHOWN", "CAP_DAC_READ_SEARCH")
    assert capability_names("1ffffffffff") == CAPABILITIES and len(CAPABILITIES) == 41
    assert capability_names("30000000000") == ("CAP_CHECKPOINT_RESTORE", "CAP_41")
    assert capability_names("") == ()


def test_seccomp_actions() -> None:
    assert seccomp_actions("kill_thread errno news\n") == ("SCMP_ACT_KILL", "SCMP_ACT_KILL_THREAD", "SCMP_ACT_ERRNO")


def test_this_machine() -> None:
    host = Host.read()
    assert host.kernel == os.uname().release and host.version >= (2, 6)
    assert host.uid == os.geteuid() and host.cpus >= 1
    assert host.cgroup in ("v1", "v2", "hybrid", "none")
    assert all(Path(point).is_dir() for point in host.controllers.values())
    mask = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("CapBnd"))
    assert len(host.capabilities) == int(mask.split()[1], 16).bit_count()
    kinds = {"mount", "network", "pid", "ipc", "uts", "user", "cgroup", "time"}
    assert set(host.namespaces) | set(host.namespace_faults) == kinds
    assert not set(host.namespaces) & set(host.namespace_faults)
    assert set(host.rlimits) >= {"RLIMIT_NOFILE", "RLIMIT_CORE", "RLIMIT_RTTIME"}
    assert "proc" in host.filesystems
    assert Host.read() == host, "reading changes nothing"


def test_a_host_travels_to_workers_and_into_a_record() -> None:
    host = Host.read()
    assert pickle.loads(pickle.dumps(host)) == host
    header = host.header()
    assert header["kernel"] == host.kernel and header["capabilities"] == list(host.capabilities)
    assert {"arch", "cgroup", "controllers", "lsms", "uid"} <= set(header)


POOR = Host(
    kernel="5.4.0-generic",
    arch="aarch64",
    uid=1000,
    cgroup="hybrid",
    controllers={"cpu": "/c/cpu", "pids": "/c/pids"},
    read_only_cgroups=frozenset({"pids"}),
    capabilities=("CAP_CHOWN",),
    namespaces=("pid",),
    namespace_faults={"user": "unshare of a user namespace fails: No space left on device"},
    rlimits={"RLIMIT_NOFILE": 20000, "RLIMIT_CORE": -1},
)
RICH = Host(
    kernel="6.18.1",
    cgroup="v2",
    cpus=8,
    numa_nodes=2,
    controllers={"cpu": "/c", "pids": "/c"},
    lsms=("capability", "apparmor"),
    capabilities=CAPABILITIES,
    namespaces=("user", "time", "network"),
    seccomp_actions=("SCMP_ACT_NOTIFY",),
    apparmor=True,
    selinux=True,
    resctrl=True,
    filesystems=("proc", "overlay"),
    rlimits={"RLIMIT_NOFILE": 20000},
)


@pytest.mark.parametrize(
    ("need", "reason_class", "reason"),
    [
        ("root", "privilege", "uid 1000"),
        ("userns", "kernel", "No space left on device"),
        ("timens", "kernel", "no time namespaces"),
        ("namespace:network", "kernel", "no network namespaces"),
        ("cgroup2", "kernel", "v1 holds the controllers"),
        ("controller:memory", "kernel", "memory is not mounted"),
        ("controller:pids", "privilege", "mounted read-only at /c/pids"),
        ("apparmor", "kernel", "AppArmor is not enabled"),
        ("selinux", "kernel", "SELinux is not enabled"),
        ("lsm:apparmor", "kernel", "there are none"),
        ("seccomp", "kernel", "actions_avail"),
        ("seccomp-action:SCMP_ACT_NOTIFY", "kernel", "no SCMP_ACT_NOTIFY"),
        ("cap:CAP_SYS_RESOURCE", "privilege", "bounding set"),
        ("all-caps", "privilege", "not in the bounding set of the harness: CAP_DAC_OVERRIDE"),
        ("kernel:5.19", "kernel", "the kernel is 5.4.0-generic, older than 5.19"),
        ("arch:x86_64", "kernel", "aarch64, not x86_64"),
        ("idmap", "kernel", "5.12"),
        ("intel_rdt", "kernel", "resctrl"),
        ("cpus:2", "kernel", "1 processors, not 2"),
        ("numa:2", "kernel", "1 memory nodes"),
        ("fs:overlay", "kernel", "no overlay"),
        ("path:/no/such/file", "kernel", "/no/such/file is missing"),
        ("sysctl:net.no_such.thing", "kernel", "/proc/sys/net/no_such/thing is missing"),
        ("rlimit:RLIMIT_NOFILE>=20001", "privilege", "the hard RLIMIT_NOFILE is 20000"),
        ("rlimit:RLIMIT_NICE>=1", "kernel", "no RLIMIT_NICE"),
    ],
)
def test_a_need_that_is_not_met_says_why(need: str, reason_class: str, reason: str) -> None:
    missing = needs(need, POOR, None)
    assert isinstance(missing, Missing) and missing.reason_class == reason_class
    assert reason in missing.reason


@pytest.mark.parametrize(
    "need",
    [
        *("root", "userns", "timens", "namespace:network", "cgroup2", "controller:pids", "apparmor", "selinux"),
        *(
            "lsm:apparmor",
            "seccomp",
            "seccomp-action:SCMP_ACT_NOTIFY",
            "cap:CAP_SYS_RESOURCE",
            "all-caps",
            "kernel:5.19",
            "kernel:6.18",
        ),
        *(
            "arch:x86_64",
            "arch:aarch64|x86_64",
            "idmap",
            "intel_rdt",
            "cpus:8",
            "numa:2",
            "fs:overlay",
            "path:/proc/self",
        ),
        *("sysctl:kernel.ostype", "rlimit:RLIMIT_NOFILE>=99999999"),
    ],
)
def test_a_need_that_is_met(need: str) -> None:
    assert needs(need, RICH, None) is None


def test_needs_that_exclude_something() -> None:
    assert needs("no-apparmor", POOR, None) is None and needs("no-selinux", POOR, None) is None
    assert needs("no-apparmor", RICH, None) == Missing("kernel", "AppArmor is enabled")
    assert needs("no-selinux", RICH, None) == Missing("kernel", "SELinux is enabled")
    assert needs("no-all-caps", POOR, None) is None
    assert needs("no-all-caps", RICH, None) == Missing("privilege", "every capability is in the bounding set of the harness")
    assert needs("cgroup1", POOR, None) is None
    assert needs("cgroup1", RICH, None) == Missing("kernel", "cgroup v1 is not mounted (the mode is v2)")
    assert needs("rlimit:RLIMIT_CORE>=5", POOR, None) is None
    assert needs("rlimit:RLIMIT_NOFILE>=20000", POOR, None) is None


DOCUMENT: dict[str, Any] = {
    "hooks": ["prestart"],
    "linux": {
        "seccomp": {"enabled": True, "actions": ["SCMP_ACT_ALLOW"], "operators": None},
        "apparmor": {"enabled": False},
        "cgroup": {"v1": True, "v2": False},
        "mountExtensions": {"idmap": {"enabled": False}},
    },
}


@pytest.mark.parametrize(
    ("need", "denied"),
    [
        ("feature:hooks=prestart", False),
        ("feature:hooks=poststop", True),
        ("feature:hooks", False),
        ("feature:linux.seccomp.actions=SCMP_ACT_ALLOW", False),
        ("feature:linux.seccomp.actions=SCMP_ACT_ERRNO", True),
        ("feature:linux.seccomp.operators=SCMP_CMP_EQ", False),
        ("feature:linux.seccomp.archs=SCMP_ARCH_X86", False),
        ("feature:linux.seccomp", False),
        ("feature:linux.apparmor", True),
        ("feature:linux.apparmor.enabled", True),
        ("feature:linux.apparmor.profiles=x", True),
        ("feature:linux.cgroup.v1", False),
        ("feature:linux.cgroup.v2", True),
        ("feature:linux.cgroup.v2=false", False),
        ("feature:linux.cgroup.v1=false", True),
        ("feature:linux.mountExtensions.idmap", True),
        ("feature:linux.selinux", False),
        ("feature:linux.seccomp.actions.deeper.still", False),
    ],
)
def test_a_feature_is_missing_only_where_the_document_denies_it(need: str, denied: bool) -> None:
    missing = needs(need, POOR, DOCUMENT)
    assert (missing is not None) is denied
    assert missing is None or missing.reason_class == "feature"
    assert needs(need, POOR, None) is None


@pytest.mark.parametrize(
    ("need", "text"),
    [
        ("aparmor", "did you mean apparmor"),
        ("", "unknown need ''"),
        ("apparmor:x", "unknown need"),
        ("kernel:five", "kernel: is followed by"),
        ("kernel", "kernel: is followed by"),
        ("cap:SYS_ADMIN", "cap: is followed by"),
        ("rlimit:RLIMIT_NOFILE", "rlimit: is followed by"),
        ("namespace:net", "namespace: is followed by"),
        ("path:relative", "path: is followed by"),
        ("feature:", "feature: is followed by"),
        ("cpus:0", "cpus: is followed by"),
    ],
)
def test_an_unknown_need_is_a_fault_of_the_case(need: str, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        needs(need, RICH, None)
    with pytest.raises(ValueError, match=text):
        known(need)
