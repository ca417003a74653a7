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
def path_gives(seen: Observation, verb: str, path: str, gives: str, nth: int = 0) -> Finding:
    """A verb of the probe (write, mkdir, open, unlink, chmod, ...) on a path gives an errno's name or "OK"."""
    return same(gives, answer(seen, verb, path, nth).get("errno"), f"inside, {verb} {path}")


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
def out_of_reach(seen: Observation, path: str) -> Finding:
    """The file below a masked folder cannot be opened by its name."""
    line = answer(seen, "read", path)
    return same(
        "out of reach",
        "read" if line.get("errno") == "OK" else "out of reach",
        f"inside, read {path}",
        raw=str(line.get("errno")),
    )


__all__ = ["hidden_entries", "hidden_text", "out_of_reach", "path_entries", "path_gives", "path_text"]
