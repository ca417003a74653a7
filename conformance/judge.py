"""From an observation to verdicts: which items a case has, what each finding means at its level, and recorded deviations.

Knows cases, checks, levels and deviations. Must not know pytest or how a container is run: what is judged here can be judged again
from a stored observation.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from conformance import spec
from conformance.checks import REGISTRY, Finding, NotAsked, NotSeen
from conformance.deviations import Deviation
from conformance.model import AnyCase, Check, Rejects, Step
from conformance.observation import Observation, Seen
from conformance.run import steps_of

Verdict = Literal["PASS", "FAIL", "NONSTRICT", "INFO", "SKIP", "KNOWN", "FIXED", "ERROR"]
Level = Literal["MUST", "SHOULD", "MAY"]

DELETED = "runtime.ops.delete.resources"
NO_CONTAINER = "runtime.errors.state-unchanged"


@dataclass(frozen=True, kw_only=True)
class Item:
    """One thing that gets a verdict: a check of a case, a step, or what a shape implies."""

    id: str
    clause: str
    kind: Literal["check", "step", "refused", "unchanged", "control", "leaves-nothing"]
    check: Check | None = None
    index: int = 0
    step: Step | None = None


@dataclass(frozen=True, kw_only=True)
class Judged:
    """A verdict with what led to it."""

    verdict: Verdict
    level: Level
    clause: str
    expected: str = ""
    observed: str = ""
    where: str = ""
    raw: str = ""
    reason_class: str | None = None
    reason: str | None = None


def level_of(clause: str) -> Level:
    """MUST, SHOULD or MAY of a clause of the catalogue."""
    return spec.lookup(clause).level


def items_of(case: AnyCase) -> list[Item]:
    """Every item of a case, in the order in which they are told. Raises ValueError where two would share an id."""
    items = list(_items(case))
    seen: set[str] = set()
    for item in items:
        if item.id in seen:
            raise ValueError(f"two checks of the case are called {item.id!r}; give one a label")
        seen.add(item.id)
    if not items:
        raise ValueError("the case has no check")
    return items


def _items(case: AnyCase) -> Iterator[Item]:
    if isinstance(case, Rejects):
        yield Item(id="refused", clause=case.clause, kind="refused")
        yield Item(id="unchanged", clause=NO_CONTAINER, kind="unchanged")
        yield Item(id="control", clause=case.clause, kind="control")
        for check in case.extra:
            yield Item(id=check.id, clause=check.clause or case.clause, kind="check", check=check)
        return
    steps = steps_of(case)
    given = bool(case.steps)
    for index, step in enumerate(steps):
        told = step.outcome == "refused" or step.op in ("sees", "until", "gone") or step.clause is not None
        if given and told and step.outcome != "any":
            name = str(step.args.get("status") or step.args.get("name") or "")
            label = f"{index + 1:02}-{step.op}{'-' + name if name else ''}{'-refused' if step.outcome == 'refused' else ''}"
            yield Item(id=label, clause=step.clause or case.clause, kind="step", index=index, step=step)
    for check in case.expect:
        yield Item(id=check.id, clause=check.clause or case.clause, kind="check", check=check)
    if steps[-1].op == "delete" and steps[-1].outcome == "ok":
        yield Item(id="leaves-nothing", clause=DELETED, kind="leaves-nothing")


def find(item: Item, case: AnyCase, seen: Observation) -> Finding:
    """What the observation says to one item. Raises NotAsked; never for a failure of the runtime."""
    if item.kind == "check":
        assert item.check is not None
        short = seen.stopped_short
        if short is not None:
            return Finding(ok=False, expected="the container runs", observed=short.why, where=f"step {short.index + 1}, {short.op}", raw=_detail(short))
        try:
            return REGISTRY[item.check.name].judge(seen, item.check)
        except NotSeen as fault:
            return Finding(ok=False, expected="something to look at", observed=str(fault))
    if item.kind == "step":
        return _step(item, seen)
    if item.kind == "control":
        return _control(seen)
    if item.kind == "refused":
        return _refused(case, seen)
    short = seen.stopped_short
    if short is not None:
        return Finding(ok=False, expected="the operations before it succeed", observed=short.why, raw=_detail(short))
    if item.kind == "unchanged":
        return _unchanged(case, seen)
    return Finding(ok=not seen.left, expected="nothing left", observed=", ".join(seen.left) or "nothing left", where="after delete")


def _detail(short: Seen | None) -> str:
    """How the step that stopped a run ended, in the runtime's own words; these differ from run to run, so no verdict rests on them."""
    return f"{short.call.outcome}: {short.call.message}" if short is not None and short.call is not None else ""


def _control(seen: Observation) -> Finding:
    twin = seen.control
    expected = "the same configuration without the fault runs"
    if twin is None:
        return Finding(ok=False, expected=expected, observed="it was not run")
    short = twin.stopped_short
    if short is not None:
        return Finding(ok=False, expected=expected, observed=short.why, raw=_detail(short))
    if twin.inside is None:
        return Finding(ok=False, expected=expected, observed="its program said nothing")
    return Finding(ok=True, expected=expected, observed=expected)


def _refused(case: AnyCase, seen: Observation) -> Finding:
    control = _control(seen)
    if not control.ok:
        return Finding(
            ok=False,
            expected="an error, from a runtime that runs the control twin",
            observed=f"the control twin does not run: {control.observed}",
            raw=control.raw,
        )
    at = case.at if isinstance(case, Rejects) else "create"
    calls = [s.call for s in seen.steps if s.op in at and s.call]
    call = next((c for c in calls if c.refused), calls[-1] if calls else None)
    if call is None:
        why = seen.stopped_short.why if seen.stopped_short else f"{at} was never reached"
        return Finding(ok=False, expected=f"{at} generates an error", observed=why)
    return Finding(
        ok=call.refused,
        expected=f"{at} generates an error",
        observed=f"{at} generates an error" if call.refused else f"{at}: {call.outcome}",
        where="exit code",
        raw=call.message,
    )


def _unchanged(case: AnyCase, seen: Observation) -> Finding:
    at = case.at if isinstance(case, Rejects) else "create"
    control = _control(seen)
    if not control.ok:  # a runtime that cannot do it at all leaves nothing either
        return Finding(ok=False, expected="nothing left", observed=f"the control twin does not run: {control.observed}", raw=control.raw)
    if not any(s.op in at and s.call and s.call.refused for s in seen.steps):
        return Finding(ok=False, expected="nothing left", observed="it was not refused", where="after the refusal")
    found = list(seen.left)
    for step in seen.steps:
        if step.op == "gone" and step.call is not None and not step.call.refused:
            found.insert(0, "state still answers")
    return Finding(ok=not found, expected="nothing left", observed=", ".join(found) or "nothing left", where="after the refusal")


def _step(item: Item, seen: Observation) -> Finding:
    step, short = item.step, seen.stopped_short
    assert step is not None
    one = next((s for s in seen.steps if s.index == item.index), None)
    if one is None:
        why = short.why if short else "the scenario ended before"
        return Finding(ok=False, expected=f"{step.op} is reached", observed=f"not reached: {why}", raw=_detail(short))
    if step.op in ("sees", "until"):
        return _status(step, one, seen)
    if step.op == "gone":
        still = [w for w, there in (("state still answers", one.call is not None and not one.call.refused), ("process alive", bool(one.alive))) if there]
        return Finding(ok=not still, expected="no such container", observed=", ".join(still) or "no such container", where="state")
    if one.call is None:
        return Finding(ok=one.done, expected="done", observed="done" if one.done else one.why)
    want = "generates an error" if step.outcome == "refused" else "succeeds"
    ok = one.call.refused if step.outcome == "refused" else one.call.ok
    return Finding(
        ok=ok,
        expected=f"{one.call.op} {want}",
        observed=f"{one.call.op} {want}" if ok else f"{one.call.op}: {one.call.outcome}",
        where="exit code",
        raw=one.call.message,
    )


def _status(step: Step, one: Seen, seen: Observation) -> Finding:
    want = str(step.args["status"])
    if not one.done or one.call is None:
        return Finding(ok=False, expected=f"status {want}", observed=one.why or "state was not asked", where="state", raw=_detail(one))
    if one.state is None:
        return Finding(ok=False, expected=f"status {want}", observed="state prints no JSON object", where="state", raw=one.call.stdout[:200])
    got = [f"status {one.state.get('status')}"]
    expected = [f"status {want}"]
    alive = {"created": True, "running": True, "stopped": False}.get(want)
    if alive is not None and one.alive is not None:
        expected.append("process alive" if alive else "process ended")
        got.append("process alive" if one.alive else "process ended")
    if step.args.get("same_pid"):
        expected.append("the same pid")
        got.append("the same pid" if one.state.get("pid") == seen.world.get("pid") else "another pid")
    return Finding(ok=expected == got, expected=", ".join(expected), observed=", ".join(got), where="state and /proc")


def judge(item: Item, case: AnyCase, seen: Observation, deviation: Deviation | None) -> Judged:
    """The verdict on one item."""
    level = level_of(item.clause)
    if item.check is not None and item.check.only_recorded:
        level = "MAY"
    blank = Judged(verdict="ERROR", level=level, clause=item.clause)
    fault = seen.fault or (seen.control.fault if seen.control else "")
    if fault:
        return replace(blank, expected="the harness does its part", observed=fault, reason=fault)
    try:
        found = find(item, case, seen)
    except NotAsked as reason:
        return replace(blank, verdict="SKIP", reason_class=reason.reason_class, reason=reason.reason)
    except Exception as broken:
        return replace(blank, reason=f"the check itself failed: {type(broken).__name__}: {broken}", observed=f"{type(broken).__name__}: {broken}")
    observed = plain(found.observed, seen)
    told = replace(blank, expected=plain(found.expected, seen), observed=observed, where=found.where, raw=found.raw)
    if level == "MAY":
        return replace(told, verdict="INFO")
    if deviation is not None:
        if found.ok:
            return replace(told, verdict="FIXED", reason=f"recorded as a deviation, and holds now: remove the entry ({deviation.why})")
        if deviation.observed == observed:
            return replace(told, verdict="KNOWN", reason=deviation.why)
        return replace(told, verdict="FAIL", reason=f"the recorded deviation is another: {deviation.observed}")
    if found.ok:
        return replace(told, verdict="PASS")
    return replace(told, verdict="FAIL" if level == "MUST" else "NONSTRICT")


def plain(text: str, seen: Observation) -> str:
    """A text without what differs from run to run: the container's id, its folder, its pids."""
    for one in (seen, seen.control) if seen.control else (seen,):
        place = one.bundle.rsplit("/", 1)[0]
        if place:
            text = text.replace(one.bundle, "{bundle}").replace(place, "{place}")
        if one.id:
            text = text.replace(one.id, "{id}")
            text = text.replace(str(one.world.get("cgroup") or one.id), "{cgroup}")
    return re.sub(r"/proc/\d+", "/proc/{pid}", text)
