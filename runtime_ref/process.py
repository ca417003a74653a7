"""From a process of the runtime to the container's own: the steps that the first process and those of `exec` have in common.

Ordered as they must happen: limits, labels, seccomp where it needs the rights that go next, capabilities and user, and at the very
end descriptors, signals and exec. https://github.com/opencontainers/runtime-spec/blob/v1.3.0/config.md#process and
#linux-process. Must not know namespaces, cgroups or mounts. Nothing is imported after `prepare`: the files may be out of reach.
"""

from __future__ import annotations

import errno

from runtime_ref import caps, limits, seccomp, trace
from runtime_ref.errors import RuntimeFault
from runtime_ref.kernel import const as c
from runtime_ref.kernel import os
from runtime_ref.kernel import sys as k

if False:
    from typing import Any

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"  # where the environment has none
# Docker's client looks for these words, in small letters, to give the exit codes 127 and 126.
MISSING, DENIED = "no such file or directory", "permission denied"
NO_HANDLER = (9, 19, 32, 33)  # SIGKILL, SIGSTOP, and two that libc keeps for itself
LAST_SIGNAL = 64
LAST_DESCRIPTOR = 0xFFFFFFFF


class Process:
    """A process to become. `spec` is the process object, `linux` the platform's part of the configuration.

    `filter`, `filter_flags`: the compiled `linux.seccomp` and the flags to load it with; b"" where there is none.
    """

    def __init__(self, spec: dict[str, Any], linux: dict[str, Any], preserve: int = 0, has_hooks: bool = False) -> None:
        self.spec = spec
        self.linux = linux
        self.preserve = preserve
        self.has_hooks = has_hooks  # these may yet bring the program
        self.program = ""
        self.filter = b""
        self.filter_flags = 0
        self.sets = caps.of(spec)
        self.labels: list[Any] = []

    @property
    def new_privileges(self) -> bool:
        """Whether exec may bring more privileges."""
        return not self.spec.get("noNewPrivileges")

    def prepare(self) -> None:
        """Imports and opens what later steps need, where the host's files can still be read.

        In the process that will exec: some files it opens are its own. Raises RuntimeFault.
        """
        import _signal  # type: ignore[import-not-found]  # noqa: F401

        if self.spec.get("apparmorProfile") or self.spec.get("selinuxLabel"):
            from runtime_ref import lsm

            self.labels = lsm.open_labels(self.spec)

    @property
    def warnings(self) -> list[str]:
        """What could not be granted, in words for the log."""
        return self.sets.warnings

    def confine(self, listener: Any) -> None:
        """All up to the point where only the exec is missing. `listener(fd)` hands on the listener of seccomp, if one comes.

        Raises RuntimeFault.
        """
        spec = self.spec
        cwd = spec.get("cwd", "/")
        limits.scheduler(spec)
        limits.io_priority(spec)
        limits.personality(self.linux)
        limits.memory_policy(self.linux)
        limits.raise_rlimits(spec)
        entered = self._enter(cwd, False)
        if entered:
            self._below_root(cwd)
        self._become(listener)
        if not entered:
            self._enter(cwd, True)
            self._below_root(cwd)
        self.program = self._found(not self.has_hooks)

    def execute(self, listener: Any) -> None:
        """The last steps, and the program. Only returns by an exception."""
        if not self.new_privileges:
            k.prctl(c.PR_SET_NO_NEW_PRIVS, 1)
        program = self.program or self._found(True)
        if trace.on:
            trace.tell("exec", f"run {program}", "close_range execve", "process.args", changed=("status:NoNewPrivs", "status:Seccomp"))
        from _signal import SIG_DFL, SIG_SETMASK, getsignal, pthread_sigmask, signal

        for number in range(1, LAST_SIGNAL + 1):
            if number not in NO_HANDLER and getsignal(number) != SIG_DFL:
                signal(number, SIG_DFL)
        pthread_sigmask(SIG_SETMASK, ())
        k.close_range(3 + self.preserve, LAST_DESCRIPTOR, c.CLOSE_RANGE_CLOEXEC)
        trace.end()
        if self.labels:
            from runtime_ref import lsm

            lsm.write(self.labels)
        if not (self.filter and self.new_privileges):
            limits.rlimits(self.spec)
        if self.filter and not self.new_privileges:
            self._load(listener)
        try:
            k.execve(program, self.spec["args"], self.spec["env"])
        except OSError as fault:
            where = "process.args and process.env" if fault.errno == errno.E2BIG else "process.args"
            raise RuntimeFault(f"execute {program}", os.strerror(fault.errno or 0), where) from None

    def _load(self, listener: Any) -> None:
        if trace.on:
            trace.tell("filter", f"load a filter of {len(self.filter) // 8} BPF instructions", "seccomp", "linux.seccomp")
        try:
            fd = seccomp.load(self.filter, self.filter_flags)
        except OSError as fault:
            raise RuntimeFault("load seccomp filter", fault.strerror or str(fault), "linux.seccomp") from None
        if fd is not None:
            listener(fd)
            os.close(fd)

    def _enter(self, cwd: str, must: bool) -> bool:
        try:
            os.chdir(cwd)
        except OSError as fault:
            if must or fault.errno not in (errno.EACCES, errno.EPERM):
                raise RuntimeFault("change to the working directory", f"{cwd}: {fault.strerror}", "process.cwd") from None
            return False
        return True

    def _below_root(self, cwd: str) -> None:
        """A working directory that a descriptor left open leads out of the container by has no path here (CVE-2024-21626)."""
        try:
            if os.getcwd().startswith("/"):
                return
        except FileNotFoundError:
            pass
        raise RuntimeFault("change to the working directory", f"{cwd} is outside of the container", "process.cwd")

    def _become(self, listener: Any) -> None:
        """User, groups, umask, capabilities, and between these the filter where it needs one.

        A filter may skip a call and say that it is done: so what can come before it does, and the one step after it is looked at.
        """
        user = self.spec.get("user") or {}
        uid, gid = user.get("uid", 0), user.get("gid", 0)
        caps.limit(self.sets)
        step, where = "set groups", "process.user.additionalGids"
        try:
            try:
                os.setgroups(user.get("additionalGids") or [])
            except PermissionError:
                # An unprivileged user namespace denies it; then there are none to set either.
                if not _groups_denied():
                    raise
                if user.get("additionalGids"):
                    raise RuntimeFault(step, "denied in a user namespace whose gids were mapped without newgidmap", where) from None
            step, where = f"become group {gid}", "process.user.gid"
            os.setresgid(gid, gid, gid)
            step, where = f"become user {uid}", "process.user.uid"
            os.setresuid(uid, uid, uid)
            limits.umask(self.spec)
            step, where = "set capabilities", "process.capabilities"
            if self.filter and self.new_privileges:
                # Without no_new_privs this takes CAP_SYS_ADMIN, which goes next.
                caps.regain()
                limits.rlimits(self.spec)
                self._load(listener)
            caps.apply(self.sets)
            if seccomp.SKIP in self.filter:
                caps.check(self.sets)
            k.prctl(c.PR_SET_KEEPCAPS, 0)
        except OSError as fault:
            unmapped = fault.errno == errno.EINVAL and where.startswith("process.user.")
            raise RuntimeFault(step, "not mapped in the user namespace" if unmapped else fault.strerror or str(fault), where) from None
        if trace.on:
            trace.tell(
                "user", f"become {uid}:{gid}, drop capabilities", "setgroups setresgid setresuid capset prctl",
                "process.user", changed=("status:Cap", "status:Uid", "status:Gid"),
            )  # fmt: skip

    def _found(self, must: bool) -> str:
        """The program's path, by PATH of its own environment. Raises RuntimeFault, unless it need not be there yet: then ""."""
        name = self.spec["args"][0]
        if "/" in name:
            places = [name]
        else:
            path = next((entry[5:] for entry in reversed(self.spec["env"]) if entry.startswith("PATH=")), PATH)
            places = [f"{folder or '.'}/{name}" for folder in path.split(":")]
        why = MISSING
        for place in places:
            if os.path.isdir(place):
                why = DENIED if "/" in name else why
            elif os.access(place, os.X_OK, effective_ids=True):
                return str(place)
            elif os.path.exists(place):
                why = DENIED
        if not must:
            return ""
        if "/" not in name and why == MISSING:
            why = "executable file not found in $PATH"
        raise RuntimeFault(f"find {name}", why, "process.args[0]")


def close_others(kept: list[int], preserve: int) -> None:
    """Closes every descriptor but the standard ones, the `preserve` next ones, those in `kept` and the trace's own.

    Closed, not only close-on-exec: until the exec a path such as /proc/self/fd/9/x would lead out of the container by a folder
    that the caller left open (CVE-2024-21626).
    """
    first = 3 + preserve
    for fd in [*sorted({*kept, *trace.descriptors()}), LAST_DESCRIPTOR]:
        if fd > first:
            k.close_range(first, fd if fd == LAST_DESCRIPTOR else fd - 1)
        first = max(first, fd + 1)


def _groups_denied() -> bool:
    """Whether this user namespace has setgroups(2) denied for good."""
    try:
        with open("/proc/self/setgroups", "rb") as file:
            return file.read().startswith(b"deny")
    except OSError:
        return True  # no /proc in this container: EPERM is all there is to go by
