"""--trace: each step as it happens, one line for people on stderr, or one JSON object a line in a file.

`on` is looked at before every call of `tell`, so that a run without it pays nothing. Knows how steps are told, and
reads what they changed from the host's /proc, which it holds open because the container has another one or none. Must
not know what the steps do.
"""

from __future__ import annotations

from runtime_ref.kernel import os

if False:
    from typing import Any

on = False
_fd = -1
_proc = -1
_json = False
_role = "runtime"
_seen: dict[str, str] = {}
MOST = 12  # changed lines of one file that are shown to people; the file gets all
# What a process is before its first step. A name is a file below /proc/PID; after a colon, the lines that start so.
BASE = (
    "ns",
    "cgroup",
    "mountinfo",
    "status:Uid",
    "status:Gid",
    "status:Cap",
    "status:Seccomp",
    "status:NoNewPrivs",
    "fd",
)


def begin(target: str) -> None:
    """Turns it on. `target`: a file that JSON lines are added to, or "" for lines of text on stderr."""
    global on, _fd, _json, _proc
    on = True
    _json = bool(target)
    if target:
        _fd = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
    else:
        import fcntl

        _fd = fcntl.fcntl(2, fcntl.F_DUPFD_CLOEXEC, 3)
    from runtime_ref import caps, text  # noqa: F401  # they may be out of reach later

    _proc = os.open("/proc", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    for name in BASE:
        _seen[name] = _look(name)


def descriptors() -> list[int]:
    """The descriptors it holds."""
    return [fd for fd in (_fd, _proc) if fd >= 0]


def end() -> None:
    """Turns it off in this process and closes its descriptors: one is of the host's /proc."""
    global on, _fd, _proc
    on = False
    for fd in descriptors():
        os.close(fd)
    _fd = _proc = -1


def let_go() -> None:
    """Closes the host's /proc, before programs of the container are looked up. What steps change is not told from here on."""
    global _proc
    os.close(_proc)
    _proc = -1


def become(role: str) -> None:
    """Says who does the steps from here on: "runtime", "init", "exec"."""
    global _role
    _role = role


def tell(step: str, what: str, calls: str = "", where: str = "", changed: tuple[str, ...] = (), **more: Any) -> None:
    """Tells one step. `step`: one word; `what`: a line; `calls`: the system calls; `where`: the member of config.json;
    `changed`: names as in BASE that show the effect (each is read now, and told where it differs from before)."""
    import time

    effect = _changed(changed)
    try:
        pid = int(os.readlink("self", dir_fd=_proc))  # as the host sees it
    except (OSError, ValueError):
        pid = os.getpid()
    if _json:
        from runtime_ref import text

        entry: dict[str, Any] = {
            "time": time.clock_gettime_ns(time.CLOCK_MONOTONIC),
            "pid": pid,
            "process": _role,
            "step": step,
            "what": what,
        }
        for name, value in (("calls", calls.split()), ("where", where), ("changed", effect), *more.items()):
            if value:
                entry[name] = value
        line = text.dumps(entry) + "\n"
    else:
        note = "".join(f"; {part}" for part in (f"[{calls}]" if calls else "", where) if part)
        line = f"{_role:<8}{pid:>7}  {step:<11} {what}{note}\n"
        for name, difference in effect.items():
            for number, change in enumerate(_short(difference)):
                line += f"{'':>29}{name if number == 0 else '':<{max(len(name), 10)}}  {change}\n"
    data = line.encode("utf-8", "backslashreplace")
    try:
        os.write(_fd, data)
    except OSError:
        pass


def _changed(names: tuple[str, ...]) -> dict[str, dict[str, list[str]]]:
    """Name -> the lines that are gone and those that are new."""
    effect: dict[str, dict[str, list[str]]] = {}
    for name in names if _proc >= 0 else ():
        now, before = _look(name), _seen.get(name)
        _seen[name] = now
        if before is not None and before != now:
            old, new = before.split("\n"), now.split("\n")
            effect[name] = {
                "gone": [line for line in old if line and line not in new],
                "new": [line for line in new if line and line not in old],
            }
    return effect


def _short(difference: dict[str, list[str]]) -> list[str]:
    """The difference as lines for people: "old -> new" where each line has its successor."""
    gone, new = (
        ["\t".join(line.split()).replace("\t", " ") for line in difference[which]] for which in ("gone", "new")
    )
    if len(gone) == len(new):
        lines = [f"{old} -> {now}" for old, now in zip(gone, new, strict=True)]
    else:
        lines = [f"- {line}" for line in gone[:3]] + ([f"- and {len(gone) - 3} more"] if len(gone) > 3 else [])
        lines += [f"+ {line}" for line in new]
    more = len(lines) - MOST
    return lines if more <= 0 else [*lines[:MOST], f"and {more} more"]


def _look(name: str) -> str:
    """Lines of a file, or of a folder "name -> target" of each link in it."""
    name, _, prefix = name.partition(":")
    try:
        fd = os.open(f"self/{name}", os.O_RDONLY | os.O_CLOEXEC, dir_fd=_proc)
    except OSError as fault:
        return f"({fault.strerror})"
    try:
        if name in ("ns", "fd"):
            return "\n".join(_entry(fd, each) for each in sorted(os.listdir(fd)) if each != str(fd))
        data = b""
        while part := os.read(fd, 1 << 16):
            data += part
    except OSError as fault:
        return f"({fault.strerror})"
    finally:
        os.close(fd)
    lines = [line for line in data.decode("utf-8", "replace").splitlines() if line.startswith(prefix)]
    if name == "mountinfo":  # the mount point, the type, the options; the numbers before them are new for each copy
        lines = [_mount(line) for line in lines]
    return "\n".join(_capabilities(line) if line.startswith("Cap") else line for line in lines)


def _capabilities(line: str) -> str:
    from runtime_ref import caps

    field, _, bits = line.partition(":")
    return f"{field}: {caps.words(int(bits, 16))}"


def _mount(line: str) -> str:
    before, _, after = line.partition(" - ")
    fields = before.split()
    return f"{fields[4]} {after.split()[0]} {' '.join(fields[5:])}"


def _entry(folder: int, name: str) -> str:
    try:
        target = os.readlink(name, dir_fd=folder)
    except OSError:
        return ""
    return target if target.startswith(name + ":[") else f"{name} {target}"
