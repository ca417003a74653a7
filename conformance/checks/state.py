"""What `state` prints, and what the operations say: members of the document, exit codes, the calls in order."""

from __future__ import annotations

import json
import re

from bundles import schema
from conformance.checks import Finding, NotSeen, check, outside, same, shown
from conformance.checks.process import member
from conformance.observation import Json, Observation


def document(seen: Observation, nth: int) -> dict[str, Json]:
    """The nth state document of the observation. Raises NotSeen."""
    found = [s.state for s in seen.steps if s.state is not None]
    if len(found) <= nth:
        raise NotSeen(f"state printed no JSON object (of {nth + 1} asked for)")
    return dict(found[nth])


@check
def state_has(seen: Observation, name: str, value: Json, nth: int = 0) -> Finding:
    """A member of the nth state document, equal to a value; "{id}" and "{bundle}" stand for the container's."""
    if isinstance(value, str):
        value = value.replace("{id}", seen.id).replace("{bundle}", seen.bundle)
    got = member(document(seen, nth), name)
    return same(value if isinstance(value, str) else json.dumps(value), got if isinstance(got, str) else json.dumps(got), f"state, {name}")


@check
def state_pid_is_the_process(seen: Observation, nth: int = 0) -> Finding:
    """`pid` of the state document is the container process as the host sees it."""
    got = document(seen, nth).get("pid")
    if not isinstance(got, int):
        return Finding(ok=False, expected="the container process", observed=f"pid {shown(got)}", where="state, pid")
    if got == seen.world.get("pid"):
        return Finding(ok=True, expected="the container process", observed="the container process", where="state, pid")
    return Finding(ok=False, expected="the container process", observed="another process", where="state, pid")


@check
def state_follows_schema(seen: Observation, nth: int = 0) -> Finding:
    """The state document has what the schema of the state asks for."""
    faults = schema.check(document(seen, nth), kind="state")
    return Finding(ok=not faults, expected="no fault", observed="; ".join(f"{f.path}: {f.message}" for f in faults) or "no fault", where="state")


@check
def state_version(seen: Observation, nth: int = 0) -> Finding:
    """`ociVersion` is a SemVer version (of the spec that the state follows, which need not be the configuration's)."""
    got = document(seen, nth).get("ociVersion")
    good = isinstance(got, str) and re.fullmatch(r"\d+\.\d+\.\d+([-+].*)?", got) is not None
    return Finding(ok=good, expected="a version", observed="a version" if good else shown(got), where="state, ociVersion", raw=shown(got))


@check
def state_annotations(seen: Observation, nth: int = 0) -> Finding:
    """Whether the state of a container without annotations has the member, and what it holds (the text leaves it open)."""
    got = document(seen, nth)
    return same("absent, null or empty", "absent" if "annotations" not in got else json.dumps(got["annotations"]), "state, annotations")


@check
def call_ok(seen: Observation, op: str, nth: int = 0) -> Finding:
    """The nth call of an operation exits 0."""
    found = [c for c in seen.calls if c.op == op]
    if len(found) <= nth:
        raise NotSeen(f"{op} was not called")
    return same("exit 0", found[nth].outcome, f"{op}, exit code", raw=found[nth].message)


@check
def call_refused(seen: Observation, op: str, nth: int = 0) -> Finding:
    """The nth call of an operation generates an error."""
    found = [c for c in seen.calls if c.op == op]
    if len(found) <= nth:
        raise NotSeen(f"{op} was not called")
    return Finding(
        ok=found[nth].refused,
        expected="generates an error",
        observed="generates an error" if found[nth].refused else found[nth].outcome,
        where=f"{op}, exit code",
        raw=found[nth].message,
    )


@check
def pid_file_is_the_process(seen: Observation) -> Finding:
    """--pid-file got the decimal pid of the container process and nothing else."""
    text = seen.world.get("pid_file")
    pid = seen.created.pid if seen.created else None
    good = text is not None and str(text).strip() == str(pid)
    return Finding(
        ok=good,
        expected="the container process",
        observed="the container process" if good else "no file" if text is None else "something else",
        where="the pid file",
        raw=str(text),
    )


@check
def not_started(seen: Observation) -> Finding:
    """While `created`, the program of process.args has not run: it has said nothing."""
    order = [(e.who, e.name, e.edge) for e in seen.events]
    said = [x for x in order if x[0] in ("process", "tick")]
    start = order.index(("op", "start", "begin")) if ("op", "start", "begin") in order else len(order)
    early = [x for x in order[:start] if x in said]
    return Finding(ok=not early, expected="the program has not run", observed="the program ran" if early else "the program has not run", where="the journal")


@check
def created_apart(seen: Observation, *types: str) -> Finding:
    """While `created`, the container process is already in namespaces of these types (names of /proc/PID/ns) other than ours."""
    there = outside(seen)
    if seen.host is None:
        raise NotSeen("the harness did not look at itself")
    apart = [t for t in types if there.ns.get(t) and there.ns[t] != seen.host.ns.get(t)]
    return same(list(types), apart, "outside, while created")


__all__ = [
    "call_ok",
    "call_refused",
    "created_apart",
    "not_started",
    "pid_file_is_the_process",
    "state_annotations",
    "state_follows_schema",
    "state_has",
    "state_pid_is_the_process",
    "state_version",
]
