"""What is kept of a case that is not plainly green: the bundle, the calls, the log, the observation, and a script to repeat it.

Knows when to keep and what; reports/kept.py knows how it is laid out. Must not judge.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from bundles import fill, probe
from conformance.container import Container, base_config
from conformance.model import AnyCase, Case, Ns, Rejects
from conformance.observation import Observation
from conformance.run import Where, version_of
from conformance.runtimes.base import Runtime
from conformance.session import Session
from reports.kept import Story, keep


class _Marks(dict[str, str]):
    """Every placeholder stands for its own mark, which the kept script fills in."""

    def __missing__(self, name: str) -> str:
        return f"@@{name}@@"


class Keeper:
    """For one case on one runtime: `where` gives the place with this keeper in it, `settle` tells what was kept."""

    def __init__(self, session: Session, case: AnyCase, runtime: Runtime, red: Callable[[Observation], bool]) -> None:
        self.session, self.case, self.runtime, self.red = session, case, runtime, red
        self._kept: Path | None = None

    def where(self, where: Where) -> Where:
        """The same place, with each container shown to this keeper before it is taken away."""
        return where if self.session.options.keep == "none" else replace(where, keep=self._look)

    def _look(self, box: Container, seen: Observation) -> None:
        if self.session.options.keep == "all" or self.red(seen):
            self._kept = self.session.folder / keep(self.session.folder, story(self.case, self.runtime, box, seen))

    def settle(self, seen: Observation) -> str:
        """The folder that holds what was kept; "" if nothing was."""
        return str(self._kept) if self._kept else ""


def story(case: AnyCase, runtime: Runtime, box: Container, seen: Observation) -> Story:
    """One container's life in plain words, as reports/kept.py takes it."""
    patches: list[Any] = list(case.config)
    if isinstance(case, Case) and case.tries:
        patches.append({"process": {"args": seen.config["process"]["args"]}})
    config = json.dumps(fill(base_config(version_of(case), patches), _Marks()), indent=1)
    if isinstance(case, Rejects) and case.raw is not None:
        config = case.raw
    states = [s.state for s in seen.steps if s.state is not None]
    return Story(
        case=case.id,
        claim=case.claim,
        clause=case.clause,
        runtime=runtime.name,
        binary=str(runtime.path),
        config=config,
        concrete={
            str(box.bundle): "bundle",
            str(box.root): "root",
            str(box.log): "log",
            str(box.pid_file): "pidfile",
            str(box.console_path): "console",
            box.cgroup: "cgroup",
            box.id: "id",
        },
        steps=list(_steps(case, seen)),
        bundle=box.bundle,
        probe=probe.build(),
        without=case.without if isinstance(case, Rejects) else "",
        env=dict(runtime.env),
        namespaces=[(t.name, t.type, "".join(f"{a} {b} {n}\n" for a, b, n in t.maps)) for t in case.world if isinstance(t, Ns)],
        cannot=list(_cannot(case, box, seen)),
        stdin=getattr(case, "stdin", "") + "".join(str(s.args["text"]) for s in getattr(case, "steps", ()) if s.op == "send"),
        output=seen.stdout,
        errors=seen.stderr,
        log="\n".join(json.dumps(dict(entry)) for call in seen.calls for entry in call.log),
        state=dict(states[-1]) if states else None,
        observation=seen.to_json(),
    )


def _steps(case: AnyCase, seen: Observation) -> Iterator[dict[str, Any]]:
    declared = getattr(case, "steps", ())
    for one in seen.steps:
        if one.op in ("ended", "until"):
            yield {"op": "ended"}
        if one.call is not None:
            yield {"op": one.call.op, "argv": list(one.call.argv), "exit": one.call.exit}
        elif one.op == "said" and one.index < len(declared):
            args = declared[one.index].args
            yield {"op": "said", "text": f'"kind":"{args["kind"]}"', "count": args["count"]}


def _cannot(case: AnyCase, box: Container, seen: Observation) -> Iterator[str]:
    if box.console is not None:
        yield "the program at the console socket that takes the terminal"
    for thing in case.world:
        if type(thing).__name__ in ("Listener", "AppArmor"):
            yield f"the {type(thing).__name__} {thing.name!r} around the container"  # type: ignore[union-attr]
    if any("umask" in step.args for step in getattr(case, "steps", ())):
        yield "the umask of the one who calls create"
    if (box.place / "upper").exists():
        yield "the root filesystem given by --rootfs"
