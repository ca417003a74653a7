"""One container of one runtime: its bundle, its stdio, each operation as a Call, and an account of what it left behind.

Knows how a bundle becomes operations on a runtime. Must not know cases, checks or pytest.
"""

from __future__ import annotations

import json
import os
import platform
import signal
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import bundles
from bundles import probe, rootfs
from conformance import filters, kernel, world
from conformance.console import Console
from conformance.journal import Journal
from conformance.listener import Agent
from conformance.observation import Call, Event, Json, Outside, look
from conformance.runtimes.base import Runtime
from conformance.shim import Deadline, Shim, Stream, pipe

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Container:
    """One bundle in one place, and the operations on it. Use as a context: leaving it takes everything away."""

    def __init__(self, runtime: Runtime, shim: Shim, room: world.Room, *, timeout: float, root_filesystem: Path | None = None) -> None:
        self.runtime, self.shim, self.room, self.timeout = runtime, shim, room, timeout
        shim.statuses.clear()  # pids are used again; only those of this container matter now
        self.number, self.place = room.next()
        self.id = f"{room.run}-{room.worker}-{self.number}"
        self.cgroup = world.cgroup_of(room.run, room.worker, self.number)
        self.bundle = self.place / "b"
        self.root = self.place / "r"
        self.log = self.place / "log"
        self.pid_file = self.place / "pid"
        self.console_path = self.place / "console"
        self.bundle.mkdir(mode=0o711)
        self.pid: int | None = None
        self.calls: list[Call] = []
        self.console: Console | None = None
        self.journal: Journal
        self._log_read = 0
        self._agents: list[Agent] = []
        self._make_rootfs(root_filesystem)
        self._stdio()
        self._known: list[int] = []

    def _make_rootfs(self, given: Path | None) -> None:
        target = self.bundle / "rootfs"
        target.mkdir()
        if given is not None:
            for name in ("upper", "work"):
                (self.place / name).mkdir()
            data = f"lowerdir={given},upperdir={self.place}/upper,workdir={self.place}/work"
            kernel.mount("overlay", str(target), "overlay", 0, data)
        rootfs.make(target, probe.build())
        self.journal = Journal(target / "journal")

    def _stdio(self) -> None:
        self._stdin_read, self._stdin = os.pipe2(os.O_CLOEXEC)
        out, self._out_write = pipe()
        err, self._err_write = pipe()
        self.out, self.err = Stream(out), Stream(err)
        self.shim.streams += [self.out, self.err, self.journal]  # type: ignore[list-item]

    def attend(self, agent: Agent) -> None:
        """Serve this agent whenever the shim waits; its moments go to the journal."""
        agent.tell = self.journal.add
        self._agents.append(agent)
        self.shim.streams.append(agent)  # type: ignore[arg-type]

    def wait_heard(self, name: str) -> None:
        """Until the agent of that name was spoken to and left, or the container process has ended, or the deadline."""
        agent = next(a for a in self._agents if a.thing.name == name)
        try:
            self.shim.wait(lambda: agent.over or self.is_over, self.timeout)
        except Deadline:
            pass

    @property
    def words(self) -> dict[str, str]:
        """What the placeholders of a config stand for."""
        return {
            "bundle": str(self.bundle),
            "rootfs": str(self.bundle / "rootfs"),
            "probe": str(self.bundle / "rootfs" / "probe"),
            "journal": str(self.bundle / "rootfs" / "journal"),
            "id": self.id,
            "cgroup": self.cgroup,
            "pidfile": str(self.pid_file),
        }

    def write(self, config: Mapping[str, Json]) -> None:
        """config.json of the bundle."""
        (self.bundle / "config.json").write_text(json.dumps(config, indent=1))
        process = config.get("process") if isinstance(config, Mapping) else None
        if isinstance(process, Mapping) and process.get("terminal") is True and self.console is None:
            self.console = Console(str(self.console_path), self.journal)
            self.shim.streams.append(self.console)  # type: ignore[arg-type]

    def call(self, op: str, options: Sequence[str] = (), positional: Sequence[str] = (), *, stdio: Sequence[int] | None = None, stdin: str = "") -> Call:
        """Run the runtime once. Everything it says and how it ends; raises HarnessError if it cannot even be started."""
        argv = self.runtime.command(op, options, positional, root=str(self.root), log=str(self.log))
        out_read, out_write = pipe()
        err_read, err_write = pipe()
        in_read, in_write = os.pipe2(os.O_CLOEXEC)
        own = [Stream(out_read), Stream(err_read)]
        begun = time.time_ns()
        self.journal.add(Event(who="op", name=op, edge="begin"))
        before = len(self.out.data), len(self.err.data)
        try:
            os.write(in_write, stdin.encode())
            os.close(in_write)
            ended = self.shim.call(
                argv,
                {"PATH": PATH, world.RUN_VARIABLE: self.room.run, **self.runtime.env},
                stdio or (in_read, out_write, err_write),
                own,
                self.timeout,
            )
        except OSError as fault:
            raise world.HarnessError(f"{argv[0]} cannot be started: {fault.strerror}") from fault
        finally:
            for fd in (in_read, out_write, err_write):
                os.close(fd)
            for stream in own:
                stream.close()
        self.journal.add(Event(who="op", name=op, edge="end"))
        said, complained = own[0].text, own[1].text
        if stdio:  # create: what came on the container's stdio until now is the runtime's own
            said = self.out.data[before[0] :].decode("utf-8", "backslashreplace")
            complained = self.err.data[before[1] :].decode("utf-8", "backslashreplace")
        call = Call(
            op=op,
            argv=tuple(argv),
            exit=ended.exit,
            signal=ended.signal,
            timed_out=ended.timed_out,
            flooded=ended.flooded,
            stdout=said,
            stderr=complained,
            log=tuple(self._log_entries()),
            begun=begun,
            ended=time.time_ns(),
        )
        self.calls.append(call)
        return call

    def _log_entries(self) -> list[dict[str, Any]]:
        try:
            with open(self.log, "rb") as f:
                f.seek(self._log_read)
                data = f.read(1 << 20)
        except OSError:
            return []
        self._log_read += len(data)
        return self.runtime.adapter.log_entries(data.decode("utf-8", "backslashreplace"))

    def create(self, *, bundle: str = "", id: str = "", pid_file: bool = True, options: Sequence[str] = ()) -> Call:
        """`create`; the container process inherits our pipes, as from a shim."""
        flags = ["--bundle", bundle or str(self.bundle)]
        if pid_file:
            flags += ["--pid-file", str(self.pid_file)]
        if self.console is not None:
            flags += ["--console-socket", str(self.console_path)]
        call = self.call("create", [*flags, *options], [id or self.id], stdio=(self._stdin_read, self._out_write, self._err_write))
        if call.ok and not id:
            self.pid = self._find_pid()
            if self.console is not None:
                try:
                    self.shim.wait(lambda: bool(self.console and (self.console.facts or not self.console.open)), self.timeout)
                except Deadline:
                    pass
        return call

    def _find_pid(self) -> int | None:
        try:
            text = self.pid_file.read_text().strip()
        except OSError:
            text = ""
        if not text.isdigit():
            state = self.call("state", [], [self.id])
            try:
                text = str(json.loads(state.stdout)["pid"])
            except (ValueError, KeyError, TypeError):
                return None
        return int(text) if text.isdigit() and int(text) > 1 and int(text) != os.getpid() else None

    def simple(self, op: str, *after: str, options: Sequence[str] = (), id: str | None = None) -> Call:
        """start, state, kill, delete of this container (or of another id; "" leaves the id out)."""
        names = [self.id if id is None else id] if id != "" else []
        return self.call(op, options, [*names, *after])

    def send(self, text: str) -> None:
        """To the program's standard input, or to its terminal."""
        if self.console and self.console.terminal and self.console.terminal.open:
            os.write(self.console.terminal.fd, text.encode())
        elif self._stdin >= 0:
            os.write(self._stdin, text.encode())

    def no_more_input(self) -> None:
        """End of file on the program's standard input."""
        if self._stdin >= 0:
            os.close(self._stdin)
            self._stdin = -1

    @property
    def output(self) -> str:
        """All that the program (and `create`) wrote to standard output, or to the terminal."""
        if self.console and self.console.terminal:
            return self.console.terminal.text.replace("\r\n", "\n")
        return self.out.text

    def lines(self) -> list[dict[str, Json]]:
        """The probe's lines: every line of output that is a JSON object with a kind."""
        found = []
        for line in self.output.split("\n"):
            if line.startswith('{"kind"'):
                try:
                    found.append(json.loads(line, strict=False))
                except ValueError:
                    continue
        return found

    def wait_lines(self, kind: str, count: int) -> bool:
        """Until the probe has said that many lines of the kind, or it has ended; False at the deadline or the end."""

        def enough() -> bool:
            return sum(1 for x in self.lines() if x.get("kind") == kind) >= count

        try:
            self.shim.wait(lambda: enough() or self.is_over, self.timeout)
        except Deadline:
            return False
        self.drain()
        return enough()

    @property
    def is_over(self) -> bool:
        """Whether the container process has ended (and was collected), or was never known."""
        if self.pid is None:
            return True
        if self.pid in self.shim.statuses:
            return True
        # A process that is not our child (a runtime that keeps a monitor between us): gone when /proc has it no more.
        return not os.path.exists(f"/proc/{self.pid}")

    def wait_end(self) -> bool:
        """Until the container process has ended; False at the deadline."""
        if self.pid is None:
            return False
        try:
            self.shim.wait(lambda: self.is_over, self.timeout)
        except Deadline:
            return False
        self.drain()
        return True

    def drain(self) -> None:
        """Take what is in the pipes."""
        for stream in self._streams():
            stream.drain()

    def _streams(self) -> list[Any]:
        return [self.out, self.err, self.journal, *([self.console] if self.console else []), *self._agents]

    @property
    def ending(self) -> tuple[int | None, int | None]:
        """Exit code and signal of the container process, as the shim collected them."""
        status = self.shim.statuses.get(self.pid or -1)
        if status is None:
            return None, None
        return (os.WEXITSTATUS(status), None) if os.WIFEXITED(status) else (None, os.WTERMSIG(status))

    def look(self) -> Outside | None:
        """The container process's /proc, while it lives."""
        return look(self.pid) if self.pid and not self.is_over else None

    def look_at_filters(self) -> Outside | None:
        """The seccomp filters of the container process, while it lives."""
        if not self.pid or self.is_over:
            return None
        try:
            found: Json = {"machine": platform.machine(), "programs": filters.read(self.pid)}
        except OSError as fault:
            found = {"fault": fault.strerror}
        return Outside(pid=self.pid, filters=found)

    def left_behind(self, known: Sequence[int] = ()) -> list[str]:
        """What of this container is still on the machine: processes, mounts, cgroups, the runtime's own state."""
        found = []
        for pid in self.shim.children():
            if pid not in known:
                found.append(f"process {'of the container' if pid == self.pid else _comm(pid)}")
        found += [f"mount {p.removeprefix(str(self.place))}" for p in world.mounts_below(str(self.place)) if not self._own(p)]
        found += [f"cgroup {p.split(self.cgroup)[0].rsplit('/', 1)[-1]}" for p in world.cgroups_left(self.cgroup)]
        if (self.root / self.id).exists():
            found.append("state folder")
        return found

    def _own(self, point: str) -> bool:
        return point == str(self.bundle / "rootfs") and (self.place / "upper").exists()

    def close(self, known: Sequence[int] = ()) -> None:
        """Take the container away, whatever state it is in."""
        self.no_more_input()
        if (self.root / self.id).exists() and self.calls and not any(c.timed_out or c.flooded for c in self.calls):
            try:
                self.call("delete", ["--force"], [self.id])
            except world.HarnessError:
                pass
        if self.pid and not self.is_over:
            try:
                os.kill(self.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.shim.kill_children(known)
        for directory in world.cgroups_left(self.cgroup):
            world.remove_cgroup(directory)
        for stream in self._streams():
            if stream in self.shim.streams:
                self.shim.streams.remove(stream)
            stream.close()
        for fd in (self._stdin_read, self._out_write, self._err_write):
            os.close(fd)
        self.room.clear(self.place)


def _comm(pid: int) -> str:
    try:
        with open(f"/proc/{pid}/comm") as f:
            return f.read().strip()
    except OSError:
        return "?"


def base_config(version: str, patches: Sequence[Mapping[str, Json]]) -> dict[str, Json]:
    """The base bundle's configuration at a spec version, with the patches in order."""
    merged: dict[str, Json] = bundles.merge(bundles.base(), {"ociVersion": version}, *patches)
    return merged
