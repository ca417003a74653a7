"""What a case may need of the machine and of the runtime, as words; and the fact that says no.

Knows the vocabulary. It must not know how a fact is found out (``host``), nor cases. A need that is not met always
comes with its reason; a word that is not in the vocabulary is a fault of the case.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from conformance.host import Host

ReasonClass = Literal["kernel", "privilege", "feature", "config"]
Features = Mapping[str, Any]


@dataclass(frozen=True)
class Missing:
    """Why a case cannot be asked here."""

    reason_class: ReasonClass
    reason: str


def needs(need: str, host: Host, features: Features | None) -> Missing | None:
    """None if the need is met, else what is missing.

    ``features`` is the runtime's features document if it has one. The words:

    ``root`` ``userns`` ``timens`` ``namespace:TYPE`` ``cgroup1`` ``cgroup2`` ``controller:NAME`` ``apparmor``
    ``selinux`` ``no-apparmor`` ``no-selinux`` ``lsm:NAME`` ``seccomp`` ``seccomp-action:SCMP_ACT_X`` ``cap:CAP_X`` ``all-caps`` ``no-all-caps``
    ``kernel:MAJOR.MINOR`` ``arch:NAME`` (alternatives by ``|``) ``idmap`` ``intel_rdt`` ``cpus:N`` ``numa:N``
    ``fs:TYPE`` ``path:/ABSOLUTE`` ``sysctl:NAME`` ``rlimit:RLIMIT_X>=N`` (the hard limit allows N)
    ``feature:dotted.path`` ``feature:dotted.path=VALUE`` (missing only if the document denies it: a list without the
    value, false, or ``enabled: false`` on the way).

    ValueError for anything else.
    """
    word, argument = known(need)
    return _WITH[word](argument, host, features) if argument else _PLAIN[word](host)


def known(need: str) -> tuple[str, str]:
    """The word and the argument of a need. ValueError if the vocabulary has none such."""
    word, colon, argument = need.partition(":")
    if not colon and word in _PLAIN:
        return word, ""
    if colon and word in _WITH and re.fullmatch(_FORMS[word], argument):
        return word, argument
    vocabulary = [*_PLAIN, *(f"{w}:" for w in _WITH)]
    if word in _WITH:
        raise ValueError(f"need {need!r}: {word}: is followed by {_FORMS[word]}")
    near = difflib.get_close_matches(word, vocabulary, n=2, cutoff=0.6)
    raise ValueError(f"unknown need {need!r}" + (f"; did you mean {' or '.join(near)}?" if near else ""))


def _kernel(met: bool, reason: str) -> Missing | None:
    return None if met else Missing("kernel", reason)


def _namespace(kind: str, host: Host, _: Features | None = None) -> Missing | None:
    return _kernel(kind in host.namespaces, host.namespace_faults.get(kind, f"no {kind} namespaces here"))


def _cgroup1(host: Host) -> Missing | None:
    return _kernel(host.cgroup in ("v1", "hybrid"), f"cgroup v1 is not mounted (the mode is {host.cgroup})")


def _cgroup2(host: Host) -> Missing | None:
    why = {
        "hybrid": "cgroup v1 holds the controllers (the mode is hybrid)",
        "v1": "cgroup v2 is not mounted (the mode is v1)",
    }
    return _kernel(host.cgroup == "v2", why.get(host.cgroup, "no cgroups are mounted"))


def _controller(name: str, host: Host, _: Features | None) -> Missing | None:
    if name in host.read_only_cgroups:
        return Missing("privilege", f"the cgroup controller {name} is mounted read-only at {host.controllers[name]}")
    return _kernel(name in host.controllers, f"the cgroup controller {name} is not mounted (the mode is {host.cgroup})")


def _capability(name: str, host: Host, _: Features | None) -> Missing | None:
    if name in host.capabilities:
        return None
    return Missing("privilege", f"{name} is not in the bounding set of the harness")


def _all_capabilities(host: Host, wanted: bool) -> Missing | None:
    lacking = host.lacking_capabilities
    if bool(lacking) is not wanted:
        return None
    bounding = "in the bounding set of the harness"
    return Missing("privilege", f"not {bounding}: {', '.join(lacking)}" if wanted else f"every capability is {bounding}")


def _version(wanted: str, host: Host, _: Features | None) -> Missing | None:
    major, minor = wanted.split(".")
    return _kernel(host.version >= (int(major), int(minor)), f"the kernel is {host.kernel}, older than {wanted}")


def _arch(names: str, host: Host, _: Features | None) -> Missing | None:
    return _kernel(host.arch in names.split("|"), f"the machine is {host.arch}, not {names}")


def _action(name: str, host: Host, _: Features | None) -> Missing | None:
    return _kernel(name in host.seccomp_actions, f"the kernel's seccomp has no {name}")


def _lsm(name: str, host: Host, _: Features | None) -> Missing | None:
    return _kernel(name in host.lsms, f"the LSM {name} is not active (there are {', '.join(host.lsms) or 'none'})")


def _rlimit(text: str, host: Host, _: Features | None) -> Missing | None:
    name, number = text.split(">=")
    hard = host.rlimits.get(name)
    if hard is None:
        return Missing("kernel", f"the kernel has no {name}")
    if hard in (-1, 2**64 - 1) or hard >= int(number) or "CAP_SYS_RESOURCE" in host.capabilities:
        return None
    return Missing("privilege", f"the hard {name} is {hard}, and CAP_SYS_RESOURCE to raise it is not in the bounding set")


def _count(of: str, have: Callable[[Host], int]) -> Callable[[str, Host, Features | None], Missing | None]:
    return lambda text, host, _: _kernel(have(host) >= int(text), f"the machine has {have(host)} {of}, not {text}")


def _filesystem(name: str, host: Host, _: Features | None) -> Missing | None:
    return _kernel(name in host.filesystems, f"/proc/filesystems has no {name}")


def _path(path: str, host: Host, _: Features | None) -> Missing | None:
    return _kernel(os.path.exists(path), f"{path} is missing")


def _sysctl(name: str, host: Host, _: Features | None) -> Missing | None:
    return _path("/proc/sys/" + name.replace(".", "/"), host, None)


def _feature(text: str, host: Host, features: Features | None) -> Missing | None:
    path, equals, value = text.partition("=")
    denied = Missing("feature", f"the features document of the runtime denies {path}{f' = {value}' if equals else ''}")
    at: Any = features
    for step in path.split("."):
        if not isinstance(at, Mapping):
            return None
        if at.get("enabled") is False and step != "enabled":
            return denied
        at = at.get(step)
    if at is None:
        return None
    if isinstance(at, Mapping):
        return denied if at.get("enabled") is False else None
    if isinstance(at, list):
        return None if not equals or value in at else denied
    if not equals:
        return denied if at is False else None
    return None if value in (at, str(at).lower()) else denied


_PLAIN: Final[Mapping[str, Callable[[Host], Missing | None]]] = {
    "root": lambda h: None if h.uid == 0 else Missing("privilege", f"the harness runs as uid {h.uid}"),
    "userns": lambda h: _namespace("user", h),
    "timens": lambda h: _namespace("time", h),
    "cgroup1": _cgroup1,
    "cgroup2": _cgroup2,
    "apparmor": lambda h: _kernel(h.apparmor, "AppArmor is not enabled (/sys/module/apparmor does not say Y)"),
    "selinux": lambda h: _kernel(h.selinux, "SELinux is not enabled (/proc/filesystems has no selinuxfs)"),
    "no-apparmor": lambda h: _kernel(not h.apparmor, "AppArmor is enabled"),
    "no-selinux": lambda h: _kernel(not h.selinux, "SELinux is enabled"),
    "all-caps": lambda h: _all_capabilities(h, True),
    "no-all-caps": lambda h: _all_capabilities(h, False),
    "seccomp": lambda h: _kernel(bool(h.seccomp_actions), "the kernel has no /proc/sys/kernel/seccomp/actions_avail"),
    "idmap": lambda h: _kernel(h.idmapped_mounts, f"the kernel is {h.kernel}, and id-mapped mounts came with 5.12"),
    "intel_rdt": lambda h: _kernel(h.resctrl, "the kernel has no resctrl (/sys/fs/resctrl is missing)"),
}
_WITH: Final[Mapping[str, Callable[[str, Host, Features | None], Missing | None]]] = {
    "namespace": _namespace,
    "controller": _controller,
    "lsm": _lsm,
    "seccomp-action": _action,
    "cap": _capability,
    "kernel": _version,
    "arch": _arch,
    "cpus": _count("processors", lambda h: h.cpus),
    "numa": _count("memory nodes", lambda h: h.numa_nodes),
    "fs": _filesystem,
    "path": _path,
    "sysctl": _sysctl,
    "rlimit": _rlimit,
    "feature": _feature,
}
_FORMS: Final[Mapping[str, str]] = {
    "namespace": "pid|network|mount|ipc|uts|user|cgroup|time",
    "controller": r"[a-z_]+",
    "lsm": r"[a-z]+",
    "seccomp-action": r"SCMP_ACT_[A-Z_]+",
    "cap": r"CAP_[A-Z_]+",
    "kernel": r"\d+\.\d+",
    "arch": r"[a-z0-9_|]+",
    "cpus": r"[1-9]\d*",
    "numa": r"[1-9]\d*",
    "fs": r"[a-z0-9_.]+",
    "path": r"/.+",
    "sysctl": r"[\w.\-/]+",
    "rlimit": r"RLIMIT_[A-Z]+>=\d+",
    "feature": r"[\w.\-]+(=.+)?",
}
