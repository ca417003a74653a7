"""The container's first process, from the moment it exists to the exec of the program: an ordered list of steps.

Knows the order and who does each step. Must not know the other side's work: it asks and answers over one socket.
https://github.com/opencontainers/runtime-spec/blob/v1.3.0/runtime.md#lifecycle, steps 2 to 8.
"""

from __future__ import annotations

from runtime_ref import namespaces, paths, rootfs, talk, trace
from runtime_ref.errors import RuntimeFault
from runtime_ref.kernel import const as c
from runtime_ref.kernel import os
from runtime_ref.kernel import sys as k
from runtime_ref.process import Process, close_others

if False:
    from _socket import socket
    from typing import Any, NoReturn

    from runtime_ref.launch import Job

UMASK = 0o022


def main(job: Job) -> NoReturn:
    """Carries out all steps for a job inherited from the runtime, and never returns into its code."""
    steps = Init(job)
    try:
        steps.create()
        steps.line.close()
        steps.start()
    except BaseException as fault:
        _tell(steps.line, fault)
    os._exit(1)


def _tell(line: socket, fault: BaseException) -> None:
    if trace.on:
        trace.tell("failed", str(fault))
    kind = talk.HOOK_FAILED if isinstance(fault, RuntimeFault) and fault.where.startswith("hooks.") else talk.FAILED
    try:
        talk.send(line, kind, talk.packed(fault))
    except (OSError, ValueError):
        pass


def load(config: dict[str, Any]) -> None:
    """Imports the code of all later steps: in the container, or as a mapped root, its files are out of reach."""
    process, hooks_of, linux = config.get("process") or {}, config["hooks"], config["linux"]
    if process.get("terminal"):
        from runtime_ref import console  # noqa: F401
    if process.get("apparmorProfile") or process.get("selinuxLabel"):
        from runtime_ref import lsm  # noqa: F401
    if (linux.get("seccomp") or {}).get("listenerPath"):
        from runtime_ref import spec
        from runtime_ref.seccomp import notify  # noqa: F401
    if hooks_of:
        import select  # noqa: F401

        from runtime_ref import hooks, spec, text  # noqa: F401
    if linux.get("sysctl"):
        from runtime_ref import sysctl  # noqa: F401
    for entry in config["mounts"]:
        if entry.get("type") == "cgroup":
            from runtime_ref import cgroup_mounts  # noqa: F401
        if "tmpcopyup" in (entry.get("options") or ()):
            from runtime_ref import copyup  # noqa: F401


class Init:
    """The steps and what they share. `line`: where errors go, first to `create` and then to `start`."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.line: socket = job.theirs
        self.config = job.config
        self.linux = job.config["linux"]
        self.hooks = job.config["hooks"]
        self.process: Any = None
        self.states = ("", "")
        self.terminal = -1
        self.waited = False  # for `start`

    def create(self) -> None:
        """Lifecycle step 2, up to where only the hooks and the program are missing. Raises RuntimeFault, OSError."""
        job = self.job
        trace.become("init")
        callers = os.umask(UMASK)
        job.ours.close()
        # Also the lock of the record: the container would stay locked as long as it waits.
        close_others(job.descriptors(), job.preserve)
        self._prepare()
        self._go()
        self._namespaces()
        self._session()
        self._network()
        rootfs.prepare(self.config, job.bundle, job.ctx)
        if trace.on:
            trace.tell("rootfs", f"{len(self.config['mounts'])} mounts, the devices", "fsopen fsmount move_mount mknod", "mounts", changed=("mountinfo",))
        self._hooks()
        self._console()
        rootfs.pivot(job.ctx, job.no_pivot)
        if trace.on:
            trace.tell("pivot", "the root file system becomes /", "pivot_root umount2", "root.path", changed=("mountinfo",))
        self._names()
        rootfs.finish(self.config, job.ctx)
        if trace.on:
            trace.tell("finish", "sysctl, read-only root, masked and read-only paths", "mount_setattr move_mount", "linux.maskedPaths", changed=("mountinfo",))
        os.umask(callers)  # which is the program's unless it asks for another
        self._process()
        os.close(job.ctx.root)
        talk.send(self.line, talk.READY, "\n".join(self.process.warnings) if self.process else "")

    def start(self) -> None:
        """Waits for `start`, then lifecycle steps 7 and 8. Returns only by an exception."""
        door = self.job.door
        if trace.on:
            trace.tell("wait", "for the start operation", "accept4")
        descriptor, _ = door._accept()  # type: ignore[attr-defined]  # of _socket.socket, which the stubs do not know
        self.waited = True
        self.line = talk.opened(descriptor)
        door.close()
        if self.process is None:
            raise RuntimeFault("start", "is needed to start the container", "process")
        if self.hooks.get("startContainer"):
            from runtime_ref import hooks

            if trace.on:
                trace.let_go()  # else a link of the image could lead a hook's path out by it
            hooks.run_all(self.hooks, "startContainer", self._seen_inside(self.states[1]))
        self.process.execute(self._listener)

    def _prepare(self) -> None:
        """What the program's process needs of the host's files."""
        process = self.config.get("process")
        if process:
            self.process = Process(process, self.linux, self.job.preserve, bool(self.hooks.get("startContainer")))
            self.process.prepare()

    def _go(self) -> None:
        kind, words, _ = talk.receive(self.line)
        if kind != talk.GO:
            os._exit(1)  # the runtime gave up, and has told why
        self.states = tuple(words.split("\0"))  # type: ignore[assignment]

    def _filter(self) -> None:
        """The compiled filter, which the runtime makes while we mount."""
        if self.process and self.linux.get("seccomp") and not self.process.filter:
            self.process.filter_flags, self.process.filter = talk.receive_filter(self.line)

    def _namespaces(self) -> None:
        """The cgroup, and the namespaces that could not come with clone3(2)."""
        job = self.job
        if job.joins_cgroup:
            job.cgroup.join()
            if trace.on:
                trace.tell("join", "go into the cgroup", "openat write", "linux.cgroupsPath", changed=("cgroup",))
        if namespaces.is_new(self.linux, "cgroup"):
            k.unshare(c.CLONE_NEWCGROUP)
        process = self.config.get("process") or {}
        if process.get("oomScoreAdj") is not None and not job.joined:
            from runtime_ref import limits

            limits.oom_score_adj(process)
        if namespaces.is_new(self.linux, "time"):
            namespaces.enter_time(self.linux.get("timeOffsets") or {})
        if job.ctx.userns:
            namespaces.become_root()
        k.prctl(c.PR_SET_DUMPABLE, 0)  # `launch.begin` says why; this is for an ordinary user
        if trace.on:
            trace.tell("namespaces", "inside the new namespaces", "clone3 unshare setns", "linux.namespaces", changed=("ns",))

    def _session(self) -> None:
        """An own session, and an own session keyring so that the caller's keys stay its own."""
        try:
            os.setsid()
        except PermissionError:
            pass  # the leader already
        if not self.job.keep_keyring:
            try:
                k.new_session_keyring()
            except OSError:
                pass  # a kernel without keys, or a quota used up: the caller's is then not taken over either
        if trace.on:
            trace.tell("session", "a session and a session keyring of its own", "setsid keyctl")

    def _network(self) -> None:
        if namespaces.is_new(self.linux, "network"):
            namespaces.loopback_up()
            if trace.on:
                trace.tell("network", "set the loopback device up, the only one there is", "socket ioctl", "linux.namespaces")

    def _hooks(self) -> None:
        """Lifecycle steps 3 to 5; the first two are the runtime's to run."""
        if self.hooks.get("prestart") or self.hooks.get("createRuntime"):
            self._filter()
            talk.send(self.line, talk.MOUNTED)
            kind, _, _ = talk.receive(self.line)
            if kind != talk.HOOKS_DONE:
                os._exit(1)
        if self.hooks.get("createContainer"):
            from runtime_ref import hooks

            os.chdir(self.job.bundle)
            hooks.run_all(self.hooks, "createContainer", self._seen_inside(self.states[0]))

    def _console(self) -> None:
        process = self.config.get("process") or {}
        if not process.get("terminal"):
            return
        from runtime_ref import console, devices

        try:
            folder = paths.inside(self.job.ctx.root, "/dev/pts", os.O_PATH | os.O_DIRECTORY)
            try:
                # Of the image it could be any device, and to open some does something.
                if k.fstatfs_type(folder) != c.DEVPTS_SUPER_MAGIC:
                    raise FileNotFoundError
                master = paths.inside(folder, "ptmx", os.O_RDWR | os.O_NOCTTY, c.RESOLVE_NO_XDEV)
            finally:
                os.close(folder)
        except FileNotFoundError:
            raise RuntimeFault("open terminal", "the container has no devpts on /dev/pts", "process.terminal") from None
        self.terminal, name = console.open_pty(master, process.get("consoleSize"))
        devices.console(self.job.ctx, self.terminal)
        user = process.get("user") or {}
        try:
            os.fchown(self.terminal, user.get("uid", 0), -1)
        except OSError:
            pass  # an id without a mapping
        talk.send(self.line, talk.CONSOLE, name, master)
        os.close(master)
        console.become_terminal(self.terminal)
        os.close(self.terminal)
        if trace.on:
            trace.tell("terminal", f"{name} inside is the terminal, its master is handed out", "openat ioctl sendmsg", "process.terminal")

    def _names(self) -> None:
        """https://github.com/opencontainers/runtime-spec/blob/v1.3.0/config.md#hostname, #domainname"""
        for member, call in (("hostname", k.sethostname), ("domainname", k.setdomainname)):
            if self.config.get(member):
                try:
                    call(self.config[member])
                except OSError as fault:
                    raise RuntimeFault(f"set {member}", fault.strerror or str(fault), member) from None
                if trace.on:
                    trace.tell("names", f"the {member} is {self.config[member]}", f"set{member}", member)

    def _process(self) -> None:
        if self.process is None:
            return
        cwd = self.config["process"].get("cwd", "/")
        try:
            # Engines leave making it to the runtime. By descriptors below the root: a path such as /proc/self/fd/7/made, of an
            # image whose caller has left a folder open, would else be made on the host (CVE-2024-21626).
            os.close(paths.make(self.job.ctx.root, cwd, True)[0])
        except OSError:
            pass  # entering it tells
        self._filter()
        self.process.confine(self._listener)
        if trace.on:
            trace.tell("process", "limits, user, capabilities are those of the program", "", "process")

    def _seen_inside(self, state: str) -> str:
        """A state for hooks in the container's namespaces: its pid is this process's number there (config.md#posix-platform-hooks)."""
        from runtime_ref import spec, text

        document: Any = spec.parse(state.encode(), "the state")
        document["pid"] = os.getpid()
        return text.dumps(document)

    def _listener(self, fd: int) -> None:
        """Hands the listener of seccomp to the agent, with the state as it is at this step."""
        from runtime_ref import spec
        from runtime_ref.seccomp import notify

        state: Any = spec.parse(self.states[self.waited].encode(), "the state")
        notify.deliver(self.job.agent, fd, state, state["pid"], self.linux["seccomp"].get("listenerMetadata") or "")
