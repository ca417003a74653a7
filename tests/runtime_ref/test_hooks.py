"""Hooks of a whole container: their order and states, and what becomes of it when one fails, at each of the six points.

https://github.com/opencontainers/runtime-spec/blob/v1.3.0/runtime.md#lifecycle
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.runtime_ref.reference import Reference

CREATE = ("prestart", "createRuntime", "createContainer")
POINTS = (*CREATE, "startContainer", "poststart", "poststop")
STATUS = {"prestart": "creating", "createRuntime": "creating", "createContainer": "creating"} | {
    "startContainer": "created",
    "poststart": "running",
    "poststop": "stopped",
}


@pytest.fixture
def reference(tmp_path: Path) -> Iterator[Reference]:
    made = Reference(tmp_path)
    yield made
    made.end()


def journal(bundle: Path) -> int:
    """A descriptor that gets a line of each hook of a bundle that calls the probe."""
    return os.open(bundle / "rootfs" / "journal", os.O_RDWR | os.O_NONBLOCK)


def lines(fd: int) -> list[dict[str, Any]]:
    """The lines so far."""
    data = b""
    while True:
        try:
            data += os.read(fd, 65536)
        except BlockingIOError:
            return [json.loads(line) for line in data.splitlines()]


def hooked(reference: Reference, failing: str = "", how: tuple[str, ...] = ("exit", "3"), **more: Any) -> Path:
    """A bundle with a telling hook at every point, and at one of them a second one that fails."""
    bundle = reference.bundle({"process": {"args": ["/probe", "pause"]}})
    host = str(bundle / "rootfs" / "probe")
    hooks = {}
    for point in POINTS:
        path = "/probe" if point == "startContainer" else host
        hooks[point] = [{"path": path, "args": [path, "hook", point]}]
        if point == failing:
            hooks[point].append({"path": path, "args": [path, *how], **more})
            hooks[point].append({"path": path, "args": [path, "hook", point + ".after"]})
    config = json.loads((bundle / "config.json").read_text())
    config["hooks"] = hooks
    (bundle / "config.json").write_text(json.dumps(config))
    return bundle


def test_each_point_in_its_order_with_its_state(reference: Reference) -> None:
    bundle, ident = hooked(reference), reference.ident()
    fd = journal(bundle)
    reference.create(bundle, ident)
    assert [line["name"] for line in lines(fd)] == list(CREATE)
    pid = reference.state(ident)["pid"]
    reference.ok("start", ident)
    started = lines(fd)
    assert [line["name"] for line in started] == ["startContainer", "poststart"]
    states = {line["name"]: json.loads(line["state"]) for line in started}
    assert states["startContainer"]["status"] == "created" and states["startContainer"]["pid"] == 1
    assert states["poststart"]["status"] == "running" and states["poststart"]["pid"] == pid
    reference.ok("delete", "--force", ident)
    last = lines(fd)
    os.close(fd)
    assert [line["name"] for line in last] == ["poststop"]
    state = json.loads(last[0]["state"])
    assert (state["status"], state["id"], state["bundle"], "pid" in state) == ("stopped", ident, str(bundle), False)


@pytest.mark.parametrize("point", CREATE)
def test_one_that_fails_in_create_leaves_no_container(reference: Reference, point: str) -> None:
    bundle, ident = hooked(reference, point), reference.ident()
    fd = journal(bundle)
    log = reference.folder / "log"
    done = reference.call("--log", str(log), "--log-format", "json", "create", "--bundle", str(bundle), ident)
    assert done.returncode == 1
    entry = json.loads(log.read_text())
    assert entry["where"] == f"hooks.{point}[1]" and "exit code 3" in entry["msg"]
    names = [line["name"] for line in lines(fd)]
    os.close(fd)
    assert names == [*CREATE[: CREATE.index(point) + 1], "poststop"]
    assert os.listdir(reference.root) == []


@pytest.mark.parametrize("point", ["startContainer", "poststart"])
def test_one_that_fails_in_start_ends_the_container(reference: Reference, point: str) -> None:
    bundle, ident = hooked(reference, point), reference.ident()
    fd = journal(bundle)
    reference.create(bundle, ident)
    pid = reference.state(ident)["pid"]
    lines(fd)
    done = reference.call("start", ident)
    assert done.returncode == 1 and f"hooks.{point}[1]" in done.stderr
    names = [line["name"] for line in lines(fd)]
    os.close(fd)
    assert names == [*(["startContainer"] if point == "startContainer" else ["startContainer", "poststart"]), "poststop"]
    assert os.listdir(reference.root) == []
    with pytest.raises(ProcessLookupError):
        _alive(pid)


def _alive(pid: int) -> None:
    """Raises ProcessLookupError for a process that is gone or only waits for its parent."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        raise ProcessLookupError from None
    if state in "ZX":
        raise ProcessLookupError


def test_one_that_fails_in_delete_is_a_warning(reference: Reference) -> None:
    bundle, ident = hooked(reference, "poststop"), reference.ident()
    fd = journal(bundle)
    reference.create(bundle, ident)
    lines(fd)
    done = reference.call("delete", "--force", ident)
    assert done.returncode == 0
    assert "warning: hook" in done.stderr and "hooks.poststop[1]" in done.stderr
    assert [line["name"] for line in lines(fd)] == ["poststop", "poststop.after"]
    os.close(fd)
    assert os.listdir(reference.root) == []


@pytest.mark.parametrize("point", ["createRuntime", "createContainer", "startContainer"])
def test_one_that_does_not_end_in_time_is_killed(reference: Reference, point: str) -> None:
    bundle, ident = hooked(reference, point, ("hold",), timeout=1), reference.ident()
    fd = journal(bundle)
    done = reference.call("run", "--bundle", str(bundle), ident)
    os.close(fd)
    assert done.returncode == 1
    assert f"hooks.{point}[1]" in done.stderr and "within its timeout of 1 s" in done.stderr
    assert os.listdir(reference.root) == []


def test_a_hook_that_cannot_be_executed_says_so(reference: Reference) -> None:
    bundle, ident = hooked(reference), reference.ident()
    config = json.loads((bundle / "config.json").read_text())
    config["hooks"] = {"createRuntime": [{"path": "/no such hook"}]}
    (bundle / "config.json").write_text(json.dumps(config))
    done = reference.call("create", "--bundle", str(bundle), ident)
    assert done.returncode == 1
    assert "hooks.createRuntime[0]" in done.stderr and "No such file" in done.stderr


def test_what_a_failed_hook_printed_is_told(reference: Reference) -> None:
    bundle, ident = hooked(reference, "createRuntime", ("err", "the reason why", "exit", "1")), reference.ident()
    fd = journal(bundle)
    done = reference.call("create", "--bundle", str(bundle), ident)
    os.close(fd)
    assert done.returncode == 1
    assert "it said: the reason why" in done.stderr


def with_hooks(reference: Reference, hooks: dict[str, Any], *patches: dict[str, Any]) -> Path:
    """A bundle whose program waits, with these hooks."""
    bundle = reference.bundle({"process": {"args": ["/probe", "pause"]}}, *patches)
    config = json.loads((bundle / "config.json").read_text())
    config["hooks"] = hooks
    (bundle / "config.json").write_text(json.dumps(config))
    return bundle


@pytest.mark.parametrize("point", ["createRuntime", "startContainer"])
def test_the_environment_and_the_arguments_are_word_for_word(reference: Reference, point: str) -> None:
    env = ["A=1", "A=2", "alone", "=x", "B="]
    bundle = with_hooks(reference, {})
    path = "/probe" if point == "startContainer" else str(bundle / "rootfs" / "probe")
    config = json.loads((bundle / "config.json").read_text())
    # The journal is looked for beside the program file or in the root.
    config["hooks"] = {point: [{"path": path, "args": ["another name", "hook", "it"], "env": env}]}
    (bundle / "config.json").write_text(json.dumps(config))
    ident = reference.ident()
    fd = journal(bundle)
    reference.create(bundle, ident)
    reference.ok("start", ident)
    [line] = lines(fd)
    os.close(fd)
    assert line["env"] == env
    assert line["argv"][0] == "another name"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("point", CREATE)
@pytest.mark.parametrize("command", ["create", "run"])
def test_an_operation_that_is_ended_by_a_signal_leaves_nothing(reference: Reference, command: str, point: str, number: int) -> None:
    fifo = reference.folder / "told"
    os.mkfifo(fifo)
    told = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    script = f"exec 9>{fifo}; echo $$ >&9; sleep 1000"
    after = {"path": "/bin/sh", "args": ["sh", "-c", f"echo after > {reference.folder}/after"]}
    bundle = with_hooks(reference, {point: [{"path": "/bin/sh", "args": ["sh", "-c", script]}], "poststop": [after]})
    process = subprocess.Popen(
        reference.words(command, "--bundle", str(bundle), reference.ident()),
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    poll = select.poll()
    poll.register(told, select.POLLIN)
    assert poll.poll(60_000)
    hook = int(os.read(told, 100))
    process.send_signal(number)
    assert process.wait(60) == 1
    assert process.stderr and f"ended by signal {number}" in process.stderr.read()
    process.stderr.close()
    # The hook's child has the fifo too: an end of file says that both are gone.
    assert poll.poll(60_000) and os.read(told, 100) == b""
    os.close(told)
    if point != "createContainer":  # its number is one of the container's own
        with pytest.raises(ProcessLookupError):
            _alive(hook)
    assert (reference.folder / "after").exists()
    assert os.listdir(reference.root) == []


def test_poststop_hooks_are_due_after_any_fault_behind_the_first_hook(reference: Reference) -> None:
    before, after = (
        {"path": "/bin/sh", "args": ["sh", "-c", f"echo {name} >> {reference.folder}/order"]} for name in ("before", "after")
    )
    bundle = with_hooks(reference, {"createRuntime": [before], "poststop": [after]}, {"process": {"args": ["/no such program"]}})
    done = reference.call("create", "--bundle", str(bundle), reference.ident())
    assert done.returncode == 1 and "process.args[0]" in done.stderr
    assert (reference.folder / "order").read_text().split() == ["before", "after"]
