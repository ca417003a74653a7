"""The operations on a container: create, start, run, kill, delete, each whole or not at all.

Knows the order of a container's life and how to undo it. Must not know how a process is made (`launch`) or what is in the files
(`state`). https://github.com/opencontainers/runtime-spec/blob/v1.3.0/runtime.md#operations
"""

from __future__ import annotations

from runtime_ref import cgroup, launch, spec, state, text, trace
from runtime_ref.errors import ConfigError, RuntimeFault
from runtime_ref.kernel import os
from runtime_ref.state import CREATED, CREATING, PAUSED, RUNNING, STOPPED, Record

if False:
    from collections.abc import Callable
    from typing import Any

    from runtime_ref.cli import Call

    Settings = dict[str, Any]

ENDING = (1, 2, 15)  # SIGHUP, SIGINT, SIGTERM: by a terminal, a person, an engine


def create(call: Call, run: bool = False) -> launch.Job:
    """Makes a container, up to the state `created`. Raises RuntimeFault, OSError; then nothing of it is left.

    `run`: it is started at once. Without --detach the job then keeps the terminal's master, unless --console-socket says where it goes.
    """
    settings, options = call.settings, call.options
    state.check_id(call.ident)
    bundle = os.path.abspath(options.get("bundle") or ".")
    config = spec.load(bundle)
    if trace.on:
        trace.tell("config", f"read and checked {bundle}/config.json", "openat read", changed=("ns", "cgroup"))
    console = _console(config, options, run and "detach" not in options)
    undo: list[Callable[[], Any]] = []
    job: launch.Job | None = None
    try:
        record = state.claim(settings, call.ident)
        undo.append(record.clear)
        if trace.on:
            trace.tell("folder", f"make and lock {record.folder}", "mkdir openat flock")
        group = cgroup.choose(config, call.ident, "systemd-cgroup" in settings)
        if config["linux"].get("mountLabel") or _labels(config):
            from runtime_ref import lsm

            lsm.check(config)
        job = launch.Job(config, bundle, record, group)
        undo.append(job.ctx.close)
        _settings(job, call, console)
        if not job.ctx.mountns:
            from runtime_ref import rootfs

            undo.append(lambda: rootfs.undo(job.ctx.path))
        # The first process needs some time to load its code: what it does not need for that is made meanwhile.
        if not job.cgroup_first:
            launch.begin(job)
        record.data = _first_data(record.ident, config, bundle)
        record.data["cgroup"] = job.cgroup.planned
        record.save()  # should this process be killed from here on, `delete` knows what there is
        _places(job, undo)
        if job.cgroup_first:
            launch.begin(job)
        launch.give(job)
        state.write_whole(record.folder + "/config.json", text.dumps(config))
        _undone_by_signals(call)
        launch.hear(job)
        record.data["status"] = CREATED
        if config["hooks"] or not run:
            record.save()
        _pid_file(options, job.pid)
    except BaseException:
        _undo(call, job, undo)
        raise
    job.ctx.close()
    for words in job.warnings:
        _warn(settings, words)
    if trace.on:
        trace.tell("created", f"container {call.ident} waits for start")
    return job


def _undone_by_signals(call: Call) -> None:
    """From here on there may be long waits: for hooks, an agent. A signal that would end the runtime now leaves nothing behind."""
    from _signal import SIG_DFL, getsignal, signal  # type: ignore[import-not-found]

    def end(number: int, _: Any) -> None:
        raise RuntimeFault(f"{call.command} container {call.ident}", f"ended by signal {number}")

    for number in ENDING:
        if getsignal(number) == SIG_DFL:
            signal(number, end)


def _places(job: launch.Job, undo: list[Callable[[], Any]]) -> None:
    """Makes the cgroup and the resctrl group."""
    record, rdt_of = job.record, job.config["linux"].get("intelRdt")
    job.cgroup.create()
    undo.append(job.cgroup.remove)
    record.data["cgroup"] = job.cgroup.paths
    if rdt_of:
        from runtime_ref import rdt

        job.rdt = rdt.create(rdt_of, record.ident)
        undo.append(job.rdt.remove)
        record.data["rdt"] = job.rdt.paths
    if trace.on:
        trace.tell("cgroup", "make the container's cgroup, with nobody in it", "mkdir", "linux.cgroupsPath")


def _undo(call: Call, job: launch.Job | None, undo: list[Callable[[], Any]]) -> None:
    """Takes back what a failed create has made, last thing first, and runs the hooks that are due then."""
    from _signal import getsignal, signal

    for number in ENDING:
        if callable(getsignal(number)):
            signal(number, lambda *_: None)  # not once more
    if job:
        try:
            launch.abandon(job)
        except OSError as fault:
            _warn(call.settings, f"undo create: {fault}")
    for step in reversed(undo):
        try:
            step()
        except (OSError, RuntimeFault) as fault:
            _warn(call.settings, f"undo create: {fault}")
    if job and job.hooked:
        # runtime.md#lifecycle: a failed hook leads to steps 12 and 13. After any other fault, too, hooks may have something to undo.
        job.record.data["pid"] = 0
        _poststop(call.settings, job.config["hooks"], job.record)


def _console(config: dict[str, Any], options: dict[str, Any], keep: bool) -> Any:
    """A connected console socket; True to keep the terminal's master; None without a terminal."""
    path = options.get("console-socket")
    if (config.get("process") or {}).get("terminal"):
        if not path:
            if keep:
                return True
            raise ConfigError("process.terminal", "needs --console-socket: somebody has to take the terminal")
        from runtime_ref import console

        return console.connect(path)
    if path:
        raise ConfigError("process.terminal", "is not set, so --console-socket would never get a terminal")
    return None


def _labels(config: dict[str, Any]) -> bool:
    process = config.get("process") or {}
    return bool(process.get("apparmorProfile") or process.get("selinuxLabel"))


def _settings(job: launch.Job, call: Call, console: Any) -> None:
    from runtime_ref.cli import number

    job.console = console
    job.no_pivot = "no-pivot" in call.options
    job.keep_keyring = "no-new-keyring" in call.options
    job.preserve = number(call, "preserve-fds")


def _first_data(ident: str, config: dict[str, Any], bundle: str) -> dict[str, Any]:
    """The content of state.json as far as the configuration says it."""
    import time

    hooks = {point: config["hooks"][point] for point in ("poststart", "poststop") if config["hooks"].get(point)}
    found = state.stat_of(os.getpid())
    return {
        "id": ident,
        "bundle": bundle,
        "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "status": CREATING,
        "maker": [os.getpid(), found[1] if found else 0],
        "annotations": config.get("annotations") or {},
        "hooks": hooks,
        "rootfs": os.path.join(bundle, config["root"]["path"]),
        "mountns": any(entry["type"] == "mount" for entry in config["linux"].get("namespaces") or ()),
        "process": "process" in config,
        "seccomp": {
            name: value for name, value in (config["linux"].get("seccomp") or {}).items() if name.startswith("listener")
        },
    }


def _pid_file(options: dict[str, Any], pid: int) -> None:
    path = options.get("pid-file")
    if path:
        try:
            state.write_whole(os.path.abspath(path), str(pid), 0o644)
        except OSError as fault:
            raise RuntimeFault("--pid-file", f"{path}: {fault.strerror}") from None


def _warn(settings: Settings, words: str) -> None:
    from runtime_ref import log

    log.warn(settings, words)


def start(settings: Settings, record: Record) -> None:
    """Starts the program. Raises RuntimeFault; where a hook is at fault the container is then destroyed."""
    status = record.status
    if status != CREATED:
        raise RuntimeFault(f"start container {record.ident}", f"is {status}, not created")
    if not record.data.get("process"):
        raise RuntimeFault(f"start container {record.ident}", "the configuration has none", "process")
    try:
        launch.knock(record, record.data.get("seccomp"))
        if record.data["hooks"].get("poststart"):
            from runtime_ref import hooks

            hooks.run_all(record.data["hooks"], "poststart", text.dumps(record.document(RUNNING)))
    except RuntimeFault as fault:
        if fault.where.startswith("hooks."):
            # runtime.md#lifecycle: stop the container, then steps 12 and 13.
            end(record)
            destroy(settings, record)
        else:
            wait_for_end(record.pid, record.data["start"])
        raise
    if trace.on:
        trace.tell("started", f"container {record.ident} runs")


def wait_for_end(pid: int, began: int, seconds: float = 10) -> bool:
    """Whether a process, child or not, ends within the time."""
    import select

    try:
        fd = os.pidfd_open(pid)
    except OSError:
        return True
    try:
        if not state.alive(pid, began):
            return True
        poll = select.poll()
        poll.register(fd, select.POLLIN)
        return bool(poll.poll(seconds * 1000))
    finally:
        os.close(fd)


def kill(record: Record, signal: int, everyone: bool = False) -> None:
    """Sends a signal to the container process, or to all processes. Raises RuntimeFault."""
    from _signal import SIGKILL, pidfd_send_signal

    status = record.status
    if status not in (CREATED, RUNNING, PAUSED) and not (everyone and status == STOPPED):
        raise RuntimeFault(f"kill container {record.ident}", f"is {status}, not running")
    if everyone:
        if record.data.get("cgroup"):  # a create that was killed early has recorded none
            cgroup.from_state(record.data["cgroup"]).kill(signal)
        return
    try:
        fd = os.pidfd_open(record.pid)
        try:
            if not state.alive(record.pid, record.data["start"]):
                raise ProcessLookupError
            pidfd_send_signal(fd, signal)
        finally:
            os.close(fd)
    except ProcessLookupError:
        raise RuntimeFault(f"kill container {record.ident}", "is stopped, not running") from None
    except OSError as fault:
        raise RuntimeFault(f"kill container {record.ident}", fault.strerror or str(fault)) from None
    if signal == SIGKILL and status == PAUSED:
        cgroup.from_state(record.data["cgroup"]).thaw()  # what is frozen does not die


def end(record: Record) -> None:
    """Kills everything in a container and waits for the end of its first process. Raises RuntimeFault if that does not come."""
    from _signal import SIGKILL

    if record.data.get("cgroup"):
        cgroup.from_state(record.data["cgroup"]).kill(SIGKILL)
    if state.alive(record.pid, record.data.get("start", 0)):
        try:
            os.kill(record.pid, SIGKILL)
        except ProcessLookupError:
            pass
        if not wait_for_end(record.pid, record.data["start"]):
            raise RuntimeFault(f"container {record.ident}", f"process {record.pid} does not end")


def destroy(settings: Settings, record: Record) -> None:
    """Lifecycle steps 12 and 13: takes away what `create` made, then runs the poststop hooks. Raises RuntimeFault."""
    data = record.data
    if data.get("cgroup"):
        cgroup.from_state(data["cgroup"]).remove()
    if data.get("rdt"):
        from runtime_ref import rdt

        rdt.Rdt(**data["rdt"]).remove()
    if data.get("mountns") is False:
        from runtime_ref import rootfs

        rootfs.undo(data["rootfs"])
    record.clear()
    record.release()
    _poststop(settings, data.get("hooks") or {}, record)
    if trace.on:
        trace.tell("deleted", f"container {record.ident} is gone", "rmdir unlink")


def _poststop(settings: Settings, hooks_of: dict[str, Any], record: Record) -> None:
    if hooks_of.get("poststop"):
        from runtime_ref import hooks

        for fault in hooks.run_on(hooks_of, "poststop", text.dumps(record.document(STOPPED))):
            _warn(settings, str(fault))


def create_command(call: Call) -> None:
    """`create ID`: https://github.com/opencontainers/runtime-spec/blob/v1.3.0/runtime.md#create"""
    create(call)


def start_command(call: Call) -> None:
    """`start ID`: https://github.com/opencontainers/runtime-spec/blob/v1.3.0/runtime.md#start"""
    start(call.settings, state.find(call.settings, call.ident).take())


def kill_command(call: Call) -> None:
    """`kill ID [SIGNAL]`: https://github.com/opencontainers/runtime-spec/blob/v1.3.0/runtime.md#kill"""
    from runtime_ref import signals

    number = signals.number(call.words[1] if len(call.words) > 1 else "TERM")
    kill(state.find(call.settings, call.ident), number, "all" in call.options)


def delete_command(call: Call) -> None:
    """`delete ID`: https://github.com/opencontainers/runtime-spec/blob/v1.3.0/runtime.md#delete"""
    force = "force" in call.options
    try:
        record = state.find(call.settings, call.ident)
        if force:
            end(record)
        record.take()
    except RuntimeFault as fault:
        if force and state.is_gone(call.settings, call.ident):
            return
        raise fault
    if force:
        end(record)
    status = record.status
    if status != STOPPED:
        raise RuntimeFault(f"delete container {record.ident}", f"is {status}, not stopped (--force kills it first)")
    destroy(call.settings, record)


def run_command(call: Call) -> int:
    """`run ID`: create and start; then wait for the end and delete, unless --detach. The program's exit code."""
    from runtime_ref import foreground

    return foreground.run(call)
