"""Runs a function in a child process with a mount namespace of its own, and gives back what it returned.

Knows fork, unshare and pipes. Must not know what is tested. The child imports `runtime_ref` afresh, also from another
folder: that is how a copy of the package with one measure taken out is tried.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

REPO = Path(__file__).resolve().parents[2]
CLONE_NEWNS = 0x20000


class Refused(Exception):
    """The function in the child raised: the name of the class, and what it said."""

    def __init__(self, kind: str, text: str, trace: str) -> None:
        super().__init__(f"{kind}: {text}\n{trace}")
        self.kind = kind
        self.text = text


def within(
    function: Callable[..., Any], *args: Any, package: Path | None = None, flags: int = 0, cut_off: bool = True
) -> Any:
    """The (JSON) result of `function(*args)` in a child with its own mount namespace, in which "/" is private.

    `package`: the folder that holds the `runtime_ref` to use. `flags`: further CLONE_ flags of unshare(2).
    `cut_off=False`: no new namespace. Raises Refused where the function raises.
    """
    read, write = os.pipe()
    pid = os.fork()
    if not pid:
        try:
            os.close(read)
            answer = _answer(function, args, package, flags, cut_off)
            with os.fdopen(write, "w") as pipe:
                json.dump(answer, pipe)
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read) as pipe:
        text = pipe.read()
    _, status = os.waitpid(pid, 0)
    assert text, f"the child ended without an answer, status {status}"
    answer = json.loads(text)
    if "kind" in answer:
        raise Refused(answer["kind"], answer["text"], answer["trace"])
    return answer["result"]


def _answer(function: Callable[..., Any], args: Any, package: Path | None, flags: int, cut_off: bool) -> dict[str, Any]:
    try:
        for name in [name for name in sys.modules if name == "runtime_ref" or name.startswith("runtime_ref.")]:
            del sys.modules[name]
        sys.path.insert(0, str(package or REPO))
        if cut_off:
            from runtime_ref import filesystems
            from runtime_ref.kernel import const as c
            from runtime_ref.kernel import sys as k

            k.unshare(CLONE_NEWNS | flags)
            top = os.open("/", os.O_PATH)
            filesystems.change(top, propagation=c.MS_PRIVATE, whole=True)
            os.close(top)
        return {"result": function(*args)}
    except BaseException as fault:
        return {"kind": type(fault).__name__, "text": str(fault), "trace": traceback.format_exc()}


def mountinfo(table: str = "/proc/self/mountinfo") -> dict[str, dict[str, Any]]:
    """Mount point -> what the line of the topmost mount there says."""
    found = {}
    for line in Path(table).read_text().splitlines():
        left, _, right = line.partition(" - ")
        fields, tail = left.split(" "), right.split(" ")
        found[fields[4]] = {
            "root": fields[3],
            "options": fields[5].split(","),
            "propagation": [field.partition(":")[0] for field in fields[6:]],
            "type": tail[0],
            "source": tail[1],
            "super": tail[2].split(","),
        }
    return found
