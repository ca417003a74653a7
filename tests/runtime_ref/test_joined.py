"""Attacks from inside namespaces that a container joins or shares: on its first process, before that has become the program, and on
the files that the runtime finds there. Each once more on a copy of the runtime without the measure.
"""

from __future__ import annotations

import ctypes
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.runtime_ref.test_escape import Runtime, bundle
from tests.runtime_ref.test_security import without
from tests.runtime_ref.within import REPO

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="the attacks start from root in a container")

LOOKED_IN = 3
# A hook, as it runs while the first process waits with the host's root: it goes where a process of the container would be.
LOOK = f"""
import ctypes, json, os, sys
pid = json.load(sys.stdin)["pid"]
fd = os.open(f"/proc/{{sys.argv[1]}}/ns/user", os.O_RDONLY)
assert ctypes.CDLL(None).setns(fd, 0) == 0
try:
    os.listdir(f"/proc/{{pid}}/root")
except PermissionError:
    sys.exit(0)
sys.exit({LOOKED_IN})
"""
SAME = [{"containerID": 0, "hostID": 0, "size": 65536}]
PTRACE_SEIZE = 0x4206
DUMPABLE = (
    ("launch.py", "    if os.geteuid() == 0:\n", "    if False:\n"),
    ("launch.py", "        k.prctl(c.PR_SET_DUMPABLE, 0)\n        sys.meta_path", "        sys.meta_path"),
    ("init.py", "        k.prctl(c.PR_SET_DUMPABLE, 0)", "        pass"),
)


class Pair:
    """A container that runs, with bundles for others that join it."""

    def __init__(self, tmp_path: Path, package: Path, *kinds: str) -> None:
        self.package = package
        self.folder = tmp_path / "holder"
        self.folder.mkdir()
        self.runtime = Runtime(self.folder)
        linux: dict[str, Any] = {"namespaces": [{"type": kind} for kind in kinds]}
        if "user" in kinds:
            linux |= {"uidMappings": SAME, "gidMappings": SAME}
        self.bundle = bundle(self.folder, {"process": {"args": ["/probe", "pause"]}, "linux": linux})

    def __enter__(self) -> Pair:
        try:
            for words in (("create", "--bundle", str(self.bundle)), ("start",)):
                done = self.runtime(*words)
                assert done.returncode == 0, done.stderr
            self.pid = json.loads(self.runtime("state").stdout)["pid"]
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        assert self.runtime("delete", "--force").returncode == 0

    def victim(self, where: Path, joins: tuple[str, ...], news: tuple[str, ...], *patches: dict[str, Any]) -> tuple[Runtime, Path]:
        """A runtime without the measure, or with it, and a bundle that joins namespaces of the running container."""
        files = {"mount": "mnt", "network": "net"}
        entries = [{"type": kind, "path": f"/proc/{self.pid}/ns/{files.get(kind, kind)}"} for kind in joins]
        linux = {"namespaces": entries + [{"type": kind} for kind in news]}
        return Runtime(where, self.package), bundle(where, {"linux": linux}, *patches)


def look_into(tmp_path: Path, package: Path) -> subprocess.CompletedProcess[str]:
    """Runs a container in the user and pid namespace of another, from where somebody looks into its first process."""
    with Pair(tmp_path, package, "user", "pid", "mount", "ipc", "uts") as pair:
        hook = {"path": sys.executable, "args": ["python", "-ISc", LOOK, str(pair.pid)]}
        patch = {"process": {"args": ["/probe", "say", "it runs"]}, "hooks": {"createRuntime": [hook]}}
        runtime, where = pair.victim(tmp_path, ("user", "pid"), ("mount", "ipc", "uts"), patch)
        return runtime("run", "--bundle", str(where))


def test_nobody_in_a_joined_user_namespace_looks_in(tmp_path: Path) -> None:
    done = look_into(tmp_path, REPO)
    assert (done.returncode, done.stdout) == (0, "it runs\n"), done.stderr


def test_nobody_in_a_joined_user_namespace_looks_in_needs_its_measure(tmp_path: Path) -> None:
    assert f"exit code {LOOKED_IN}" in look_into(tmp_path, without(tmp_path, *DUMPABLE)).stderr


def traced_before_its_filter(tmp_path: Path, package: Path) -> bool:
    """Whether a process with no rights but the same user, as another container has it, takes over one that waits for `start`."""
    from runtime_ref.kernel import sys as k

    runtime, where = Runtime(tmp_path, package), bundle(tmp_path, {"process": {"capabilities": None}})
    made = runtime("create", "--bundle", str(where))
    assert made.returncode == 0, made.stderr
    try:
        victim = json.loads(runtime("state").stdout)["pid"]
        child = os.fork()
        if not child:
            k.capset(0, 0, 0)
            os._exit(ctypes.CDLL(None).ptrace(PTRACE_SEIZE, victim, 0, 0) == 0)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 1
    finally:
        assert runtime("delete", "--force").returncode == 0


def test_nobody_takes_over_what_waits(tmp_path: Path) -> None:
    assert traced_before_its_filter(tmp_path, REPO) is False


def test_nobody_takes_over_what_waits_needs_its_measure(tmp_path: Path) -> None:
    assert traced_before_its_filter(tmp_path, without(tmp_path, *DUMPABLE)) is True


# A module that the runtime imports after it has joined a mount namespace would come from there.

NO_CODE = (
    ("launch.py", "        sys.meta_path.clear()\n        for join", "        for join"),
    ("rootfs.py", "procfs.unescaped(os.fsdecode(fields[4]))", 'fields[4].decode("unicode_escape")'),  # a codec is a module too
)


def module_of_a_joined_namespace(tmp_path: Path, package: Path) -> tuple[bool, subprocess.CompletedProcess[str]]:
    """Whether the runtime runs a module that the image of the joined container brings."""
    with Pair(tmp_path, package, "mount", "pid", "uts") as pair:
        runtime, where = pair.victim(tmp_path, ("mount", "pid"), ("ipc", "uts"), {"linux": {"rootfsPropagation": "shared"}})
        image = pair.bundle / "rootfs"
        (image / str(where / "rootfs")[1:]).mkdir(parents=True)
        library = str(tmp_path / "python/lib" / os.path.basename(os.path.dirname(os.__file__)) / "encodings")  # of the copied interpreter
        (image / library[1:]).mkdir(parents=True)
        (image / library[1:] / "unicode_escape.py").write_text("open('/owned', 'w').close()\n")
        done = runtime("run", "--bundle", str(where))
        return (image / "owned").exists(), done


def test_no_module_of_a_joined_namespace_is_run(tmp_path: Path) -> None:
    owned, done = module_of_a_joined_namespace(tmp_path, REPO)
    assert not owned and done.returncode, done


def test_no_module_of_a_joined_namespace_is_run_needs_its_measure(tmp_path: Path) -> None:
    owned, done = module_of_a_joined_namespace(tmp_path, without(tmp_path, *NO_CODE))
    assert owned, done


# A keyring that has the container's name already, and lets everybody search it.

NAMED = (
    "kernel/sys.py",
    'return _call("keyctl", c.KEYCTL_JOIN_SESSION_KEYRING, 0)',
    'return _call("keyctl", c.KEYCTL_JOIN_SESSION_KEYRING, _text(posix.environ[b"NAME"]).at)',
)
SETPERM, EVERYTHING = 5, 0x3F3F003F


def joins_a_keyring(tmp_path: Path, package: Path) -> bool:
    """Whether the container comes into the session keyring that somebody has prepared for it."""
    from runtime_ref.kernel import const as c
    from runtime_ref.kernel import sys as k

    runtime, where = Runtime(tmp_path, package), bundle(tmp_path, {"process": {"args": ["/probe", "pause"]}})
    told, tell = os.pipe()
    end, keep = os.pipe()
    child = os.fork()
    if not child:  # a session keyring is for good
        os.close(keep)
        name = ctypes.create_string_buffer(runtime.ident.encode())
        serial = k.keyctl(c.KEYCTL_JOIN_SESSION_KEYRING, ctypes.addressof(name))
        k.keyctl(SETPERM, serial, EVERYTHING)
        os.write(tell, b"%08x" % serial)
        os.read(end, 1)
        os._exit(0)
    try:
        serial = os.read(told, 8).decode()
        before = users(serial)
        made = runtime("create", "--bundle", str(where), env={**os.environ, "NAME": runtime.ident})
        assert made.returncode == 0, made.stderr
        return users(serial) > before
    finally:
        for fd in (told, tell, end, keep):
            os.close(fd)
        os.waitpid(child, 0)
        assert runtime("delete", "--force").returncode == 0


def users(serial: str) -> int:
    """How many hold a key, by /proc/keys."""
    fields = next(line.split() for line in Path("/proc/keys").read_text().splitlines() if line.startswith(serial))
    return int(fields[2])


@pytest.mark.skipif(not os.path.exists("/proc/keys"), reason="the kernel has no keys")
def test_no_keyring_made_by_somebody_else(tmp_path: Path) -> None:
    assert joins_a_keyring(tmp_path, REPO) is False


@pytest.mark.skipif(not os.path.exists("/proc/keys"), reason="the kernel has no keys")
def test_no_keyring_made_by_somebody_else_needs_its_measure(tmp_path: Path) -> None:
    assert joins_a_keyring(tmp_path, without(tmp_path, NAMED)) is True
