"""`explain BUNDLE`: what create and start would do with a bundle, told without doing it, and which step uses what.

Knows the steps in the order of `container`, `launch`, `init` and `process`, and how to put a configuration into words.
Must not change anything: it reads config.json and nothing else. A test holds that every known member belongs to a step.
https://github.com/opencontainers/runtime-spec/blob/v1.3.0/runtime.md#lifecycle
"""

from __future__ import annotations

from runtime_ref import caps, spec
from runtime_ref.kernel import os

if False:
    from typing import Any

    from runtime_ref.cli import Call

RUNTIME, INIT = "runtime", "init"
NAMES = {
    "pid": "CLONE_NEWPID",
    "network": "CLONE_NEWNET",
    "mount": "CLONE_NEWNS",
    "ipc": "CLONE_NEWIPC",
    "uts": "CLONE_NEWUTS",
    "user": "CLONE_NEWUSER",
    "cgroup": "CLONE_NEWCGROUP",
    "time": "CLONE_NEWTIME",
}


class Step:
    """One step. `who`: the process that takes it; `members`: JSON paths it reads; `lines`: what it would do here.

    No lines: the configuration has nothing for it, and it is left out of the story.
    """

    def __init__(self, who: str, name: str, calls: str, members: str, *lines: str) -> None:
        self.who = who
        self.name = name
        self.calls = calls
        self.members = members.split()
        self.lines = [line for line in lines if line]

    def uses(self, path: str) -> bool:
        """Whether the step reads a member or what is below it."""
        return any(path == member or path.startswith((member + ".", member + "[")) for member in self.members)


def steps(config: dict[str, Any]) -> list[Step]:
    """All steps for a checked configuration, in order."""
    linux, process = config["linux"], config.get("process") or {}
    return [
        Step(
            RUNTIME,
            "config",
            "openat read",
            "ociVersion annotations",
            f"read and check config.json, written for version {config['ociVersion']} of the specification",
            f"keep {len(config.get('annotations') or ())} annotations for the state"
            if config.get("annotations")
            else "",
        ),
        Step(
            RUNTIME, "folder", "mkdir flock", "", "make and lock the container's folder below --root, write state.json"
        ),
        *_cgroup(linux),
        *_namespaces(linux),
        *_preparation(linux, process),
        *_root(config, linux),
        *_process(config, linux, process),
        *_end(config, process),
    ]


def _hooks(config: dict[str, Any], who: str, point: str, when: str) -> Step:
    listed = config["hooks"].get(point) or ()
    lines = [f"{hook['path']} {' '.join((hook.get('args') or [''])[1:])}".rstrip() for hook in listed]
    limits = [f", at most {hook['timeout']} s" if hook.get("timeout") else "" for hook in listed]
    told = [f"{when}: run {line}{limit}" for line, limit in zip(lines, limits, strict=True)]
    return Step(who, point, "posix_spawn pidfd_open poll", f"hooks.{point}", *told)


def _cgroup(linux: dict[str, Any]) -> list[Step]:
    path = linux.get("cgroupsPath")
    where = f"at {path} below each hierarchy's mount point" if path else "at a place of this runtime's choice"
    rdt = linux.get("intelRdt")
    return [
        Step(RUNTIME, "cgroup", "mkdir", "linux.cgroupsPath", f"make the cgroup {where}"),
        Step(
            RUNTIME,
            "rdt",
            "mkdir openat write",
            "linux.intelRdt",
            f"make or join the resctrl group {rdt.get('closID', 'named like the container')}"
            if rdt is not None
            else "",
        ),
    ]


def _namespaces(linux: dict[str, Any]) -> list[Step]:
    listed = linux.get("namespaces") or ()
    new = [entry["type"] for entry in listed if "path" not in entry]
    joined = [f"enter the {entry['type']} namespace {entry['path']}" for entry in listed if "path" in entry]
    at_once = [NAMES[kind] for kind in new if kind not in ("cgroup", "time")]
    later = [NAMES[kind] for kind in ("cgroup", "time") if kind in new]
    shared = [kind for kind in NAMES if kind not in [entry["type"] for entry in listed]]
    maps = [
        f"{member[0]}id {entry['containerID']} to {entry['containerID'] + entry['size'] - 1} inside is "
        f"{entry['hostID']} to {entry['hostID'] + entry['size'] - 1} outside"
        for member in ("uidMappings", "gidMappings")
        for entry in linux.get(member) or ()
    ]
    offsets = [f"{name} clock: {_short(value)}" for name, value in (linux.get("timeOffsets") or {}).items()]
    devices = [
        f"move {name} in as {value.get('name') or name}" for name, value in (linux.get("netDevices") or {}).items()
    ]
    return [
        Step(
            RUNTIME,
            "clone",
            "clone3 setns",
            "linux.namespaces",
            *joined,
            f"make the first process, with {' '.join(at_once) or 'no new namespace'}",
            f"that one adds {' '.join(later)} itself, once it is in the cgroup" if later else "",
            f"stay in the caller's {', '.join(shared)} namespace" if shared else "",
        ),
        Step(RUNTIME, "mappings", "openat write", "linux.uidMappings linux.gidMappings", *maps),
        Step(INIT, "clocks", "unshare openat write setns", "linux.timeOffsets", *offsets),
        Step(RUNTIME, "netdevices", "socket sendto", "linux.netDevices", *devices),
        Step(
            RUNTIME,
            "limits",
            "openat write bpf",
            "linux.resources",
            *[f"{name}: {_short(value)}" for name, value in (linux.get("resources") or {}).items()],
        ),
    ]


def _preparation(linux: dict[str, Any], process: dict[str, Any]) -> list[Step]:
    score = process.get("oomScoreAdj")
    seccomp = linux.get("seccomp")
    compiled = []
    if seccomp:
        from runtime_ref.seccomp import bpf

        size = len(bpf.compile(seccomp, os.uname().machine)) // 8
        rules = seccomp.get("syscalls") or ()
        names = sum(len(rule["names"]) for rule in rules)
        compiled = [
            f"compile {len(rules)} rules for {names} names to {size} BPF instructions; all other calls: "
            f"{seccomp['defaultAction']}"
        ]
        if bpf.notifies(seccomp):
            compiled.append(f"the listener will go to the agent at {seccomp['listenerPath']}")
    return [
        Step(INIT, "filter", "", "linux.seccomp", *compiled),
        Step(INIT, "join", "openat write", "", "go into the cgroup, then into a new session with a new keyring"),
        Step(
            INIT,
            "oom",
            "openat write",
            "process.oomScoreAdj",
            f"/proc/self/oom_score_adj: {score}" if score is not None else "",
        ),
    ]


def _root(config: dict[str, Any], linux: dict[str, Any]) -> list[Step]:
    mounts = []
    for mount in config["mounts"]:
        options = mount.get("options") or ()
        bind = "bind" in options or "rbind" in options
        what = f"bind {mount.get('source')}" if bind else f"{mount.get('type')}"
        rest = [option for option in options if option not in ("bind", "rbind")]
        mounts.append(f"{mount['destination']}: {what}{' with ' if rest else ''}{' '.join(rest)}")
    devices = ["/dev/null zero full random urandom tty, ptmx, fd stdin stdout stderr: the default ones"]
    for device in linux.get("devices") or ():
        number = f" {device['major']}:{device['minor']}" if "major" in device else ""
        devices.append(f"{device['path']}: {device['type']}{number}")
    readonly = config["root"].get("readonly")
    propagation = linux.get("rootfsPropagation")
    return [
        Step(
            INIT,
            "root",
            "mount_setattr open_tree move_mount",
            "",
            "cut mounts off from the host, put the root in place",
        ),
        Step(
            INIT,
            "mounts",
            "fsopen fsconfig fsmount open_tree mount_setattr move_mount",
            "mounts linux.mountLabel",
            *mounts,
        ),
        Step(INIT, "devices", "mknodat openat2 symlinkat", "linux.devices", *devices),
        _hooks(config, RUNTIME, "prestart", "outside, before the root changes"),
        _hooks(config, RUNTIME, "createRuntime", "outside, before the root changes"),
        _hooks(config, INIT, "createContainer", "in the namespaces, before the root changes"),
        Step(
            INIT,
            "terminal",
            "ioctl sendmsg dup2",
            "process.terminal process.consoleSize",
            "open a terminal in the container, send its other end to --console-socket"
            if (config.get("process") or {}).get("terminal")
            else "",
        ),
        Step(
            INIT,
            "pivot",
            "pivot_root umount2",
            "root.path",
            f"{config['root']['path']} becomes /, the host's root goes",
        ),
        Step(
            INIT,
            "names",
            "sethostname setdomainname",
            "hostname domainname",
            *[f"{name}: {config[name]}" for name in ("hostname", "domainname") if config.get(name)],
        ),
        Step(
            INIT,
            "finish",
            "openat2 write mount_setattr move_mount",
            "linux.sysctl root.readonly linux.rootfsPropagation linux.readonlyPaths linux.maskedPaths",
            *[f"sysctl {key} = {value}" for key, value in (linux.get("sysctl") or {}).items()],
            "the root becomes read-only" if readonly else "",
            f"the root's propagation: {propagation}" if propagation else "",
            f"read-only: {' '.join(linux.get('readonlyPaths') or ())}" if linux.get("readonlyPaths") else "",
            f"hidden: {' '.join(linux.get('maskedPaths') or ())}" if linux.get("maskedPaths") else "",
        ),
    ]


def _process(config: dict[str, Any], linux: dict[str, Any], process: dict[str, Any]) -> list[Step]:
    if not process:
        return []
    limits = [f"{name}: {_short(process[name])}" for name in ("scheduler", "ioPriority") if process.get(name)]
    limits += [f"{name}: {_short(linux[name])}" for name in ("personality", "memoryPolicy") if linux.get(name)]
    limits += [f"{entry['type']}: {entry['soft']} of {entry['hard']}" for entry in process.get("rlimits") or ()]
    user, early = process["user"], bool(linux.get("seccomp")) and not process.get("noNewPrivileges")
    sets = caps.of(process)
    groups = user.get("additionalGids") or ()
    umask = f", umask {user['umask']:04o}" if user.get("umask") is not None else ""
    return [
        Step(
            INIT,
            "limits",
            "sched_setattr ioprio_set personality set_mempolicy prlimit64",
            "process.scheduler process.ioPriority linux.personality linux.memoryPolicy process.rlimits",
            *limits,
        ),
        Step(
            INIT,
            "folder",
            "chdir getcwd",
            "process.cwd",
            f"go to {process['cwd']}, and see that it is in the container",
        ),
        Step(
            INIT,
            "filter",
            "seccomp",
            "",
            "load the filter now: without noNewPrivileges it takes CAP_SYS_ADMIN, which goes next" if early else "",
        ),
        Step(
            INIT,
            "user",
            "capset prctl setgroups setresgid setresuid",
            "process.user process.capabilities",
            f"uid {user['uid']}, gid {user['gid']}, further groups {' '.join(map(str, groups)) or 'none'}{umask}",
            *[f"{which}: {' '.join(caps.names_of(getattr(sets, which))) or 'no capability'}" for which in caps.SETS],
            *sets.warnings,
        ),
        Step(
            INIT, "wait", "sendmsg accept4", "", "tell the runtime that all is ready, wait for `start`: state created"
        ),
        _hooks(config, INIT, "startContainer", "in the container, as the program's user"),
        Step(
            INIT,
            "exec",
            "prctl close_range write seccomp execve",
            "process.noNewPrivileges process.apparmorProfile process.selinuxLabel process.args process.env",
            "no_new_privs: exec gives no more rights" if process.get("noNewPrivileges") else "",
            f"AppArmor profile {process['apparmorProfile']}" if process.get("apparmorProfile") else "",
            f"SELinux label {process['selinuxLabel']}" if process.get("selinuxLabel") else "",
            "close all descriptors but 0, 1, 2",
            "load the filter" if linux.get("seccomp") and not early else "",
            f"run {' '.join(process['args'])} with {len(process['env'])} variables in its environment",
        ),
    ]


def _end(config: dict[str, Any], process: dict[str, Any]) -> list[Step]:
    affinity = process.get("execCPUAffinity")
    return [
        _hooks(config, RUNTIME, "poststart", "outside, when the program runs"),
        _hooks(config, RUNTIME, "poststop", "outside, when the container has been deleted"),
        Step(
            RUNTIME,
            "later",
            "sched_setaffinity",
            "process.execCPUAffinity",
            f"only `exec` uses {_short(affinity)}" if affinity else "",
        ),
    ]


def _short(value: object) -> str:
    """A JSON value in one line of at most 200 characters."""
    from runtime_ref import text

    line = text.dumps(value)
    return line if len(line) <= 200 else line[:197] + "..."


def members(config: dict[str, Any]) -> list[str]:
    """The JSON paths of what a configuration holds: of the top, and below process, linux, root and hooks."""
    found = []
    for name, value in config.items():
        if name in ("process", "linux", "root", "hooks") and isinstance(value, dict):
            found += [f"{name}.{below}" for below in value]
        else:
            found.append(name)
    return found


def told(config: dict[str, Any]) -> str:
    """The whole story as text."""
    present = members(config)
    spec.check(config)
    story = [step for step in steps(config) if step.lines]
    lines = []
    for number, step in enumerate(story, 1):
        first, *rest = step.lines
        lines.append(f"{number:>3} {step.who:<8}{step.name:<16}{first}")
        lines += [f"{'':<28}{line}" for line in rest]
        if step.calls:
            lines.append(f"{'':<28}[{step.calls}]")
    lines += ["", "member of config.json            used by step"]
    every = steps(config)
    for path in present:
        numbers = [f"{number} {step.name}" for number, step in enumerate(story, 1) if step.uses(path)]
        known = any(step.uses(path) for step in every)
        lines.append(f"{path:<32} {', '.join(numbers) or ('-' if known else 'none: not known, so ignored')}")
    return "\n".join(lines)


def explain_command(call: Call) -> None:
    """`explain [BUNDLE]`."""
    bundle = os.path.abspath(call.words[0] if call.words else ".")
    print(told(spec.read(bundle + "/config.json", "config.json")))
