"""Faulty runtimes as shell scripts around a real one: each has one fault, and the suite must answer each with a proper verdict."""

from __future__ import annotations

import shutil
import stat
import sys
from pathlib import Path

# operation -> what stands before the real call, what stands in its place ("$@" is the call without the fake's own path)
FAULTS: dict[str, tuple[str, str]] = {
    "hangs-at-create": ("create", "exec sleep 1000"),
    "hangs-at-start": ("start", "exec sleep 1000"),
    "hangs-at-state": ("state", "exec sleep 1000"),
    "hangs-at-kill": ("kill", "exec sleep 1000"),
    "hangs-at-delete": ("delete", "exec sleep 1000"),
    "floods-at-state": ("state", "exec yes"),
    "floods-at-start": ("start", "exec yes"),
    "garbage-state": ("state", 'echo "{ no json"; exit 0'),
    "empty-state": ("state", "exit 0"),
    "list-as-state": ("state", "echo '[1, 2]'; exit 0"),
    "dies-at-start": ("start", "kill -SEGV $$"),
    "dies-at-delete": ("delete", "kill -KILL $$"),
    "leaves-a-process": ("delete", '$real "$@"; code=$?; sleep 1000 >/dev/null 2>&1 </dev/null & exit $code'),
    "create-does-nothing": ("create", "exit 0"),
    "start-does-nothing": ("start", "exit 0"),
    "kill-does-nothing": ("kill", "exit 0"),
    "delete-does-nothing": ("delete", "exit 0"),
    "every-call-fails": ("*", "exit 1"),
}


def real() -> str:
    """A runtime that works: crun or runc where one is, else the reference."""
    return shutil.which("crun") or shutil.which("runc") or str(Path(sys.executable).parent / "runtime-ref")


def write(folder: Path, name: str) -> Path:
    """The fake of that name as an executable; it answers --version and features as the real one does."""
    op, instead = FAULTS[name]
    path = folder / name
    path.write_text(
        "#!/bin/sh\n"
        f"real={real()}\n"
        'case " $* " in\n'
        '  *" --version "*) exec $real "$@";;\n'
        '  *" features "*) exec $real "$@";;\n'
        "esac\n"
        "op=\n"
        'for word in "$@"; do\n'
        '  case "$word" in create|start|state|kill|delete) op=$word; break;; esac\n'
        "done\n"
        f'case "$op" in\n  {op}) {instead};;\nesac\n'
        'exec $real "$@"\n'
    )
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path
