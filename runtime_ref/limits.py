"""What the kernel allows one process: rlimits, scheduler, I/O priority, CPUs, memory policy, OOM score, umask.

Knows the numbers behind the names and one call per topic; a function does nothing where its member is absent. Must not
know when in the run each comes. Faults carry the member's JSON path.
https://github.com/opencontainers/runtime-spec/blob/v1.3.0/config.md#posix-process,
https://github.com/opencontainers/runtime-spec/blob/v1.3.0/config.md#linux-process,
https://github.com/opencontainers/runtime-spec/blob/v1.3.0/config-linux.md#memory-policy,
https://github.com/opencontainers/runtime-spec/blob/v1.3.0/config-linux.md#personality.
"""

from __future__ import annotations

from _struct import pack

from runtime_ref.errors import RuntimeFault
from runtime_ref.kernel import const as c
from runtime_ref.kernel import os
from runtime_ref.kernel import sys as k
from runtime_ref.shapes import ranges

if False:
    from typing import Any

# asm-generic/resource.h
RLIMITS = {
    "RLIMIT_CPU": 0, "RLIMIT_FSIZE": 1, "RLIMIT_DATA": 2, "RLIMIT_STACK": 3, "RLIMIT_CORE": 4, "RLIMIT_RSS": 5,
    "RLIMIT_NPROC": 6, "RLIMIT_NOFILE": 7, "RLIMIT_MEMLOCK": 8, "RLIMIT_AS": 9, "RLIMIT_LOCKS": 10,
    "RLIMIT_SIGPENDING": 11, "RLIMIT_MSGQUEUE": 12, "RLIMIT_NICE": 13, "RLIMIT_RTPRIO": 14, "RLIMIT_RTTIME": 15,
}  # fmt: skip
# linux/sched.h
POLICIES = {
    "SCHED_OTHER": 0,
    "SCHED_FIFO": 1,
    "SCHED_RR": 2,
    "SCHED_BATCH": 3,
    "SCHED_IDLE": 5,
    "SCHED_DEADLINE": 6,
}
SCHED_FLAGS = {
    "SCHED_FLAG_RESET_ON_FORK": 0x01,
    "SCHED_FLAG_RECLAIM": 0x02,
    "SCHED_FLAG_DL_OVERRUN": 0x04,
    "SCHED_FLAG_KEEP_POLICY": 0x08,
    "SCHED_FLAG_KEEP_PARAMS": 0x10,
    "SCHED_FLAG_UTIL_CLAMP_MIN": 0x20,
    "SCHED_FLAG_UTIL_CLAMP_MAX": 0x40,
}
# linux/ioprio.h
IO_CLASSES = {"IOPRIO_CLASS_RT": 1, "IOPRIO_CLASS_BE": 2, "IOPRIO_CLASS_IDLE": 3}
# linux/mempolicy.h
MEMORY_MODES = {
    "MPOL_DEFAULT": 0,
    "MPOL_PREFERRED": 1,
    "MPOL_BIND": 2,
    "MPOL_INTERLEAVE": 3,
    "MPOL_LOCAL": 4,
    "MPOL_PREFERRED_MANY": 5,
    "MPOL_WEIGHTED_INTERLEAVE": 6,
}
MEMORY_FLAGS = {"MPOL_F_STATIC_NODES": 1 << 15, "MPOL_F_RELATIVE_NODES": 1 << 14, "MPOL_F_NUMA_BALANCING": 1 << 13}
# linux/personality.h
DOMAINS = {"LINUX": 0x0000, "LINUX32": 0x0008}


def raise_rlimits(process: dict[str, Any], pid: int = 0) -> None:
    """Lifts hard limits to those of `rlimits`, where they are higher, of this process or another.

    That takes the host's CAP_SYS_RESOURCE: for a process in a user namespace somebody outside has to do it.
    """
    _rlimits(process, True, pid)


def rlimits(process: dict[str, Any]) -> None:
    """Each entry of `rlimits` as it is. After `raise_rlimits` this takes no rights. Call it last before exec: a
    process with as few descriptors or as little memory as these may allow can do nothing else."""
    _rlimits(process, False)


def _rlimits(process: dict[str, Any], only_raise: bool, pid: int = 0) -> None:
    for number, entry in enumerate(process.get("rlimits") or ()):
        which = RLIMITS[entry["type"]]
        try:
            if not only_raise:
                k.prlimit(0, which, (entry["soft"], entry["hard"]))
                continue
            soft, hard = k.prlimit(pid, which)
            if entry["hard"] > hard:
                k.prlimit(pid, which, (soft, entry["hard"]))
        except OSError as fault:
            why = f"{entry['type']} to {entry['soft']}, {entry['hard']}: {fault.strerror}"
            raise RuntimeFault("set rlimits", why, f"process.rlimits[{number}]") from None


def oom_score_adj(process: dict[str, Any], folder: int | None = None) -> None:
    """`oomScoreAdj` of this process; without it nothing is touched.

    `folder`: a descriptor of /proc/self that is known to be a procfs. Lowering the value needs CAP_SYS_RESOURCE.
    """
    if process.get("oomScoreAdj") is None:
        return
    path = "/proc/self/oom_score_adj" if folder is None else "oom_score_adj"
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC, dir_fd=folder)
        try:
            os.write(fd, b"%d" % process["oomScoreAdj"])
        finally:
            os.close(fd)
    except OSError as fault:
        why = f"{process['oomScoreAdj']}: {fault.strerror}"
        raise RuntimeFault("set the OOM score", why, "process.oomScoreAdj") from None


def scheduler(process: dict[str, Any]) -> None:
    """`scheduler` by sched_setattr(2). A process under SCHED_DEADLINE cannot fork: call it late."""
    wanted = process.get("scheduler")
    if not wanted:
        return
    flags = 0
    for name in wanted.get("flags") or ():
        flags |= SCHED_FLAGS[name]
    attributes = pack(
        "=IIQiIQQQII",
        56,
        POLICIES[wanted["policy"]],
        flags,
        wanted.get("nice") or 0,
        wanted.get("priority") or 0,
        wanted.get("runtime") or 0,
        wanted.get("deadline") or 0,
        wanted.get("period") or 0,
        0,  # the utilisation clamp has no values in the configuration: the widest range
        1024,
    )
    try:
        k.sched_setattr(0, attributes)
        if wanted["policy"] not in ("SCHED_OTHER", "SCHED_BATCH"):  # the call reads nice for these two only
            os.setpriority(os.PRIO_PROCESS, 0, wanted.get("nice") or 0)
    except OSError as fault:
        why = f"{wanted['policy']}: {fault.strerror}"
        raise RuntimeFault("set the scheduler", why, "process.scheduler") from None


def io_priority(process: dict[str, Any]) -> None:
    """`ioPriority` of this process, which its children take over: so it holds for the whole process group of a session
    leader."""
    wanted = process.get("ioPriority")
    if not wanted:
        return
    try:
        k.ioprio_set(c.IOPRIO_WHO_PROCESS, 0, IO_CLASSES[wanted["class"]] << 13 | wanted["priority"])
    except OSError as fault:
        why = f"{wanted['class']} {wanted['priority']}: {fault.strerror}"
        raise RuntimeFault("set the I/O priority", why, "process.ioPriority") from None


def affinity(process: dict[str, Any], which: str) -> None:
    """`execCPUAffinity.initial` or `.final`, for this process; only for `exec`. Empty or absent: left to the kernel."""
    listed = (process.get("execCPUAffinity") or {}).get(which)
    if not listed or not listed.strip():
        return
    try:
        os.sched_setaffinity(0, ranges(listed))
    except OSError as fault:
        why = f"{listed}: {fault.strerror}"
        raise RuntimeFault("set the CPU affinity", why, f"process.execCPUAffinity.{which}") from None


def personality(linux: dict[str, Any]) -> None:
    """`personality.domain`."""
    wanted = linux.get("personality")
    if not wanted:
        return
    try:
        k.personality(DOMAINS[wanted["domain"]])
    except OSError as fault:
        raise RuntimeFault("set the personality", str(fault), "linux.personality") from None


def memory_policy(linux: dict[str, Any]) -> None:
    """`memoryPolicy` by set_mempolicy(2)."""
    wanted = linux.get("memoryPolicy")
    if not wanted:
        return
    mode = MEMORY_MODES[wanted["mode"]]
    for name in wanted.get("flags") or ():
        mode |= MEMORY_FLAGS[name]
    mask = 0
    for node in ranges(wanted.get("nodes") or ""):
        mask |= 1 << node
    # Whole words of 64 bits; the kernel takes one bit less than it is told.
    size = (mask.bit_length() + 63) // 64 * 8
    nodes = b"".join(pack("=Q", mask >> 64 * word & 0xFFFFFFFFFFFFFFFF) for word in range(size // 8))
    try:
        k.set_mempolicy(mode, nodes, size * 8 + 1 if size else 0)
    except OSError as fault:
        why = f"{wanted['mode']} {wanted.get('nodes') or ''}: {fault.strerror}"
        raise RuntimeFault("set the memory policy", why, "linux.memoryPolicy") from None


def umask(process: dict[str, Any]) -> None:
    """`user.umask`; without it the mask stays."""
    mask = process["user"].get("umask")
    if mask is not None:
        os.umask(mask)
