"""The live line: on a terminal one line that is rewritten, in a log a line for every tenth."""

from typing import Any

import pytest

from conformance.live import Live


class Terminal:
    """What the line needs of pytest's reporter and its writer."""

    fullwidth = 80

    def __init__(self, *, tty: bool = True, verbosity: int = 0) -> None:
        self.isatty, self.verbosity, self.written = tty, verbosity, ""
        self._tw = self

    def write(self, text: str, **_: Any) -> None:
        self.written += text

    def write_line(self, text: str) -> None:
        self.written += text + "\n"


def _run(terminal: Terminal) -> Live:
    live = Live(terminal, ["runc", "crun"])
    live.total = 3
    for runtime, verdict in (("runc", "PASS"), ("crun", "FAIL"), ("crun", "PASS")):
        live.tell({"runtime": runtime, "verdict": verdict})
    live.end()
    return live


def test_on_a_terminal_the_last_state_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    terminal = Terminal()
    _run(terminal)
    lines = terminal.written.split("\r")
    assert all(len(line.rstrip("\n")) <= 79 for line in lines)
    assert lines[-1].rstrip().endswith("runc 0 failed  crun 1 failed") and lines[-1].startswith("3/3  0:0")
    assert terminal.written.endswith("\n")


@pytest.mark.parametrize("verbosity", [1, -1])
def test_with_v_or_q_nothing_is_written_and_pytests_own_marks_stay(verbosity: int) -> None:
    terminal = Terminal(verbosity=verbosity)
    _run(terminal)
    assert terminal.written == ""


@pytest.mark.parametrize(("tty", "ci"), [(False, False), (True, True)])
def test_in_a_log_each_tenth_is_told_and_nothing_is_rewritten(tty: bool, ci: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    if ci:
        monkeypatch.setenv("CI", "true")
    terminal = Terminal(tty=tty)
    live = Live(terminal, ["runc"])
    live.total = 100
    for _ in range(100):
        live.tell({"runtime": "runc", "verdict": "PASS"})
    live.end()
    assert [line.partition("/")[0] for line in terminal.written.splitlines()] == [str(n) for n in range(10, 101, 10)]
    assert "\r" not in terminal.written
