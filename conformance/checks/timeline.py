"""The order of events: operations, hooks and the process, in one journal. Order is asked for only where the text orders."""

from __future__ import annotations

from conformance.checks import Finding, check
from conformance.observation import Observation


def moments(seen: Observation) -> list[str]:
    """The journal as names, in order: "createRuntime.a", "process", "create:begin", "create:end"."""
    return [f"{e.name}:{e.edge}" if e.who == "op" else e.name for e in seen.events]


@check
def before(seen: Observation, *names: str) -> Finding:
    """These moments all happen, each once, and in this order (others may come between)."""
    told = [m for m in moments(seen) if m in names]
    return Finding(ok=told == list(names), expected=" < ".join(names), observed=" < ".join(told) or "none of them", where="the journal")


@check
def within(seen: Observation, operation: str, *names: str) -> Finding:
    """These moments happen between the begin and the end of the (first successful) operation."""
    order = moments(seen)
    try:
        begin, end = order.index(f"{operation}:begin"), order.index(f"{operation}:end")
    except ValueError:
        return Finding(ok=False, expected=f"{' '.join(names)} within {operation}", observed=f"{operation} was not called", where="the journal")
    told = [n for n in names if n in order[begin:end]]
    return Finding(
        ok=told == list(names),
        expected=f"within {operation}: {' '.join(names)}",
        observed=f"within {operation}: {' '.join(told) or 'none'}",
        where="the journal",
    )


@check
def never(seen: Observation, *names: str) -> Finding:
    """None of these moments happens."""
    told = [m for m in moments(seen) if m in names]
    return Finding(ok=not told, expected="none of " + " ".join(names), observed=" ".join(told) or "none of " + " ".join(names), where="the journal")


@check
def times(seen: Observation, name: str, count: int) -> Finding:
    """The moment happens this many times."""
    found = moments(seen).count(name)
    return Finding(ok=found == count, expected=f"{count} times", observed=f"{found} times", where=f"the journal, {name}")


__all__ = ["before", "never", "times", "within"]
