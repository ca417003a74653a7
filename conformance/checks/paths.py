"""What masked and read-only paths let through: reading, listing and writing from within."""

from __future__ import annotations

from collections.abc import Mapping

from conformance.checks import Finding, NotSeen, check, same
from conformance.observation import Json, Observation


def answer(seen: Observation, verb: str, path: str, nth: int = 0) -> Mapping[str, Json]:
    """The nth line of the probe's about a path. Raises NotSeen."""
    found = seen.said(verb, path=path)
    if len(found) <= nth:
        raise NotSeen(f"{verb} {path} was not reported")
    return found[nth]


@check
def path_gives(seen: Observation, what: str, gives: str) -> Finding:
    """A verb of the probe with its path ("write /f", "mkdir /d/new", "open /f") gives an errno's name or "OK"."""
    verb, path = what.split(" ", 1)
    return same(gives, answer(seen, verb, path).get("errno"), f"inside, {what}")


@check
def path_text(seen: Observation, path: str, text: str, nth: int = 0) -> Finding:
    """Reading the file gives this text."""
    line = answer(seen, "read", path, nth)
    return same(text, line.get("text") if line.get("errno") == "OK" else line.get("errno"), f"inside, read {path}")


@check
def path_entries(seen: Observation, path: str, *names: str) -> Finding:
    """Listing the folder gives these names, in any order."""
    line = answer(seen, "list", path)
    got = sorted(line.get("entries") or ()) if line.get("errno") == "OK" else line.get("errno")
    return same(sorted(names), got, f"inside, list {path}")


@check
def hidden_text(seen: Observation, path: str, nth: int = 0) -> Finding:
    """Nothing of the file can be read: reading errs, or ends at once."""
    line = answer(seen, "read", path, nth)
    return same(
        "nothing to read",
        "text" if line.get("text") else "nothing to read",
        f"inside, read {path}",
        raw=str(line.get("text"))[:80],
    )


@check
def hidden_entries(seen: Observation, path: str) -> Finding:
    """Nothing of the folder can be seen: listing errs, or gives no entry."""
    line = answer(seen, "list", path)
    entries = sorted(line.get("entries") or ())
    return same("no entry", entries or "no entry", f"inside, list {path}")


@check
def path_taken_as(seen: Observation, *what: str) -> Finding:
    """What a runtime makes of a path it may refuse: answers like those of path_gives, or the operation that errs."""
    refused = next((call for call in seen.calls if call.op in ("create", "start") and not call.ok), None)
    if refused is not None:
        got = f"{refused.op} generates an error" if refused.refused else f"{refused.op}: {refused.outcome}"
        return same("taken or refused", got, refused.op, raw=refused.message)
    told = []
    for one in what:
        verb, path = one.split(" ", 1)
        line = answer(seen, verb, path)
        told.append(f"{one} {'nothing' if line.get('text') == '' else line.get('errno')}")
    return same("taken or refused", "; ".join(told), "inside")


@check
def out_of_reach(seen: Observation, path: str) -> Finding:
    """The file below a masked folder cannot be opened by its name."""
    line = answer(seen, "read", path)
    return same(
        "out of reach",
        "read" if line.get("errno") == "OK" else "out of reach",
        f"inside, read {path}",
        raw=str(line.get("errno")),
    )


__all__ = ["hidden_entries", "hidden_text", "out_of_reach", "path_entries", "path_gives", "path_taken_as", "path_text"]
