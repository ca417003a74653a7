"""Runtimes: how one is found, recognised by its own words, refused with one clear sentence, and called."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from conformance.runtimes import ADAPTERS, FALLBACK, Runtime, RuntimeUnusable, recognise, resolve
from conformance.runtimes.ask import FLOOD, ask
from conformance.runtimes.base import QUIRKS, Adapter, comparable
from conformance.runtimes.log import MOST_ENTRIES, entries

Fake = Callable[..., Path]


@pytest.fixture
def fake(tmp_path: Path) -> Fake:
    """Writes a runtime in sh; `version` answers --version, `features` the operation of that name."""

    def write(version: str = "echo runc version 1.1.5", features: str = "exit 1", name: str = "fake", mode: int = 0o755) -> Path:
        path = tmp_path / name
        path.write_text(f"#!/bin/sh\nfor word; do case $word in\n--version) {version}; exit;;\nfeatures) {features}; exit;;\nesac; done\n")
        path.chmod(mode)
        return path

    return write


RUNC = "printf 'runc version 1.1.5+ds1\\ncommit: x\\nspec: 1.0.2-dev\\ngo: go1.19.8\\n'"
CRUN = "printf 'crun version 1.8.1\\ncommit: f8a\\nrundir: /run/crun\\nspec: 1.0.0\\n+SYSTEMD\\n'"
YOUKI = "printf 'youki version 0.5.3\\ncommit: 0.5.3-0-abc\\n'"
RUNSC = "printf 'runsc version release-20240401.0\\nspec: 1.1.0-rc.1\\n'"
REFERENCE = "printf 'runtime-ref version 0.1.0\\nspec: 1.3.0\\n'"


@pytest.mark.parametrize(
    ("says", "adapter", "version", "spec_max"),
    [
        (RUNC, "runc", "1.1.5+ds1", "1.0.2-dev"),
        (CRUN, "crun", "1.8.1", "1.1.0"),
        (CRUN.replace("1.8.1", "1.14"), "crun", "1.14", None),
        (YOUKI, "youki", "0.5.3", None),
        (RUNSC, "runsc", "release-20240401.0", "1.1.0-rc.1"),
        (REFERENCE, "reference", "0.1.0", "1.3.0"),
        ("echo nobody 7.3-x", "runc", "7.3-x", None),
        ("echo hello", "runc", "unknown", None),
        (":", "runc", "unknown", None),
        ("echo 'false (GNU coreutils) 9.1'; exit 1", "runc", "9.1", None),
    ],
)
def test_a_runtime_is_recognised_by_its_version_output(fake: Fake, says: str, adapter: str, version: str, spec_max: str | None) -> None:
    path = fake(says)
    runtime = recognise(path)
    assert (runtime.adapter.name, runtime.version, runtime.spec_max) == (adapter, version, spec_max)
    assert runtime.name == "fake" and runtime.path == path and runtime.argv == (str(path),)
    assert runtime.features is None and runtime.spec_min is None
    assert runtime.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_features_document_goes_before_the_version_output(fake: Fake) -> None:
    document = '{"ociVersionMin": "1.0.0", "ociVersionMax": "1.2.1", "hooks": ["prestart"]}'
    runtime = recognise(fake(RUNC, f"echo '{document}'"), name="new")
    assert (runtime.name, runtime.spec_min, runtime.spec_max) == ("new", "1.0.0", "1.2.1")
    assert runtime.features is not None and runtime.features["hooks"] == ["prestart"]
    assert runtime.header() == {
        "name": "new",
        "path": str(runtime.path),
        "version": "1.1.5+ds1",
        "sha256": runtime.sha256,
        "spec_min": "1.0.0",
        "spec_max": "1.2.1",
        "adapter": "runc",
    }


@pytest.mark.parametrize(
    "features",
    [
        "echo no json",
        "echo '[1]'",
        "echo '{}'; exit 1",
        "kill -9 $$",
        "printf '\\377\\376{'",
        "head -c 2000000 /dev/zero",
    ],
)
def test_a_broken_features_operation_is_as_good_as_none(fake: Fake, features: str) -> None:
    runtime = recognise(fake(RUNC, features))
    assert runtime.features is None and runtime.spec_max == "1.0.2-dev"


def test_a_features_operation_that_hangs_is_as_good_as_none(fake: Fake) -> None:
    assert recognise(fake(RUNC, "exec tail -f /dev/null"), timeout=3).features is None


def test_an_incomplete_features_document_states_no_range(fake: Fake) -> None:
    runtime = recognise(fake(RUNC, """echo '{"ociVersionMin": 1}'"""))
    assert runtime.features == {"ociVersionMin": 1}
    assert (runtime.spec_min, runtime.spec_max) == (None, "1.0.2-dev")


def test_a_claim_that_is_no_version_is_none(fake: Fake) -> None:
    runtime = recognise(fake("printf 'runc version 1.0\\nspec: banana\\n'", """echo '{"ociVersionMin": "1", "ociVersionMax": "x"}'"""))
    assert (runtime.spec_min, runtime.spec_max) == (None, None)


@pytest.mark.parametrize(
    ("says", "fault"),
    [
        ("exec tail -f /dev/null", "did not end in time"),
        ("exec yes", "wrote more than a mebibyte"),
        ("exec yes >&2", "wrote more than a mebibyte"),
        ("kill -SEGV $$", "was ended by SIGSEGV"),
        ("printf '\\377\\376\\001'", "bytes that are no text"),
        ("printf 'runc version 1.0\\000'", "bytes that are no text"),
    ],
)
def test_a_binary_that_misbehaves_is_refused(fake: Fake, says: str, fault: str) -> None:
    path = fake(says)
    with pytest.raises(RuntimeUnusable, match=fault) as caught:
        recognise(path, timeout=2 if "time" in fault else 60)
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)


def test_a_file_that_cannot_be_called_is_refused(fake: Fake, tmp_path: Path) -> None:
    def refused(path: Path, fault: str) -> None:
        with pytest.raises(RuntimeUnusable, match=fault):
            recognise(path)

    refused(tmp_path / "absent", "absent: no such file")
    refused(tmp_path, "not a file")
    refused(fake(mode=0o644), "not executable")
    (tmp_path / "link").symlink_to("nowhere")
    refused(tmp_path / "link", "a link that leads nowhere")
    (tmp_path / "text").write_text("hello\n")
    (tmp_path / "text").chmod(0o755)
    refused(tmp_path / "text", "neither a program for this machine nor a script")
    (tmp_path / "script").write_text("#!/no/such/interpreter\n")
    (tmp_path / "script").chmod(0o755)
    refused(tmp_path / "script", "its interpreter .* is missing")


def test_what_a_binary_leaves_behind_does_not_hold_us_up(fake: Fake, tmp_path: Path) -> None:
    path = fake(f"tail -f /dev/null & echo $! > {tmp_path}/pid; echo crun version 1.8.1")
    assert recognise(path, timeout=60).version == "1.8.1"
    pid = int((tmp_path / "pid").read_text())
    assert not _lives(pid), "the child in its process group must be ended with it"


def _lives(pid: int) -> bool:
    """Whether it still runs: a killed one that nobody has collected yet does not."""
    try:
        fd = os.pidfd_open(pid)
    except ProcessLookupError:
        return False
    try:
        import select

        return not select.select([fd], [], [], 20)[0]
    finally:
        os.close(fd)


def test_runtime_arguments_and_environment_reach_every_call(fake: Fake, tmp_path: Path) -> None:
    path = fake(f'echo "$MARK $*" > {tmp_path}/version; {RUNC}', f'echo "$MARK $*" > {tmp_path}/features')
    runtime = recognise(path, extra_args=["--debug", "--x=1"], env={"MARK": "here"})
    assert (tmp_path / "version").read_text() == "here --debug --x=1 --version\n"
    assert (tmp_path / "features").read_text() == "here --debug --x=1 features\n"
    assert runtime.command("start", [], ["id"], root="/r")[:3] == [str(path), "--debug", "--x=1"]


def test_the_command_line(fake: Fake) -> None:
    runtime = recognise(fake(RUNC))
    assert runtime.command("create", ["--bundle", "/b", "--pid-file", "/p"], ["id"], root="/r", log="/l") == [
        *[str(runtime.path), "--root", "/r", "--log", "/l", "--log-format", "json"],
        *["create", "--bundle", "/b", "--pid-file", "/p", "id"],
    ]
    assert runtime.command("kill", [], ["id", "TERM"], root="/r") == [
        str(runtime.path),
        "--root",
        "/r",
        "kill",
        "id",
        "TERM",
    ]


def test_an_adapter_translates_words(fake: Fake) -> None:
    adapter = Adapter(
        name="x",
        first_line="x",
        globals=("-r={root}",),
        log_options=(),
        verbs={"ps": "container ps"},
        renamed={"--pid-file": "-p"},
    )
    assert adapter.command("ps", ["--pid-file", "f"], ["i"], root="/r", log="/l") == [
        "-r=/r",
        "container",
        "ps",
        "-p",
        "f",
        "i",
    ]


def test_adapters_hold_known_words_only() -> None:
    assert len({adapter.name for adapter in ADAPTERS}) == len(ADAPTERS) and FALLBACK in ADAPTERS
    with pytest.raises(ValueError, match="x: unknown words strange"):
        Adapter(name="x", first_line="x", quirks=frozenset({"strange"}))
    with pytest.raises(ValueError, match="create"):
        Adapter(name="x", first_line="x", absent=frozenset({"create"}))


def test_quirks_and_limits_are_asked_of_the_runtime(fake: Fake) -> None:
    crun, runc = recognise(fake(CRUN)), recognise(fake(RUNC, name="other"))
    assert crun.has("version-understates-spec") and not runc.has("version-understates-spec")
    assert crun.lacks("events") and not runc.lacks("events")
    assert crun.takes("1.0.2") and crun.takes("1.1.0") and not crun.takes("1.2.0")
    assert runc.takes("1.3.0")
    with pytest.raises(KeyError):
        crun.has("no such quirk")
    assert all(why for why in QUIRKS.values())


@pytest.mark.parametrize(
    ("version", "same"),
    [
        ("1.1.5+ds1", "1.1.5"),
        ("1.8.1", "1.8.1"),
        ("1.0.0-rc93", "1.0.0rc93"),
        ("1.2.0-rc.1", "1.2.0rc1"),
        ("release-20240401.0", "20240401.0"),
        ("1.8.1.0.0.0.23-3856-dirty", "1.8.1.0.0.0.23"),
        ("v1.3.6", "1.3.6"),
        ("unknown", None),
        ("", None),
    ],
)
def test_versions_can_be_compared(version: str, same: str | None) -> None:
    found = comparable(version)
    assert (str(found) if found else None) == same


def test_resolve(monkeypatch: pytest.MonkeyPatch, fake: Fake, tmp_path: Path) -> None:
    path = fake(name="myrun")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert resolve("myrun") == ("myrun", path)
    assert resolve("./myrun") == ("myrun", path)
    assert resolve(str(path)) == ("myrun", path)
    assert resolve("other=myrun") == ("other", path)
    assert resolve(f"other-1.2={path}") == ("other-1.2", path)
    assert resolve("/opt/a=b/runc") == ("runc", Path("/opt/a=b/runc"))


@pytest.mark.parametrize(
    ("option", "fault"),
    [
        ("", "is needed"),
        ("no-such-runtime", "no no-such-runtime on PATH"),
        ("x=", "is needed"),
        ("=x", "a name is made of"),
        ("a b=/bin/true", "a name is made of"),
    ],
)
def test_resolve_refuses(option: str, fault: str) -> None:
    with pytest.raises(RuntimeUnusable, match=fault):
        resolve(option)


def test_the_reference_lies_beside_the_interpreter(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    with pytest.raises(RuntimeUnusable, match="make setup"):
        resolve("reference")
    (tmp_path / "runtime-ref").touch()
    assert resolve("reference") == ("reference", tmp_path / "runtime-ref")
    assert resolve("mine=reference") == ("mine", tmp_path / "runtime-ref")


def test_a_runtime_is_frozen(fake: Fake) -> None:
    runtime = recognise(fake())
    assert isinstance(runtime, Runtime)
    with pytest.raises(AttributeError):
        runtime.name = "x"  # type: ignore[misc]


def test_ask_keeps_both_streams_and_no_more_than_a_flood() -> None:
    answer = ask(["/bin/sh", "-c", "echo out; echo err >&2; exit 7"], {"PATH": os.environ["PATH"]}, 60)
    assert (answer.exit, answer.signal, answer.stdout, answer.stderr) == (7, None, b"out\n", b"err\n")
    flood = ask(["/bin/sh", "-c", "exec head -c 5000000 /dev/zero"], {"PATH": os.environ["PATH"]}, 60)
    assert flood.flooded and flood.exit is None and len(flood.stdout) == FLOOD


def test_ask_leaks_no_descriptor() -> None:
    before = len(os.listdir("/proc/self/fd"))
    ask(["/bin/true"], {}, 60)
    with pytest.raises(FileNotFoundError):
        ask(["/no/such/program"], {}, 60)
    assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ('{"level":"error","msg":"no","time":"t"}\n', [("error", "no", "t")]),
        ('{"msg":"a","level":"WARNING"}{"msg":"b"}', [("warning", "a", None), (None, "b", None)]),
        ('{\n "msg": "over\\nlines",\n "level": "error"\n}\n\n', [("error", "over\nlines", None)]),
        ('{"msg":"raw\nbreak","level":"error"}', [("error", "raw\nbreak", None)]),
        (
            '{"timestamp":"t","level":"ERROR","fields":{"message":"nested"},"target":"youki"}',
            [("error", "nested", "t")],
        ),
        ('time="t" level=error msg="said \\"no\\""', [("error", 'said "no"', "t")]),
        ("plain words\n\nmore", [(None, "plain words", None), (None, "more", None)]),
        ('{"msg": "cut', [(None, '{"msg": "cut', None)]),
        ('W0401 mixed\n{"msg":"x"}', [(None, "W0401 mixed", None), (None, "x", None)]),
        ('{"other": 1}', [(None, '{"other": 1}', None)]),
        ('{"msg": 5, "level": null}', [(None, "5", None)]),
        ("[1, 2]", [(None, "[1, 2]", None)]),
    ],
)
def test_log_entries(text: str, expected: list[tuple[str | None, str, str | None]]) -> None:
    found = FALLBACK.log_entries(text)
    assert [(e["level"], e["msg"], e["time"]) for e in found] == expected


def test_log_entries_survive_hostile_text() -> None:
    assert len(entries('{"msg":' + "[" * 100_000)) == 1
    assert len(entries("{}\n" * (MOST_ENTRIES * 2))) == MOST_ENTRIES
