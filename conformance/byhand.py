"""One case on one runtime without pytest, told step by step for a person."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from conformance import cases, deviations, session, world
from conformance.container import Container
from conformance.judge import items_of, judge
from conformance.model import AnyCase, to_json
from conformance.observation import Call, Observation
from conformance.run import Where, run_case, version_of
from conformance.runtimes import recognise, resolve
from conformance.shim import Shim


def find_case(wanted: str) -> AnyCase:
    """The case of that id; ValueError with what is near."""
    if wanted == session.TRIVIAL.id:
        return session.TRIVIAL
    every = list(cases.everything())
    for case in every:
        if case.id == wanted:
            return case
    near = [c.id for c in every if wanted.rpartition("/")[2] in c.id][:5]
    raise ValueError(f"no case is called {wanted}" + (f"; near it: {', '.join(near)}" if near else "; see `python -m conformance list`"))


def run(wanted: str, runtime: str, timeout: float, *, as_json: bool = False, keep: str | None = None) -> int:
    """Run it and print all; 0 if nothing is red, 1 if something is, 3 if the harness failed."""
    session.preflight()
    case = find_case(wanted)
    name, path = resolve(runtime)
    found = recognise(path, name=name, timeout=timeout)
    world.sweep()
    place = world.Run()
    try:
        shim = Shim()
        where = Where(shim=shim, room=world.Room(place.id, place.folder, "hand"), timeout=timeout, keep=_keeper(keep))
        seen = run_case(case, found, where)
    finally:
        left = place.close()
    if as_json:
        print(json.dumps(seen.to_json(), indent=1))
    else:
        _tell(case, found.version, seen)
    code = 3 if seen.fault or left else 0
    for item in items_of(case):
        judged = judge(item, case, seen, deviations.find(found, case.id, item.id))
        if not as_json:
            print(f"{judged.verdict:10} {judged.level:6} {item.id:40} {judged.observed or judged.reason or ''}")
        if judged.verdict in ("FAIL", "FIXED"):
            code = code or 1
            if not as_json:
                print(f"{'':18}expected {judged.expected}  ({item.clause}, {judged.where})")
    return code


def _keeper(folder: str | None) -> Any:
    def keep(box: Container, seen: Observation) -> None:
        if folder:
            target = Path(folder)
            target.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(box.bundle / "config.json", target / "config.json")

    return keep


def _tell(case: AnyCase, version: str, seen: Observation) -> None:
    print(f"case       {case.id}: {case.claim}")
    print(f"clause     {case.clause}   ociVersion {version_of(case)}")
    print(f"runtime    {seen.runtime} {version}")
    print(f"bundle     {seen.bundle} (gone by now; --keep DIR copies its config.json)")
    print("patches    " + json.dumps([to_json(p) for p in case.config]))
    for which in (seen.control, seen):
        if which is None:
            continue
        if which.twin:
            print("-- the control twin")
        elif seen.control:
            print("-- the case")
        for call in which.calls:
            _call(call)
        ended = f"exit {which.exit}" if which.exit is not None else f"signal {which.signal}" if which.signal else "not seen to end"
        print(f"process    {ended}")
        for line in which.lines:
            text = json.dumps(line)
            print(f"said       {text[:400]}{' …' if len(text) > 400 else ''}")
        for event in which.events:
            print(f"event      {event.who:8} {event.name} {event.edge}")
        for left in which.left:
            print(f"left       {left}")
        if which.fault:
            print(f"FAULT      {which.fault}")


def _call(call: Call) -> None:
    print(f"call       {call.op}: {call.outcome}  {(call.ended - call.begun) / 1e6:.1f} ms   {' '.join(call.argv)}")
    if not call.ok and call.message:
        print(f"           {call.message}")


def propose(record: Path) -> str:
    """TOML entries for every FAIL of a record file, with an empty `why` that the loader refuses: a person explains."""
    out: list[str] = []
    for line in record.read_text().splitlines():
        one = json.loads(line)
        if one.get("kind") == "check" and one["verdict"] in ("FAIL", "NONSTRICT"):
            out.append(
                f"# {one['runtime']}: {one['claim']}\n[[deviation]]\ncase = {json.dumps(one['case'])}\ncheck = {json.dumps(one['check'])}\n"
                f'versions = ""\nobserved = {json.dumps(one["observed"])}\nwhy = ""\nclause = {json.dumps(one["clause"])}\n'
            )
    return "\n".join(out)
