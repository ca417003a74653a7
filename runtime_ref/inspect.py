"""`inspect ID|PID`: what /proc says of a container or of any process, decoded.

Knows the files of /proc/PID (proc(5)) and how to say them to people. Must not know how a container is made.
"""

from __future__ import annotations

from runtime_ref import caps, procfs
from runtime_ref.errors import RuntimeFault, Usage
from runtime_ref.kernel import os

if False:
    from typing import Any

    from runtime_ref.cli import Call

SETS = {
    "CapInh": "inheritable",
    "CapPrm": "permitted",
    "CapEff": "effective",
    "CapBnd": "bounding",
    "CapAmb": "ambient",
}
SECCOMP = {"0": "no filter", "1": "strict", "2": "filter"}
NAMESPACES = ("cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts")


def process(pid: int) -> dict[str, Any]:
    """What /proc/PID says. Raises RuntimeFault if there is no such process."""
    status = _status(pid)
    found: dict[str, Any] = {
        "pid": pid,
        "pids": [int(number) for number in status.get("NSpid", str(pid)).split()],
        "name": status["Name"],
        "state": status["State"],
        "parent": int(status["PPid"]),
        "program": _link(pid, "exe"),
        "arguments": _words(pid, "cmdline"),
        "cwd": _link(pid, "cwd"),
        "root": _link(pid, "root"),
        "uids": _ids(status["Uid"]),
        "gids": _ids(status["Gid"]),
        "groups": [int(number) for number in status.get("Groups", "").split()],
        "umask": status.get("Umask", ""),
        "namespaces": namespaces(pid),
        "mappings": {name: _table(pid, name) for name in ("uid_map", "gid_map")},
        "cgroups": _lines(pid, "cgroup"),
        "capabilities": {
            name: caps.names_of(int(status[field], 16)) for field, name in SETS.items() if field in status
        },
        "noNewPrivileges": status.get("NoNewPrivs") == "1",
        "seccomp": {
            "mode": SECCOMP.get(status.get("Seccomp", "0"), status.get("Seccomp", "")),
            "filters": int(status.get("Seccomp_filters", "0")),
        },
        "label": "\n".join(_lines(pid, "attr/current")).strip("\0"),
        "oomScoreAdj": "\n".join(_lines(pid, "oom_score_adj")),
        "limits": limits(pid),
        "descriptors": descriptors(pid),
        "mounts": mounts(pid),
    }
    return found


def _status(pid: int) -> dict[str, str]:
    lines = _lines(pid, "status")
    if not lines:
        raise RuntimeFault(f"process {pid}", "does not exist, or is another user's")
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def namespaces(pid: int) -> dict[str, dict[str, Any]]:
    """type -> its number, and whether it is the one of the caller."""
    found = {}
    for name in NAMESPACES:
        link = _link(pid, f"ns/{name}")
        if link:
            number = link.partition("[")[2].rstrip("]")
            found[name] = {"number": int(number), "own": link != _link(os.getpid(), f"ns/{name}")}
    return found


def mounts(pid: int) -> list[dict[str, str]]:
    """The mount table in mount order: where, what, of which kind, with which options; proc_pid_mountinfo(5)."""
    found = []
    for line in _lines(pid, "mountinfo"):
        before, _, after = line.partition(" - ")
        fields, rest = before.split(), after.split(" ")
        found.append(
            {
                "destination": procfs.unescaped(fields[4]),
                "root": procfs.unescaped(fields[3]),
                "type": rest[0],
                "source": procfs.unescaped(rest[1]),
                "options": fields[5],
                "propagation": " ".join(fields[6:]) or "private",
            }
        )
    return found


def descriptors(pid: int) -> dict[str, str]:
    """Number -> target of each open descriptor."""
    try:
        numbers = sorted(os.listdir(f"/proc/{pid}/fd"), key=int)
    except OSError:
        return {}
    return {number: _link(pid, f"fd/{number}") for number in numbers}


def limits(pid: int) -> dict[str, str]:
    """Limit -> "soft hard", in the words of /proc/PID/limits."""
    lines = _lines(pid, "limits")
    if not lines:
        return {}
    at = [lines[0].index(title) for title in ("Soft", "Hard", "Units")]
    return {line[: at[0]].strip(): " ".join(line[at[0] : at[2]].split()) for line in lines[1:]}


def _ids(text: str) -> dict[str, int]:
    names = ("real", "effective", "saved", "filesystem")
    return {name: int(number) for name, number in zip(names, text.split(), strict=True)}


def _table(pid: int, name: str) -> list[list[int]]:
    return [[int(number) for number in line.split()] for line in _lines(pid, name)]


def _lines(pid: int, name: str) -> list[str]:
    """The lines of a file of the process; none if it cannot be read."""
    try:
        with open(f"/proc/{pid}/{name}", encoding="utf-8", errors="surrogateescape") as file:
            return file.read().splitlines()
    except OSError:
        return []


def _words(pid: int, name: str) -> list[str]:
    return "\n".join(_lines(pid, name)).rstrip("\0").split("\0")


def _link(pid: int, name: str) -> str:
    try:
        return os.readlink(f"/proc/{pid}/{name}")
    except OSError:
        return ""


def told(found: dict[str, Any]) -> str:
    """The facts as text for people."""
    lines: list[str] = []

    def fact(name: str, *values: str) -> None:
        for number, value in enumerate(values or ("none",)):
            lines.append(f"{name if number == 0 else '':<14} {value}")

    if "container" in found:
        state = found["container"]
        fact("container", f"{state['id']}, {state['status']}, bundle {state['bundle']}")
    inside = f", {found['pids'][-1]} inside" if len(found["pids"]) > 1 else ""
    fact("process", f"{found['pid']}{inside}: {' '.join(found['arguments']) or found['name']} ({found['state']})")
    fact("program", found["program"])
    fact("folders", f"cwd {found['cwd']}, root {found['root']}")
    fact(
        "ids",
        *[
            f"{kind} {' '.join(f'{name} {number}' for name, number in found[kind].items())}"
            for kind in ("uids", "gids")
        ],
    )
    fact("groups", " ".join(map(str, found["groups"])) or "none")
    for name, table in found["mappings"].items():
        fact(name, *[f"{inside} to {inside + size - 1} is {outside} outside" for inside, outside, size in table])
    own = found["namespaces"].items()
    fact(
        "namespaces",
        *[
            f"{name:<7} {entry['number']}{' (its own)' if entry['own'] else ' (the same as here)'}"
            for name, entry in own
        ],
    )
    fact("cgroups", *found["cgroups"])
    for name, listed in found["capabilities"].items():
        fact(name, caps.words(sum(caps.BITS.get(each, 0) for each in listed)))
    fact("privileges", "exec gives no new ones" if found["noNewPrivileges"] else "exec may give new ones")
    fact("seccomp", f"{found['seccomp']['mode']}, {found['seccomp']['filters']} loaded")
    fact("label", found["label"] or "none")
    fact("oom score adj", found["oomScoreAdj"])
    fact("umask", found["umask"])
    fact("limits", *[f"{name}: {value}" for name, value in found["limits"].items()])
    fact("descriptors", *[f"{number} -> {target}" for number, target in found["descriptors"].items()])
    fact(
        "mounts",
        *[
            f"{mount['destination']} {mount['type']} {mount['options']} from {mount['source']}"
            f"{'' if mount['root'] == '/' else ' ' + mount['root']}"
            f"{'' if mount['propagation'] == 'private' else ', ' + mount['propagation']}"
            for mount in found["mounts"]
        ],
    )
    return "\n".join(lines)


def inspect_command(call: Call) -> None:
    """`inspect ID|PID`: a container of that id comes before a process of that number."""
    from runtime_ref import state, text

    form = call.options.get("format", "text")
    if form not in ("text", "json"):
        raise Usage(f"--format is text or json, not {form}")
    word = call.words[0]
    try:
        record = state.find(call.settings, word)
    except RuntimeFault:
        if not word.isdecimal():
            raise
        found = process(int(word))
    else:
        document = record.document()
        if "pid" not in document:
            raise RuntimeFault(f"container {word}", f"is {document['status']}: there is no process to look at")
        found = {"container": document, **process(record.pid)}
    print(text.pretty(found) if form == "json" else told(found))
