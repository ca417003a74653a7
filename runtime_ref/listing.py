"""`list` and `ps`: what containers there are, and what runs in one.

Knows the forms that engines read. Imports nothing of the hot path but `state`.
"""

from __future__ import annotations

from runtime_ref import state, text
from runtime_ref.errors import RuntimeFault, Usage
from runtime_ref.kernel import os

if False:
    from typing import Any

    from runtime_ref.cli import Call


def _form(call: Call) -> str:
    form: str = call.options.get("format") or "table"
    if form not in ("table", "json"):
        raise Usage(f"--format is table or json, not {form}")
    return form


def table(rows: list[list[str]]) -> str:
    """Rows of words in columns."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join("  ".join(word.ljust(width) for word, width in zip(row, widths, strict=True)).rstrip() for row in rows)


def list_command(call: Call) -> None:
    """`list`: a line for each container, or a JSON array, or with --quiet the ids alone."""
    form = _form(call)
    records = state.everyone(call.settings)
    if "quiet" in call.options:
        for record in records:
            print(record.ident)
        return
    found: list[dict[str, Any]] = []
    for record in records:
        status = record.status
        found.append({
            "ociVersion": state.SPEC,
            "id": record.ident,
            "pid": record.pid if status != state.STOPPED else 0,
            "status": status,
            "bundle": record.data.get("bundle", ""),
            "rootfs": record.data.get("rootfs", ""),
            "created": record.data.get("created", ""),
            "owner": str(_owner(record.folder)),
        })  # fmt: skip
    if form == "json":
        print(text.dumps(found))
        return
    columns = ("id", "pid", "status", "bundle", "created", "owner")
    print(table([[name.upper() for name in columns], *([str(one[name]) for name in columns] for one in found)]))


def _owner(folder: str) -> int:
    try:
        return os.stat(folder).st_uid
    except OSError:
        return 0


def ps_command(call: Call) -> None:
    """`ps ID`: the processes of the container as the host numbers them; the table is ps(1)'s, with its options if any are given."""
    from runtime_ref import cgroup

    record = state.find(call.settings, call.ident)
    if record.status == state.STOPPED:
        raise RuntimeFault(f"ps of container {record.ident}", "is stopped")
    pids = sorted(cgroup.from_state(record.data["cgroup"]).pids()) if record.data.get("cgroup") else []
    pids = pids or [record.pid]
    if _form(call) == "json":
        print(text.dumps(pids))
        return
    rows = [["PID", "UID", "STATE", "COMMAND"]]
    for pid in pids:
        try:
            rows.append(_row(pid))
        except OSError:
            continue  # ended meanwhile
    print(table(rows))


def _row(pid: int) -> list[str]:
    with open(f"/proc/{pid}/cmdline", "rb") as file:
        words = file.read().replace(b"\0", b" ").strip().decode("utf-8", "backslashreplace")
    found = state.stat_of(pid)
    if found is None:
        raise FileNotFoundError
    return [str(pid), str(os.stat(f"/proc/{pid}").st_uid), found[0], words or "?"]
