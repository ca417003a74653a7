"""Patches of `process`: what is run, as whom, with which limits and privileges."""

from collections.abc import Sequence
from typing import Any

from bundles.document import Document


def _process(**members: Any) -> Document:
    return {"process": members}


def version(number: str) -> Document:
    """`ociVersion`."""
    return {"ociVersion": number}


def runs(*words: str | int) -> Document:
    """The container process is the probe with these verbs and words, in order."""
    return _process(args=["/probe", *map(str, words)])


def args(*argv: str) -> Document:
    """`process.args` as given; none writes an empty list."""
    return _process(args=list(argv))


def env(*assignments: str, **variables: str) -> Document:
    """`process.env`, whole: assignments as they are ("A=1"), then NAME=value of each keyword."""
    return _process(env=[*assignments, *(f"{name}={value}" for name, value in variables.items())])


def cwd(path: str) -> Document:
    """`process.cwd`."""
    return _process(cwd=path)


def user(uid: int, gid: int | None = None, additional: Sequence[int] = (), umask: int | None = None) -> Document:
    """`process.user`: gid is uid's number unless given; additional groups and umask only when given."""
    who: Document = {"uid": uid, "gid": uid if gid is None else gid}
    if additional:
        who["additionalGids"] = list(additional)
    if umask is not None:
        who["umask"] = umask
    return _process(user=who)


def capabilities(
    bounding: Sequence[str] | None = None,
    permitted: Sequence[str] | None = None,
    effective: Sequence[str] | None = None,
    inheritable: Sequence[str] | None = None,
    ambient: Sequence[str] | None = None,
) -> Document:
    """`process.capabilities`, whole: a set that is None is absent from the configuration, an empty one is written."""
    sets = {
        "bounding": bounding,
        "permitted": permitted,
        "effective": effective,
        "inheritable": inheritable,
        "ambient": ambient,
    }
    return _process(capabilities={name: None if held is None else list(held) for name, held in sets.items()})


def all_capabilities(*names: str) -> Document:
    """The same capabilities in all five sets."""
    return capabilities(names, names, names, names, names)


def no_new_privileges(wanted: bool = True) -> Document:
    """`process.noNewPrivileges`."""
    return _process(noNewPrivileges=wanted)


def rlimits(*limits: tuple[str, int, int]) -> Document:
    """`process.rlimits`, whole: (type, soft, hard) each, such as ("RLIMIT_NOFILE", 64, 128); 2**64 - 1 is no limit."""
    return _process(rlimits=[{"type": kind, "soft": soft, "hard": hard} for kind, soft, hard in limits])


def terminal(wanted: bool = True, *, height: int | None = None, width: int | None = None) -> Document:
    """`process.terminal`, and `process.consoleSize` (rows and columns) when both numbers are given."""
    size = None if height is None or width is None else {"height": height, "width": width}
    return _process(terminal=wanted, consoleSize=size)


def oom_score_adj(value: int) -> Document:
    """`process.oomScoreAdj`, -1000 to 1000."""
    return _process(oomScoreAdj=value)


def apparmor(profile: str) -> Document:
    """`process.apparmorProfile`."""
    return _process(apparmorProfile=profile)


def selinux(label: str, mounts: str | None = None) -> Document:
    """`process.selinuxLabel`, and `linux.mountLabel` when given."""
    patch = _process(selinuxLabel=label)
    if mounts is not None:
        patch["linux"] = {"mountLabel": mounts}
    return patch


def scheduler(policy: str, **members: Any) -> Document:
    """`process.scheduler`: policy such as "SCHED_FIFO"; nice, priority, flags, runtime, deadline, period (ns)."""
    return _process(scheduler={"policy": policy, **members})


def io_priority(kind: str, priority: int) -> Document:
    """`process.ioPriority`: class such as "IOPRIO_CLASS_BE", priority 0 (highest) to 7."""
    return _process(ioPriority={"class": kind, "priority": priority})


def exec_cpu_affinity(initial: str | None = None, final: str | None = None) -> Document:
    """`process.execCPUAffinity`: lists of CPUs such as "0-1,3"."""
    return _process(execCPUAffinity={"initial": initial, "final": final})
