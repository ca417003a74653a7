"""The operations on a whole container, by the command line: what each does, refuses, and leaves."""

from __future__ import annotations

import json
import os
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest

from conformance import world
from tests.runtime_ref.reference import Reference

HELD = {"process": {"args": ["/probe", "pause"]}}


@pytest.fixture
def reference(tmp_path: Path) -> Iterator[Reference]:
    made = Reference(tmp_path)
    yield made
    made.end()


def test_one_life(reference: Reference) -> None:
    bundle, ident = reference.bundle(HELD), reference.ident()
    reference.create(bundle, ident)
    state = reference.state(ident)
    assert (state["status"], state["id"], state["bundle"]) == ("created", ident, str(bundle))
    assert os.path.exists(f"/proc/{state['pid']}")
    reference.ok("start", ident)
    assert reference.state(ident)["status"] == "running"
    assert reference.call("delete", ident).returncode == 1
    reference.ok("kill", ident, "KILL")
    fd = os.pidfd_open(state["pid"]) if os.path.exists(f"/proc/{state['pid']}") else -1
    if fd >= 0:
        import select

        poll = select.poll()
        poll.register(fd, select.POLLIN)
        assert poll.poll(60_000)
        os.close(fd)
    state = reference.state(ident)
    assert state["status"] == "stopped" and "pid" not in state
    assert reference.call("kill", ident).returncode == 1
    reference.ok("delete", ident)
    assert reference.call("state", ident).returncode == 1
    assert os.listdir(reference.root) == []


def test_an_error_says_what_where_and_why(reference: Reference) -> None:
    bundle = reference.bundle({"process": {"rlimits": [{"type": "RLIMIT_NO", "soft": 1, "hard": 1}]}})
    done = reference.call("--log", "errors", "--log-format", "json", "run", "--bundle", str(bundle), reference.ident())
    assert done.returncode == 1
    assert "process.rlimits[0].type" in done.stderr
    entry = json.loads((reference.folder / "errors").read_text())
    assert entry["level"] == "error" and "process.rlimits[0].type" in entry["msg"]


def test_the_exit_code_is_the_programs(reference: Reference) -> None:
    assert reference.call("run", "--bundle", str(reference.bundle({"process": {"args": ["/probe", "exit", "41"]}})), reference.ident()).returncode == 41


def test_list_and_ps(reference: Reference) -> None:
    assert json.loads(reference.ok("list", "--format", "json")) == []
    bundle, ident = reference.bundle(HELD), reference.ident()
    reference.create(bundle, ident)
    found = json.loads(reference.ok("list", "--format", "json"))
    assert [(c["id"], c["status"]) for c in found] == [(ident, "created")]
    assert reference.ok("list", "--quiet") == f"{ident}\n"
    assert json.loads(reference.ok("ps", "--format", "json", ident)) == [reference.state(ident)["pid"]]
    assert "/probe pause" in reference.ok("ps", ident) or "runtime-ref" in reference.ok("ps", ident)
    assert "created" in reference.ok("list")


def test_a_sample_configuration_is_one_that_runs(reference: Reference) -> None:
    bundle = reference.bundle()
    (bundle / "config.json").unlink()
    reference.ok("spec", "--bundle", str(bundle))
    assert reference.call("spec", "--bundle", str(bundle)).returncode == 1  # never overwritten
    config = json.loads((bundle / "config.json").read_text())
    config["process"].update(terminal=False, args=["/probe", "say", "it runs"])
    (bundle / "config.json").write_text(json.dumps(config))
    assert "it runs" in reference.ok("run", "--bundle", str(bundle), reference.ident())


def test_checkpoint_is_refused_clearly(reference: Reference) -> None:
    done = reference.call("checkpoint", "it")
    assert done.returncode == 1 and "does not offer" in done.stderr


def test_a_pid_file_follows_no_link(reference: Reference) -> None:
    (reference.folder / "victim").write_text("mine")
    (reference.folder / "pid").symlink_to(reference.folder / "victim")
    bundle, ident = reference.bundle(HELD), reference.ident()
    subprocess.run(
        reference.words("create", "--bundle", str(bundle), "--pid-file", str(reference.folder / "pid"), ident),
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True, timeout=120,
    )  # fmt: skip
    assert (reference.folder / "victim").read_text() == "mine"
    assert (reference.folder / "pid").read_text() == str(reference.state(ident)["pid"])


def test_a_create_that_is_killed_can_be_deleted(reference: Reference) -> None:
    bundle, ident = reference.bundle(HELD, {"linux": {"cgroupsPath": f"/ref-{uuid.uuid4().hex[:12]}"}}), reference.ident()
    config = json.loads((bundle / "config.json").read_text())
    config["hooks"] = {"createRuntime": [{"path": "/bin/sh", "args": ["sh", "-c", "kill -9 $PPID"]}]}
    (bundle / "config.json").write_text(json.dumps(config))
    done = reference.call("create", "--bundle", str(bundle), ident)
    assert done.returncode == -9
    record = json.loads((reference.root / ident / "state.json").read_text())
    assert reference.call("start", ident).returncode == 1
    reference.ok("delete", "--force", ident)
    assert os.listdir(reference.root) == []
    assert world.cgroups_left(config["linux"]["cgroupsPath"]) == []
    assert not os.path.exists(f"/proc/{record['pid']}/ns/mnt")  # gone, or a zombie that init has yet to collect


def test_run_carries_a_terminal(reference: Reference) -> None:
    bundle = reference.bundle({"process": {"terminal": True, "args": ["/probe", "isatty", "winsize", "wait-line"]}})
    terminal = pexpect.spawn(str(reference.launcher), reference.words("run", "--bundle", str(bundle), reference.ident())[1:], timeout=60, dimensions=(33, 77))
    terminal.expect('"rows": ?33')
    terminal.expect('"cols": ?77')
    terminal.sendline("typed by a person")
    terminal.expect('"text": ?"typed by a person"')
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == 0


def test_closed_standard_descriptors_are_not_taken_for_the_runtimes_own(reference: Reference) -> None:
    bundle, ident = reference.bundle(HELD), reference.ident()
    command = 'exec "$@" <&- >&- 2>&-'
    words = ["sh", "-c", command, "sh"]
    subprocess.run([*words, *reference.words("create", "--bundle", str(bundle), ident)], check=True, timeout=120)
    pid = reference.state(ident)["pid"]
    assert {os.readlink(f"/proc/{pid}/fd/{fd}") for fd in range(3)} == {"/dev/null"}  # the lock of the record was among them
    for words_of in (("start", ident), ("list",), ("exec", ident, "/probe", "exit", "0"), ("kill", ident, "KILL")):
        subprocess.run([*words, *reference.words(*words_of)], check=True, timeout=120)
    done = subprocess.run([*words, *reference.words("create", "--bundle", "/nowhere", reference.ident())], timeout=120, check=False)
    assert done.returncode == 1


def test_a_start_that_is_killed_leaves_what_the_program_is(reference: Reference) -> None:
    bundle, ident = reference.bundle(HELD), reference.ident()
    reference.create(bundle, ident)
    record = reference.root / ident / "state.json"
    before = record.read_text()
    reference.ok("start", ident)
    record.write_text(before)  # as if `start` had been killed right after the first process took its call
    assert reference.state(ident)["status"] == "running"
    done = reference.call("start", ident)
    assert done.returncode == 1 and "is running, not created" in done.stderr
    reference.ok("pause", ident)
    assert reference.state(ident)["status"] == "paused"
    reference.ok("resume", ident)


def test_what_a_create_killed_at_once_left_can_be_killed_and_deleted(reference: Reference) -> None:
    ident = reference.ident()
    (reference.root / ident).mkdir()
    assert reference.state(ident)["status"] == "stopped"
    reference.ok("kill", "--all", ident, "KILL")
    reference.ok("delete", ident)
    assert os.listdir(reference.root) == []
