"""What each hook saw: where it ran, what it was given, and the state on its standard input."""

from __future__ import annotations

import json

from conformance.checks import Finding, NotSeen, check, same, shown
from conformance.checks.process import member
from conformance.observation import Event, Json, Observation


def event(seen: Observation, name: str) -> Event:
    """The hook's line in the journal. Raises NotSeen if it never ran."""
    for one in seen.events:
        if one.who == "hook" and one.name == name:
            return one
    raise NotSeen(f"the hook {name} did not run")


def given(seen: Observation, name: str) -> dict[str, Json]:
    """The state that the hook read. Raises NotSeen."""
    text = event(seen, name).data.get("state")
    try:
        document = json.loads(text or "")
    except ValueError:
        raise NotSeen(f"the hook {name} got no JSON on its standard input") from None
    if not isinstance(document, dict):
        raise NotSeen(f"the hook {name} got no JSON object on its standard input")
    return document


@check
def hook_runs_in(seen: Observation, name: str, side: str, *types: str) -> Finding:
    """The hook's namespaces of these types (names of /proc/PID/ns) are the runtime's ("runtime") or the container process's ("container")."""
    ns = event(seen, name).data.get("ns") or {}
    theirs = seen.created or next((s.outside for s in seen.steps if s.outside), None)
    if side == "container" and theirs is None:
        raise NotSeen("the container process could not be seen from outside")
    where = (theirs.ns if theirs else {}) if side == "container" else (seen.host.ns if seen.host else {})
    got = [t for t in types if ns.get(t) and ns[t] == where.get(t)]
    return same(list(types), got, f"the journal, namespaces of {name} that are the {side}'s")


@check
def hook_state(seen: Observation, name: str, what: str, value: Json) -> Finding:
    """A member of the state the hook was given; "{id}" and "{bundle}" stand for the container's."""
    if isinstance(value, str):
        value = value.replace("{id}", seen.id).replace("{bundle}", seen.bundle)
    got = member(given(seen, name), what)
    return same(value if isinstance(value, str) else json.dumps(value), got if isinstance(got, str) else json.dumps(got), f"standard input of {name}")


@check
def hook_status(seen: Observation, name: str, *allowed: str) -> Finding:
    """The status in the state is one of these."""
    got = shown(given(seen, name).get("status"))
    return Finding(ok=got in allowed, expected=" or ".join(allowed), observed=got, where=f"standard input of {name}, status")


@check
def hook_pid(seen: Observation, name: str, side: str) -> Finding:
    """The pid in the state is the container process as the runtime sees it ("runtime"), or as the container does ("container": 1)."""
    got = given(seen, name).get("pid")
    want = 1 if side == "container" else seen.world.get("pid")
    text = f"the container process, as the {side} sees it"
    return Finding(
        ok=got == want and got is not None,
        expected=text,
        observed=text if got == want else "another number" if got else shown(got),
        where=f"standard input of {name}, pid",
    )


@check
def hook_argv(seen: Observation, name: str, *argv: str) -> Finding:
    """The hook's whole argument vector."""
    return same(list(argv), list(event(seen, name).data.get("argv") or []), f"the journal, argv of {name}")


@check
def hook_env(seen: Observation, name: str, *env: str) -> Finding:
    """The hook's whole environment, in any order."""
    return same(sorted(env), sorted(event(seen, name).data.get("env") or []), f"the journal, environment of {name}")


__all__ = ["hook_argv", "hook_env", "hook_pid", "hook_runs_in", "hook_state", "hook_status"]
