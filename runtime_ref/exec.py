"""`exec`: another program in a running container, with its namespaces, cgroup, filter and labels.

Knows how to get into a container that exists: one setns(2) with a descriptor of its process, the cgroup, one more clone for the pid
namespace. What the process then becomes is `process`'s. No specification has this operation; engines do.

Nothing is imported, and no descriptor of the host is open, once the container's files are what paths lead to.
"""

from __future__ import annotations

from _signal import SIGCHLD, SIGKILL  # type: ignore[import-not-found]  # the signal module costs 5 ms

from runtime_ref import cgroup, state, talk, trace
from runtime_ref.errors import ConfigError, RuntimeFault, Usage
from runtime_ref.kernel import const as c
from runtime_ref.kernel import os
from runtime_ref.kernel import sys as k
from runtime_ref.namespaces import FILES, FLAGS, become_root
from runtime_ref.state import PAUSED, RUNNING

if False:
    from _socket import socket
    from typing import Any, NoReturn

    from runtime_ref.cli import Call
    from runtime_ref.state import Record

SETS = ("bounding", "effective", "permitted")


class Entry:
    """One exec: what to run and where. `line` is the other side's end of the talk, `pidfd` the container process."""

    def __init__(self, record: Record, config: dict[str, Any], spec: dict[str, Any]) -> None:
        self.record = record
        self.config = config
        self.spec = spec
        self.group = cgroup.from_state(record.data["cgroup"])
        self.preserve = 0
        self.agent: Any = None
        self.flags = 0
        self.pidfd = -1
        self.line: socket


def exec_command(call: Call) -> int:
    """`exec ID COMMAND`, or `exec --process FILE ID`. The program's exit code; 0 with --detach. Raises RuntimeFault."""
    record = state.find(call.settings, call.ident)
    status = record.status
    if status == PAUSED and "ignore-paused" not in call.options:
        raise RuntimeFault(f"exec in container {record.ident}", "is paused (--ignore-paused waits in it)")
    if status not in (RUNNING, PAUSED):
        raise RuntimeFault(f"exec in container {record.ident}", f"is {status}, not running")
    config = record.config()
    spec = _wanted(call, config)
    from runtime_ref import lsm

    lsm.check({"process": spec})
    entry = Entry(record, config, spec)
    from runtime_ref.cli import number

    entry.preserve = number(call, "preserve-fds")
    console = _console(call, spec)
    if (config["linux"].get("seccomp") or {}).get("listenerPath"):
        from runtime_ref.seccomp import notify

        entry.agent = notify.agent(config["linux"]["seccomp"])
    entry.pidfd = _hold(record)
    entry.flags = _others(record.pid)
    pid, master = _enter(entry, console)
    try:
        if call.options.get("pid-file"):
            try:
                state.write_whole(os.path.abspath(call.options["pid-file"]), str(pid), 0o644)
            except OSError as fault:
                raise RuntimeFault("--pid-file", f"{call.options['pid-file']}: {fault.strerror}") from None
    except BaseException:
        _end(pid)
        raise
    if "detach" in call.options:
        return 0
    from runtime_ref import foreground

    return foreground.wait(pid, master)


def _wanted(call: Call, config: dict[str, Any]) -> dict[str, Any]:
    """The process to become: a file's, or the container's own with what the options change. Raises Usage, ConfigError."""
    options = call.options
    if options.get("process"):
        from runtime_ref import spec as form

        spec: dict[str, Any] = form.load_process(options["process"])
        if len(call.words) > 1:
            raise Usage("exec: COMMAND and --process exclude each other")
        return spec
    if len(call.words) < 2:
        raise Usage("exec: COMMAND is missing, or --process FILE")
    spec = {**(config.get("process") or {"cwd": "/", "env": []})}
    for own in ("oomScoreAdj", "terminal", "consoleSize", "scheduler", "ioPriority"):
        spec.pop(own, None)  # of the container's first program alone
    spec["args"] = call.words[1:]
    spec["terminal"] = "tty" in options
    spec["env"] = [*(spec.get("env") or []), *_many(options, "env")]
    if options.get("cwd"):
        spec["cwd"] = options["cwd"]
    _user(spec, options)
    _privileges(spec, options)
    return spec


def _many(options: dict[str, Any], name: str) -> list[str]:
    value = options.get(name) or []
    return value if isinstance(value, list) else [value]


def _user(spec: dict[str, Any], options: dict[str, Any]) -> None:
    user = {**(spec.get("user") or {})}
    if options.get("user"):
        uid, colon, gid = options["user"].partition(":")
        if not uid.isdecimal() or (colon and not gid.isdecimal()):
            raise Usage(f"--user needs UID or UID:GID in numbers, not {options['user']!r}")
        user["uid"] = int(uid)
        user["gid"] = int(gid) if colon else user.get("gid", 0)
    more = _many(options, "additional-gids")
    if more:
        if not all(word.isdecimal() for word in more):
            raise Usage("--additional-gids needs numbers")
        user["additionalGids"] = [*(user.get("additionalGids") or []), *map(int, more)]
    spec["user"] = user


def _privileges(spec: dict[str, Any], options: dict[str, Any]) -> None:
    added = _many(options, "cap")
    if added:
        sets = {name: list(names) for name, names in (spec.get("capabilities") or {}).items()}
        which = SETS if (spec["user"].get("uid") or 0) == 0 else (*SETS, "inheritable", "ambient")
        for name in which:
            sets[name] = [*(sets.get(name) or []), *(cap for cap in added if cap not in (sets.get(name) or []))]
        spec["capabilities"] = sets
    if "no-new-privs" in options:
        spec["noNewPrivileges"] = True
    if options.get("apparmor"):
        spec["apparmorProfile"] = options["apparmor"]
    if options.get("process-label"):
        spec["selinuxLabel"] = options["process-label"]


def _console(call: Call, spec: dict[str, Any]) -> Any:
    """A connected console socket; True to keep the terminal; None without one."""
    path = call.options.get("console-socket")
    if not spec.get("terminal"):
        if path:
            raise ConfigError("process.terminal", "is not set, so --console-socket would never get a terminal")
        return None
    if path:
        from runtime_ref import console

        return console.connect(path)
    if "detach" in call.options:
        raise ConfigError("process.terminal", "needs --console-socket with --detach: somebody has to take the terminal")
    return True


def _hold(record: Record) -> int:
    """The container process as a descriptor, so that no other can be meant. Raises RuntimeFault."""
    try:
        fd = os.pidfd_open(record.pid)
    except OSError:
        fd = -1
    if fd < 0 or not state.alive(record.pid, record.data["start"]):
        raise RuntimeFault(f"exec in container {record.ident}", "is stopped, not running")
    return fd


def _others(pid: int) -> int:
    """Clone flags of the container's namespaces that are not ours already."""
    flags = 0
    for kind, flag in FLAGS.items():
        name = FILES.get(kind, kind)
        try:
            if os.readlink(f"/proc/{pid}/ns/{name}") != os.readlink(f"/proc/self/ns/{name}"):
                flags |= flag
        except FileNotFoundError:
            pass  # a kernel without this type
    return flags


def _enter(entry: Entry, console: Any) -> tuple[int, int]:
    """Makes the process and hears it out; its pid, and the terminal's master or -1. Raises RuntimeFault."""
    ours, theirs = talk.pair()
    entry.line = theirs
    where = _place(entry)
    try:
        between = k.clone3(0, SIGCHLD, where)
    finally:
        if where is not None:
            os.close(where)
    if between == 0:
        _between(entry, where is not None)
    theirs.close()
    kind, words, _ = talk.receive(ours)
    os.waitpid(between, 0)
    if kind != talk.PID:
        raise talk.unpacked(words, "exec") if kind == talk.FAILED else RuntimeFault("exec", "the process that enters ended without a word")
    pid, master = int(words), -1
    try:
        if entry.spec.get("rlimits") and entry.flags & c.CLONE_NEWUSER:
            from runtime_ref import limits

            limits.raise_rlimits(entry.spec, pid)
        talk.send(ours, talk.GO)
        while True:
            kind, words, fd = talk.receive(ours)
            if not kind:  # the exec has closed it
                break
            if kind == talk.CONSOLE:
                master = _terminal(console, words, fd)
            elif kind == talk.FAILED:
                raise talk.unpacked(words, "exec")
    except BaseException:
        _end(pid)
        raise
    finally:
        ours.close()
    return pid, master


def _place(entry: Entry) -> int | None:
    """The cgroup for the clone, on version 2; None where the process joins by itself, or the container has split its cgroup."""
    try:
        return entry.group.fd_for_clone()
    except OSError:
        return None


def _terminal(console: Any, name: str, master: int) -> int:
    if console is True:
        return master
    from runtime_ref import console as terminals

    terminals.hand_over(console, master, name)
    os.close(master)
    return -1


def _end(pid: int) -> None:
    try:
        os.kill(pid, SIGKILL)
        os.waitpid(pid, 0)
    except (ProcessLookupError, ChildProcessError):
        pass


def _between(entry: Entry, placed: bool) -> NoReturn:
    """The process that goes in and makes the one that runs: only a child is in a joined pid namespace. Never returns."""
    try:
        from runtime_ref import limits

        steps = _Steps(entry)
        steps.prepare()
        limits.affinity(entry.spec, "initial")
        if not placed:
            entry.group.join(entry.record.pid)
        limits.affinity(entry.spec, "final")
        limits.oom_score_adj(entry.spec)
        # Nobody in the container may look into this process before it has become the program (ptrace(2)).
        k.prctl(c.PR_SET_DUMPABLE, 0)
        if entry.flags:
            try:
                k.setns(entry.pidfd, entry.flags)
            except OSError as fault:
                raise RuntimeFault("enter the container", f"setns: {fault.strerror}") from None
        os.close(entry.pidfd)
        pid = k.clone3(c.CLONE_PARENT, 0)
        if pid == 0:
            steps.run()
        talk.send(entry.line, talk.PID, str(pid))
        os._exit(0)
    except BaseException as fault:
        talk.send(entry.line, talk.FAILED, talk.packed(fault))
    finally:
        os._exit(1)


class _Steps:
    """What the new process does, in order."""

    def __init__(self, entry: Entry) -> None:
        from runtime_ref.process import Process

        self.entry = entry
        self.line = entry.line
        self.process = Process(entry.spec, entry.config["linux"], entry.preserve)

    def prepare(self) -> None:
        """Imports and compiles while the host's files are there."""
        import sys

        trace.become("exec")
        from runtime_ref import console, lsm, spec  # noqa: F401
        from runtime_ref.seccomp import notify  # noqa: F401

        self.process.prepare()
        seccomp = self.entry.config["linux"].get("seccomp")
        if seccomp:
            from runtime_ref.seccomp import bpf

            self.process.filter, self.process.filter_flags = bpf.compile(seccomp, c.MACHINE), bpf.flags_of(seccomp)
        for label in self.process.labels:
            os.close(label[0])  # these are of this process; the one that execs opens its own
        self.process.labels = []
        sys.meta_path.clear()  # from here on an import would look into the container

    def run(self) -> NoReturn:
        """In the container. Returns never."""
        try:
            self._close()
            kind, _, _ = talk.receive(self.line)
            if kind != talk.GO:
                os._exit(1)
            self._session()
            if self.entry.flags & c.CLONE_NEWUSER:
                become_root()
            if self.entry.spec.get("apparmorProfile") or self.entry.spec.get("selinuxLabel"):
                from runtime_ref import lsm

                self.process.labels = lsm.open_labels(self.entry.spec)
            if self.entry.spec.get("terminal"):
                self._console()
            self.process.confine(self._listener)
            self.process.execute(self._listener)
        except BaseException as fault:
            try:
                talk.send(self.line, talk.FAILED, talk.packed(fault))
            except (OSError, ValueError):
                pass
        os._exit(1)

    def _close(self) -> None:
        from runtime_ref.process import close_others

        lines = (self.line, self.entry.agent)
        close_others([line.fileno() for line in lines if line], self.entry.preserve)

    def _session(self) -> None:
        os.setsid()
        try:
            k.new_session_keyring()
        except OSError:
            pass  # a kernel without keys, or a quota used up

    def _console(self) -> None:
        from runtime_ref import console

        try:
            master = os.open("/dev/pts/ptmx", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
        except OSError as fault:
            raise RuntimeFault("open terminal", f"/dev/pts/ptmx: {fault.strerror}", "process.terminal") from None
        terminal, name = console.open_pty(master, self.entry.spec.get("consoleSize"))
        user = self.entry.spec.get("user") or {}
        try:
            os.fchown(terminal, user.get("uid", 0), -1)
        except OSError:
            pass  # an id without a mapping
        talk.send(self.line, talk.CONSOLE, name, master)
        os.close(master)
        console.become_terminal(terminal)
        os.close(terminal)

    def _listener(self, fd: int) -> None:
        from runtime_ref.seccomp import notify

        record = self.entry.record
        metadata = self.entry.config["linux"]["seccomp"].get("listenerMetadata") or ""
        notify.deliver(self.entry.agent, fd, record.document(RUNNING), record.pid, metadata)
