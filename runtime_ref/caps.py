"""Capabilities: names to bits, and the five sets of the container process.

Knows capabilities(7). Must not know when in the run each step comes; the order is `of`, `limit` (while the process may
still do all), the change of user, then `apply`.
https://github.com/opencontainers/runtime-spec/blob/v1.3.0/config.md#linux-process
"""

from __future__ import annotations

import errno

from runtime_ref.errors import RuntimeFault
from runtime_ref.kernel import const as c
from runtime_ref.kernel import sys as k

if False:
    from typing import Any

# linux/capability.h: the bit is the place in the list.
NAMES = (
    "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_SETGID",
    "CAP_SETUID", "CAP_SETPCAP", "CAP_LINUX_IMMUTABLE", "CAP_NET_BIND_SERVICE", "CAP_NET_BROADCAST", "CAP_NET_ADMIN",
    "CAP_NET_RAW", "CAP_IPC_LOCK", "CAP_IPC_OWNER", "CAP_SYS_MODULE", "CAP_SYS_RAWIO", "CAP_SYS_CHROOT",
    "CAP_SYS_PTRACE", "CAP_SYS_PACCT", "CAP_SYS_ADMIN", "CAP_SYS_BOOT", "CAP_SYS_NICE", "CAP_SYS_RESOURCE",
    "CAP_SYS_TIME", "CAP_SYS_TTY_CONFIG", "CAP_MKNOD", "CAP_LEASE", "CAP_AUDIT_WRITE", "CAP_AUDIT_CONTROL",
    "CAP_SETFCAP", "CAP_MAC_OVERRIDE", "CAP_MAC_ADMIN", "CAP_SYSLOG", "CAP_WAKE_ALARM", "CAP_BLOCK_SUSPEND",
    "CAP_AUDIT_READ", "CAP_PERFMON", "CAP_BPF", "CAP_CHECKPOINT_RESTORE",
)  # fmt: skip
SETS = ("bounding", "permitted", "effective", "inheritable", "ambient")
BITS = {name: 1 << bit for bit, name in enumerate(NAMES)}


class Sets:
    """The sets as bits, and what could not be granted, in words for the log."""

    __slots__ = ("ambient", "bounding", "effective", "inheritable", "permitted", "warnings")

    def __init__(self) -> None:
        self.bounding = self.permitted = self.effective = self.inheritable = self.ambient = 0
        self.warnings: list[str] = []


def names_of(bits: int) -> list[str]:
    """The names of the bits that are set, in the kernel's order; unnamed ones as numbers."""
    return [NAMES[bit] if bit < len(NAMES) else f"CAP_{bit}" for bit in range(64) if bits >> bit & 1]


def words(bits: int) -> str:
    """A set in words; the shorter of what it holds and what it lacks."""
    missing = [name.removeprefix("CAP_") for name in NAMES if not bits & BITS[name]]
    if len(missing) < 10:
        return "all" + (" but " if missing else "") + " ".join(missing)
    return " ".join(name.removeprefix("CAP_") for name in names_of(bits)) or "no capability"


def of(process: dict[str, Any]) -> Sets:
    """The sets that a process object asks for; without `capabilities` all are empty. Unknown names become warnings."""
    sets = Sets()
    wanted = process.get("capabilities") or {}
    for which in SETS:
        bits = 0
        for name in wanted.get(which) or ():
            if name in BITS:
                bits |= BITS[name]
            else:
                sets.warnings.append(
                    f"process.capabilities.{which}: {name} is not known to this runtime and is left out"
                )
        setattr(sets, which, bits)
    return sets


def limit(sets: Sets) -> None:
    """The inheritable and the bounding set; and keeps the permitted set over the coming change of user.

    Takes out of `sets` what this process does not have or the kernel does not know, each with a warning.
    """
    effective, permitted, inheritable = k.capget()
    has = bit = 0
    while True:
        try:
            here = k.prctl(c.PR_CAPBSET_READ, bit)
        except OSError:
            break  # past the kernel's last one
        has |= here << bit
        bit += 1
    _cut(sets, "bounding", has, "this process does not have it")
    _cut(sets, "permitted", permitted, "this process does not have it")
    _cut(sets, "effective", sets.permitted, "it is not in the permitted set")
    _cut(sets, "inheritable", inheritable | has, "this process does not have it")
    _cut(sets, "ambient", sets.permitted & sets.inheritable, "it is not in both the permitted and the inheritable set")
    # The inheritable set may hold more than the bounding set only if it is set first.
    k.capset(effective, permitted, sets.inheritable)
    for bit in range(64):
        if (has & ~sets.bounding) >> bit & 1:
            try:
                k.prctl(c.PR_CAPBSET_DROP, bit)
            except OSError as fault:
                raise RuntimeFault("limit capabilities", f"{fault.strerror}", "process.capabilities.bounding") from None
    k.prctl(c.PR_SET_KEEPCAPS, 1)


def regain() -> None:
    """All that is permitted becomes effective again, as before the change of user. Raises OSError."""
    _, permitted, inheritable = k.capget()
    k.capset(permitted, permitted, inheritable)


def apply(sets: Sets) -> None:
    """The effective and permitted sets, then the ambient one; after the change of user. Raises OSError."""
    k.capset(sets.effective, sets.permitted, sets.inheritable)
    for bit in range(64):
        if sets.ambient >> bit & 1:
            try:
                k.prctl(c.PR_CAP_AMBIENT, c.PR_CAP_AMBIENT_RAISE, bit)
            except OSError as fault:
                if fault.errno != errno.EPERM:  # SECBIT_NO_CAP_AMBIENT_RAISE
                    raise
                sets.warnings.append(f"process.capabilities.ambient: {NAMES[bit]} cannot be granted: {fault.strerror}")


def check(sets: Sets) -> None:
    """Raises OSError where this process has other sets than `apply` set: where a filter skips that call, or the one that tells."""
    if k.capget() != (sets.effective, sets.permitted, sets.inheritable):
        raise OSError(errno.EPERM, "a filter keeps capset(2) or capget(2) from its work")


def _cut(sets: Sets, which: str, allowed: int, why: str) -> None:
    """Leaves only what is allowed in one set, and warns of the rest."""
    asked = getattr(sets, which)
    if asked & ~allowed:
        names = " ".join(names_of(asked & ~allowed))
        sets.warnings.append(f"process.capabilities.{which}: {names} cannot be granted: {why}")
    setattr(sets, which, asked & allowed)
