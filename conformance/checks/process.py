"""What the container process is: that it runs, how it ends, its arguments, environment, ids, directory, and what it could do."""

from __future__ import annotations

from conformance.checks import Finding, NotSeen, check, inside, same
from conformance.observation import Json, Observation


@check
def it_runs(seen: Observation) -> Finding:
    """The program ran and said its dump."""
    inside(seen)
    return Finding(ok=True, expected="the program runs", observed="the program runs")


@check
def exits(seen: Observation, code: int) -> Finding:
    """The container process ended with this exit code (0-255), as its shim collects it (wait(2))."""
    ended = f"exit {seen.exit}" if seen.exit is not None else f"signal {seen.signal}" if seen.signal else "not seen to end"
    return same(f"exit {code}", ended, "wait status of the container process")


@check
def dies_by(seen: Observation, number: int) -> Finding:
    """The container process was ended by this signal, as its shim collects it."""
    ended = f"signal {seen.signal}" if seen.signal else f"exit {seen.exit}" if seen.exit is not None else "not seen to end"
    return same(f"signal {number}", ended, "wait status of the container process")


@check
def says(seen: Observation, name: str, value: Json) -> Finding:
    """One member of the probe's dump, equal to a value. `name` may be dotted ("ns.pid")."""
    return same(value, member(inside(seen).doc, name), f"inside, {name}")


@check
def tried(seen: Observation, call: str, gives: str, nth: int = 0) -> Finding:
    """The nth attempt of a system call gives this errno name, "OK", or a signal's name."""
    found = [x for x in seen.said("try") if x.get("name") == call]
    if len(found) <= nth:
        raise NotSeen(f"the attempt of {call} was not reported")
    one = found[nth]
    return same(gives, one.get("signal") or one.get("errno"), f"inside, {call}", raw=str(one.get("ret")))


def member(document: Json, name: str) -> Json:
    """A dotted member of a document; None where there is none."""
    for part in name.split("."):
        if not isinstance(document, dict) or part not in document:
            return None
        document = document[part]
    return document


__all__ = ["dies_by", "exits", "it_runs", "says", "tried"]
