"""One question to a binary that may do anything: it has a deadline and a limit on output, and is ended with its group.

Knows processes and pipes. It must not know what the answer means.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

FLOOD: Final = 1 << 20  # bytes; a version or a features document is far below


@dataclass(frozen=True)
class Answer:
    """``exit`` is None if it was ended by ``signal``, by us at the deadline, or for its flood."""

    exit: int | None
    signal: int | None
    stdout: bytes
    stderr: bytes
    timed_out: bool = False
    flooded: bool = False


def ask(argv: Sequence[str], env: Mapping[str, str], timeout: float) -> Answer:
    """Run argv with no input and collect what it says until it ends.

    A child that keeps the pipes open is not waited for; it is ended with the process group. ``timeout`` in seconds.
    OSError if argv[0] cannot be started.
    """
    deadline = time.monotonic() + timeout
    out_read, out_write = os.pipe2(os.O_CLOEXEC)
    err_read, err_write = os.pipe2(os.O_CLOEXEC)
    try:
        process = subprocess.Popen(
            argv, env=dict(env), stdin=subprocess.DEVNULL, stdout=out_write, stderr=err_write, start_new_session=True
        )
    except OSError:
        os.close(out_read)
        os.close(err_read)
        raise
    finally:
        os.close(out_write)
        os.close(err_write)
    pidfd = os.pidfd_open(process.pid)
    said = {out_read: bytearray(), err_read: bytearray()}
    timed_out = flooded = False
    try:
        for fd in said:
            os.set_blocking(fd, False)
        poll = select.poll()
        for fd in (pidfd, *said):
            poll.register(fd, select.POLLIN)
        ended = False
        while not ended:
            left = deadline - time.monotonic()
            ready = poll.poll(left * 1000) if left > 0 else []
            if not ready:
                timed_out = True
                break
            ended = any(fd == pidfd for fd, _ in ready)
            for fd, _ in ready:
                if fd != pidfd and not _drain(fd, said[fd]):
                    poll.unregister(fd)
            if any(len(data) > FLOOD for data in said.values()):
                flooded = True
                break
        if ended:
            for fd, data in said.items():
                _drain(fd, data)
            flooded = any(len(data) > FLOOD for data in said.values())
    finally:
        # The process is not collected yet, so its group cannot be another's.
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass
        status = process.wait()
        for fd in (pidfd, *said):
            os.close(fd)
    cut = timed_out or flooded
    return Answer(
        exit=status if status >= 0 and not cut else None,
        signal=-status if status < 0 and not cut else None,
        stdout=bytes(said[out_read][:FLOOD]),
        stderr=bytes(said[err_read][:FLOOD]),
        timed_out=timed_out,
        flooded=flooded,
    )


def _drain(fd: int, data: bytearray) -> bool:
    """Read what is there, up to a little more than a flood; False at the end of the stream."""
    while len(data) <= FLOOD:
        try:
            piece = os.read(fd, 65536)
        except BlockingIOError:
            return True
        if not piece:
            return False
        data += piece
    return True
