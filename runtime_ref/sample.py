"""`spec`: a config.json to start from, for root or for an ordinary user.

Knows a sensible default and nothing else.
"""

from __future__ import annotations

from runtime_ref import text
from runtime_ref.errors import RuntimeFault
from runtime_ref.kernel import os
from runtime_ref.state import SPEC

if False:
    from typing import Any

    from runtime_ref.cli import Call

CAPS = ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"]
MASKED = [
    "/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/sched_debug", "/proc/scsi",
    "/proc/timer_list", "/proc/timer_stats", "/sys/devices/virtual/powercap", "/sys/firmware",
]  # fmt: skip
READONLY = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]


def _mount(destination: str, kind: str, source: str, *options: str) -> dict[str, Any]:
    return {"destination": destination, "type": kind, "source": source, "options": list(options)}


def sample(rootless: bool) -> dict[str, Any]:
    """The configuration. `rootless`: with a user namespace of this user alone, and without what only root may do."""
    namespaces = ["pid", "ipc", "uts", "mount", "cgroup", *(["user"] if rootless else ["network"])]
    sys_mount = (
        _mount("/sys", "none", "/sys", "rbind", "nosuid", "noexec", "nodev", "ro")
        if rootless
        else _mount("/sys", "sysfs", "sysfs", "nosuid", "noexec", "nodev", "ro")
    )
    pts = ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", *([] if rootless else ["gid=5"])]
    linux: dict[str, Any] = {
        "namespaces": [{"type": kind} for kind in namespaces],
        "maskedPaths": MASKED,
        "readonlyPaths": READONLY,
    }
    if rootless:
        linux["uidMappings"] = [{"containerID": 0, "hostID": os.geteuid(), "size": 1}]
        linux["gidMappings"] = [{"containerID": 0, "hostID": os.getegid(), "size": 1}]
    else:
        linux["resources"] = {"devices": [{"allow": False, "access": "rwm"}]}
    mounts = [
        _mount("/proc", "proc", "proc"),
        _mount("/dev", "tmpfs", "tmpfs", "nosuid", "strictatime", "mode=755", "size=65536k"),
        _mount("/dev/pts", "devpts", "devpts", *pts),
        _mount("/dev/shm", "tmpfs", "shm", "nosuid", "noexec", "nodev", "mode=1777", "size=65536k"),
        _mount("/dev/mqueue", "mqueue", "mqueue", "nosuid", "noexec", "nodev"),
        sys_mount,
    ]
    if not rootless:
        mounts.append(_mount("/sys/fs/cgroup", "cgroup", "cgroup", "nosuid", "noexec", "nodev", "relatime", "ro"))
    return {
        "ociVersion": SPEC,
        "process": {
            "terminal": True,
            "user": {"uid": 0, "gid": 0},
            "args": ["sh"],
            "env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm"],
            "cwd": "/",
            "capabilities": {"bounding": CAPS, "effective": CAPS, "permitted": CAPS},
            "rlimits": [{"type": "RLIMIT_NOFILE", "hard": 1024, "soft": 1024}],
            "noNewPrivileges": True,
        },
        "root": {"path": "rootfs", "readonly": True},
        "hostname": "runtime-ref",
        "mounts": mounts,
        "linux": linux,
    }


def spec_command(call: Call) -> None:
    """`spec`: writes config.json, which must not be there yet. Raises RuntimeFault."""
    path = os.path.join(call.options.get("bundle") or ".", "config.json")
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    except OSError as fault:
        raise RuntimeFault("write config.json", f"{path}: {fault.strerror}") from None
    with open(fd, "w", encoding="utf-8") as file:
        file.write(text.pretty(sample("rootless" in call.options)) + "\n")
