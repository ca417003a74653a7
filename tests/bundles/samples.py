"""A rich document of each kind that has no fault, and edits by path. Knows shapes only."""

import copy
from typing import Any

import bundles

GONE = object()
_DEVICE = {"major": 8, "minor": 0}

CONFIG: dict[str, Any] = bundles.merge(
    bundles.base(),
    {
        "ociVersion": "1.3.0",
        "domainname": "example.org",
        "annotations": {"org.example.key": "", "org.opencontainers.image.os": "linux"},
        "process": {
            "terminal": True,
            "consoleSize": {"height": 24, "width": 80},
            "user": {"uid": 1000, "gid": 1000, "umask": 63, "additionalGids": [5]},
            "rlimits": [
                {"type": "RLIMIT_CORE", "soft": 0, "hard": 2**64 - 1},
                {"type": "RLIMIT_NOFILE", "soft": 1, "hard": 2},
            ],
            "scheduler": {"policy": "SCHED_FIFO", "priority": 1, "flags": ["SCHED_FLAG_RESET_ON_FORK"]},
            "ioPriority": {"class": "IOPRIO_CLASS_BE", "priority": 7},
            "execCPUAffinity": {"initial": "0-1,3", "final": ""},
            "oomScoreAdj": 100,
            "apparmorProfile": "profile",
            "selinuxLabel": "label",
        },
        "hooks": {
            point: [{"path": "/bin/true", "args": ["a"], "env": ["A=1"], "timeout": 1}]
            for point in bundles.patches.POINTS
        },
        "linux": {
            "uidMappings": [{"containerID": 0, "hostID": 1000, "size": 10}],
            "gidMappings": [{"containerID": 0, "hostID": 1000, "size": 10}],
            "timeOffsets": {"monotonic": {"secs": -1, "nanosecs": 5}, "boottime": {}},
            "devices": [
                {"type": "c", "path": "/dev/x", "major": 1, "minor": 3, "fileMode": 438},
                {"type": "p", "path": "/p"},
            ],
            "netDevices": {"eth0": {"name": "eth1"}, "eth2": {}},
            "intelRdt": {"closID": "/", "l3CacheSchema": "L3:0=f", "memBwSchema": "MB:0=10", "schemata": ["L2:0=f"]},
            "memoryPolicy": {"mode": "MPOL_BIND", "nodes": "0", "flags": ["MPOL_F_STATIC_NODES"]},
            "sysctl": {"net.ipv4.ip_forward": "1"},
            "rootfsPropagation": "slave",
            "maskedPaths": ["/proc/kcore"],
            "readonlyPaths": ["/proc/sys"],
            "mountLabel": "label",
            "personality": {"domain": "LINUX", "flags": []},
            "seccomp": {
                "defaultAction": "SCMP_ACT_ERRNO",
                "defaultErrnoRet": 38,
                "architectures": ["SCMP_ARCH_X86_64"],
                "flags": ["SECCOMP_FILTER_FLAG_LOG"],
                "listenerPath": "/run/listener",
                "listenerMetadata": "data",
                "syscalls": [
                    {
                        "names": ["getcwd"],
                        "action": "SCMP_ACT_ERRNO",
                        "errnoRet": 1,
                        "args": [{"index": 5, "value": 2**64 - 1, "valueTwo": 1, "op": "SCMP_CMP_MASKED_EQ"}],
                    }
                ],
            },
            "resources": {
                "devices": [{"allow": False, "access": "rwm"}, {"allow": True, "type": "c", "major": 1, "minor": -1}],
                "memory": {"limit": -1, "swappiness": 100},
                "cpu": {
                    "shares": 2,
                    "quota": 1000,
                    "burst": 1000,
                    "period": 1000,
                    "cpus": "0-1",
                    "mems": "0",
                    "idle": 1,
                },
                "blockIO": {
                    "weight": 10,
                    "weightDevice": [{**_DEVICE, "weight": 10}],
                    "throttleReadBpsDevice": [{**_DEVICE, "rate": 1}],
                },
                "hugepageLimits": [{"pageSize": "2MB", "limit": 1}],
                "network": {"classID": 1, "priorities": [{"name": "lo", "priority": 1}]},
                "pids": {"limit": 0},
                "rdma": {"mlx5": {"hcaHandles": 1}},
                "unified": {"memory.high": "max"},
            },
        },
    },
)
CONFIG["mounts"].append(
    {
        "destination": "/mnt",
        "source": "src",
        "type": "none",
        "options": ["bind", "idmap"],
        "uidMappings": [{"containerID": 0, "hostID": 0, "size": 1}],
        "gidMappings": [{"containerID": 0, "hostID": 0, "size": 1}],
    }
)

STATE: dict[str, Any] = {
    "ociVersion": "1.3.0",
    "id": "one",
    "status": "running",
    "pid": 7,
    "bundle": "/bundle",
    "annotations": {"org.example.key": ""},
}

FEATURES: dict[str, Any] = {
    "ociVersionMin": "1.0.0",
    "ociVersionMax": "1.3.0",
    "hooks": ["prestart"],
    "mountOptions": None,
    "annotations": {"org.example.key": "1"},
    "potentiallyUnsafeConfigAnnotations": ["org.systemd.property."],
    "linux": {
        "namespaces": ["pid"],
        "capabilities": ["CAP_CHOWN"],
        "cgroup": {"v1": True, "rdma": None},
        "seccomp": {
            "enabled": True,
            "actions": ["SCMP_ACT_LOG"],
            "operators": ["SCMP_CMP_EQ"],
            "archs": ["SCMP_ARCH_X86"],
            "knownFlags": ["A", "B"],
            "supportedFlags": ["B"],
        },
        "apparmor": {"enabled": False},
        "intelRdt": {"enabled": True, "schemata": True, "monitoring": False},
        "memoryPolicy": {"modes": ["MPOL_BIND"], "flags": []},
        "mountExtensions": {"idmap": {"enabled": True}},
        "netDevices": None,
    },
}


def edited(document: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """A copy with the member at "a/b/0/c" set to `value`, or removed when it is GONE; "a/-" appends."""
    result = copy.deepcopy(document)
    *way, last = path.split("/")
    holder: Any = result
    for step in way:
        holder = holder[int(step) if isinstance(holder, list) else step]
    key: Any = int(last) if isinstance(holder, list) and last != "-" else last
    if value is GONE:
        del holder[key]
    elif isinstance(holder, list) and last == "-":
        holder.append(value)
    else:
        holder[key] = value
    return result
