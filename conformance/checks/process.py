"""What the container process is: that it runs, how it ends, its arguments, environment, ids and limits."""

from __future__ import annotations

from conformance.checks import Finding, NotSeen, check, inside, outside, same
from conformance.observation import Json, Observation


@check
def it_runs(seen: Observation) -> Finding:
    """The program ran and said its dump."""
    inside(seen)
    return Finding(ok=True, expected="the program runs", observed="the program runs")


@check
def exits(seen: Observation, code: int) -> Finding:
    """The container process ended with this exit code (0-255), as its shim collects it (wait(2))."""
    return same(f"exit {code}", _ended(seen), "wait status of the container process")


@check
def dies_by(seen: Observation, number: int) -> Finding:
    """The container process was ended by this signal, as its shim collects it."""
    return same(f"signal {number}", _ended(seen), "wait status of the container process")


def _ended(seen: Observation) -> str:
    if seen.exit is not None:
        return f"exit {seen.exit}"
    return f"signal {seen.signal}" if seen.signal else "not seen to end"


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


@check
def ids(seen: Observation, kind: str, number: int) -> Finding:
    """The real, effective, saved and filesystem ids ("uid" or "gid") are all this number, as the container counts."""
    return same([number] * 4, inside(seen).doc.get(kind), f"inside, {kind}")


@check
def ids_outside(seen: Observation, kind: str, number: int) -> Finding:
    """The same as the host counts them, while `created` or at the first look."""
    text = outside(seen, "running").status.get(kind.capitalize(), "")
    return same([str(number)] * 4, text.split(), f"outside, /proc/PID/status {kind.capitalize()}")


@check
def groups_outside(seen: Observation, *numbers: int) -> Finding:
    """The supplementary groups as the host counts them, at the first look; the primary group among them counts as none."""
    status = outside(seen, "running").status
    own = status.get("Gid", "").split()[:1]
    got = sorted(int(g) for g in status.get("Groups", "").split() if g not in own)
    return same(sorted(numbers), got, "outside, /proc/PID/status Groups")


@check
def groups(seen: Observation, *numbers: int) -> Finding:
    """The supplementary groups, in any order; the primary group among them counts as none (either is usual)."""
    doc = inside(seen).doc
    own = (doc.get("gid") or [None])[0]
    got = sorted(g for g in doc.get("groups") or [] if g != own)
    return same(sorted(numbers), got, "inside, getgroups(2)")


@check
def env_has(seen: Observation, *assignments: str) -> Finding:
    """These assignments are in the environment, each once."""
    env = list(inside(seen).doc.get("env") or [])
    got = [a for a in assignments if env.count(a) == 1]
    return same(list(assignments), got, "inside, environment", raw=" ".join(env))


@check
def env_beside(seen: Observation, *assignments: str) -> Finding:
    """The names of the variables that are in the environment beside these assignments. To be recorded."""
    got = sorted({e.partition("=")[0] for e in inside(seen).doc.get("env") or [] if e not in assignments})
    return same("whatever the runtime adds", got, "inside, environment")


@check
def env_lacks(seen: Observation, *names: str) -> Finding:
    """No variable of these names is in the environment."""
    got = sorted({e.partition("=")[0] for e in inside(seen).doc.get("env") or []} & set(names))
    return Finding(ok=not got, expected=f"no {' '.join(names)}", observed=" ".join(got) or f"no {' '.join(names)}", where="inside, environment")


@check
def argv_is(seen: Observation, *words: str) -> Finding:
    """The whole argument vector."""
    return same(list(words), inside(seen).doc.get("argv"), "inside, argv")


@check
def oom_score_inherited(seen: Observation) -> Finding:
    """oom_score_adj is the one of the process that called the runtime."""
    want = (seen.host.files.get("oom_score_adj") or "").strip() if seen.host else ""
    got = str((inside(seen).doc.get("files") or {}).get("oom_score_adj") or "").strip()
    return same(want, got, "inside, /proc/self/oom_score_adj")


@check
def proc_file(seen: Observation, name: str, text: str) -> Finding:
    """The text of a file of /proc/self, without white space at its ends."""
    got = (inside(seen).doc.get("files") or {}).get(name)
    return same(text, str(got).strip() if got is not None else None, f"inside, /proc/self/{name}")


@check
def limit(seen: Observation, name: str, soft: int, hard: int) -> Finding:
    """Soft and hard limit of a resource, as prlimit(2) gives them (-1 of the configuration is 2^64-1)."""
    got = (inside(seen).doc.get("rlimits") or {}).get(name)
    return same([soft, hard], got, f"inside, {name}")


@check
def value_taken(seen: Observation, name: str) -> Finding:
    """What a runtime makes of what it may refuse: a member of the dump as for `says`, or the operation that errs. To be recorded."""
    refused = next((call for call in seen.calls if call.op in ("create", "start") and not call.ok), None)
    if refused is None:
        return same("taken or refused", member(inside(seen).doc, name), f"inside, {name}")
    got = f"{refused.op} generates an error" if refused.refused else f"{refused.op}: {refused.outcome}"
    return same("taken or refused", got, refused.op, raw=refused.message)


@check
def warned(seen: Observation, *words: str) -> Finding:
    """The runtime said something with one of these words, in its log or on standard error, while creating."""
    calls = [c for c in seen.calls if c.op == "create"]
    said = "\n".join([c.stderr for c in calls] + [str(e.get("msg")) for c in calls for e in c.log])
    hit = any(w.lower() in said.lower() for w in words)
    return Finding(ok=hit, expected="a warning", observed="a warning" if hit else "nothing", where="log and standard error of create", raw=said[:300])


def member(document: Json, name: str) -> Json:
    """A dotted member of a document; None where there is none."""
    for part in name.split("."):
        if not isinstance(document, dict) or part not in document:
            return None
        document = document[part]
    return document


__all__ = [
    "argv_is",
    "dies_by",
    "env_beside",
    "env_has",
    "env_lacks",
    "exits",
    "groups",
    "groups_outside",
    "ids",
    "ids_outside",
    "it_runs",
    "limit",
    "oom_score_inherited",
    "proc_file",
    "says",
    "tried",
    "value_taken",
    "warned",
]
