"""The five capability sets of the program after execve, and warnings of what cannot be granted."""

from __future__ import annotations

from conformance.checks import Finding, NotAsked, NotSeen, check, inside, shown
from conformance.host import CAPABILITIES
from conformance.observation import Observation


@check
def capability_set(seen: Observation, name: str, *capabilities: str) -> Finding:
    """One of the five sets ("effective", "permitted", "inheritable", "bounding", "ambient") after execve, by names."""
    text = (inside(seen).doc.get("caps") or {}).get(name)
    if text is None:
        raise NotSeen("the sets could not be read")
    return Finding(
        ok=sorted(capabilities) == sorted(names_of(int(text, 16))),
        expected=shown(sorted(capabilities)),
        observed=shown(sorted(names_of(int(text, 16)))),
        where=f"inside, {name} set",
        raw=text,
    )


@check
def capabilities_of_host(seen: Observation, name: str) -> Finding:
    """One of the five sets holds every capability that the harness, and so the runtime, could give: its own bounding set."""
    text = (inside(seen).doc.get("caps") or {}).get(name)
    mask = seen.host.status.get("CapBnd") if seen.host else None
    if text is None or mask is None:
        raise NotSeen("the sets could not be read")
    want, got = names_of(int(mask, 16)), names_of(int(text, 16))
    # How many there are depends on the host, so that only what differs is told.
    differs = [f"lacks {n}" for n in want if n not in got] + [f"has {n}" for n in got if n not in want]
    return Finding(
        ok=not differs,
        expected="the bounding set of the harness",
        observed="; ".join(differs) or "the bounding set of the harness",
        where=f"inside, {name} set",
        raw=text,
    )


@check
def warned_of_ungranted(seen: Observation) -> Finding:
    """Each capability asked for that is not in the harness's bounding set is named in a warning; asked where there is one."""
    mask = int(seen.host.status.get("CapBnd", "0"), 16) if seen.host else 0
    asked = (seen.config.get("process") or {}).get("capabilities", {}).get("bounding") or []
    wanted = [name for name in asked if name not in names_of(mask)]
    if not wanted:
        raise NotAsked("privilege", "every capability is in the bounding set of the harness")
    calls = [c for c in seen.calls if c.op == "create"]
    said = "\n".join([c.stderr for c in calls] + [str(e.get("msg")) for c in calls for e in c.log]).upper()
    silent = [name for name in wanted if name not in said]
    return Finding(
        ok=not silent,
        expected="a warning of each",
        observed=f"nothing of {' '.join(silent)}" if silent else "a warning of each",
        where="log and standard error of create",
        raw=said[:300],
    )


def names_of(mask: int) -> list[str]:
    """The names in a set of capabilities (capabilities(7)); a bit without a name is told by its number."""
    return [CAPABILITIES[n] if n < len(CAPABILITIES) else f"bit-{n}" for n in range(64) if mask >> n & 1]


__all__ = ["CAPABILITIES", "capabilities_of_host", "capability_set", "warned_of_ungranted"]
