"""The whole vocabulary a case may use. A newcomer reads this file first, then any file in `cases/`.

A case imports from here and from nowhere else. `config` patches come from `bundles.patches`, checks from `checks/`, steps from here.
"""

from bundles import pairwise
from bundles.patches import *
from conformance.checks.all import *
from conformance.model import AppArmor, Case, Check, File, Json, Listener, Ns, Patch, Rejects, Scenario, Step


def create(**args: Json) -> Step:
    """`create`. `bundle=` another path than the bundle's, `id=` another id than the container's, `pid_file=False` to leave that out.

    `umask=`: that of the caller, else 0022.
    """
    return Step(op="create", args=args)


def start(**args: Json) -> Step:
    """`start`."""
    return Step(op="start", args=args)


def state(**args: Json) -> Step:
    """`state`, whose document is kept for the checks."""
    return Step(op="state", args=args)


def kill(signal: str = "SIGKILL", **args: Json) -> Step:
    """`kill` with a signal by name or number."""
    return Step(op="kill", args={"signal": signal, **args})


def delete(**args: Json) -> Step:
    """`delete`; `force=True` for the engines' form."""
    return Step(op="delete", args=args)


def cli(op: str, *argv: str, stdin: str = "") -> Step:
    """Another operation of the command line (run, exec, list, ps, pause, resume, update, events, features): `argv` after its name.

    "{id}", "{bundle}" and "{pidfile}" are filled in.
    """
    return Step(op="cli", args={"name": op, "argv": list(argv), "stdin": stdin})


def sees(status: str, *, same_pid: bool = False) -> Step:
    """`state` succeeds and says this status; with `same_pid` the container process is the one from before."""
    return Step(op="sees", args={"status": status, "same_pid": same_pid})


def until(status: str = "stopped") -> Step:
    """Wait for the end of the container process (pidfd), then `state` says so."""
    return Step(op="until", args={"status": status})


def ended() -> Step:
    """Wait for the end of the container process, without asking the runtime."""
    return Step(op="ended")


def said(kind: str, count: int = 1) -> Step:
    """Wait until the probe has said `count` lines of this kind."""
    return Step(op="said", args={"kind": kind, "count": count})


def look() -> Step:
    """Read the container process's /proc from outside, now."""
    return Step(op="look")


def filters() -> Step:
    """Read the container process's seccomp filters from outside, now."""
    return Step(op="filters")


def send(text: str) -> Step:
    """Write to the container's standard input (or its terminal)."""
    return Step(op="send", args={"text": text})


def heard(name: str) -> Step:
    """Wait until a Listener has been spoken to and the connection is closed; goes on when that has not come about in time."""
    return Step(op="heard", args={"name": name})


def gone() -> Step:
    """The container is no more: `state` errs, no process, no cgroup."""
    return Step(op="gone")


def rewrite(*patches: Patch) -> Step:
    """Change config.json in the bundle: the base with the case's patches and then these."""
    return Step(op="rewrite", args={"patches": list(patches)})


def held(*more: Step) -> tuple[Step, ...]:
    """create, start, wait for the dump, look from outside, `more`, then kill and delete: for programs that pause after their dump."""
    return (create(), start(), said("dump"), look(), *more, kill("SIGKILL"), ended(), delete())
