"""What pytest collects: a file of cases, a case on one runtime (its container runs once), and an item for each thing judged.

Knows pytest's nodes. The work is done by run.py and judge.py.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from conformance import deviations, spec
from conformance.cases import CaseFault, of_module
from conformance.judge import Item, Judged, items_of, judge, level_of
from conformance.keep import Keeper
from conformance.model import AnyCase, to_json
from conformance.observation import Observation
from conformance.run import run_case
from conformance.runtimes.base import Runtime
from conformance.session import Session, asked_here
from reports.shard import belongs
from reports.terminal import failure_text

SESSION = pytest.StashKey[Session]()
WORST = ("ERROR", "FAIL", "FIXED", "NONSTRICT", "KNOWN", "SKIP", "INFO", "PASS")


class CheckFailed(Exception):
    """A verdict that is red; the record says all."""

    def __init__(self, record: dict[str, Any]) -> None:
        super().__init__(record["claim"])
        self.record = record


class CaseFile(pytest.File):
    """A module of `cases/`, or a *.case.json."""

    def collect(self) -> Iterator[CaseNode]:
        """Every case on every runtime of the session."""
        session = self.config.stash[SESSION]
        options = session.options
        try:
            cases = of_module(self.path)
        except CaseFault as fault:
            raise self.CollectError(f"{self.path.name}: {fault}") from None
        shard = tuple(int(p) for p in options.shard.split("/")) if options.shard else None
        for case in cases:
            if options.profile not in ("all", case.profile):
                continue
            if shard and not belongs(case.id, *shard):
                continue
            for runtime in session.runtimes:
                yield CaseNode.from_parent(self, name=f"{case.id}@{runtime.name}", case=case, runtime=runtime)


class CaseNode(pytest.Collector):
    """One case on one runtime."""

    def __init__(self, *, case: AnyCase, runtime: Runtime, **rest: Any) -> None:
        super().__init__(**rest)
        self.case, self.runtime = case, runtime
        self.seen: list[Observation] = []
        self.skip: tuple[str, str] | None = None
        self.kept = ""

    def collect(self) -> Iterator[CheckItem]:
        """An item for each thing that gets a verdict."""
        for item in items_of(self.case):
            yield CheckItem.from_parent(self, name=item.id.replace("::", ":"), item=item)

    def setup(self) -> None:
        """Run the container, once a round. Never raises: what goes wrong is in the observation."""
        session = self.config.stash[SESSION]
        self.skip = asked_here(self.case, self.runtime, session)
        if self.skip is not None:
            return
        where = session.where()
        keeper = Keeper(session, self.case, self.runtime, self._red)
        for _ in range(session.options.repeat):
            self.seen.append(run_case(self.case, self.runtime, keeper.where(where)))
            self.kept = keeper.settle(self.seen[-1]) or self.kept

    def _red(self, seen: Observation) -> bool:
        """Whether anything of this observation is not plainly green (then its bundle is kept)."""
        return any(self.judged(item, seen).verdict not in ("PASS", "INFO") for item in items_of(self.case))

    def judged(self, item: Item, seen: Observation) -> Judged:
        """The verdict on one item in one observation."""
        return judge(item, self.case, seen, deviations.find(self.runtime, self.case.id, item.id))

    def teardown(self) -> None:
        """Forget the observation: it may be large."""
        self.seen = []


class CheckItem(pytest.Item):
    """One verdict."""

    parent: CaseNode

    def __init__(self, *, item: Item, **rest: Any) -> None:
        super().__init__(**rest)
        self.item = item
        clause = spec.lookup(item.clause)
        self.add_marker(level_of(item.clause).lower())
        self.add_marker(clause.profile)

    def runtest(self) -> None:
        """Judge, write the record for the controller, and tell pytest."""
        node, session = self.parent, self.config.stash[SESSION]
        begun = time.perf_counter()
        if node.skip is not None:
            rounds = [Judged(verdict="SKIP", level=level_of(self.item.clause), clause=self.item.clause, reason_class=node.skip[0], reason=node.skip[1])]
        else:
            rounds = [node.judged(self.item, seen) for seen in node.seen]
        worst = min(range(len(rounds)), key=lambda i: WORST.index(rounds[i].verdict))
        record = self.record(rounds[worst], node.seen[worst] if node.seen else None, session)
        counts = Counter(r.verdict for r in rounds)
        if len(counts) > 1:
            told = ", ".join(f"{v} in {n}/{len(rounds)}" for v, n in counts.most_common())
            record["reason"] = f"flaky: {told}" + (f"; {record['reason']}" if record["reason"] else "")
        record["round"] = worst + 1
        record["duration"] = round(time.perf_counter() - begun, 6)
        required = _required(session.options.require, node.case.needs, record)
        if required:
            record["verdict"], record["reason"] = "FAIL", f"--require forbids this skip: {record['reason']}"
        self.user_properties.append(("proctor", json.dumps(record)))
        verdict = record["verdict"]
        if verdict in ("FAIL", "FIXED", "ERROR") or (verdict == "NONSTRICT" and session.options.level == "should"):
            raise CheckFailed(record)
        if verdict == "SKIP":
            pytest.skip(f"{record['reason_class']}: {record['reason']}")
        if verdict in ("KNOWN", "NONSTRICT"):
            pytest.xfail(record["reason"] or f"SHOULD: expected {record['expected']}, observed {record['observed']}")

    def record(self, judged: Judged, seen: Observation | None, session: Session) -> dict[str, Any]:
        """The line of results.jsonl."""
        node, clause = self.parent, spec.lookup(judged.clause)
        calls = [
            {"op": c.op, "argv": list(c.argv), "exit": c.exit if c.exit is not None else -(c.signal or 0) or None, "stderr": c.stderr[-2000:]}
            for c in (seen.calls if seen else ())
        ]
        green = judged.verdict in ("PASS", "INFO", "SKIP")
        return {
            "kind": "check",
            "case": node.case.id,
            "check": self.item.id,
            "runtime": node.runtime.name,
            "nodeid": self.nodeid,
            "claim": node.case.claim,
            "clause": clause.id,
            "section": clause.section,
            "link": clause.link,
            "level": judged.level,
            "profile": clause.profile,
            "verdict": judged.verdict,
            "reason_class": judged.reason_class,
            "reason": judged.reason,
            "expected": judged.expected[:2000] or None,
            "observed": judged.observed[:2000] or None,
            "where": judged.where or None,
            "raw": judged.raw[:2000] or None,
            "config_patch": [] if green else [to_json(p) for p in node.case.config],
            "calls": [] if green else calls,
            "log": [] if green else [dict(e) for c in (seen.calls if seen else ()) for e in c.log][-20:],
            "kept": node.kept or None,
            "again": f"pytest {_chosen(session, node.runtime)} '{self.nodeid}'",
            "round": 1,
            "duration": 0.0,
        }

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The failure text without a traceback, for a verdict; pytest's own for anything else."""
        if isinstance(excinfo.value, CheckFailed):
            return failure_text(excinfo.value.record, others=[], colour=False)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, None, str]:
        """Where the item stands, for headings."""
        return self.path, None, f"{self.parent.name} {self.name}"


def _required(required: tuple[str, ...], needs: Any, record: dict[str, Any]) -> bool:
    if record["verdict"] != "SKIP" or not required:
        return False
    if "all" in required:
        return record["reason_class"] in ("kernel", "privilege")
    return any(n == r or n.startswith(r + ":") for n in needs for r in required)


def _chosen(session: Session, runtime: Runtime) -> str:
    words = [f"--runtime={w}" for w in session.options.runtimes if w == runtime.name or w.endswith("/" + runtime.name) or w.startswith(runtime.name + "=")]
    words = words[:1] or [f"--runtime={runtime.name}={runtime.path}"]
    words += [f"--runtime-arg={a}" for a in session.options.runtime_args]
    if session.options.level != "must":
        words.append(f"--level={session.options.level}")
    if session.options.rootfs:
        words.append(f"--rootfs={session.options.rootfs}")
    return " ".join(words)
