"""The reference with one system call that fails: `python -m tests.runtime_ref.faulty SIDE NUMBER WORDS...`.

SIDE is "runtime" or "init" (every process that is made), NUMBER the how-manieth call of a function of `kernel.sys`, or of Python's own that a
run makes, there. A line
"injected NAME" on descriptor 9 says that it was reached. With the side "killed" the runtime does not make the call, but is ended by SIGKILL.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from runtime_ref import cli
from runtime_ref.kernel import os as theirs
from runtime_ref.kernel import sys as k

OF_PYTHON = ("open", "mkdir", "rename", "pidfd_open", "chdir", "setsid", "setresuid", "setresgid", "setgroups")
UNDO = {"close_range"}  # never fails for a reason outside of the program


def main() -> None:
    side, number, me = sys.argv[1], int(sys.argv[2]), os.getpid()
    calls = {me: 0}
    write = os.write

    def failing(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **rest: Any) -> Any:
            here = os.getpid()
            if (here == me) == (side != "init"):
                calls[here] = calls.get(here, 0) + 1
                if calls[here] == number:
                    try:
                        write(9, f"injected {name}\n".encode())
                    except OSError:
                        pass  # the descriptor is closed by now in a container's process
                    if side == "killed":
                        os.kill(me, signal.SIGKILL)
                    raise OSError(errno.EIO, f"{name}: {os.strerror(errno.EIO)}")
            return function(*args, **rest)

        return call

    for name, value in list(vars(k).items()):
        if callable(value) and getattr(value, "__module__", "") == k.__name__ and not name.startswith("_") and name not in UNDO and name != "address":
            setattr(k, name, failing(name, value))
    for name in OF_PYTHON:
        setattr(theirs, name, failing(name, getattr(theirs, name)))
    cli.main(["runtime-ref", "--no-seal", *sys.argv[3:]])


if __name__ == "__main__":
    main()
