"""How far a run is: in a log a line every tenth, on a terminal one line rewritten, nothing with -v or -q."""

import io
from types import SimpleNamespace

import pytest

from conformance.live import Live


def _reporter(*, tty: bool = False, verbosity: int = 0) -> tuple[SimpleNamespace, io.StringIO]:
    out = io.StringIO()
    writer = SimpleNamespace(fullwidth=60, write=lambda text, flush=False: out.write(text))
    return SimpleNamespace(isatty=tty, verbosity=verbosity, _tw=writer, write_line=lambda text: out.write(text + "\n")), out


def _run(reporter: SimpleNamespace, total: int, failed: int = 0) -> Live:
    live = Live(reporter, ["one"])
    live.total = total
    for number in range(total):
        live.tell({"verdict": "FAIL" if number < failed else "PASS", "runtime": "one"})
    live.end()
    return live


@pytest.mark.parametrize(("total", "lines"), [(1, 1), (3, 3), (10, 10), (87, 10), (20_000, 10)])
def test_a_log_gets_at_most_ten_lines_and_the_last_tells_of_all(total: int, lines: int) -> None:
    reporter, out = _reporter()
    _run(reporter, total, failed=1)
    told = out.getvalue().splitlines()
    assert len(told) == lines
    assert told[-1].startswith(f"{total}/{total}  ")
    assert told[-1].endswith("one 1 failed")
    assert "\r" not in out.getvalue()


def test_in_ci_a_terminal_is_a_log(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    reporter, out = _reporter(tty=True)
    _run(reporter, 20)
    assert len(out.getvalue().splitlines()) == 10
    assert "\r" not in out.getvalue()


def test_a_terminal_has_one_line_that_is_rewritten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    reporter, out = _reporter(tty=True)
    _run(reporter, 50, failed=2)
    text = out.getvalue()
    assert text.count("\n") == 1
    assert text.endswith("\n")
    last = text.rstrip("\n").rpartition("\r")[2]
    assert last.rstrip().startswith("50/50")
    assert "one 2 failed" in last
    assert len(last) == 59


@pytest.mark.parametrize("verbosity", [-1, 1])
def test_quiet_and_verbose_keep_pytests_own(verbosity: int) -> None:
    reporter, out = _reporter(verbosity=verbosity)
    live = _run(reporter, 50)
    assert not live.on
    assert out.getvalue() == ""
    assert live.done == 50


def test_how_many_there_will_be_is_not_known_yet() -> None:
    reporter, out = _reporter()
    live = Live(reporter, ["one"])
    live.tell({"verdict": "PASS", "runtime": "one"})
    assert out.getvalue() == ""
