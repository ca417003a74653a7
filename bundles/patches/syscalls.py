"""Patches of `linux.seccomp`."""

import functools
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bundles.document import Document

_NAMES = Path(__file__).parent.parent / "probe" / "syscalls.h"


@functools.cache
def _calls() -> tuple[str, ...]:
    text = _NAMES.read_text()
    newest = set(re.findall(r"#ifndef __NR_(\w+)", text))
    return tuple(name for name in re.findall(r'NAME\("(\w+)"', text) if name not in newest)


def every_call_but(*names: str) -> list[str]:
    """The system calls that the probe knows by name, less these and the newest, which no older runtime knows."""
    return [name for name in _calls() if name not in names]


def arg(index: int, value: int, op: str, value_two: int | None = None) -> Document:
    """One condition on argument 0 to 5: op such as "SCMP_CMP_EQ"; `value_two` is compared under SCMP_CMP_MASKED_EQ."""
    condition: Document = {"index": index, "value": value, "op": op}
    if value_two is not None:
        condition["valueTwo"] = value_two
    return condition


def rule(
    names: str | Sequence[str], action: str, *, errno_ret: int | None = None, args: Sequence[Mapping[str, Any]] = ()
) -> Document:
    """One rule: the calls, the action, `errnoRet` when given, the conditions that must all hold."""
    entry: Document = {"names": [names] if isinstance(names, str) else list(names), "action": action}
    if errno_ret is not None:
        entry["errnoRet"] = errno_ret
    if args:
        entry["args"] = [dict(condition) for condition in args]
    return entry


def seccomp(*, default: str, rules: Sequence[Mapping[str, Any]] = (), **rest: Any) -> Document:
    """`linux.seccomp`: default action, rules (absent if none); `rest`: architectures, flags, defaultErrnoRet, ..."""
    members: Document = {"defaultAction": default, **rest}
    if rules:
        members["syscalls"] = [dict(entry) for entry in rules]
    return {"linux": {"seccomp": members}}


def filtered(name: str, action: str, errno_ret: int | None = None, **rest: Any) -> Document:
    """`linux.seccomp`: everything is allowed, and one rule has this action for one call; `rest` as for seccomp()."""
    return seccomp(default="SCMP_ACT_ALLOW", rules=[rule(name, action, errno_ret=errno_ret)], **rest)


def unlisted(name: str, default: str, **rest: Any) -> Document:
    """`linux.seccomp`: a rule allows every call but one, so that the default action meets that one alone."""
    return seccomp(default=default, rules=[rule(every_call_but(name), "SCMP_ACT_ALLOW")], **rest)
