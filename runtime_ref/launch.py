"""The runtime's side of a container's birth: makes the first process, gives it what only the host can, and hears it out.

Knows clone3(2), the mappings, the cgroup, and the talk with the first process (`init`). Must not know the command line, nor what
is kept on disk beyond the record it is handed.

The door: a unix socket in the container's folder on which the first process waits. `start` connects, the process runs its
hooks and execs; the connection is closed by the exec, so its end means success, and a text before the end is an error.
"""

from __future__ import annotations

import sys
from _signal import SIGCHLD, SIGKILL  # type: ignore[import-not-found]  # the signal module costs 5 ms

from runtime_ref import cgroup, context, namespaces, talk, text, trace
from runtime_ref.errors import RuntimeFault
from runtime_ref.kernel import const as c
from runtime_ref.kernel import os
from runtime_ref.kernel import sys as k
from runtime_ref.state import CREATED, CREATING, stat_of

if False:
    from _socket import socket
    from typing import Any, NoReturn

    from runtime_ref.cgroup import Cgroup
    from runtime_ref.state import Record

DOOR = "start"


class Job:
    """All that the birth of one container needs; its first process inherits it as it is.

    Descriptors: `folder` of the record, `ours` and `theirs` the two ends of the talk, `door`. `console`: a connected console
    socket, or True to keep the terminal's master in `master`.
    """

    def __init__(self, config: dict[str, Any], bundle: str, record: Record, cgroup: Cgroup) -> None:
        self.config = config
        self.bundle = bundle
        self.record = record
        self.ident = record.ident
        self.cgroup = cgroup
        self.ctx = context.of(config, bundle)
        self.preserve = 0
        self.no_pivot = False
        self.keep_keyring = False
        self.console: Any = None
        self.master = -1
        self.rdt: Any = None
        self.pid = 0
        self.hooked = False  # a hook has been run: poststop ones are then due, whatever happens
        self.warnings: list[str] = []
        self.joins_cgroup = True
        self.joined = False  # a process between has done what has to come before the namespaces
        self.agent: Any = None  # a connection to the seccomp agent, where a rule notifies
        self.ours: socket
        self.theirs: socket
        self.door: socket

    @property
    def cgroup_first(self) -> bool:
        """Whether the cgroup has to be there before the first process: that is made inside it (version 2), or joins namespaces, after
        which it has no right to enter."""
        return self.cgroup.driver == "v2" or any(entry.get("path") for entry in self.config["linux"].get("namespaces") or ())

    def descriptors(self) -> list[int]:
        """Those that the first process needs; all others are the runtime's or the caller's."""
        lines = [line.fileno() for line in (self.theirs, self.door, self.agent) if line]
        trees = [self.ctx.root_tree, *self.ctx.trees.values(), *self.ctx.usernses.values()]
        return lines + [fd for fd in trees if fd >= 0]


def begin(job: Job) -> None:
    """Makes the first process, which loads its code and then waits for `give`. Raises RuntimeFault; `abandon` ends what was made."""
    linux = job.config["linux"]
    joins = namespaces.joins(linux)
    job.door = talk.listen(job.record.lock, DOOR)
    job.ours, job.theirs = talk.pair()
    flags = namespaces.new_flags(linux)
    if job.config.get("process") and (linux.get("seccomp") or {}).get("listenerPath"):
        from runtime_ref.seccomp import notify

        job.agent = notify.agent(linux["seccomp"])
    if os.geteuid() == 0:
        # Nobody beside the first process may look into it before it is the program (ptrace(2)). An ordinary user's writes its
        # own files in /proc first, which then are root's.
        k.prctl(c.PR_SET_DUMPABLE, 0)
    where = job.cgroup.fd_for_clone()
    try:
        job.pid = _clone(job, flags, joins, where)
    finally:
        if where is not None:
            os.close(where)
        for join in joins:
            os.close(join.fd)
    if job.agent:
        job.agent.close()
    job.theirs.close()
    job.door.close()
    if trace.on:
        trace.tell("clone", f"the first process is {job.pid}", "clone3", "linux.namespaces")
    if joins:
        _between(job)


def _clone(job: Job, flags: int, joins: list[namespaces.Join], where: int | None) -> int:
    if joins:
        pid = k.clone3(0, SIGCHLD, where)
        if pid == 0:
            _join(job, flags, joins, where is not None)
        return pid
    job.joins_cgroup = where is None
    try:
        pid = k.clone3(flags, SIGCHLD, where)
    except OSError as fault:
        why = "" if os.geteuid() == 0 or flags & c.CLONE_NEWUSER else f"; uid {os.geteuid()} may make none without one of type user"
        raise RuntimeFault("make namespaces", (fault.strerror or str(fault)) + why, "linux.namespaces") from None
    if pid == 0:
        _become_init(job)
    return pid


def _become_init(job: Job) -> NoReturn:
    try:
        from runtime_ref import init

        init.load(job.config)
        init.main(job)
    finally:
        os._exit(1)


def _join(job: Job, flags: int, joins: list[namespaces.Join], cloned_into: bool) -> NoReturn:
    """A process between: it joins namespaces, then makes the first process as a sibling of its own, so that all that is new
    belongs to what was joined. It needs no way back. Never returns."""
    try:
        # The code of the first process, now: a joined mount namespace may not have it.
        from runtime_ref import init

        init.load(job.config)
        # While the host's rights are there. systemd has no place to join before it knows the first process.
        job.joins_cgroup = not cloned_into and job.cgroup.driver == "systemd"
        if not cloned_into and not job.joins_cgroup:
            job.cgroup.join()
        if job.config.get("process"):
            from runtime_ref import limits

            limits.oom_score_adj(job.config["process"])
        job.joined = True
        # Those who are in the namespaces already may neither look into this process (ptrace(2)) nor bring it code.
        k.prctl(c.PR_SET_DUMPABLE, 0)
        sys.meta_path.clear()
        for join in joins:
            join.enter()
        if trace.on:
            trace.tell("enter", "inside the namespaces to join", "setns", "linux.namespaces", changed=("ns",))
        try:
            pid = k.clone3(flags | c.CLONE_PARENT, 0)
        except OSError as fault:
            raise RuntimeFault("make namespaces", fault.strerror or str(fault), "linux.namespaces") from None
        if pid == 0:
            init.main(job)
        talk.send(job.theirs, talk.PID, str(pid))
        os._exit(0)
    except BaseException as fault:
        talk.send(job.theirs, talk.FAILED, talk.packed(fault))
    finally:
        os._exit(1)


def _between(job: Job) -> None:
    """Learns the first process's pid from the process between, which then ends."""
    between = job.pid
    kind, words, _ = talk.receive(job.ours)
    os.waitpid(between, 0)
    job.pid = 0
    if kind == talk.PID:
        job.pid = int(words)
    elif kind == talk.FAILED:
        raise talk.unpacked(words, "join namespaces")
    else:
        raise RuntimeFault("join namespaces", "the process that joins them ended without a word")


def give(job: Job) -> None:
    """What the first process waits for: its mappings, devices, cgroup, the states for its hooks; then filter and limits.

    Raises RuntimeFault; then, as in `hear`, `abandon` is due.
    """
    record, linux = job.record, job.config["linux"]
    found = stat_of(job.pid)
    record.data["pid"] = job.pid
    record.data["start"] = found[1] if found else 0
    if namespaces.is_new(linux, "user"):
        namespaces.write_maps(job.pid, linux)
        if (job.config.get("process") or {}).get("rlimits"):
            from runtime_ref import limits

            limits.raise_rlimits(job.config["process"], job.pid)
        if trace.on:
            trace.tell("mappings", "which ids inside are which outside", "openat write", "linux.uidMappings")
    job.cgroup.attach(job.pid)
    record.data["cgroup"] = job.cgroup.paths
    record.save()
    if linux.get("netDevices"):
        from runtime_ref import netdev

        fd = os.open(f"/proc/{job.pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        try:
            netdev.move_all(job.config, fd)
        finally:
            os.close(fd)
        if trace.on:
            trace.tell("netdevices", f"move {len(linux['netDevices'])} network devices in", "socket sendto", "linux.netDevices")
    _go(job)
    # From here on both work at the same time.
    if job.config.get("process") and linux.get("seccomp"):
        from runtime_ref.seccomp import bpf

        code = bpf.compile(linux["seccomp"], c.MACHINE)
        if trace.on:
            trace.tell("filter", f"compile it to {len(code) // 8} BPF instructions", "", "linux.seccomp")
        try:
            talk.send_filter(job.ours, bpf.flags_of(linux["seccomp"]), code)
        except ConnectionError:
            return  # it has ended, and `hear` gets to know why
    if linux.get("resources"):
        job.cgroup.limits(cgroup.asked(linux["resources"]))
        if trace.on:
            trace.tell("limits", "write the cgroup's limits", "openat write", "linux.resources")
    if job.rdt:
        job.rdt.assign(job.pid)


def _go(job: Job) -> None:
    """Lets the first process go on, with the states for its hooks and for its seccomp agent."""
    states = []
    if job.config["hooks"] or job.agent:
        states = [text.dumps(job.record.document(status)) for status in (CREATING, CREATED)]
    try:
        talk.send(job.ours, talk.GO, "\0".join(states))
    except ConnectionError:
        pass  # as above
    except OSError as fault:
        raise RuntimeFault("hand the state to the first process", fault.strerror or str(fault), "annotations") from None


def hear(job: Job) -> None:
    """Answers the first process until it is ready. Raises RuntimeFault."""
    hooks_of = job.config["hooks"]
    if hooks_of.get("createContainer"):
        job.hooked = True
    while True:
        kind, words, fd = talk.receive(job.ours)
        if kind == talk.READY:
            job.warnings += [line for line in words.split("\n") if line]
            return
        if kind == talk.MOUNTED:
            from runtime_ref import hooks

            job.hooked = True
            state = text.dumps(job.record.document(CREATING))
            hooks.run_all(hooks_of, "prestart", state)
            hooks.run_all(hooks_of, "createRuntime", state)
            talk.send(job.ours, talk.HOOKS_DONE)
        elif kind == talk.CONSOLE:
            _terminal(job, words, fd)
        elif kind == talk.LISTENER:
            send_listener(job.record, job.config["linux"]["seccomp"], fd, CREATING)
            talk.send(job.ours, talk.TAKEN)
        elif kind in (talk.FAILED, talk.HOOK_FAILED):
            raise talk.unpacked(words, "create")
        else:
            raise RuntimeFault("create", f"the container's first process ended: {_how(job)}")


def _terminal(job: Job, name: str, master: int) -> None:
    if job.console is True:
        job.master = master
        return
    from runtime_ref import console

    console.hand_over(job.console, master, name)
    os.close(master)


def send_listener(record: Record, seccomp: dict[str, Any], fd: int, status: str) -> None:
    """Hands the listener of seccomp to the agent of the configuration. Raises RuntimeFault."""
    from runtime_ref.seccomp import notify

    path, metadata = seccomp.get("listenerPath") or "", seccomp.get("listenerMetadata") or ""
    try:
        notify.send(path, fd, record.document(status), record.pid, metadata)
    finally:
        os.close(fd)


def _how(job: Job) -> str:
    pid, job.pid = job.pid, 0
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return f"signal {-code}" if code < 0 else f"exit code {code}"


def abandon(job: Job) -> None:
    """Ends the first process of a container that could not be made."""
    if job.pid:
        try:
            os.kill(job.pid, SIGKILL)
        except ProcessLookupError:
            pass
        os.waitpid(job.pid, 0)
        job.pid = 0


def knock(record: Record, seccomp: dict[str, Any] | None) -> None:
    """The start operation's talk with the waiting first process. Raises RuntimeFault; its step "start" or that of a hook."""
    try:
        line = talk.call(record.lock, DOOR)
    except OSError as fault:
        raise RuntimeFault("start", f"the container does not wait to be started: {fault.strerror}") from None
    try:
        while True:
            kind, words, fd = talk.receive(line)
            if not kind:
                return
            if kind == talk.LISTENER:
                send_listener(record, seccomp or {}, fd, CREATED)
                talk.send(line, talk.TAKEN)
            elif kind in (talk.FAILED, talk.HOOK_FAILED):
                raise talk.unpacked(words, "start")
    finally:
        line.close()
