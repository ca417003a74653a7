"""Faulty runtimes, one fault each, and which checks they turn red. A check that stays green on all of them is none.

A fault is what a runtime would do that ignores, changes or adds something in the configuration, or in a call: the case is run with
that change by a runtime that works, and judged as it stands. So nothing here knows what a check looks at.
"""

from __future__ import annotations

import copy
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import bundles
from conformance import cases, world
from conformance.host import Host
from conformance.judge import Item, items_of, judge
from conformance.model import AnyCase, Case, Rejects, Scenario, Step
from conformance.needs import needs
from conformance.observation import Observation
from conformance.run import USUAL, Where, run_case, steps_of, version_of
from conformance.runtimes import recognise, resolve
from conformance.runtimes.base import Runtime
from conformance.session import speaks
from conformance.shim import Shim
from tests.conformance.fakes import real

Json = Any
ALL_NEW = {"linux": {"namespaces": [{"type": t} for t in ("pid", "mount", "ipc", "uts", "network", "cgroup")]}}
NONE_NEW = {"linux": {"namespaces": [{"type": "mount"}]}, "hostname": None, "domainname": None}


@dataclass(frozen=True)
class Mutant:
    """A fault by name, and the case as a runtime with that fault would carry it out."""

    name: str
    case: AnyCase


def paths(document: Json, at: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every member of a merge patch that is no object, and every object below `process`, `linux` and the top."""
    if isinstance(document, Mapping):
        for name, value in document.items():
            if isinstance(value, Mapping) and (len(at) > 0 or name not in ("process", "linux", "root")):
                yield (*at, name)
            if not isinstance(value, Mapping):
                yield (*at, name)
            yield from (p for p in paths(value, (*at, name)) if isinstance(value, Mapping))


def as_base(path: tuple[str, ...]) -> Json:
    """A patch that puts a member back to what the base has, or takes it away."""
    value: Json = bundles.base()
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    patch: Json = copy.deepcopy(value)
    for name in reversed(path):
        patch = {name: patch}
    return patch


def mutants_of(case: AnyCase) -> Iterator[Mutant]:
    """The faults that are worth a try on this case."""
    if isinstance(case, Rejects):
        twin = replace(case, config=case.control, raw=None, without="", world=case.control_world or case.world)
        yield Mutant("accepts it", twin)
        around = case.world if case.control_world is None else case.control_world
        yield Mutant("carries on to the end", Scenario(id=case.id, claim=case.claim, clause=case.clause, config=case.control, world=around, steps=USUAL))
        for kind in bundles.merge(bundles.base(), *case.config).get("hooks") or {}:
            yield Mutant(f"no {kind} hooks", replace(case, config=[*case.config, {"hooks": {kind: None}}]))
        yield Mutant("refuses the twin too", replace(case, control=[*case.config, {"root": {"path": "no-such-folder"}}]))
        return
    merged = bundles.merge(bundles.base(), *case.config)
    seen: set[tuple[str, ...]] = set()
    for patch in case.config:
        for path in paths(patch):
            if path not in seen and path != ("process", "args"):
                seen.add(path)
                yield Mutant("ignores " + ".".join(path), patched(case, as_base(path)))
    yield Mutant("new namespaces of each type", patched(case, ALL_NEW))
    yield Mutant("no namespaces but a mount namespace", patched(case, NONE_NEW))
    yield Mutant("another program", patched(case, {"process": {"args": ["/probe", "exit", "99"]}}))
    yield Mutant(
        "a silent program", patched(case, {"process": {"args": ["/probe", "pause"] if "pause" in merged["process"]["args"] else ["/probe", "raise", "KILL"]}})
    )
    yield Mutant("fails at create", patched(case, {"root": {"path": "no-such-folder"}}))
    if merged.get("hooks"):
        yield Mutant("hooks in another order", patched(case, {"hooks": {k: list(reversed(v)) for k, v in merged["hooks"].items()}}))
        for kind in merged["hooks"]:
            yield Mutant(f"no {kind} hooks", patched(case, {"hooks": {kind: None}}))
    yield from steps_mutants(case)


def patched(case: AnyCase, patch: Json) -> AnyCase:
    """The case with one more patch, behind what it asks for."""
    config = [*case.config]
    if isinstance(case, Case) and case.tries:
        words = ["/probe", "dump", *(w for t in case.tries for w in ("try", t))]
        config.append({"process": {"args": words}})
        return replace(case, config=[*config, patch], tries=())
    return replace(case, config=[*config, patch])


def steps_mutants(case: Case | Scenario) -> Iterator[Mutant]:
    """Faults of the operations: one that does nothing, one that is done twice, a kill by another signal."""
    steps = steps_of(case)
    for index, step in enumerate(steps):
        if step.op in ("start", "delete", "kill", "create") and step.outcome != "any":
            idle = Step(op="state", args={}, outcome="any") if step.outcome == "ok" else step
            yield Mutant(f"step {index + 1}: {step.op} does nothing", replace(case, steps=_with(steps, index, idle)))
        if step.op == "kill":
            other = replace(step, args={**step.args, "signal": "SIGUSR2" if step.args.get("signal") not in ("SIGUSR2", "12") else "SIGUSR1"})
            yield Mutant(f"step {index + 1}: kill with another signal", replace(case, steps=_with(steps, index, other)))
        if step.outcome == "refused":
            yield Mutant(
                f"step {index + 1}: {step.op} is not refused",
                replace(case, steps=_with(steps, index, Step(op="cli", args={"name": "--version", "argv": []}, outcome="refused"))),
            )


def _with(steps: tuple[Step, ...], index: int, step: Step) -> list[Step]:
    return [*steps[:index], step, *steps[index + 1 :]]


def red_items(case: AnyCase, seen: Observation) -> set[str]:
    """The items of the case, as it stands, that are red on what a faulty runtime showed."""
    return {i.id for i in items_of(case) if judge(i, case, seen, None).verdict in ("FAIL", "NONSTRICT")}


def survivors(case: AnyCase, runtime: Runtime, where: Where) -> list[Item]:
    """Items that are green on the runtime and on every mutant of it. Items that are not green on the runtime are left out."""
    plain = run_case(case, runtime, where)
    left = [i for i in items_of(case) if judge(i, case, plain, None).verdict == "PASS"]
    for mutant in mutants_of(case):
        if not left:
            break
        red = red_items(case, run_case(mutant.case, runtime, where))
        left = [i for i in left if i.id not in red]
    return left


def examine(modules: list[str], runtime: str, every: int = 1) -> list[str]:
    """The survivors of every nth case of these modules, a line each. Needs root; runs in this process."""
    name, path = resolve(runtime)
    found = recognise(path, name=name)
    host = Host.read()
    run = world.Run()
    lines: list[str] = []
    try:
        where = Where(shim=Shim(), room=world.Room(run.id, run.folder, "mutants"), timeout=2.0)
        for module in modules:
            for case in cases.of_module(cases.FOLDER / f"{module}.py")[::every]:
                asked = speaks(found, version_of(case)) and all(needs(n, host, found.features) is None for n in case.needs)
                if asked:
                    lines += [f"{case.id} {i.id}" for i in survivors(case, found, where)]
    finally:
        run.close()
    return lines


def excused() -> dict[str, str]:
    """Checks that no mutant here can turn red, each with why: excused.toml beside this file."""
    with open(Path(__file__).parent / "excused.toml", "rb") as file:
        return tomllib.load(file)


def main() -> int:
    """Every case of the modules named (all of them without a name), on crun, runc or the reference; exit 1 if a check survives."""
    modules = sys.argv[1:] or [p.stem for p in cases.modules()]
    reasons = excused()
    code = 0
    for module in modules:
        print(f"{module} ...", flush=True)
        for line in examine([module], real()):
            why = reasons.get(line)
            print(f"  survives: {line}" + (f"  (excused: {why})" if why else ""), flush=True)
            code = code if why else 1
    return code


if __name__ == "__main__":
    sys.exit(main())
