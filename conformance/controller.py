"""The one process that speaks with the user: it opens the session, writes the records, draws the reports, sets the exit code.

Knows pytest's session hooks and reports/. Must not run containers itself (the gate runs apart, the cases in the workers).
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from conformance import __version__, options, session, world
from conformance.cases import CaseFault
from conformance.collect import SESSION
from conformance.deviations import DeviationFault
from conformance.host import Host
from conformance.live import Live
from conformance.runtimes import RuntimeUnusable
from conformance.session import Session
from reports import draw
from reports.baseline import Baseline, BaselineFault, Gate, gate
from reports.record import RecordFault, Writer
from reports.terminal import annotation, closing_table, failure_text

OK, FAILED, USAGE, HARNESS, NOTHING = 0, 1, 2, 3, 5

STATUS = {
    "PASS": ("passed", ".", "PASS"),
    "INFO": ("recorded", "i", "INFO"),
    "FAIL": ("failed", "F", "FAIL"),
    "NONSTRICT": ("nonstrict", "n", "NONSTRICT"),
    "SKIP": ("not asked", "s", "SKIP"),
    "KNOWN": ("known", "k", "KNOWN"),
    "FIXED": ("failed", "X", "FIXED"),
    "ERROR": ("error", "E", "ERROR"),
}


def record_of(report: Any) -> dict[str, Any] | None:
    """The record that an item's report carries, if it is one of ours."""
    for name, value in getattr(report, "user_properties", ()):
        if name == "proctor":
            record: dict[str, Any] = json.loads(value)
            return record
    return None


class Controller:
    """pytest's hooks of the controlling process."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        try:
            self.options = options.read(config)
        except options.Usage as fault:
            raise pytest.UsageError(str(fault)) from None
        root = self.options.results or Path(str(config.rootpath)) / "reports" / "results"
        self.name = datetime.now(UTC).strftime("%Y-%m-%dT%H-%M-%S.%f")[:-3] + "Z"
        self.folder = root / self.name
        self.session: Session | None = None
        self.run: world.Run | None = None
        self.writer: Writer | None = None
        self.records: list[dict[str, Any]] = []
        self.swept: list[str] = []
        self.left: list[str] = []
        self.unasked = 0
        self.begun = time.monotonic()
        self.baseline: Baseline | None = None
        self.gate: Gate | None = None
        self.live: Live | None = None
        config.option.force_short_summary = True  # one line a failure, also where CI is set: the whole text stands above
        if config.option.xmlpath is None and not config.option.collectonly:
            config.option.xmlpath = str(self.folder / "junit.xml")

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Everything that must be right before the first case."""
        try:
            session.config.stash[SESSION] = self._open()
        except (RuntimeUnusable, DeviationFault, CaseFault, BaselineFault, RecordFault) as fault:
            self._refuse(str(fault), USAGE)
        except world.HarnessError as fault:
            self._refuse(str(fault), HARNESS)
        except RuntimeError as fault:
            self._refuse(f"the harness failed before the first case: {fault}", HARNESS)

    def _refuse(self, why: str, code: int) -> None:
        self._end_run()
        sys.stderr.write(f"proctor: {why}\n")
        sys.stderr.flush()
        pytest.exit(why.partition("\n")[0], returncode=code)

    def _open(self) -> Session:
        session.preflight()
        session.check_deviations()
        self.baseline = self._baseline()
        self.swept = world.sweep()
        runtimes = session.find_runtimes(self.options)
        self.run = world.Run()
        found = Session(
            options=self.options,
            runtimes=runtimes,
            host=Host.read(),
            run=self.run.id,
            scratch=self.run.folder,
            folder=self.folder,
            rootfs=session.unpack_rootfs(self.options.rootfs, self.run.folder),
        )
        if not self.config.option.collectonly:
            closed = session.apart(lambda: session.gate(found))
            if closed:
                self._refuse(closed, HARNESS)
            self.folder.mkdir(parents=True)
            self.writer = Writer(self.folder / "results.jsonl")
            self.writer.header(self._header(found))
        self.session = found
        self.live = Live(self.config.pluginmanager.get_plugin("terminalreporter"), [r.name for r in runtimes])
        return found

    def _baseline(self) -> Baseline | None:
        path = self.options.baseline
        if path is None:
            return None
        if self.options.update_baseline:
            if path.suffix != ".toml":
                raise BaselineFault(f"{path}: only a .toml baseline can be updated; a record is a baseline as it is")
            if not path.exists():
                return Baseline(path=path)
        return Baseline.load(path)

    def _header(self, found: Session) -> dict[str, Any]:
        return {
            "kind": "header",
            "format": 1,
            "suite": __version__,
            "spec": self.options.spec,
            "started": datetime.now(UTC).isoformat(timespec="seconds"),
            "run": self.name,
            "argv": ["pytest", *map(str, self.config.invocation_params.args)],
            "options": {
                "level": self.options.level,
                "profile": self.options.profile,
                "require": list(self.options.require),
                "shard": self.options.shard,
                "repeat": self.options.repeat,
                "rootfs": str(self.options.rootfs) if self.options.rootfs else None,
            },
            "runtimes": [r.header() for r in found.runtimes],
            "host": found.host.header(),
        }

    def pytest_report_header(self) -> list[str]:
        """What a bug report needs."""
        if self.session is None:
            return []
        host = self.session.host.header()
        lines = [
            f"runtime  {r.name}  {r.path}  {r.version}  sha256:{r.sha256[:12]}  spec {r.spec_min or '?'}..{r.spec_max or '?'}" for r in self.session.runtimes
        ]
        lsms = ",".join(host.get("lsms", [])) or "none"
        lines.append(f"machine  kernel {host['kernel']}  {host['arch']}  cgroup {host['cgroup']}  LSMs {lsms}  uid {host['uid']}")
        lines.append(f"against  runtime-spec {self.options.spec}, level {self.options.level}, profile {self.options.profile}")
        if self.swept:
            lines.append(f"swept    {len(self.swept)} things that an earlier, killed run had left")
        return lines

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """One record a check."""
        if report.when != "call" or self.writer is None:
            return
        record = record_of(report)
        if record is not None:
            self.records.append(record)
            self.writer.check(record)
            if self.live is not None:
                self.live.tell(record)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """How many verdicts there will be, without workers."""
        if self.live is not None and session.items:
            self.live.total = len(session.items)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: list[str]) -> None:
        """How many there will be, with workers."""
        if self.live is not None:
            self.live.total = len(ids)

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self, report: Any) -> tuple[str, str, str] | None:
        """Where the live line tells of progress, pytest prints no letters."""
        if self.live is None or not self.live.on or record_of(report) is None or report.when != "call":
            return None
        return STATUS[record_of(report)["verdict"]][0], "", ""  # type: ignore[index]

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """The exit code of the design, the footer, what is left."""
        if self.writer is None or self.session is None:
            return
        if self.live is not None:
            self.live.end()
        if session.shouldfail or session.shouldstop:  # -x or --maxfail: what was not asked is not known to be as before
            self.unasked = max(0, len(session.items) - len(self.records))
        interrupted = int(exitstatus) == int(pytest.ExitCode.INTERRUPTED) or self.unasked > 0
        self.left = self._end_run()
        code = self._code(int(exitstatus))
        self._name_the_others()
        counts = {r.name: dict(Counter(x["verdict"] for x in self.records if x["runtime"] == r.name)) for r in self.session.runtimes}
        self.writer.footer(
            {
                "kind": "footer",
                "checks": len(self.records),
                "counts": counts,
                "exit": code,
                "interrupted": interrupted,
                "ended": datetime.now(UTC).isoformat(timespec="seconds"),
            }
        )
        self.writer.close()
        session.exitstatus = code

    def _code(self, exitstatus: int) -> int:
        if exitstatus in (int(pytest.ExitCode.INTERRUPTED), int(pytest.ExitCode.INTERNAL_ERROR), int(pytest.ExitCode.USAGE_ERROR)):
            return exitstatus if exitstatus != int(pytest.ExitCode.USAGE_ERROR) else USAGE
        verdicts = Counter(r["verdict"] for r in self.records)
        if self.baseline is not None:
            self.gate = gate(self.baseline, self.records, update=self.options.baseline if self.options.update_baseline else None)
        if verdicts["ERROR"] or self.left:
            return HARNESS
        if self.gate is not None:
            return FAILED if self.gate.worse or self.unasked else OK if verdicts.total() - verdicts["SKIP"] else NOTHING
        if verdicts["FAIL"] or verdicts["FIXED"] or (self.options.level == "should" and verdicts["NONSTRICT"]):
            return FAILED
        if exitstatus not in (OK, FAILED, NOTHING):
            return exitstatus
        return OK if verdicts.total() - verdicts["SKIP"] else NOTHING

    def _name_the_others(self) -> None:
        """Each failure text names what the other runtimes did; only now is that known."""
        reporter = self.config.pluginmanager.get_plugin("terminalreporter")
        by_check: dict[tuple[str, str], list[dict[str, Any]]] = {}
        for record in self.records:
            by_check.setdefault((record["case"], record["check"]), []).append(record)
        colour = bool(reporter and reporter._tw.hasmarkup)
        versions = {r.name: r.version for r in self.session.runtimes} if self.session else {}
        for category in ("failed", "error"):
            for report in reporter.stats.get(category, []) if reporter else []:
                told = record_of(report)
                if told is not None:
                    others = [o for o in by_check[told["case"], told["check"]] if o["runtime"] != told["runtime"]]
                    report.longrepr = failure_text(told, others=others, versions=versions, colour=colour)

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """The closing table, and where the report is."""
        if self.session is None or self.writer is None:
            return
        terminalreporter.write_line(closing_table(self.records, [r.header() for r in self.session.runtimes], colour=terminalreporter._tw.hasmarkup))
        for line in self.gate.lines if self.gate else ():
            terminalreporter.write_line(line)
        if self.unasked:
            terminalreporter.write_line(f"the run was stopped: {self.unasked} more checks were not asked, so it passes no gate")
        if self.gate is not None and os.environ.get("GITHUB_ACTIONS") == "true":
            for regression in self.gate.worse:
                terminalreporter.write_line(annotation(regression.check))
        for line in self.left:
            terminalreporter.write_line(f"left behind by this run, and removed: {line}")
        try:
            draw.draw(self.folder)
        except Exception as fault:
            terminalreporter.write_line(f"the reports could not be drawn: {type(fault).__name__}: {fault}")
        terminalreporter.write_line(f"report   {self.folder}")

    def pytest_unconfigure(self) -> None:
        """Nothing of the run stays on the machine, however it ended."""
        self._end_run()

    def _end_run(self) -> list[str]:
        run, self.run = self.run, None
        return run.close() if run else []
