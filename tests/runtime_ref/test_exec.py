"""`exec`: another program with the container's namespaces, cgroup, rights and limits, and nothing of the host's."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.runtime_ref.reference import Reference

HELD: dict[str, Any] = {"process": {"args": ["/probe", "pause"]}}


@pytest.fixture
def reference(tmp_path: Path) -> Iterator[Reference]:
    made = Reference(tmp_path)
    yield made
    made.end()


def running(reference: Reference, *patches: dict[str, Any]) -> str:
    """A container whose program waits."""
    bundle, ident = reference.bundle(HELD, *patches), reference.ident()
    reference.create(bundle, ident)
    reference.ok("start", ident)
    return ident


def dump(reference: Reference, ident: str, *options: str) -> dict[str, Any]:
    """What the probe sees when it is the program of an exec."""
    document: dict[str, Any] = json.loads(reference.ok("exec", *options, ident, "/probe", "dump").splitlines()[0])
    return document


def test_it_is_in_the_container(reference: Reference) -> None:
    ident = running(reference, {"linux": {"namespaces": [{"type": t} for t in ("pid", "mount", "ipc", "uts", "network", "cgroup")]}})
    pid = reference.state(ident)["pid"]
    seen = dump(reference, ident)
    for name in ("pid", "mnt", "ipc", "uts", "net", "cgroup"):
        assert seen["ns"][name] == os.readlink(f"/proc/{pid}/ns/{name}"), name
    assert seen["hostname"] == "proctor"
    assert seen["pid"] > 1
    assert seen["exe"] == "/probe"
    assert {line.split(":")[2] for line in seen["files"]["cgroup"].splitlines()} == {"/"}


def test_options_change_the_process(reference: Reference) -> None:
    ident = running(reference)
    seen = dump(reference, ident, "--user", "5:6", "--additional-gids", "7", "--env", "A=1", "--env", "B=2", "--cwd", "/tmp", "--cap", "CAP_CHOWN")
    assert (seen["uid"], seen["gid"], seen["groups"]) == ([5] * 4, [6] * 4, [7])
    assert {"A=1", "B=2"} <= set(seen["env"])
    assert seen["cwd"] == "/tmp"
    assert int(seen["caps"]["effective"], 16) & 1


def test_without_a_umask_of_its_own_it_has_the_callers(reference: Reference) -> None:
    ident = running(reference)

    def careful() -> None:
        os.umask(0o027)

    reference.become = careful
    assert dump(reference, ident)["umask"] == 0o027


def test_a_process_of_a_file(reference: Reference) -> None:
    ident = running(reference)
    process = {
        "args": ["/probe", "dump"],
        "cwd": "/",
        "env": ["ONLY=this"],
        "user": {"uid": 3, "gid": 4},
        "rlimits": [{"type": "RLIMIT_CORE", "soft": 1, "hard": 2}],
    }
    (reference.folder / "process.json").write_text(json.dumps(process))
    seen = json.loads(reference.ok("exec", "--process", "process.json", ident).splitlines()[0])
    assert (seen["env"], seen["uid"][0], seen["rlimits"]["RLIMIT_CORE"]) == (["ONLY=this"], 3, [1, 2])


def test_the_exit_code_is_the_programs(reference: Reference) -> None:
    ident = running(reference)
    assert reference.call("exec", ident, "/probe", "exit", "7").returncode == 7
    assert reference.call("exec", ident, "/probe", "raise", "SIGKILL").returncode == 137
    done = reference.call("exec", ident, "/no-such-program")
    assert done.returncode == 1 and "process.args[0]" in done.stderr


def test_it_inherits_no_descriptor_of_the_runtime(reference: Reference) -> None:
    seen = dump(reference, running(reference))
    assert set(seen["fds"]) <= {"0", "1", "2"}


def test_a_working_directory_by_a_descriptor_is_refused(reference: Reference) -> None:
    ident = running(reference)
    for fd in range(3, 12):
        done = reference.call("exec", "--cwd", f"/proc/self/fd/{fd}", ident, "/probe", "dump")
        assert done.returncode == 1, done.stdout
        assert "process.cwd" in done.stderr


def test_in_a_user_namespace(reference: Reference) -> None:
    maps = {"uidMappings": [{"containerID": 0, "hostID": 100000, "size": 65536}], "gidMappings": [{"containerID": 0, "hostID": 100000, "size": 65536}]}
    for folder in (reference.folder, *list(reference.folder.parents)[:-2]):
        if os.stat(folder).st_mode & 0o005 != 0o005:
            os.chmod(folder, os.stat(folder).st_mode | 0o005)
    ident = running(reference, {"linux": {"namespaces": [{"type": t} for t in ("pid", "mount", "ipc", "uts", "user")], **maps}})
    seen = dump(reference, ident)
    assert seen["uid"] == [0] * 4
    assert seen["files"]["uid_map"].split() == ["0", "100000", "65536"]


def test_a_paused_or_stopped_container_is_refused(reference: Reference) -> None:
    ident = running(reference)
    reference.ok("pause", ident)
    done = reference.call("exec", ident, "/probe", "dump")
    assert done.returncode == 1 and "paused" in done.stderr
    reference.ok("resume", ident)
    reference.ok("delete", "--force", ident)
    assert "does not exist" in reference.call("exec", ident, "/probe", "dump").stderr


def test_detached_it_has_a_pid_file(reference: Reference) -> None:
    ident = running(reference)
    import subprocess

    subprocess.run(
        reference.words("exec", "--detach", "--pid-file", str(reference.folder / "pid"), ident, "/probe", "pause"),
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True, timeout=120,
    )  # fmt: skip
    pid = int((reference.folder / "pid").read_text())
    assert os.readlink(f"/proc/{pid}/ns/mnt") == os.readlink(f"/proc/{reference.state(ident)['pid']}/ns/mnt")
    assert pid in json.loads(reference.ok("ps", "--format", "json", ident))
