"""The live line: on a terminal one line that is rewritten, elsewhere nothing."""

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


@pytest.mark.parametrize("terminal", [Terminal(tty=False), Terminal(verbosity=1), Terminal(verbosity=-1)])
def test_elsewhere_nothing_is_written_and_pytests_own_marks_stay(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    assert not _run(terminal).on
    assert terminal.written == ""


def test_in_ci_nothing_is_rewritten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    terminal = Terminal()
    _run(terminal)
    assert terminal.written == ""
