"""The probe on the host: ending, signals, children, and lines in the journal."""

import json
import os
import select
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.bundles.asking import DEADLINE, ask, line_of, run, started


@pytest.mark.parametrize("status", [0, 1, 2, 127, 128, 255])
def test_exit(program: str, status: int) -> None:
    assert run(program, "exit", status).returncode == status


@pytest.mark.parametrize(
    "words", [["nothing"], ["exit"], ["exit", "x"], ["open", "/", "O_MADE_UP"], ["catch", "dump"], ["try"]]
)
def test_words_it_does_not_know(program: str, words: list[str]) -> None:
    done = run(program, *words)
    assert done.returncode == 64 and done.stderr.startswith(b"probe: ")


CATCHABLE = [n for n in range(1, 65) if n not in (signal.SIGKILL, signal.SIGSTOP)]


@pytest.mark.parametrize("number", [1, 2, 3, 6, 9, 10, 11, 15, 24, 31, 34, 64])
def test_raise_dies_by_the_signal(program: str, number: int) -> None:
    assert run(program, "raise", number).returncode == -number


@pytest.mark.parametrize("name", ["SIGSEGV", "SIGILL", "SIGBUS", "SIGSYS"])
def test_faults_kill_even_the_first_process(program: str, name: str) -> None:
    if os.geteuid():
        pytest.skip("not root: no pid namespace")
    done = subprocess.run(["unshare", "--pid", "--fork", program, "raise", name], capture_output=True, timeout=DEADLINE)
    number = signal.Signals[name].value
    assert done.returncode in (-number, 128 + number)  # unshare takes over the end of its child
    assert done.stdout == b""


def test_every_signal_is_caught_and_told(program: str) -> None:
    with started(program, "catch", "ALL", "hold") as process:
        assert len(line_of(process)["signals"]) == len(CATCHABLE)
        for number in CATCHABLE:
            os.kill(process.pid, number)
            found = line_of(process)
            assert (found["kind"], found["number"], found["from"]) == ("caught", number, os.getpid())


def test_a_signal_before_the_pause_is_not_lost(program: str) -> None:
    with started(program, "catch", "SIGTERM", "wait-line", "pause", "exit", "5", stdin=subprocess.PIPE) as process:
        assert line_of(process)["kind"] == "catching"
        os.kill(process.pid, signal.SIGTERM)
        assert line_of(process)["signal"] == "SIGTERM"
        assert process.stdin is not None
        process.stdin.write(b"\n")
        process.stdin.flush()
        assert process.wait(DEADLINE) == 5


def test_ignored_signals_leave_it_running(program: str) -> None:
    with started(program, "ignore", "SIGTERM", "catch", "SIGUSR1", "hold") as process:
        assert process.stdout is not None
        ready = b""
        while b"catching" not in ready:
            assert select.select([process.stdout], [], [], DEADLINE)[0]
            ready += os.read(process.stdout.fileno(), 65536)
        os.kill(process.pid, signal.SIGTERM)
        os.kill(process.pid, signal.SIGUSR1)
        assert line_of(process)["signal"] == "SIGUSR1"


def test_children(program: str) -> None:
    with started(program, "spawn-orphan", "fork-tree", "3", "hold") as process:
        assert process.stdout is not None
        text = b""
        while text.count(b"\n") < 2:
            assert select.select([process.stdout], [], [], DEADLINE)[0]
            text += os.read(process.stdout.fileno(), 65536)
        orphan, tree = map(json.loads, text.splitlines())
        for pid in [orphan["pid"], *tree["pids"]]:
            os.kill(pid, signal.SIGKILL)  # fails where there is no such process
        assert tree["made"] == 3 and tree["errno"] == "OK"


def test_memory_touches_what_it_is_told(program: str) -> None:
    [found] = ask(program, "memory", 1 << 20)
    assert (found["errno"], found["signal"]) == ("OK", None)


def test_delay_waits_by_the_clock(program: str) -> None:
    before, after = ask(program, "dump", "delay-ms", 30, "dump")
    assert after["clock"]["monotonic"] - before["clock"]["monotonic"] >= 30_000_000


def journal_of(folder: Path) -> Any:
    line = (folder / "journal").read_bytes()
    assert line.endswith(b"\n") and line.count(b"\n") == 1 and len(line) <= 4096
    return json.loads(line)


def test_hook_writes_one_line_beside_the_probe(program: str, tmp_path: Path) -> None:
    (tmp_path / "probe").write_bytes(Path(program).read_bytes())
    (tmp_path / "probe").chmod(0o755)
    (tmp_path / "journal").touch()
    state = b'{"id": "one"}'
    done = run(str(tmp_path / "probe"), "hook", "first", cwd="/", input=state)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    found = journal_of(tmp_path)
    assert (found["kind"], found["name"], found["state"], found["cut"]) == ("hook", "first", state.decode(), False)
    assert (found["cwd"], found["root"], found["env"], found["argv"][1:]) == ("/", "/", ["A=1"], ["hook", "first"])
    assert found["ns"]["mnt"] == os.readlink("/proc/self/ns/mnt")


def test_hook_goes_on_to_the_next_verb(program: str, tmp_path: Path) -> None:
    (tmp_path / "journal").touch()
    env = {"PROCTOR_JOURNAL": str(tmp_path / "journal")}
    assert run(program, "tick", "t", "exit", 3, env=env).returncode == 3
    assert journal_of(tmp_path)["state"] is None


@pytest.mark.parametrize(("variables", "state", "kept"), [(300, 1000, True), (3, 5000, False)])
def test_hook_cuts_what_is_too_long(program: str, tmp_path: Path, variables: int, state: int, kept: bool) -> None:
    (tmp_path / "journal").touch()
    env = {"PROCTOR_JOURNAL": str(tmp_path / "journal"), **{f"V{n}": "x" * 50 for n in range(variables)}}
    assert run(program, "hook", "long", env=env, input=b"s" * state).returncode == 0
    found = journal_of(tmp_path)
    assert found["cut"] is True
    assert found["state"] == ("s" * state if kept else None)


@pytest.mark.parametrize("readers", [0, 1])
def test_a_journal_nobody_reads_is_an_error_and_no_hanging(program: str, tmp_path: Path, readers: int) -> None:
    os.mkfifo(tmp_path / "journal")
    reader = [os.open(tmp_path / "journal", os.O_RDONLY | os.O_NONBLOCK) for _ in range(readers)]
    done = run(program, "hook", "one", env={"PROCTOR_JOURNAL": str(tmp_path / "journal")})
    assert done.returncode == (0 if readers else 65)
    for fd in reader:
        assert json.loads(os.read(fd, 8192))["name"] == "one"
        os.close(fd)


def test_many_hooks_at_once_leave_whole_lines(program: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "journal")
    fd = os.open(tmp_path / "journal", os.O_RDONLY | os.O_NONBLOCK)
    env = {"PROCTOR_JOURNAL": str(tmp_path / "journal")}
    words = [word for n in range(10) for word in ("tick", f"{'n' * 100}{n}")]
    processes = [subprocess.Popen([program, *words], env=env) for _ in range(8)]
    text = b""
    while text.count(b"\n") < 80:
        assert select.select([fd], [], [], DEADLINE)[0]
        text += os.read(fd, 65536)
    assert [process.wait(DEADLINE) for process in processes] == [0] * 8
    os.close(fd)
    lines = [json.loads(line) for line in text.splitlines()]
    assert len({(line["pid"], line["name"]) for line in lines}) == 80


def test_closed_streams_do_not_stop_it(program: str) -> None:
    script = f"exec {program} dump exit 4 0<&- 1>&- 2>&-"
    assert subprocess.run(["sh", "-c", script], timeout=DEADLINE).returncode == 4


def test_net_lists_the_loopback(program: str) -> None:
    [found] = ask(program, "net")
    assert found["interfaces"]["lo"]["index"] == 1
