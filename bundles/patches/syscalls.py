"""Patches of `linux.seccomp`."""

from collections.abc import Mapping, Sequence
from typing import Any

from bundles.document import Document


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
