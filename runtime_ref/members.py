"""The members of config.json on Linux: which shape each has, in the order of the specification's chapters.

One table per object of the document. The links are those of
https://github.com/opencontainers/runtime-spec/blob/v1.3.0/config.md and config-linux.md.
Must not know files, the kernel, or rules that join members.
"""

from __future__ import annotations

from runtime_ref.shapes import (
    CLOCKS,
    DOMAINS,
    HOOKS,
    IO_CLASSES,
    MEMORY_FLAGS,
    MEMORY_MODES,
    NAMESPACES,
    POLICIES,
    PROPAGATIONS,
    RLIMITS,
    SCHED_FLAGS,
    SECCOMP_ACTIONS,
    SECCOMP_ARCHITECTURES,
    SECCOMP_FLAGS,
    SECCOMP_OPERATORS,
    Array,
    Bad,
    OneOf,
    Record,
    Table,
    Whole,
    absolute,
    anything,
    filled,
    flag,
    line,
    numbers,
    text,
    told,
)

i64 = Whole(-(2**63), 2**63 - 1)
i32 = Whole(-(2**31), 2**31 - 1)
u64 = Whole(0, 2**64 - 1)
u32 = Whole(0, 2**32 - 1)
u16 = Whole(0, 2**16 - 1)
# -1 as an id means "leave as it is" to the kernel's calls, so 2^32 - 1 is no id.
an_id = Whole(0, 2**32 - 2)
limit = Whole(-1, 2**63 - 1)  # bytes or tasks; -1 is "no limit"
texts = Array(text)


def page_size(value: object) -> None:
    """A huge page size such as 64KB, 2MB, 1GB."""
    text(value)
    digits = value[:-2]  # type: ignore[index]
    if value[-2:] not in ("KB", "MB", "GB") or not (digits.isascii() and digits.isdecimal()):  # type: ignore[index]
        raise Bad("", f"must be a number followed by KB, MB or GB, is {told(value)}")


def access(value: object) -> None:
    """Letters of a device rule: r, w, m."""
    text(value)
    if value.strip("rwm"):  # type: ignore[attr-defined]
        raise Bad("", f"may hold only the letters r, w and m, is {told(value)}")


def interface(value: object) -> None:
    """The name of a network device: up to 15 bytes, no slash, no space (dev_valid_name of the kernel)."""
    filled(value)
    name = str(value)
    if len(name.encode()) > 15 or name in (".", "..") or "/" in name or ":" in name or len(name.split()) != 1:
        raise Bad("", f"must be the name of a network device of at most 15 bytes, is {told(value)}")


def uts_name(value: object) -> None:
    """A name of uname(2): up to 64 bytes."""
    text(value)
    if len(str(value).encode()) > 64:
        raise Bad("", f"must have at most 64 bytes, is {told(value)}")


def cgroups_path(value: object) -> None:
    """A path in the cgroup hierarchy that does not climb."""
    text(value)
    if ".." in value.split("/"):  # type: ignore[attr-defined]
        raise Bad("", f"must not hold '..', is {told(value)}")


def clos(value: object) -> None:
    """A resctrl group: "/" (the default group) or one folder name."""
    filled(value)
    if value != "/" and ("/" in str(value) or value in (".", "..")):
        raise Bad("", f'must be "/" or the name of one folder, is {told(value)}')


def bandwidth(value: object) -> None:
    """The memory bandwidth line of resctrl."""
    line(value)
    if not value.startswith("MB:"):  # type: ignore[attr-defined]
        raise Bad("", f'must start with "MB:", is {told(value)}')


# process: config.md#process
user = Record(
    {"uid": an_id, "gid": an_id, "umask": Whole(0, 0o777), "additionalGids": Array(an_id, most=65536)},
    "uid",
    "gid",
)
console_size = Record({"height": u16, "width": u16}, "height", "width")
rlimit = Record({"type": OneOf(*RLIMITS), "soft": u64, "hard": u64}, "type", "soft", "hard")
capabilities = Record(
    {"bounding": texts, "permitted": texts, "effective": texts, "inheritable": texts, "ambient": texts}
)
scheduler = Record(
    {
        "policy": OneOf(*POLICIES),
        "nice": Whole(-20, 19),
        "priority": i32,
        "flags": Array(OneOf(*SCHED_FLAGS)),
        "runtime": u64,
        "deadline": u64,
        "period": u64,
    },
    "policy",
)
io_priority = Record({"class": OneOf(*IO_CLASSES), "priority": Whole(0, 7)}, "class", "priority")
process = Record(
    {
        "terminal": flag,
        "consoleSize": anything,  # looked at only with a terminal: see spec
        "user": user,
        "args": Array(text, least=1),
        "env": texts,
        "cwd": absolute,
        "rlimits": Array(rlimit),
        "apparmorProfile": text,
        "capabilities": capabilities,
        "noNewPrivileges": flag,
        "oomScoreAdj": Whole(-1000, 1000),
        "scheduler": scheduler,
        "selinuxLabel": text,
        "ioPriority": io_priority,
        "execCPUAffinity": Record({"initial": numbers, "final": numbers}),
    },
    "cwd",
    "args",
)

# root, mounts, hooks: config.md#root, #mounts, #posix-platform-hooks
root = Record({"path": filled, "readonly": flag}, "path")
id_mapping = Record({"containerID": u32, "hostID": u32, "size": u32}, "containerID", "hostID", "size")
mount = Record(
    {
        "destination": filled,
        "type": text,
        "source": text,
        "options": texts,
        "uidMappings": Array(id_mapping),
        "gidMappings": Array(id_mapping),
    },
    "destination",
)
hook = Record({"path": absolute, "args": texts, "env": texts, "timeout": Whole(1, 2**31 - 1)}, "path")

# linux.resources: config-linux.md#control-groups
device_rule = Record(
    {"allow": flag, "type": OneOf("a", "b", "c"), "major": i64, "minor": i64, "access": access}, "allow"
)
weight_device = Record({"major": i64, "minor": i64, "weight": u16, "leafWeight": u16}, "major", "minor")
throttle = Array(Record({"major": i64, "minor": i64, "rate": u64}, "major", "minor", "rate"))
resources = Record(
    {
        "devices": Array(device_rule),
        "memory": Record(
            {
                "limit": limit,
                "reservation": limit,
                "swap": limit,
                "kernel": limit,
                "kernelTCP": limit,
                "swappiness": Whole(0, 100),
                "disableOOMKiller": flag,
                "useHierarchy": flag,
                "checkBeforeUpdate": flag,
            }
        ),
        "cpu": Record(
            {
                "shares": u64,
                "quota": i64,
                "burst": u64,
                "period": u64,
                "realtimeRuntime": i64,
                "realtimePeriod": u64,
                "cpus": numbers,
                "mems": numbers,
                "idle": Whole(0, 1),
            }
        ),
        "blockIO": Record(
            {
                "weight": u16,
                "leafWeight": u16,
                "weightDevice": Array(weight_device),
                "throttleReadBpsDevice": throttle,
                "throttleWriteBpsDevice": throttle,
                "throttleReadIOPSDevice": throttle,
                "throttleWriteIOPSDevice": throttle,
            }
        ),
        "hugepageLimits": Array(Record({"pageSize": page_size, "limit": u64}, "pageSize", "limit")),
        "network": Record(
            {
                "classID": u32,
                "priorities": Array(Record({"name": interface, "priority": u32}, "name", "priority")),
            }
        ),
        "pids": Record({"limit": limit}),
        "rdma": Table(Record({"hcaHandles": u32, "hcaObjects": u32})),
        "unified": Table(text),
    }
)

# linux: config-linux.md
device = Record(
    {
        "type": OneOf("b", "c", "u", "p"),
        "path": absolute,
        "major": i64,
        "minor": i64,
        "fileMode": u32,
        "uid": an_id,
        "gid": an_id,
    },
    "type",
    "path",
)
seccomp = Record(
    {
        "defaultAction": OneOf(*SECCOMP_ACTIONS),
        "defaultErrnoRet": u32,
        "architectures": Array(OneOf(*SECCOMP_ARCHITECTURES)),
        "flags": Array(OneOf(*SECCOMP_FLAGS)),
        "listenerPath": text,
        "listenerMetadata": text,
        "syscalls": Array(
            Record(
                {
                    "names": Array(text, least=1),
                    "action": OneOf(*SECCOMP_ACTIONS),
                    "errnoRet": u32,
                    "args": Array(
                        Record(
                            {
                                "index": Whole(0, 5),
                                "value": u64,
                                "valueTwo": u64,
                                "op": OneOf(*SECCOMP_OPERATORS),
                            },
                            "index",
                            "value",
                            "op",
                        )
                    ),
                },
                "names",
                "action",
            )
        ),
    },
    "defaultAction",
)
intel_rdt = Record(
    {
        "closID": clos,
        "l3CacheSchema": line,
        "memBwSchema": bandwidth,
        "schemata": Array(line),
        "enableMonitoring": flag,
    }
)
linux = Record(
    {
        "namespaces": Array(Record({"type": OneOf(*NAMESPACES), "path": text}, "type")),
        "uidMappings": Array(id_mapping),
        "gidMappings": Array(id_mapping),
        "timeOffsets": Table(Record({"secs": i64, "nanosecs": Whole(0, 999_999_999)}), OneOf(*CLOCKS)),
        "devices": Array(device),
        "netDevices": Table(Record({"name": interface}), interface),
        "cgroupsPath": cgroups_path,
        "resources": resources,
        "rootfsPropagation": OneOf("", *PROPAGATIONS),
        "intelRdt": intel_rdt,
        "memoryPolicy": Record(
            {"mode": OneOf(*MEMORY_MODES), "nodes": numbers, "flags": Array(OneOf(*MEMORY_FLAGS))}, "mode"
        ),
        "sysctl": Table(text),
        "seccomp": seccomp,
        "maskedPaths": Array(absolute),
        "readonlyPaths": Array(absolute),
        "mountLabel": text,
        "personality": Record({"domain": OneOf(*DOMAINS), "flags": texts}, "domain"),
    }
)
config = Record(
    {
        "ociVersion": filled,
        "root": root,
        "mounts": Array(mount),
        "process": process,
        "hostname": uts_name,
        "domainname": uts_name,
        "hooks": Record({name: Array(hook) for name in HOOKS}),
        "annotations": Table(text),
        "linux": linux,
    },
    "ociVersion",
    "root",
)
