"""One case on one runtime, here: from a declaration to an Observation. No pytest and no global state.

Knows the three shapes as sequences of steps. Must not know how an observation is judged.
The seam for other places (another kernel, another machine): `run_case(case, runtime, where)`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bundles import fill, probe
from conformance import spec, world
from conformance.container import Container, base_config
from conformance.model import AnyCase, Case, Patch, Rejects, Step, World, clauses_of
from conformance.observation import Call, Json, Observation, Outside, Seen, look
from conformance.runtimes.base import Runtime
from conformance.shim import Shim

LOWEST = "1.0.2"


@dataclass(frozen=True, kw_only=True)
class Where:
    """The place in which cases run: this process's shim and room, and what the session was asked for."""

    shim: Shim
    room: world.Room
    timeout: float = 10.0  # seconds a call of the runtime may take
    rootfs: Path | None = None  # the user's own root filesystem below the probe
    keep: Callable[[Container, Observation], None] | None = None  # called with each container before it is taken away


def version_of(case: AnyCase) -> str:
    """The spec version a case's configuration declares: the lowest that has what it uses."""
    if case.version:
        return case.version
    since = [spec.lookup(c).since for c in clauses_of(case)]
    return max([LOWEST, *since], key=lambda v: tuple(int(p) for p in v.split(".")))


USUAL = (Step(op="create"), Step(op="start"), Step(op="ended"), Step(op="delete"))


def steps_of(case: AnyCase) -> tuple[Step, ...]:
    """The steps of a case, with those that its shape implies."""
    if isinstance(case, Case):
        return tuple(case.steps) or USUAL
    if isinstance(case, Rejects):
        refused = Step(op=case.at, outcome="refused")
        if case.at == "create":
            return (refused, Step(op="gone"))
        if case.at == "start":
            return (Step(op="create"), refused, Step(op="delete", args={"force": True}, outcome="any"))
        return (Step(op="create", outcome="any"), Step(op="start", outcome="any"), Step(op="delete", args={"force": True}, outcome="any"))
    return tuple(case.steps)


def run_case(case: AnyCase, runtime: Runtime, where: Where, version: str = "") -> Observation:
    """Run a case once. A fault of ours or of the host's comes back as Observation.fault; nothing is left behind."""
    config: list[Patch] = list(case.config)
    if isinstance(case, Case) and case.tries:
        config.append({"process": {"args": ["/probe", "dump", *(w for t in case.tries for w in ("try", t))]}})
    version = version or version_of(case)
    if not isinstance(case, Rejects):
        return _once(case, runtime, where, version, config, case.world, steps_of(case), stdin=case.stdin)
    around = case.world if case.control_world is None else case.control_world
    control = _once(case, runtime, where, version, list(case.control), around, USUAL, twin="control")
    return _once(case, runtime, where, version, config, case.world, steps_of(case), raw=case.raw, without=case.without, control=control)


def _once(
    case: AnyCase,
    runtime: Runtime,
    where: Where,
    version: str,
    patches: Sequence[Patch],
    wanted: Sequence[World],
    steps: Sequence[Step],
    *,
    stdin: str = "",
    raw: str | None = None,
    without: str = "",
    twin: str = "",
    control: Observation | None = None,
) -> Observation:
    try:
        box = Container(runtime, where.shim, where.room, timeout=where.timeout, root_filesystem=where.rootfs)
    except (OSError, world.HarnessError) as fault:
        return Observation(case=case.id, runtime=runtime.name, twin=twin, fault=f"the bundle could not be made: {fault}")
    named = os.uname().nodename
    around = world.Around(wanted, box.bundle, probe.build())
    try:
        with around:
            for agent in around.agents.values():
                box.attend(agent)
            try:
                steps_seen, created, config, left = _walk(box, around, version, patches, steps, stdin, raw, without)
            finally:
                box.drain()
            seen = Observation(
                case=case.id,
                runtime=runtime.name,
                id=box.id,
                bundle=str(box.bundle),
                config=config,
                steps=tuple(steps_seen),
                lines=tuple(box.lines()),
                stdout=box.output,
                stderr=box.err.text,
                exit=box.ending[0],
                signal=box.ending[1],
                created=created,
                events=tuple(box.journal.events),
                left=tuple(left),
                host=look(os.getpid()),
                world={
                    **around.facts,
                    **_heard(around),
                    "pid_file": _text(box.pid_file),
                    "cgroup": box.cgroup,
                    "pid": box.pid,
                    "renamed": os.uname().nodename != named,
                    "kept": around.kept(),
                },
                console=box.console.facts if box.console else None,
                control=control,
                twin=twin,
            )
            if where.keep is not None and not twin:
                where.keep(box, seen)
            return seen
    except (world.HarnessError, OSError) as fault:
        return Observation(case=case.id, runtime=runtime.name, id=box.id, twin=twin, fault=str(fault))
    finally:
        box.close()  # the world has ended too: whoever held its namespaces is waited for here


def _walk(
    box: Container,
    around: world.Around,
    version: str,
    patches: Sequence[Patch],
    steps: Sequence[Step],
    stdin: str,
    raw: str | None,
    without: str,
) -> tuple[list[Seen], Outside | None, dict[str, Json], list[str]]:
    words = {**box.words, **{f"ns:{name}": path for name, path in around.paths.items()}}
    words |= {f"listener:{name}": agent.path for name, agent in around.agents.items()}
    config = fill(base_config(version, patches), words)
    box.write(config)
    if raw is not None:
        (box.bundle / "config.json").write_text(raw)
    if without:
        (box.bundle / without).unlink()
    if stdin:
        box.send(stdin)
    if not any(s.op == "send" for s in steps):
        box.no_more_input()
    walk = _Walk(box, words, version, patches)
    seen: list[Seen] = []
    created: Outside | None = None
    for index, step in enumerate(steps):
        one = walk.do(index, step)
        seen.append(one)
        if step.op == "create" and one.call and one.call.ok and created is None:
            created = box.look()
        if not one.done:
            break
    finished = len(seen) == len(steps) and seen[-1].done
    left = box.left_behind(around.pids) if finished and steps[-1].op in ("delete", "gone") else []
    return seen, created, config, left


class _Walk:
    """The steps of one container, one after the other; each gives a Seen."""

    def __init__(self, box: Container, words: Mapping[str, str], version: str, patches: Sequence[Patch]) -> None:
        self.box, self.words, self.version, self.patches = box, words, version, patches

    def do(self, index: int, step: Step) -> Seen:
        """Carry out one step. `done` is False where the next would mean nothing."""
        args = fill(dict(step.args), self.words)
        box = self.box
        if step.op == "create":
            before = os.umask(args.get("umask", 0o022))
            try:
                call = box.create(bundle=args.get("bundle", ""), id=args.get("id", ""), pid_file=args.get("pid_file", True))
            finally:
                os.umask(before)
            return self._called(index, step, call)
        if step.op in ("start", "state", "delete", "kill"):
            after = [str(args["signal"])] if step.op == "kill" and args.get("signal") else []
            options = ["--force"] if args.get("force") else []
            call = box.simple(step.op, *after, options=options, id=args.get("id"))
            return self._called(index, step, call)
        if step.op == "cli":
            call = box.call(args["name"], [], args["argv"], stdin=args.get("stdin", ""))
            return self._called(index, step, call)
        if step.op in ("sees", "until"):
            if step.op == "until" and not box.wait_end():
                return self._not_done(index, step, "the container process did not end within the deadline")
            return self._called(index, step, box.simple("state"))
        if step.op == "ended":
            return self._plain(index, step) if box.wait_end() else self._not_done(index, step, "the container process did not end within the deadline")
        if step.op == "said":
            if box.wait_lines(args["kind"], args["count"]):
                return self._plain(index, step)
            return self._not_done(index, step, f"the program did not say {args['kind']!r} {args['count']} times")
        if step.op == "look":
            return Seen(index=index, op="look", pid=box.pid, alive=not box.is_over, outside=box.look())
        if step.op == "filters":
            return Seen(index=index, op="filters", pid=box.pid, alive=not box.is_over, outside=box.look_at_filters())
        if step.op == "send":
            box.send(args["text"])
            return self._plain(index, step)
        if step.op == "heard":
            box.wait_heard(args["name"])
            return self._plain(index, step)
        if step.op == "gone":
            call = box.simple("state")
            return Seen(index=index, op="gone", call=call, pid=box.pid, alive=not box.is_over)
        if step.op == "rewrite":
            box.write(fill(base_config(self.version, [*self.patches, *args["patches"]]), self.words))
            return self._plain(index, step)
        raise world.HarnessError(f"no step is called {step.op!r}")

    def _called(self, index: int, step: Step, call: Call) -> Seen:
        document = None
        if step.op in ("state", "sees", "until") and call.ok:
            try:
                document = json.loads(call.stdout)
            except ValueError:
                document = None
        done, why = True, ""
        if call.timed_out or call.flooded:
            done, why = False, f"{call.op}: {call.outcome}"
        elif step.outcome == "ok" and not call.ok:
            done, why = False, f"{call.op} generates an error" if call.refused else f"{call.op}: {call.outcome}"
        return Seen(
            index=index,
            op=step.op,
            done=done,
            why=why,
            call=call,
            state=document if isinstance(document, dict) else None,
            pid=self.box.pid,
            alive=not self.box.is_over,
        )

    def _plain(self, index: int, step: Step) -> Seen:
        return Seen(index=index, op=step.op, pid=self.box.pid, alive=not self.box.is_over)

    def _not_done(self, index: int, step: Step, why: str) -> Seen:
        return Seen(index=index, op=step.op, done=step.outcome == "any", why=why, pid=self.box.pid, alive=not self.box.is_over)


def _heard(around: world.Around) -> dict[str, Json]:
    return {f"listener:{name}": agent.facts() for name, agent in around.agents.items()}


def _text(path: Path) -> str | None:
    try:
        return path.read_text()
    except OSError:
        return None
