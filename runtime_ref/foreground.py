"""`run`: a container from its birth to its removal, with our own standard descriptors, signals and exit code.

Knows waiting and passing on. Must not know how a container is made (`container`).
"""

from __future__ import annotations

from runtime_ref import container, namespaces
from runtime_ref.errors import RuntimeFault
from runtime_ref.kernel import os

if False:
    from typing import Any

    from runtime_ref.cli import Call
    from runtime_ref.launch import Job

# What goes on to the container instead of ending us: everything that can be sent and caught, but what the kernel sends for faults,
# and what is about our own children and terminal.
PASSED_ON = (1, 2, 3, 10, 12, 14, 15, 18, 23, 29, 30)
SIGWINCH = 28


def run(call: Call) -> int:
    """Carries out the command; the exit code of the container's program, 128 plus the signal that ended it."""
    detach = "detach" in call.options
    job = container.create(call, run=True)
    record = job.record
    try:
        if not detach:
            _pass_signals(job)
        container.start(call.settings, record)
    except BaseException:
        _end(call, job)
        raise
    if detach:
        return 0
    record.release()
    code = wait(job.pid, job.master)
    if "keep" not in call.options:
        try:
            record.take()
        except RuntimeFault:
            return code  # deleted by somebody else meanwhile
        if not namespaces.is_new(job.config["linux"], "pid"):
            container.end(record)  # else all have ended with the first process
        container.destroy(call.settings, record)
    return code


def _end(call: Call, job: Job) -> None:
    """A container that could not be started does not stay, as the caller has no id to delete it by."""
    record = job.record
    if os.path.exists(record.folder):
        container.end(record)
        container.destroy(call.settings, record)
    try:
        os.waitpid(job.pid, 0)
    except ChildProcessError:
        pass


def _pass_signals(job: Job) -> None:
    from _signal import signal  # type: ignore[import-not-found]

    def pass_on(number: int, _: Any) -> None:
        try:
            os.kill(job.pid, number)
        except ProcessLookupError:
            pass

    for number in PASSED_ON:
        signal(number, pass_on)


def wait(pid: int, master: int = -1) -> int:
    """Waits for a child, carrying its terminal meanwhile; its exit code, or 128 plus the signal that ended it."""
    if master >= 0:
        from _signal import signal

        from runtime_ref import console

        with console.Relay(master) as relay:
            signal(SIGWINCH, lambda *_: console.copy_size(master))
            relay.carry()
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return 128 - code if code < 0 else code
