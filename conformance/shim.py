"""The harness in the place of a containerd shim: it starts the runtime, holds the container's stdio, and collects the dead.

Knows processes, pipes, pidfds and deadlines. Must not know cases, bundles or what an answer means.
One Shim per process of the test session; it is a child subreaper, so that whatever a runtime leaves behind becomes its child.
"""

from __future__ import annotations

import fcntl
import os
import select
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from conformance import kernel

KEPT_OUTPUT = 1 << 20  # bytes of a stream that are kept
UNUSUAL_GROUP, UNUSUAL_OOM_SCORE = 61234, 13
FLOOD = 64 << 20  # bytes after which a call counts as flooding


class Deadline(Exception):
    """What was waited for did not come in time."""


@dataclass
class Stream:
    """One pipe that is being read: `text` holds the first KEPT_OUTPUT bytes."""

    fd: int
    data: bytearray = field(default_factory=bytearray)
    total: int = 0
    open: bool = True

    def drain(self) -> bool:
        """Read what is there; True if something came."""
        came = False
        while self.open:
            try:
                piece = os.read(self.fd, 65536)
            except BlockingIOError:
                return came
            except OSError:  # a pty whose other side is gone (EIO)
                piece = b""
            if not piece:
                self.close()
                return came
            came = True
            self.total += len(piece)
            if len(self.data) < KEPT_OUTPUT:
                self.data += piece[: KEPT_OUTPUT - len(self.data)]
            if self.total > FLOOD:
                return came
        return came

    def close(self) -> None:
        """Give the descriptor back; the text stays."""
        if self.open:
            self.open = False
            os.close(self.fd)

    @property
    def text(self) -> str:
        """As UTF-8, what is none escaped."""
        return self.data.decode("utf-8", "backslashreplace")


@dataclass(frozen=True)
class Ended:
    """How a process that the shim started has ended."""

    exit: int | None
    signal: int | None
    timed_out: bool = False
    flooded: bool = False


def pipe() -> tuple[int, int]:
    """A pipe whose reading end does not block; both ends are closed on exec."""
    reading, writing = os.pipe2(os.O_CLOEXEC)
    os.set_blocking(reading, False)
    return reading, writing


class Shim:
    """A child subreaper with a poll loop. `streams` are drained whenever the shim waits for anything."""

    def __init__(self) -> None:
        kernel.prctl(kernel.PR_SET_CHILD_SUBREAPER, 1)
        _be_unusual()
        self.statuses: dict[int, int] = {}  # pid -> wait status of every child that has ended
        self.streams: list[Stream] = []
        self._wake, wake_write = pipe()
        os.set_blocking(wake_write, False)
        # A handler of Python's makes the C level write to the wake-up descriptor; it has nothing to do itself.
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)

    def reap(self) -> None:
        """Collect every child that has ended."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            self.statuses[pid] = status

    def spawn(self, argv: Sequence[str], env: Mapping[str, str], stdio: Sequence[int], directory: str | None = None) -> int:
        """Start argv[0] (a path) with these descriptors as 0, 1, 2, in a process group of its own. Returns its pid; raises OSError."""
        actions: list[tuple[int, ...]] = [(os.POSIX_SPAWN_DUP2, fd, to) for to, fd in enumerate(_above(stdio))]
        pid = os.posix_spawn(
            argv[0],
            list(argv),
            dict(env),
            file_actions=actions,
            setpgroup=0,
            setsigmask=[],
            setsigdef=[signal.SIGPIPE, signal.SIGXFSZ, signal.SIGCHLD, signal.SIGINT],
        )
        self.statuses.pop(pid, None)
        return pid

    def wait(self, until: Callable[[], bool], seconds: float) -> None:
        """Serve the streams and collect the dead until `until()` holds. Raises Deadline."""
        deadline = time.monotonic() + seconds
        while True:
            self.reap()
            for stream in self.streams:
                stream.drain()
            if until():
                return
            left = deadline - time.monotonic()
            if left <= 0:
                raise Deadline
            poll = select.poll()
            poll.register(self._wake, select.POLLIN)
            for stream in self.streams:
                if stream.open:
                    poll.register(stream.fd, select.POLLIN)
            poll.poll(min(left, 5.0) * 1000)
            try:
                os.read(self._wake, 4096)
            except BlockingIOError:
                pass

    def call(self, argv: Sequence[str], env: Mapping[str, str], stdio: Sequence[int], own: Sequence[Stream], seconds: float) -> Ended:
        """Run the runtime to its end or to the deadline; `own` are the streams of this call. Raises OSError if it cannot be started."""
        pid = self.spawn(argv, env, stdio)
        self.streams.extend(own)

        def flooded() -> bool:
            return any(s.total > FLOOD for s in self.streams)

        timed_out = False
        try:
            self.wait(lambda: pid in self.statuses or flooded(), seconds)
        except Deadline:
            timed_out = True
        over = flooded()
        if pid not in self.statuses:
            self.end_group(pid)
        for stream in own:
            stream.drain()
            self.streams.remove(stream)
        status = self.statuses[pid]
        if timed_out or over:
            return Ended(exit=None, signal=None, timed_out=timed_out and not over, flooded=over)
        return Ended(
            exit=os.WEXITSTATUS(status) if os.WIFEXITED(status) else None,
            signal=os.WTERMSIG(status) if os.WIFSIGNALED(status) else None,
        )

    def end_group(self, pid: int) -> None:
        """Kill a child of ours with its process group and wait for its end."""
        try:
            os.killpg(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.wait(lambda: pid in self.statuses, 30)

    def children(self) -> list[int]:
        """Pids of every living child of this process, whoever started it (proc_pid_task_children)."""
        self.reap()
        found: list[int] = []
        for task in os.listdir("/proc/self/task"):
            try:
                with open(f"/proc/self/task/{task}/children") as f:
                    found += [int(p) for p in f.read().split()]
            except OSError:
                continue
        return [p for p in found if p not in self.statuses]

    def kill_children(self, known: Sequence[int] = ()) -> list[str]:
        """Kill each child that is not in `known`, and theirs as they become ours. Returns what they were: "pid name"."""
        ended: list[str] = []
        while strays := [p for p in self.children() if p not in known]:
            for pid in strays:
                ended.append(f"{pid} {_name(pid)}")
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            try:
                self.wait(lambda those=tuple(strays): all(p in self.statuses for p in those), 10)  # type: ignore[misc]
            except Deadline:
                ended.append("a process did not end on SIGKILL")
                break
        return ended


def _be_unusual() -> None:
    """A supplementary group and an OOM score of our own, so that it shows which of them a container inherits."""
    if os.geteuid() == 0:
        os.setgroups([UNUSUAL_GROUP])
    try:
        with open("/proc/self/oom_score_adj", "w") as f:
            f.write(str(UNUSUAL_OOM_SCORE))
    except OSError:
        pass  # one may be given a floor that is higher; then that one is inherited


def _name(pid: int) -> str:
    try:
        with open(f"/proc/{pid}/comm") as f:
            return f.read().strip()
    except OSError:
        return "?"


def _above(stdio: Sequence[int]) -> list[int]:
    """The descriptors themselves, moved above 2 where dup2 in order would overwrite one (never, unless 0-2 are closed here)."""
    out = []
    for fd in stdio:
        out.append(fd if fd > 2 else fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 3))
    return out
