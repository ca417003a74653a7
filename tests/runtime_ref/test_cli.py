"""The command line: what each kind of word is read as, what is refused, and how an error is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from runtime_ref import cli, log, signals
from runtime_ref.errors import ConfigError, RuntimeFault, Usage


def parse(*words: str) -> tuple[cli.Call, dict[str, Any]]:
    """A parsed line and its global options."""
    settings: dict[str, Any] = {}
    return cli.parse(list(words), settings), settings


@pytest.mark.parametrize(
    ("words", "command", "arguments", "options", "settings"),
    [
        (["create", "--bundle", "/b", "c"], "create", ["c"], {"bundle": "/b"}, {}),
        (["create", "--bundle=/b", "c"], "create", ["c"], {"bundle": "/b"}, {}),
        (["create", "-b", "/b", "c"], "create", ["c"], {"bundle": "/b"}, {}),
        (["create", "c", "-b", "/b"], "create", ["c"], {"bundle": "/b"}, {}),
        (["--root", "/r", "--log-format=json", "start", "c"], "start", ["c"], {}, {"root": "/r", "log-format": "json"}),
        (["delete", "--force", "c"], "delete", ["c"], {"force": True}, {}),
        (["delete", "-f", "c"], "delete", ["c"], {"force": True}, {}),
        (["delete", "--force=true", "c"], "delete", ["c"], {"force": True}, {}),
        (["delete", "--force=false", "c"], "delete", ["c"], {}, {}),
        (["kill", "c", "SIGTERM"], "kill", ["c", "SIGTERM"], {}, {}),
        (["kill", "--all", "c", "9"], "kill", ["c", "9"], {"all": True}, {}),
        (["start", "--", "-c"], "start", ["-c"], {}, {}),
        (["exec", "-t", "c", "ls", "-t", "--all"], "exec", ["c", "ls", "-t", "--all"], {"tty": True}, {}),
        (["exec", "c", "--", "ls", "-l"], "exec", ["c", "ls", "-l"], {}, {}),
        (["exec", "--env", "A=1", "-e", "B=2", "c", "x"], "exec", ["c", "x"], {"env": ["A=1", "B=2"]}, {}),
        (["--trace", "run", "c"], "run", ["c"], {}, {"trace": ""}),
        (["--trace=/t", "run", "c"], "run", ["c"], {}, {"trace": "/t"}),
        (["ps", "c", "-ef"], "ps", ["c", "-ef"], {}, {}),
        ([], "help", [], {}, {}),
        (["--version"], "version", [], {}, {"version": True}),
        (["run", "--help"], "help", ["run"], {}, {}),
    ],
)
def test_read(words: list[str], command: str, arguments: list[str], options: dict[str, Any], settings: dict[str, Any]) -> None:
    call, given = parse(*words)
    assert (call.command, call.words, call.options, given) == (command, arguments, options, settings)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["frobnicate"], "unknown command 'frobnicate'"),
        (["start"], "start: ID is missing"),
        (["start", "a", "b"], "'b' is one argument too many"),
        (["kill", "a", "KILL", "x"], "'x' is one argument too many"),
        (["create", "--bundle"], "--bundle needs a value"),
        (["create", "--bundel", "/b", "c"], "unknown option --bundel"),
        (["--rot", "/r", "start", "c"], "unknown option --rot"),
        (["delete", "--force=perhaps", "c"], "--force takes no value"),
        (["delete", "-fv", "c"], "short options stand alone"),
    ],
)
def test_refused(words: list[str], why: str) -> None:
    with pytest.raises(Usage) as caught:
        parse(*words)
    assert why in str(caught.value)


def test_every_command_has_its_function() -> None:
    for name, (_, _, place, what) in cli.COMMANDS.items():
        module, _, function = place.partition(":")
        assert callable(getattr(__import__(f"runtime_ref.{module}", fromlist=[function]), function)), name
        assert what


@pytest.mark.parametrize("name", ["", *cli.COMMANDS])
def test_help_tells_every_option(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    cli.help_command(cli.Call("help", {}, {}, [name] if name else []))
    printed = capsys.readouterr().out
    for option in cli.COMMANDS[name][1] if name else cli.GLOBAL:
        assert f"--{option}" in printed
    assert max(map(len, printed.splitlines())) <= 120


def test_a_number_is_a_number() -> None:
    call, _ = parse("run", "--preserve-fds", "x", "c")
    with pytest.raises(Usage, match="--preserve-fds needs a whole number"):
        cli.number(call, "preserve-fds")
    assert cli.number(parse("run", "c")[0], "preserve-fds") == 0


def test_an_error_in_the_log_is_one_json_object(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = {"log": str(tmp_path / "log"), "log-format": "json"}
    assert log.failed(settings, ConfigError("process.args", 'is "odd"\nand long')) == 1
    entry = json.loads((tmp_path / "log").read_text())
    assert entry["level"] == "error" and entry["where"] == "process.args"
    assert entry["msg"] == 'config.json: process.args: is "odd"\nand long'
    assert entry["time"].endswith("Z")
    assert 'process.args: is "odd"' in capsys.readouterr().err


def test_without_a_file_the_entry_goes_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    assert log.failed({"log-format": "json"}, RuntimeFault("step", "why")) == 1
    assert json.loads(capsys.readouterr().err)["msg"] == "step: why"


def test_a_log_that_cannot_be_written_hides_no_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert log.failed({"log": "/no such folder/log"}, OSError(2, "No such file", "/x")) == 1
    printed = capsys.readouterr().err
    assert "/x: No such file" in printed and "--log /no such folder/log" in printed


def test_a_faulty_line_has_a_code_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    assert log.failed({}, Usage("odd")) == 2
    assert capsys.readouterr().err == "runtime-ref: error: odd\n"


@pytest.mark.parametrize(
    ("word", "number"),
    [
        *(("9", 9), ("KILL", 9), ("SIGKILL", 9), ("sigkill", 9), ("kill", 9), ("HUP", 1), ("64", 64), ("32", 32), ("STKFLT", 16)),
        *(("RTMIN", 34), ("SIGRTMIN+2", 36), ("RTMAX", 64), ("RTMAX-1", 63), ("POLL", 29), ("IO", 29), ("CHLD", 17), ("SYS", 31)),
    ],
)
def test_signals(word: str, number: int) -> None:
    assert signals.number(word) == number


@pytest.mark.parametrize("word", ["", "0", "65", "-9", "+9", "KILLED", "SIG", "RTMIN+31", "RTMIN-1", "RTMAX+1", "_DFL", "DFL", "BLOCK", "9.0", "९"])
def test_words_that_are_no_signal(word: str) -> None:
    with pytest.raises(RuntimeFault, match="is no signal"):
        signals.number(word)
