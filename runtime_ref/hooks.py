"""Hooks: programs of the configuration, run one after the other with the container's state on standard input.

Knows processes and the timeout. Must not know when which hooks are due; `launch`, `init` and `container` say.
https://github.com/opencontainers/runtime-spec/blob/v1.3.0/config.md#posix-platform-hooks
"""

from __future__ import annotations

from runtime_ref import trace
from runtime_ref.errors import RuntimeFault
from runtime_ref.kernel import os
from runtime_ref.kernel import sys as k

if False:
    from typing import Any, NoReturn

OUTPUT_KEPT = 2048  # bytes of a failed hook's output that its error shows
PIPE_SIZE = 65536  # what a pipe holds without a reader (pipe(7))


def run_all(config_hooks: dict[str, Any], point: str, state: str, index: int = 0) -> None:
    """Runs the hooks of one point in their order, from `index` on. Raises RuntimeFault at the first that fails."""
    hooks = config_hooks.get(point) or ()
    for number in range(index, len(hooks)):
        run(hooks[number], f"hooks.{point}[{number}]", state)


def run_on(config_hooks: dict[str, Any], point: str, state: str) -> list[RuntimeFault]:
    """Runs all hooks of one point; a failure does not stop it. The failures."""
    faults = []
    for number in range(len(config_hooks.get(point) or ())):
        try:
            run(config_hooks[point][number], f"hooks.{point}[{number}]", state)
        except RuntimeFault as fault:
            faults.append(fault)
    return faults


def run(hook: dict[str, Any], where: str, state: str) -> None:
    """Runs one hook to its end. Raises RuntimeFault that has its exit status, or its timeout, and what it printed."""
    if trace.on:
        trace.tell("hook", f"run hook {hook['path']}", where=where)
    step = f"hook {hook['path']}"
    stdin = _filled(state)
    output = os.memfd_create("hook", os.MFD_CLOEXEC)
    try:
        pid = _begun(hook, stdin, output, step, where)
        timeout = hook.get("timeout")
        try:
            if timeout is not None and not _ended(pid, timeout):
                raise RuntimeFault(step, f"did not end within its timeout of {timeout} s{_said(output)}", where)
            code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        except BaseException:  # the timeout, or a signal that ends the operation
            _kill(pid)
            raise
        if code:
            how = f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code}"
            raise RuntimeFault(step, how + _said(output), where)
    finally:
        os.close(stdin)
        os.close(output)


def _begun(hook: dict[str, Any], stdin: int, output: int, step: str, where: str) -> int:
    """The pid of the hook, as soon as its program runs. Raises RuntimeFault.

    By fork(2), not posix_spawn(3): that takes the environment as a dict, which loses entries that come twice or have no "=".
    """
    reading, writing = os.pipe2(os.O_CLOEXEC)
    pid = os.fork()
    if pid == 0:
        _become(hook, stdin, output, writing)
    os.close(writing)
    failed = os.read(reading, 8)  # nothing if the exec has closed it
    os.close(reading)
    if failed:
        os.waitpid(pid, 0)
        raise RuntimeFault(step, os.strerror(int(failed)), where)
    return pid


def _become(hook: dict[str, Any], stdin: int, output: int, line: int) -> NoReturn:
    from _signal import SIG_DFL, SIG_SETMASK, pthread_sigmask, signal  # type: ignore[import-not-found]

    try:
        os.setpgid(0, 0)
        for fd, standard in ((stdin, 0), (output, 1), (output, 2)):
            os.dup2(fd, standard)
        for number in _IGNORED:
            signal(number, SIG_DFL)
        pthread_sigmask(SIG_SETMASK, ())
        k.execve(hook["path"], hook.get("args") or [hook["path"]], hook.get("env") or [])
    except OSError as fault:
        os.write(line, str(fault.errno).encode())
    finally:
        os._exit(127)


def _kill(pid: int) -> None:
    """Ends a hook and what it has started in its process group."""
    from _signal import SIGKILL

    try:
        os.killpg(pid, SIGKILL)
        os.waitpid(pid, 0)
    except (ProcessLookupError, ChildProcessError):
        pass


# Python ignores these two, and what is ignored stays so over exec.
_IGNORED = (13, 25)  # SIGPIPE, SIGXFSZ


def _filled(text: str) -> int:
    """A descriptor from which the text can be read, to its end: a pipe, or a file where a pipe would not hold it."""
    data = text.encode("utf-8", "surrogateescape")
    if len(data) <= PIPE_SIZE:
        reading, writing = os.pipe2(os.O_CLOEXEC)
        os.write(writing, data)
        os.close(writing)
        return reading
    fd = os.memfd_create("state", os.MFD_CLOEXEC)
    while data:
        data = data[os.write(fd, data) :]
    os.lseek(fd, 0, os.SEEK_SET)
    return fd


def _ended(pid: int, timeout: float) -> bool:
    import select

    fd = os.pidfd_open(pid)
    try:
        poll = select.poll()
        poll.register(fd, select.POLLIN)
        return bool(poll.poll(timeout * 1000))
    finally:
        os.close(fd)


def _said(output: int) -> str:
    size = os.fstat(output).st_size
    words = os.pread(output, OUTPUT_KEPT, max(0, size - OUTPUT_KEPT)).decode("utf-8", "replace").strip()
    return f"; it said: {words}" if words else ""
