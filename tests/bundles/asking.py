"""Asking the probe on the host, for its tests. Knows processes and lines; must not know any verb."""

import contextlib
import json
import os
import select
import subprocess
from collections.abc import Iterator
from typing import Any

DEADLINE = 60  # seconds; only ever reached by a fault


def ask(program: str, *words: object, **more: Any) -> list[Any]:
    """What the probe printed, line by line; its exit status must be 0."""
    done = run(program, *words, **more)
    assert (done.returncode, done.stderr) == (0, b"")
    return [json.loads(line) for line in done.stdout.splitlines()]


def run(program: str, *words: object, **more: Any) -> "subprocess.CompletedProcess[bytes]":
    options: dict[str, Any] = {"stdin": subprocess.DEVNULL, "env": {"A": "1"}, **more}
    if "input" in options:
        del options["stdin"]
    return subprocess.run([program, *map(str, words)], capture_output=True, timeout=DEADLINE, **options)


@contextlib.contextmanager
def started(program: str, *words: object, **more: Any) -> Iterator["subprocess.Popen[bytes]"]:
    options: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, **more}
    process = subprocess.Popen([program, *map(str, words)], **options)
    try:
        yield process
    finally:
        process.kill()
        process.wait(DEADLINE)
        for stream in (process.stdin, process.stdout):
            if stream:
                stream.close()


def line_of(process: "subprocess.Popen[bytes]") -> Any:
    assert process.stdout is not None
    assert select.select([process.stdout], [], [], DEADLINE)[0], "no line within the deadline"
    return json.loads(os.read(process.stdout.fileno(), 65536).splitlines()[0])
