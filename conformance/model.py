"""What a case is: frozen values and nothing else. No case holds a callable, so each one is also a JSON document.

Knows the three shapes (Case, Rejects, Scenario) and how they become JSON and back. Must not know pytest, a runtime or how a
check is judged.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Any, Literal

Json = Any
Patch = Mapping[str, Json]
Profile = Literal["spec", "cli"]
Operation = Literal["create", "start", "create or start"]


@dataclass(frozen=True, kw_only=True)
class Check:
    """One question about an Observation: the name of a function in `checks/` and its arguments (JSON values).

    `clause` overrides the case's; `only_recorded` makes the answer an INFO that is compared but never judged.
    """

    name: str
    args: Mapping[str, Json] = field(default_factory=dict)
    label: str = ""
    clause: str | None = None
    only_recorded: bool = False

    @property
    def id(self) -> str:
        """Permanent id within the case: the label if there is one, else name:first-argument."""
        if self.label:
            return self.label
        for value in self.args.values():
            if isinstance(value, str | int) and not isinstance(value, bool):
                return f"{self.name}:{value}"
        return self.name


@dataclass(frozen=True, kw_only=True)
class Step:
    """One operation of a scenario, or a look at what holds now.

    `outcome`: "ok" (must succeed), "refused" (must err), "any" (recorded alone). `clause` overrides the case's for this step.
    """

    op: str
    args: Mapping[str, Json] = field(default_factory=dict)
    outcome: Literal["ok", "refused", "any"] = "ok"
    clause: str | None = None

    def is_refused(self, clause: str | None = None) -> Step:
        """The same operation, which must generate an error."""
        return replace(self, outcome="refused", clause=clause or self.clause)

    def may_fail(self) -> Step:
        """The same operation, whose result is recorded and not judged."""
        return replace(self, outcome="any")

    def about(self, clause: str) -> Step:
        """The same step, whose verdict names another clause than the case's."""
        return replace(self, clause=clause)


@dataclass(frozen=True, kw_only=True)
class Ns:
    """A namespace that the harness makes and holds open. `config` names it by "{ns:NAME}"."""

    name: str
    type: str
    maps: Sequence[tuple[int, int, int]] = ()  # a user namespace's (inside, outside, size), for uids and gids alike


@dataclass(frozen=True, kw_only=True)
class File:
    """A file of the bundle: `path` below the bundle, with text, mode, or as a folder, link, FIFO. Named by "{bundle}/path"."""

    path: str
    text: str = ""
    kind: Literal["file", "folder", "link", "fifo", "probe"] = "file"
    mode: int = 0o644
    owner: tuple[int, int] = (0, 0)


@dataclass(frozen=True, kw_only=True)
class AppArmor:
    """An AppArmor profile that the harness loads for the case, and takes away after it."""

    name: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Listener:
    """A socket that takes the process state (`linux.seccomp.listenerPath`), and the agent which answers each notified call.

    Named by "{listener:NAME}". It answers with `value`, or with the errno `error`; `interrupt` is a signal that it sends the caller
    first. `kind`: "deaf" is bound but takes no connection, "datagram" is of the wrong type.
    """

    name: str
    kind: Literal["stream", "deaf", "datagram"] = "stream"
    value: int = 0
    error: int = 0
    interrupt: str = ""


World = Ns | File | AppArmor | Listener


@dataclass(frozen=True, kw_only=True)
class _Shape:
    id: str
    claim: str
    clause: str
    config: Sequence[Patch] = ()
    world: Sequence[World] = ()
    needs: Sequence[str] = ()
    version: str = ""  # the lowest spec version that has what the case uses; "" = the `since` of its clauses
    profile: Profile = "spec"


@dataclass(frozen=True, kw_only=True)
class Case(_Shape):
    """Create, start, wait for the end, delete; then many checks over the one observation.

    `tries`: system calls the probe attempts after its dump. `before`/`steps`: another sequence than the usual.
    `stdin`: what the container process can read. `input` as text; "" closes at once.
    """

    expect: Sequence[Check] = ()
    tries: Sequence[str] = ()
    steps: Sequence[Step] = ()
    stdin: str = ""


@dataclass(frozen=True, kw_only=True)
class Rejects(_Shape):
    """An operation must err and leave the world as it was; `control`, the same less the one fault, must run.

    `raw`: the text of config.json instead of the patched base (for what is no JSON); `without`: "config.json" to leave it out.
    `control_world`, where the twin needs something else around it.
    """

    at: Operation = "create"
    control: Sequence[Patch] = ()
    control_world: Sequence[World] | None = None
    raw: str | None = None
    without: str = ""
    extra: Sequence[Check] = ()


@dataclass(frozen=True, kw_only=True)
class Scenario(_Shape):
    """A sequence of operations with what must hold between them, and orders of events to hold over all of it."""

    steps: Sequence[Step] = ()
    expect: Sequence[Check] = ()
    stdin: str = ""


AnyCase = Case | Rejects | Scenario

_NAMED: dict[str, type[Any]] = {c.__name__: c for c in (Check, Step, Ns, File, AppArmor, Listener, Case, Rejects, Scenario)}


def to_json(value: Any) -> Json:
    """A case (or a part of one) as JSON values; a dataclass is an object with its name under "is". Defaults are left out."""
    if is_dataclass(value) and not isinstance(value, type):
        out: dict[str, Json] = {"is": type(value).__name__}
        for f in fields(value):
            given = getattr(value, f.name)
            default = f.default_factory() if callable(f.default_factory) else f.default
            if given != default:
                out[f.name] = to_json(given)
        return out
    if isinstance(value, Mapping):
        return {str(k): to_json(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [to_json(v) for v in value]
    if value is None or isinstance(value, str | int | float | bool):
        return value
    raise TypeError(f"a case holds JSON values only, not {type(value).__name__}: {value!r}")


def from_json(document: Json) -> Any:
    """The inverse of to_json. Raises ValueError naming what is wrong."""
    if isinstance(document, Mapping):
        if "is" not in document:
            return {k: from_json(v) for k, v in document.items()}
        shape = _NAMED.get(document["is"])
        if shape is None:
            raise ValueError(f"no shape is called {document['is']!r}; there are {', '.join(_NAMED)}")
        try:
            return shape(**{k: from_json(v) for k, v in document.items() if k != "is"})
        except TypeError as fault:
            raise ValueError(str(fault)) from None
    if isinstance(document, list):
        return [from_json(v) for v in document]
    return document


def same(one: Any, other: Any) -> bool:
    """Whether two cases are equal as JSON (a tuple and a list are the same thing there)."""
    return bool(to_json(one) == to_json(other))


def clauses_of(case: AnyCase) -> Iterator[str]:
    """Every clause a case speaks about: its own, its checks', its steps'."""
    yield case.clause
    for check in (*getattr(case, "expect", ()), *getattr(case, "extra", ())):
        if check.clause:
            yield check.clause
    for step in getattr(case, "steps", ()):
        if step.clause:
            yield step.clause
