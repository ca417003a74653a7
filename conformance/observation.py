"""What was seen of one case on one runtime: raw facts in frozen values, and nothing judged.

Knows how to turn the probe's lines and the text of /proc into values. Must not know cases, checks or how a container is run.
An Observation is JSON both ways, so that a stored one can be judged again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any

Json = Any


@dataclass(frozen=True, kw_only=True)
class Call:
    """One call of the runtime: how it was made and how it ended. Clocks are CLOCK_REALTIME in ns."""

    op: str
    argv: tuple[str, ...]
    exit: int | None = None  # exit code; None when it died by a signal or was ended by us
    signal: int | None = None
    timed_out: bool = False
    flooded: bool = False
    stdout: str = ""
    stderr: str = ""
    log: tuple[Mapping[str, Json], ...] = ()
    begun: int = 0
    ended: int = 0

    @property
    def ok(self) -> bool:
        """Whether it says that it succeeded."""
        return self.exit == 0 and not self.timed_out and not self.flooded

    @property
    def refused(self) -> bool:
        """Whether it generated an error by itself: a code of its own other than 0, within the deadline."""
        return self.exit is not None and self.exit != 0 and not self.timed_out and not self.flooded

    @property
    def outcome(self) -> str:
        """One short phrase: how the call ended."""
        if self.timed_out:
            return "no answer within the deadline (ended by the harness)"
        if self.flooded:
            return "output without end (ended by the harness)"
        if self.signal is not None:
            return f"died by signal {self.signal}"
        return f"exit {self.exit}"

    @property
    def message(self) -> str:
        """What the runtime said: the last error of its log, else the last line of its stderr."""
        errors = [e for e in self.log if e.get("level") in ("error", "fatal", "panic")] or list(self.log)
        if errors:
            return str(errors[-1].get("msg", ""))
        lines = [line for line in self.stderr.splitlines() if line.strip()]
        return lines[-1] if lines else ""


@dataclass(frozen=True, kw_only=True)
class Outside:
    """A process as /proc shows it to the host. `files`: text by name, None when it could not be read."""

    pid: int
    ns: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str | None] = field(default_factory=dict)
    links: Mapping[str, str | None] = field(default_factory=dict)
    filters: Json = None  # {"machine", "programs": as filters.read} or {"fault": why they could not be read}

    @cached_property
    def status(self) -> dict[str, str]:
        """/proc/PID/status by field name (proc_pid_status(5))."""
        return status_fields(self.files.get("status") or "")


@dataclass(frozen=True, kw_only=True)
class Inside:
    """One dump of the probe from within the container; `doc` as bundles/probe prints it."""

    doc: Mapping[str, Json]

    @cached_property
    def status(self) -> dict[str, str]:
        """/proc/self/status by field name."""
        return status_fields(self.doc["files"].get("status") or "")

    @cached_property
    def mounts(self) -> tuple[Mount, ...]:
        """/proc/self/mountinfo, in order."""
        return mount_table(self.doc["files"].get("mountinfo") or "")


@dataclass(frozen=True, kw_only=True)
class Mount:
    """One line of mountinfo (proc_pid_mountinfo(5))."""

    root: str
    point: str
    options: tuple[str, ...]
    propagation: tuple[str, ...]
    type: str
    source: str
    super_options: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Event:
    """One moment of the timeline. who: "op" (begin and end of an operation), "hook", "process"."""

    who: str
    name: str
    edge: str = ""  # begin or end, for an operation
    data: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What a step gave: its call, or the state document, or what was read. `done` False: it could not be done, `why` says so."""

    index: int
    op: str
    done: bool = True
    why: str = ""
    call: Call | None = None
    state: Mapping[str, Json] | None = None
    pid: int | None = None  # the container process as the harness knows it
    alive: bool | None = None
    outside: Outside | None = None


@dataclass(frozen=True, kw_only=True)
class Observation:
    """Everything seen of one case on one runtime."""

    case: str
    runtime: str
    id: str = ""
    bundle: str = ""
    config: Mapping[str, Json] = field(default_factory=dict)
    steps: tuple[Seen, ...] = ()
    lines: tuple[Mapping[str, Json], ...] = ()  # what the probe said, line by line
    stdout: str = ""
    stderr: str = ""
    exit: int | None = None
    signal: int | None = None
    created: Outside | None = None
    events: tuple[Event, ...] = ()
    left: tuple[str, ...] = ()
    host: Outside | None = None  # the harness itself, whose namespaces and limits the runtime inherits
    world: Mapping[str, Json] = field(default_factory=dict)
    console: Mapping[str, Json] | None = None
    control: Observation | None = None
    twin: str = ""  # "" = the case itself, "control" = the twin
    fault: str = ""  # the harness could not do its part; the case is ERROR

    @cached_property
    def calls(self) -> tuple[Call, ...]:
        """Every call of the runtime, in order."""
        return tuple(s.call for s in self.steps if s.call is not None)

    @cached_property
    def inside(self) -> Inside | None:
        """The first dump of the probe."""
        for line in self.lines:
            if line.get("kind") == "dump":
                return Inside(doc=line)
        return None

    def said(self, kind: str, **match: Json) -> Sequence[Mapping[str, Json]]:
        """The probe's lines of that kind whose members equal `match`."""
        return [x for x in self.lines if x.get("kind") == kind and all(x.get(k) == v for k, v in match.items())]

    @cached_property
    def stopped_short(self) -> Seen | None:
        """The first step that could not be done, after which nothing more was."""
        return next((s for s in self.steps if not s.done), None)

    def to_json(self) -> Json:
        """Plain JSON values."""
        return json.loads(json.dumps(asdict(self)))


def observation_from_json(doc: Mapping[str, Json]) -> Observation:
    """The inverse of Observation.to_json."""

    def outside(d: Any) -> Outside | None:
        return Outside(**d) if d else None

    def call(d: Any) -> Call | None:
        return Call(**{**d, "argv": tuple(d["argv"]), "log": tuple(d["log"])}) if d else None

    return Observation(
        **{
            **doc,
            "steps": tuple(Seen(**{**s, "call": call(s["call"]), "outside": outside(s["outside"])}) for s in doc["steps"]),
            "lines": tuple(doc["lines"]),
            "created": outside(doc["created"]),
            "host": outside(doc["host"]),
            "events": tuple(Event(**e) for e in doc["events"]),
            "left": tuple(doc["left"]),
            "control": observation_from_json(doc["control"]) if doc["control"] else None,
        }
    )


def status_fields(text: str) -> dict[str, str]:
    """/proc/PID/status as field -> text after the colon."""
    out = {}
    for line in text.splitlines():
        name, colon, value = line.partition(":")
        if colon:
            out[name] = value.strip()
    return out


def mount_table(text: str) -> tuple[Mount, ...]:
    """mountinfo as values; octal escapes are undone."""
    table = []
    for line in text.splitlines():
        left, dash, right = line.partition(" - ")
        head, tail = left.split(" "), right.split(" ")
        if not dash or len(head) < 6 or len(tail) < 3:
            continue
        table.append(
            Mount(
                root=_plain(head[3]),
                point=_plain(head[4]),
                options=tuple(head[5].split(",")),
                propagation=tuple(head[6:]),
                type=tail[0],
                source=_plain(tail[1]),
                super_options=tuple(tail[2].split(",")),
            )
        )
    return tuple(table)


def _plain(text: str) -> str:
    for escaped, char in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        text = text.replace(escaped, char)
    return text


_FILES = ("status", "mountinfo", "cgroup", "uid_map", "gid_map", "setgroups", "limits", "oom_score_adj", "cmdline", "attr/current", "timens_offsets")


def look(pid: int) -> Outside:
    """/proc/PID from where the harness stands. What cannot be read is None; a process that is gone has no namespaces."""
    base = f"/proc/{pid}/"
    files: dict[str, str | None] = {}
    for name in _FILES:
        try:
            with open(base + name, encoding="latin-1") as f:
                files[name] = f.read()
        except OSError:
            files[name] = None
    return Outside(
        pid=pid,
        files=files,
        ns={n: _link(base + "ns/" + n) or "" for n in ("mnt", "net", "pid", "ipc", "uts", "user", "cgroup", "time")},
        links={n: _link(base + n) for n in ("exe", "root", "cwd")},
    )


def _link(path: str) -> str | None:
    try:
        return os.readlink(path)
    except OSError:
        return None
