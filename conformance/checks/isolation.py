"""Namespaces, id maps, clocks, and what is seen of the root filesystem and its files."""

from __future__ import annotations

from conformance.checks import Finding, NotSeen, check, inside, outside, same, shown
from conformance.kernel import PROC_NS
from conformance.observation import Json, Observation


@check
def fresh(seen: Observation, type: str) -> Finding:
    """The container process has a namespace of this type (the spec's name) of its own, from outside and, if it can tell, from inside."""
    name = PROC_NS[type]
    got = outside(seen).ns.get(name, "")
    within = ((seen.inside.doc.get("ns") or {}).get(name) if seen.inside else None) or got
    host = seen.host.ns.get(name) if seen.host else None
    observed = "not seen" if not got else "the runtime's" if got == host else "a new one" if within == got else "another inside than outside"
    return same("a new one", observed, f"/proc/PID/ns/{name}")


@check
def inherits(seen: Observation, type: str) -> Finding:
    """The container process is in the runtime's namespace of this type."""
    name = PROC_NS[type]
    got = outside(seen).ns.get(name, "")
    host = seen.host.ns.get(name) if seen.host else None
    return same("the runtime's", "not seen" if not got else "the runtime's" if got == host else "another one", f"/proc/PID/ns/{name}")


@check
def joins(seen: Observation, type: str, world: str) -> Finding:
    """The container process is in the namespace that the case's world made under this name."""
    name = PROC_NS[type]
    got = outside(seen).ns.get(name, "")
    host = seen.host.ns.get(name) if seen.host else None
    want = seen.world.get(f"ns:{world}")
    observed = "not seen" if not got else "the one named" if got == want else "the runtime's" if got == host else "a new one"
    return same("the one named", observed, f"/proc/PID/ns/{name}")


@check
def keeps(seen: Observation, *names: str) -> Finding:
    """After all operations the world's namespaces of these names are still there, and the same."""
    return same(list(names), [n for n in seen.world.get("kept") or [] if n in names], "/proc of the process that holds them")


@check
def id_map(seen: Observation, file: str, *rows: list[int]) -> Finding:
    """uid_map or gid_map of the container process as outside sees it: rows of (inside, outside, size)."""
    text = outside(seen).files.get(file)
    if text is None:
        raise NotSeen(f"{file} could not be read")
    got = [" ".join(line.split()) for line in text.splitlines()]
    return Finding(
        ok=got == [" ".join(map(str, r)) for r in rows],
        expected="; ".join(" ".join(map(str, r)) for r in rows),
        observed="; ".join(got) or "nothing",
        where=f"/proc/PID/{file}",
    )


@check
def clock_offset(seen: Observation, clock: str, seconds: int, nanoseconds: int) -> Finding:
    """The offset of a clock of the container's time namespace (time_namespaces(7)), as timens_offsets says it."""
    text = (inside(seen).doc.get("files") or {}).get("timens_offsets") or ""
    rows = {line.split()[0]: line.split()[1:] for line in text.splitlines() if line.split()}
    got = rows.get(clock) or rows.get({"monotonic": "1", "boottime": "7"}[clock])
    return same(f"{seconds} s {nanoseconds} ns", f"{got[0]} s {got[1]} ns" if got else "none", "inside, /proc/self/timens_offsets", raw=text)


@check
def clock_ahead(seen: Observation, clock: str, seconds: int) -> Finding:
    """The clock itself is ahead of the other one of the container by about the difference asked for: read, not told."""
    clocks = inside(seen).doc.get("clock") or {}
    other = "boottime" if clock == "monotonic" else "monotonic"
    ahead = (clocks[clock] - clocks[other]) / 1e9
    near = abs(ahead - seconds) < 60
    return Finding(
        ok=near,
        expected=f"about {seconds} s ahead of {other}",
        observed=f"about {seconds} s ahead of {other}" if near else "not so",
        where="inside, clock_gettime",
        raw=str(ahead),
    )


@check
def reads(seen: Observation, path: str, text: str) -> Finding:
    """What the probe read from a path ("read PATH")."""
    found = seen.said("read", path=path)
    if not found:
        raise NotSeen(f"{path} was not read")
    got = found[0].get("text")
    return same(text, str(got).strip() if got is not None else str(found[0].get("errno")), f"inside, {path}")


@check
def file_gives(seen: Observation, verb: str, path: str, errno: str) -> Finding:
    """The errno (or OK) of the probe's attempt on a path: write, mkdir, read, open, stat, ..."""
    found = seen.said(verb, path=path)
    if not found:
        raise NotSeen(f"{verb} {path} was not tried")
    return same(errno, shown(found[0].get("errno")), f"inside, {verb} {path}")


@check
def file_has(seen: Observation, path: str, member: str, value: Json) -> Finding:
    """A member of the probe's `stat PATH` (uid, gid, mode, type, size)."""
    found = seen.said("stat", path=path)
    if not found or found[0].get("errno") != "OK":
        raise NotSeen(f"{path} could not be looked at: {found[0].get('errno') if found else 'not tried'}")
    return same(value, found[0].get(member), f"inside, stat {path}, {member}")


@check
def host_keeps_its_name(seen: Observation) -> Finding:
    """The host's name outside is what it was before the container."""
    changed = bool(seen.world.get("renamed"))
    return Finding(ok=not changed, expected="as before", observed="changed" if changed else "as before", where="uname of the harness")


@check
def cgroup_view(seen: Observation) -> Finding:
    """In a cgroup namespace of its own the process sees itself at the root of every hierarchy."""
    text = (inside(seen).doc.get("files") or {}).get("cgroup") or ""
    paths = sorted({line.split(":", 2)[2] for line in text.splitlines() if line.count(":") >= 2})
    return Finding(ok=paths == ["/"], expected="/", observed="/" if paths == ["/"] else "another path", where="inside, /proc/self/cgroup", raw=text)


@check
def only_loopback(seen: Observation) -> Finding:
    """A new network namespace has the loopback device alone."""
    found = seen.said("read", path="/proc/net/dev")
    if not found:
        raise NotSeen("/proc/net/dev was not read")
    names = sorted(line.split(":")[0].strip() for line in str(found[0].get("text")).splitlines() if ":" in line)
    names = [n for n in names if n == "lo" or not n.endswith(("tnl0", "gre0", "gretap0", "erspan0", "vti0", "sit0", "ip6_vti0"))]
    return Finding(ok=names == ["lo"], expected="lo", observed="lo" if names == ["lo"] else "other devices", where="inside, /proc/net/dev", raw=" ".join(names))


__all__ = [
    "cgroup_view",
    "clock_ahead",
    "clock_offset",
    "file_gives",
    "file_has",
    "fresh",
    "host_keeps_its_name",
    "id_map",
    "inherits",
    "joins",
    "keeps",
    "only_loopback",
    "reads",
]
