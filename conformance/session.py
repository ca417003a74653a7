"""One test session: the runtimes under examination, this machine, the place for containers, and the gate before everything.

Knows how the parts come together. Must not know pytest's hooks.
"""

from __future__ import annotations

import base64
import os
import pickle
import tarfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from bundles import probe
from conformance import deviations, spec, world
from conformance.cases import everything
from conformance.host import Host
from conformance.judge import items_of
from conformance.model import AnyCase, Case, Check
from conformance.needs import needs
from conformance.options import Options
from conformance.run import LOWEST, Where, run_case, version_of
from conformance.runtimes import RuntimeUnusable, recognise, resolve
from conformance.runtimes.base import Runtime
from conformance.shim import Shim


class GateClosed(Exception):
    """A runtime does not run the most trivial bundle, so nothing it does would mean anything."""


@dataclass(kw_only=True)
class Session:
    """What every process of a session needs; it travels to the workers as text."""

    options: Options
    runtimes: tuple[Runtime, ...]
    host: Host
    run: str
    scratch: Path
    folder: Path  # of the results
    rootfs: Path | None = None
    worker: str = "w0"
    _where: Where | None = field(default=None, repr=False)

    def where(self) -> Where:
        """This process's shim and room, made at the first use."""
        if self._where is None:
            shim = Shim()
            self._where = Where(shim=shim, room=world.Room(self.run, self.scratch, self.worker), timeout=self.options.timeout, rootfs=self.rootfs)
        return self._where

    def packed(self) -> str:
        """For a worker of this session."""
        kept, self._where = self._where, None
        try:
            return base64.b64encode(pickle.dumps(self)).decode()
        finally:
            self._where = kept

    @staticmethod
    def unpacked(text: str, worker: str) -> Session:
        """What `packed` gave, in the worker."""
        session = pickle.loads(base64.b64decode(text))
        assert isinstance(session, Session)
        session.worker = worker
        return session


def find_runtimes(options: Options) -> tuple[Runtime, ...]:
    """Every runtime asked for, recognised. Raises RuntimeUnusable, or ValueError where two have one name."""
    found: list[Runtime] = []
    for wanted in options.runtimes:
        name, path = resolve(wanted)
        runtime = recognise(path, name=name, extra_args=options.runtime_args, timeout=options.timeout)
        if runtime.name in [r.name for r in found]:
            raise RuntimeUnusable(f"two runtimes are called {runtime.name}: name one of them, --runtime NAME={path}")
        found.append(runtime)
    return tuple(found)


def unpack_rootfs(given: Path | None, scratch: Path) -> Path | None:
    """The user's root filesystem as a folder: the folder itself, or what the tar holds."""
    if given is None or given.is_dir():
        return given
    target = scratch / "rootfs"
    target.mkdir()
    try:
        with tarfile.open(given) as tar:
            tar.extractall(target, filter="tar")
    except (tarfile.TarError, OSError) as fault:
        raise RuntimeUnusable(f"--rootfs {given} is no tar file that can be unpacked: {fault}") from None
    return target


TRIVIAL = Case(
    id="gate/trivial",
    claim="a container whose program says one line runs",
    clause="runtime.ops.start.runs-program",
    expect=[Check(name="it-runs")],
)


VERSIONS = ("1.0.2", "1.1.0", "1.2.0", "1.2.1", "1.3.0")


def speaks(runtime: Runtime, version: str) -> bool:
    """Whether a runtime is asked for what a version brought: it declares that version, or is known to speak more than it declares."""
    if runtime.has("version-understates-spec"):
        return runtime.takes(version)
    return runtime.spec_max is None or _key(version) <= _key(runtime.spec_max)


def gate_versions(runtime: Runtime, against: str) -> list[str]:
    """At which spec versions a runtime must run the trivial bundle: the lowest, and the highest that both it and the suite speak."""
    highest = max((v for v in VERSIONS if _key(v) <= _key(against) and speaks(runtime, v)), key=_key, default=LOWEST)
    return [LOWEST, *([highest] if _key(highest) > _key(LOWEST) else [])]


def _key(version: str) -> tuple[int, ...]:
    return spec.release(version)


def gate(session: Session) -> str:
    """Ask every runtime for one trivial container; the text says what is wrong, or is empty. Run it apart: it takes over the process."""
    where = session.where()
    for runtime in session.runtimes:
        for version in gate_versions(runtime, session.options.spec):
            seen = run_case(TRIVIAL, runtime, where, version)
            if seen.fault:
                return f"the harness cannot work here: {seen.fault}"
            short = seen.stopped_short
            if short is not None or seen.inside is None:
                said = short.why if short else "its program said nothing"
                return (
                    f"{runtime.name} ({runtime.path}) does not run a trivial bundle of spec {version}: {said}\n"
                    f"Nothing else was asked of it. By hand: python -m conformance run --runtime {runtime.path} gate/trivial"
                )
    return ""


def apart(work: Callable[[], str]) -> str:
    """Do something in a child of its own, so that this process stays as it is; returns its text. Raises RuntimeError with a fault's."""
    reading, writing = os.pipe2(os.O_CLOEXEC)
    pid = os.fork()
    if pid == 0:
        code = 0
        try:
            text = work()
        except KeyboardInterrupt:
            os._exit(130)
        except BaseException as fault:
            text, code = f"{type(fault).__name__}: {fault}", 1
        data = text.encode("utf-8", "replace")
        while data:
            data = data[os.write(writing, data) :]
        os._exit(code)
    os.close(writing)
    with os.fdopen(reading, "rb") as answer:
        text = answer.read().decode()
    _, status = os.waitpid(pid, 0)
    if status:
        raise RuntimeError(text or f"it ended with status {status}")
    return text


def known_ids() -> dict[str, set[str]]:
    """Every case of the suite with the ids of its items. Raises CaseFault."""
    return {case.id: {item.id for item in items_of(case)} for case in everything()}


def check_deviations() -> None:
    """Read every deviation file against the cases there are. Raises deviations.DeviationFault."""
    deviations.load(known=known_ids())


def asked_here(case: AnyCase, runtime: Runtime, session: Session) -> tuple[str, str] | None:
    """None if the case can be asked; else (reason class, the fact that says no)."""
    version = version_of(case)
    if _key(version) > _key(session.options.spec):
        return "spec-version", f"the case is of spec {version}, the session examines against {session.options.spec}"
    if not speaks(runtime, version):
        return (
            "spec-version",
            f"the case is of spec {version}, {runtime.name} {runtime.version} speaks {gate_versions(runtime, session.options.spec)[-1]} at most",
        )
    for need in case.needs:
        missing = needs(need, session.host, runtime.features)
        if missing is not None:
            return missing.reason_class, missing.reason
    return None


def preflight() -> None:
    """What the session needs before anything: root and a probe. Raises RuntimeUnusable with what to do."""
    if os.geteuid() != 0:
        raise RuntimeUnusable("examining a runtime makes containers and so needs root: run pytest with sudo")
    try:
        probe.build()
    except probe.NoCompiler as fault:
        raise RuntimeUnusable(str(fault)) from None
