"""Checks: pure functions from an Observation to a Finding. One definition gives both the check and the word an author writes.

Knows the registry. Must not know pytest, runtimes or levels: same observation, same finding.

    @check
    def process_is(seen: Observation, uid: int) -> Finding: ...

makes `process_is(1000)` a `Check` value in a case, and lets judge.py find the function again by its name.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Concatenate, Generic, ParamSpec

from conformance.model import Check
from conformance.observation import Inside, Observation, Outside

P = ParamSpec("P")


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What a check found. `expected` and `observed` are short texts of the same form, aligned by fact; `raw` is the undecoded text."""

    ok: bool
    expected: str
    observed: str
    where: str = ""
    raw: str = ""


class NotAsked(Exception):
    """The check cannot be asked here. `reason_class`: kernel, privilege, feature, spec-version or config; the text is the fact."""

    def __init__(self, reason_class: str, reason: str) -> None:
        super().__init__(reason)
        self.reason_class, self.reason = reason_class, reason


class Declared(Generic[P]):
    """A check's function; calling it makes the Check value of a case."""

    def __init__(self, function: Callable[Concatenate[Observation, P], Finding]) -> None:
        self.function = function
        self.name = function.__name__.rstrip("_").replace("_", "-")
        self.__doc__ = function.__doc__
        # The observation is bound first and dropped again, so that an author's arguments are named as the function names them.
        self._signature = inspect.signature(function)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Check:
        bound = self._signature.bind(None, *args, **kwargs)
        named = dict(bound.arguments)
        named.pop(next(iter(self._signature.parameters)))
        flat: dict[str, Any] = {}
        for name, value in named.items():
            flat[name] = list(value) if self._signature.parameters[name].kind is inspect.Parameter.VAR_POSITIONAL else value
        return Check(name=self.name, args=flat)

    def judge(self, seen: Observation, check: Check) -> Finding:
        """Ask the question. Raises TypeError where the arguments are not the function's, NotAsked where it cannot be asked."""
        args = dict(check.args)
        positional: list[Any] = []
        for name, parameter in list(self._signature.parameters.items())[1:]:
            if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
                positional += args.pop(name, [])
            elif parameter.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD and name in args:
                positional.append(args.pop(name))
        return self.function(seen, *positional, **args)


REGISTRY: dict[str, Declared[Any]] = {}


def check(function: Callable[Concatenate[Observation, P], Finding]) -> Declared[P]:
    """Declare a check. Two of one name are a mistake of ours: ValueError."""
    declared = Declared(function)
    if declared.name in REGISTRY:
        raise ValueError(f"two checks are called {declared.name}")
    REGISTRY[declared.name] = declared
    return declared


def same(expected: object, observed: object, where: str, raw: str = "") -> Finding:
    """A finding that holds when both are equal; lists are shown sorted as they come."""
    return Finding(ok=expected == observed, expected=shown(expected), observed=shown(observed), where=where, raw=raw)


def shown(value: object) -> str:
    """A value in the short form of findings."""
    if isinstance(value, str):
        return value
    if value is None:
        return "none"
    if isinstance(value, list | tuple | set | frozenset):
        return " ".join(str(v) for v in value) or "nothing"
    return str(value)


def about(clause: str, *checks: Check) -> list[Check]:
    """These checks, whose verdicts name another clause than the case's."""
    return [replace(c, clause=clause) for c in checks]


def labelled(label: str, one: Check) -> Check:
    """The check under an id of its own, where two of a case would share one."""
    return replace(one, label=label)


def recorded(*checks: Check) -> list[Check]:
    """These checks recorded alone: the text is silent, or says MAY."""
    return [replace(c, only_recorded=True) for c in checks]


class NotSeen(Exception):
    """What the check looks at was not there to be seen: a failure of the runtime, told in the text."""


def inside(seen: Observation) -> Inside:
    """The probe's first dump. Raises NotSeen if the program never spoke."""
    if seen.inside is None:
        raise NotSeen("the program in the container said nothing")
    return seen.inside


def outside(seen: Observation, when: str = "created") -> Outside:
    """The container process from the host: "created" (after create) or "running" (at the first look). Raises NotSeen."""
    found = seen.created if when == "created" else next((s.outside for s in seen.steps if s.op == "look" and s.outside), None)
    if found is None:
        raise NotSeen(f"no container process could be seen from outside while {when}")
    return found
