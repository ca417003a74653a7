"""What the container process is: that it runs, how it ends, its arguments, environment, ids, limits, terminal, and what it could do."""

from __future__ import annotations

from collections.abc import Sequence

from conformance.checks import Finding, NotSeen, check, inside, outside, same, shown
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
def terminal_is(seen: Observation, rows: int, columns: int) -> Finding:
    """Rows and columns of the terminal on standard input."""
    tty = inside(seen).doc.get("tty")
    got = f"{tty['rows']} x {tty['cols']}" if tty else "no terminal"
    return same(f"{rows} x {columns}", got, "inside, TIOCGWINSZ")


@check
def terminals(seen: Observation, *wanted: bool) -> Finding:
    """Whether each of descriptors 0, 1, 2 is a terminal."""
    found = seen.said("isatty")
    if not found:
        raise NotSeen("isatty was not asked")
    return same([_yes(w) for w in wanted], [_yes(bool(f)) for f in _list(found[0].get("fds"))], "inside, isatty(3) of 0, 1, 2")


def _yes(is_one: bool) -> str:
    return "terminal" if is_one else "none"


def _list(value: Json) -> Sequence[Json]:
    return value if isinstance(value, list) else []


@check
def console_message(seen: Observation) -> Finding:
    """The console socket got one message with exactly one descriptor, and that is a terminal's master."""
    facts = seen.console or {}
    good = facts.get("descriptors") == 1 and facts.get("tty") == [True]
    observed = "nothing" if not facts else f"{facts.get('descriptors')} descriptors" if facts.get("descriptors") != 1 else "no terminal"
    return Finding(ok=good, expected="one terminal", observed="one terminal" if good else observed, where="console socket")


@check
def hears(seen: Observation, text: str) -> Finding:
    """The line that the program read from its standard input."""
    found = seen.said("line")
    if not found:
        raise NotSeen("the program read no line")
    return same(text, found[0].get("text"), "inside, standard input")


@check
def writes(seen: Observation, stream: str, text: str) -> Finding:
    """A line that the program wrote arrives on the stream ("stdout" or "stderr") that create was given, and on it alone."""
    got = [name for name in ("stdout", "stderr") if text in getattr(seen, name).splitlines()]
    return same([stream], got, "the streams of create")


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


CAPABILITIES = (
    "CAP_CHOWN CAP_DAC_OVERRIDE CAP_DAC_READ_SEARCH CAP_FOWNER CAP_FSETID CAP_KILL CAP_SETGID CAP_SETUID CAP_SETPCAP CAP_LINUX_IMMUTABLE "
    "CAP_NET_BIND_SERVICE CAP_NET_BROADCAST CAP_NET_ADMIN CAP_NET_RAW CAP_IPC_LOCK CAP_IPC_OWNER CAP_SYS_MODULE CAP_SYS_RAWIO CAP_SYS_CHROOT "
    "CAP_SYS_PTRACE CAP_SYS_PACCT CAP_SYS_ADMIN CAP_SYS_BOOT CAP_SYS_NICE CAP_SYS_RESOURCE CAP_SYS_TIME CAP_SYS_TTY_CONFIG CAP_MKNOD CAP_LEASE "
    "CAP_AUDIT_WRITE CAP_AUDIT_CONTROL CAP_SETFCAP CAP_MAC_OVERRIDE CAP_MAC_ADMIN CAP_SYSLOG CAP_WAKE_ALARM CAP_BLOCK_SUSPEND CAP_AUDIT_READ "
    "CAP_PERFMON CAP_BPF CAP_CHECKPOINT_RESTORE"
).split()


def names_of(mask: int) -> list[str]:
    """The names in a set of capabilities (capabilities(7)); a bit without a name is told by its number."""
    return [CAPABILITIES[n] if n < len(CAPABILITIES) else f"bit-{n}" for n in range(64) if mask >> n & 1]


__all__ = [
    "CAPABILITIES",
    "argv_is",
    "capability_set",
    "console_message",
    "dies_by",
    "env_has",
    "env_lacks",
    "exits",
    "groups",
    "hears",
    "ids",
    "ids_outside",
    "it_runs",
    "limit",
    "oom_score_inherited",
    "proc_file",
    "says",
    "terminal_is",
    "terminals",
    "tried",
    "warned",
    "writes",
]
