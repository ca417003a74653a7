"""What this machine can do: facts read once, and never a judgement.

Knows /proc, /sys and what a forked child may unshare. It must not know cases or runtimes; what a case needs of these
facts is in ``needs``.
"""

from __future__ import annotations

import ctypes
import os
import platform
import re
import resource
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from conformance.kernel import CLONE, PROC_NS
from conformance.needs import Missing, known, needs

__all__ = ["CAPABILITIES", "Host", "Missing", "known", "needs"]

# capabilities(7), by number
_CAPABILITIES: Final = """
    CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE
    NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN
    SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE
    MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE
"""
CAPABILITIES: Final = tuple(f"CAP_{word}" for word in _CAPABILITIES.split())
# /proc/sys/kernel/seccomp/actions_avail -> the words of config.json
_ACTIONS: Final = {
    "kill_process": ("SCMP_ACT_KILL_PROCESS",),
    "kill_thread": ("SCMP_ACT_KILL", "SCMP_ACT_KILL_THREAD"),
    "trap": ("SCMP_ACT_TRAP",),
    "errno": ("SCMP_ACT_ERRNO",),
    "user_notif": ("SCMP_ACT_NOTIFY",),
    "trace": ("SCMP_ACT_TRACE",),
    "log": ("SCMP_ACT_LOG",),
    "allow": ("SCMP_ACT_ALLOW",),
}
# lsm_list_modules(2), the LSM_ID_ numbers of linux/lsm.h
_LSM_LIST_MODULES: Final = 461
_LSM_WORDS: Final = "capability selinux smack tomoyo apparmor yama loadpin safesetid lockdown bpf landlock ima evm ipe"
_LSMS: Final = dict(enumerate(_LSM_WORDS.split(), 100))
# What a v1 hierarchy may hold, and what cgroup2 has in other words or without a controller (cgroups(7)).
_V1_WORDS: Final = "cpu cpuacct cpuset memory devices freezer net_cls blkio perf_event net_prio hugetlb pids rdma misc"
_V1_CONTROLLERS: Final = frozenset(_V1_WORDS.split())
_V2_WORDS: Final = {"blkio": "io", "cpuacct": "cpu", "devices": "", "freezer": ""}


@dataclass(frozen=True, kw_only=True)
class Host:
    """Facts of one machine.

    ``cgroup`` is v1, v2, hybrid or none. ``controllers`` maps each controller, by its v1 name too, to its mount point,
    ``hierarchies`` each named v1 hierarchy; ``unified`` is where cgroup2 is mounted. ``namespaces`` are the spec's
    types that can really be made, ``namespace_faults`` says why another cannot. ``capabilities`` is the bounding set,
    ``rlimits`` the hard limits (-1: none).
    """

    kernel: str
    arch: str = "x86_64"
    uid: int = 0
    cpus: int = 1
    numa_nodes: int = 1
    cgroup: str = "none"
    controllers: Mapping[str, str] = field(default_factory=dict)
    hierarchies: Mapping[str, str] = field(default_factory=dict)
    unified: str | None = None
    read_only_cgroups: frozenset[str] = frozenset()
    lsms: tuple[str, ...] = ()
    capabilities: tuple[str, ...] = ()
    cap_last: int = len(CAPABILITIES) - 1
    namespaces: tuple[str, ...] = ()
    namespace_faults: Mapping[str, str] = field(default_factory=dict)
    seccomp_actions: tuple[str, ...] = ()
    apparmor: bool = False
    selinux: bool = False
    resctrl: bool = False
    filesystems: tuple[str, ...] = ()
    rlimits: Mapping[str, int] = field(default_factory=dict)

    @property
    def lacking_capabilities(self) -> tuple[str, ...]:
        """The capabilities that the kernel has and the harness could not give."""
        return tuple(name for name in CAPABILITIES[: self.cap_last + 1] if name not in self.capabilities)

    @property
    def version(self) -> tuple[int, int]:
        """Major and minor number of the kernel."""
        found = re.match(r"(\d+)\.(\d+)", self.kernel)
        return (int(found[1]), int(found[2])) if found else (0, 0)

    @property
    def idmapped_mounts(self) -> bool:
        """mount_setattr(2) with MOUNT_ATTR_IDMAP; each filesystem type learnt it at a version of its own."""
        return self.version >= (5, 12)

    def header(self) -> dict[str, Any]:
        """What a record says of the machine."""
        return {
            "kernel": self.kernel,
            "arch": self.arch,
            "uid": self.uid,
            "cpus": self.cpus,
            "cgroup": self.cgroup,
            "controllers": sorted(self.controllers),
            "lsms": list(self.lsms),
            "capabilities": list(self.capabilities),
            "namespaces": list(self.namespaces),
            "seccomp_actions": list(self.seccomp_actions),
        }

    @classmethod
    def read(cls) -> Host:
        """This machine, now. Forks one child a namespace type; changes nothing."""
        mode, controllers, hierarchies, unified, read_only = cgroups(_text("/proc/self/mountinfo"), lambda point: _text(f"{point}/cgroup.controllers"))
        lsms = _lsms()
        faults = {kind: why for kind in CLONE if (why := _unshare_fault(kind))}
        return cls(
            kernel=platform.release(),
            arch=platform.machine(),
            uid=os.geteuid(),
            cpus=len(os.sched_getaffinity(0)),
            numa_nodes=_numa_nodes(),
            cgroup=mode,
            controllers=controllers,
            hierarchies=hierarchies,
            unified=unified,
            read_only_cgroups=read_only,
            lsms=lsms,
            capabilities=capability_names(_status_field("CapBnd")),
            cap_last=int(_text("/proc/sys/kernel/cap_last_cap") or len(CAPABILITIES) - 1),
            namespaces=tuple(kind for kind in CLONE if kind not in faults),
            namespace_faults=faults,
            seccomp_actions=seccomp_actions(_text("/proc/sys/kernel/seccomp/actions_avail")),
            apparmor=_text("/sys/module/apparmor/parameters/enabled").strip() == "Y",
            selinux="selinuxfs" in _text("/proc/filesystems"),
            resctrl=os.path.exists("/sys/fs/resctrl"),
            filesystems=tuple(line.split()[-1] for line in _text("/proc/filesystems").splitlines() if line.strip()),
            rlimits={name: resource.getrlimit(getattr(resource, name))[1] for name in dir(resource) if name.startswith("RLIMIT_") and name != "RLIMIT_OFILE"},
        )


def cgroups(mountinfo: str, controllers_at: Callable[[str], str]) -> tuple[str, dict[str, str], dict[str, str], str | None, frozenset[str]]:
    """Mode, controllers with mount points, named v1 hierarchies, cgroup2's mount point, controllers mounted read-only.

    ``controllers_at(point)`` is the text of cgroup.controllers there (cgroups(7), proc_pid_mountinfo(5)).
    """
    first: dict[str, str] = {}
    named: dict[str, str] = {}
    later: dict[str, str] = {}
    read_only: set[str] = set()
    unified = None
    for line in mountinfo.splitlines():
        words = line.split(" ")
        if "-" not in words[6:]:
            continue
        dash = words.index("-", 6)
        kind, options = words[dash + 1], words[dash + 3].split(",")
        point = re.sub(r"\\([0-7]{3})", lambda m: chr(int(m[1], 8)), words[4])
        locked = "ro" in words[5].split(",") or "ro" in options
        if kind == "cgroup2" and unified is None:
            unified = point
            later = dict.fromkeys(controllers_at(point).split(), point)
            if later:
                later |= {word: point for word, own in _V2_WORDS.items() if not own or own in later}
            read_only |= set(later) if locked else set()
        elif kind == "cgroup":
            for option in options:
                if option.startswith("name="):
                    named.setdefault(option[5:], point)
                elif option in _V1_CONTROLLERS and option not in first:
                    first[option] = point
                    read_only |= {option} if locked else set()
    if unified is None:
        mode = "v1" if first or named else "none"
    else:
        mode = "hybrid" if first or named else "v2"
    return mode, {**later, **first}, named, unified, frozenset(read_only)


def capability_names(mask: str) -> tuple[str, ...]:
    """The capabilities of a set as /proc shows it, in hexadecimal; CAP_41 for a number without a name here."""
    bits = int(mask or "0", 16)
    return tuple(CAPABILITIES[i] if i < len(CAPABILITIES) else f"CAP_{i}" for i in range(bits.bit_length()) if bits >> i & 1)


def seccomp_actions(words: str) -> tuple[str, ...]:
    """The actions the kernel offers, as config.json calls them."""
    return tuple(action for word in words.split() for action in _ACTIONS.get(word, ()))


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def _status_field(name: str) -> str:
    found = re.search(rf"^{name}:\s*(\S+)", _text("/proc/self/status"), re.MULTILINE)
    return found[1] if found else ""


def _numa_nodes() -> int:
    try:
        return sum(1 for name in os.listdir("/sys/devices/system/node") if re.fullmatch(r"node\d+", name)) or 1
    except OSError:
        return 1


def _lsms() -> tuple[str, ...]:
    """The active LSMs: of securityfs where it is mounted, else of lsm_list_modules(2), which Linux 6.8 brought."""
    text = _text("/sys/kernel/security/lsm").strip()
    if text:
        return tuple(text.split(","))
    ids = (ctypes.c_uint64 * 32)()
    size = ctypes.c_uint32(ctypes.sizeof(ids))
    count = ctypes.CDLL(None).syscall(ctypes.c_long(_LSM_LIST_MODULES), ids, ctypes.byref(size), ctypes.c_uint32(0))
    return tuple(_LSMS.get(number, str(number)) for number in ids[: max(count, 0)])


def _unshare_fault(kind: str) -> str | None:
    """Why a namespace of that type cannot be made here; None if it can."""
    if not os.path.exists(f"/proc/self/ns/{PROC_NS[kind]}"):
        return f"the kernel has no /proc/self/ns/{PROC_NS[kind]}"
    libc = ctypes.CDLL(None, use_errno=True)
    pid = os.fork()
    if pid == 0:
        # Nothing but a system call in the child: the parent may have threads.
        os._exit(ctypes.get_errno() or 255 if libc.unshare(CLONE[kind]) else 0)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if code == 0:
        return None
    return f"unshare of a {kind} namespace fails: {os.strerror(code) if 0 < code < 255 else f'status {code}'}"
