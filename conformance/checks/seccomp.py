"""What a filter did: attempts of system calls by name and arguments, and what the runtime told a listener's agent."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from bundles import schema
from conformance import filters
from conformance.checks import Finding, NotAsked, NotSeen, check, inside, same, shown
from conformance.checks.process import member
from conformance.observation import Json, Observation

# Numbers of the calls that filter_gives knows (asm/unistd.h of each).
CALLS = {
    "munlockall": {"x86_64": 152, "i386": 153, "x32": 0x40000098, "aarch64": 231, "arm": 153},
    "getppid": {"x86_64": 110, "i386": 64, "x32": 0x4000006E, "aarch64": 173, "arm": 64},
}
NOTIFY = "anon_inode:seccomp notify"


def one_attempt(seen: Observation, call: str, way: str) -> Mapping[str, Json]:
    """The probe's line about this attempt, `call` as it was asked for: NAME[,WORD]... Raises NotSeen."""
    name, *words = call.split(",")
    found = seen.said(way, name=name, args=words)
    if not found:
        raise NotSeen(f"the attempt of {call} was not reported")
    return found[0]


def ending(line: Mapping[str, Json]) -> str:
    """How an attempt ended: the signal that killed it, else the errno's name, or "OK"."""
    return str(line.get("signal") or line.get("errno"))


@check
def attempt(seen: Observation, call: str, gives: str, way: str = "try") -> Finding:
    """An attempt, written as in `tries`, gives an errno's name, "OK", or the name of the signal that kills it."""
    line = one_attempt(seen, call, way)
    if way == "try-i386" and ending(line) in ("SIGSEGV", "ENOSYS"):
        raise NotAsked("kernel", "the kernel takes no system calls of i386")
    return same(gives, ending(line), f"inside, {call}", raw=str(line.get("ret")))


@check
def attempts(seen: Observation, gives: Mapping[str, str], way: str = "try") -> Finding:
    """Each of these attempts, written as in `tries`, gives what stands beside it."""
    got = {call: ending(one_attempt(seen, call, way)) for call in gives}
    where = ", ".join(call for call in gives if got[call] != gives[call])
    return same(_pairs(gives), _pairs(got), f"inside, {where}" if where else "inside")


def _pairs(results: Mapping[str, str]) -> str:
    return "; ".join(f"{call} {result}" for call, result in results.items())


@check
def returns(seen: Observation, call: str, value: int, way: str = "try") -> Finding:
    """An attempt is not an error, and this is what it returns."""
    line = one_attempt(seen, call, way)
    got = str(line.get("ret")) if ending(line) == "OK" else ending(line)
    return same(str(value), got, f"inside, what {call} returns")


@check
def taken_as(seen: Observation, *calls: str) -> Finding:
    """What a runtime makes of what it may refuse: these attempts' ends, or the operation that errs. To be recorded."""
    refused = next((call for call in seen.calls if call.op in ("create", "start") and not call.ok), None)
    if refused is not None:
        got = f"{refused.op} generates an error" if refused.refused else f"{refused.op}: {refused.outcome}"
        return same("taken or refused", got, refused.op, raw=refused.message)
    return same(
        "taken or refused",
        _pairs({call: ending(one_attempt(seen, call, "try")) for call in calls}) or "taken",
        "inside",
    )


@check
def kills(seen: Observation, call: str, what: str) -> Finding:
    """An attempt in a second thread kills "thread" alone, the whole "process", or "nothing"."""
    line = one_attempt(seen, call, "try-thread")
    got = "process" if line.get("process") == "died" else "thread" if line.get("thread") == "died" else "nothing"
    signal = f", by {line['signal']}" if got == "process" else ""
    return same(f"{what}{', by SIGSYS' if what == 'process' else ''}", got + signal, f"inside, what {call} kills")


@check
def traced(seen: Observation, call: str, number: int | None) -> Finding:
    """A tracer is stopped at the attempt with this number in its event message (None: it is not stopped)."""
    got = one_attempt(seen, call, "try-traced").get("traced")
    return same(shown(number), shown(got), f"inside, PTRACE_GETEVENTMSG at {call}")


@check
def caught(seen: Observation, signal: str, code: int) -> Finding:
    """A handler in the container got this signal with this si_code (for SIGSYS of a filter 1, SYS_SECCOMP)."""
    got = sorted({f"{x['signal']} code {x['code']}" for x in seen.said("caught")})
    return same(f"{signal} code {code}", shown(got), "inside, signals caught")


@check
def filtering(seen: Observation, mode: int) -> Finding:
    """The program runs in this mode of seccomp: 0 none, 2 filter (Seccomp of proc_pid_status(5))."""
    return same(str(mode), inside(seen).status.get("Seccomp", "none"), "inside, Seccomp of /proc/self/status")


def programs(seen: Observation) -> tuple[str, Json]:
    """The machine, and the filters of the container process at the step that read them. Raises NotSeen, NotAsked."""
    found = next((s.outside.filters for s in seen.steps if s.op == "filters" and s.outside), None)
    if found is None:
        raise NotSeen("there was no process whose filters could be read")
    if "fault" in found:
        raise NotAsked("privilege", f"the harness cannot read the filters of a process: {found['fault']}")
    return found["machine"], found["programs"]


@check
def filter_gives(seen: Observation, call: str, action: str, arch: str = "") -> Finding:
    """The filter, run by the harness on a call of CALLS, gives this action ("SCMP_ACT_ERRNO=13" with a number)."""
    machine, found = programs(seen)
    name = arch or machine
    abi = "x86_64" if name == "x32" else name
    return same(action, filters.answer(found, abi, CALLS[call][name]), f"outside, the filter, {call} of {name}")


@check
def filter_logs(seen: Observation, wanted: bool) -> Finding:
    """The kernel holds the newest filter with SECCOMP_FILTER_FLAG_LOG, or without."""
    _, found = programs(seen)
    flags = found[0]["flags"] if found else 0
    words = ("without the flag", "with the flag")
    return same(words[wanted], words[bool(flags & filters.FLAG_LOG)], "outside, PTRACE_SECCOMP_GET_METADATA")


def heard_by(seen: Observation, listener: str) -> Mapping[str, Json]:
    """What the agent of that name saw."""
    found = seen.world.get(f"listener:{listener}")
    if not isinstance(found, Mapping):
        raise NotSeen(f"there was no listener called {listener}")
    return found


def sent(seen: Observation, listener: str) -> Mapping[str, Json]:
    """The first connection to that listener. Raises NotSeen."""
    connections = heard_by(seen, listener)["connections"]
    if not connections:
        raise NotSeen("the runtime did not connect to the listener")
    first: Mapping[str, Json] = connections[0]
    return first


def process_state(seen: Observation, listener: str) -> Mapping[str, Json]:
    """The container process state that came first. Raises NotSeen."""
    try:
        document, _ = json.JSONDecoder().raw_decode(sent(seen, listener)["text"].lstrip())
    except ValueError:
        raise NotSeen("what came over the connection is no JSON") from None
    if not isinstance(document, dict):
        raise NotSeen("what came over the connection is no JSON object")
    return document


@check
def connected(seen: Observation, listener: str, count: int) -> Finding:
    """So many connections were made to the listener."""
    return same(str(count), str(len(heard_by(seen, listener)["connections"])), "the listener, connections")


@check
def one_state(seen: Observation, listener: str) -> Finding:
    """Each connection carried one JSON object and nothing else."""
    got = []
    for connection in heard_by(seen, listener)["connections"]:
        documents, rest = 0, str(connection["text"]).strip("\0 \t\r\n")
        try:
            while rest:
                _, end = json.JSONDecoder().raw_decode(rest)
                documents, rest = documents + 1, rest[end:].lstrip("\0 \t\r\n")
            got.append(f"{documents} documents" if documents != 1 else "one document")
        except ValueError:
            got.append(f"{documents} documents and what is no JSON")
    return same("one document", shown(sorted(set(got))), "the listener, what came over a connection")


@check
def state_sent(seen: Observation, listener: str, name: str, value: Json) -> Finding:
    """A (dotted) member of the process state, equal to a value; "{id}" and "{bundle}" stand for the container's."""
    if isinstance(value, str):
        value = value.replace("{id}", seen.id).replace("{bundle}", seen.bundle)
    return same(shown(value), shown(member(dict(process_state(seen, listener)), name)), f"the process state, {name}")


@check
def state_sent_pid(seen: Observation, listener: str, name: str) -> Finding:
    """A (dotted) member of the process state is the container process as the harness, and so the runtime, sees it."""
    got = member(dict(process_state(seen, listener)), name)
    good = isinstance(got, int) and got == seen.world.get("pid")
    what = "the container process" if good else "another process" if isinstance(got, int) else f"pid {shown(got)}"
    return same("the container process", what, f"the process state, {name}")


@check
def state_sent_version(seen: Observation, listener: str) -> Finding:
    """ociVersion of the process state is a SemVer version."""
    got = process_state(seen, listener).get("ociVersion")
    good = isinstance(got, str) and re.fullmatch(r"\d+\.\d+\.\d+([-+].*)?", got) is not None
    return same("a version", "a version" if good else shown(got), "the process state, ociVersion", raw=shown(got))


@check
def state_sent_state(seen: Observation, listener: str) -> Finding:
    """`state` of the process state follows the schema of the state and is of this container."""
    got = process_state(seen, listener).get("state")
    if not isinstance(got, dict):
        return same("a state", shown(got), "the process state, state")
    faults = [f"{f.path}: {f.message}" for f in schema.check(got, kind="state")]
    if got.get("id") != seen.id:
        faults.append("id is another container's")
    return same("no fault", "; ".join(faults) or "no fault", "the process state, state")


@check
def descriptors_named(seen: Observation, listener: str, *names: str) -> Finding:
    """`fds` of the process state names the descriptors in their order; seccompFd is a notify descriptor."""
    said = process_state(seen, listener).get("fds")
    came = sent(seen, listener)["descriptors"]
    expected = [f"{name}={NOTIFY if name == 'seccompFd' else '?'}" for name in names]
    listed = said if isinstance(said, list) else []
    width = max(len(listed), len(came))
    pairs = zip([*listed, *["unnamed"] * width], [*came, *["missing"] * width], strict=False)
    got = [f"{name}={what}" for name, what in pairs][:width]
    return same(", ".join(expected), ", ".join(got) or "nothing", "the listener, fds and SCM_RIGHTS")


@check
def descriptors_first(seen: Observation, listener: str) -> Finding:
    """All descriptors came with the first bytes of the connection, none later."""
    pieces = sent(seen, listener)["pieces"]
    first = pieces[0][1] if pieces else 0
    later = sum(piece[1] for piece in pieces[1:])
    return same(
        "descriptors first",
        "descriptors first" if first and not later else f"{first} first, {later} later",
        "the listener, SCM_RIGHTS",
    )


@check
def notified(seen: Observation, listener: str, *args: int) -> Finding:
    """The agent was asked about one call, which began with these arguments."""
    calls = heard_by(seen, listener)["calls"]
    got = [shown(call["args"][: len(args)]) for call in calls]
    return same(shown(args), " / ".join(got) or "no call", "the listener, arguments of the notified call")


@check
def kept_waiting(seen: Observation, listener: str) -> Finding:
    """A signal that came while the agent had a call in hand did not take the call back."""
    calls = heard_by(seen, listener)["calls"]
    got = ["taken back" if call.get("interrupted") or call.get("refused") else "kept" for call in calls]
    return same("kept", shown(got) if got else "no call", "the listener, a notified call after a signal")


__all__ = [
    "attempt",
    "attempts",
    "caught",
    "connected",
    "descriptors_first",
    "descriptors_named",
    "filter_gives",
    "filter_logs",
    "filtering",
    "kept_waiting",
    "kills",
    "notified",
    "one_state",
    "returns",
    "state_sent",
    "state_sent_pid",
    "state_sent_state",
    "state_sent_version",
    "taken_as",
    "traced",
]
