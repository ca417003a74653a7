"""The reference runtime as an ordinary user: one mapped id, and many by newuidmap(1); without any cgroup.

The user exists only in a mount namespace of each call, which has its own passwd and subuid files.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bundles import patches
from runtime_ref import install
from runtime_ref.kernel import const as c
from runtime_ref.kernel import sys as k
from tests.runtime_ref.reference import Reference

UID, OTHER = 54321, 54399
FIRST, COUNT = 300_000, 65_536
FILES = {
    "passwd": f"proctor-user:x:{UID}:{UID}::/tmp:/bin/sh\n",
    "group": f"proctor-user:x:{UID}:\n",
    "subuid": f"proctor-user:{FIRST}:{COUNT}\n",
    "subgid": f"proctor-user:{FIRST}:{COUNT}\n",
}
ONE = [{"containerID": 0, "hostID": UID, "size": 1}]
MANY = [*ONE, {"containerID": 1, "hostID": FIRST, "size": COUNT - 1}]


def open_to_all(path: str) -> bool:
    """Whether every user can reach a file."""
    here = os.path.realpath(path)
    while here != "/":
        if not os.stat(here).st_mode & stat.S_IXOTH and os.path.isdir(here):
            return False
        here = os.path.dirname(here)
    return True


def interpreter() -> str | None:
    """A Python that every user can start and that takes this one's cffi: this one, or the distribution's of its version."""
    wanted = ".".join(platform.python_version_tuple()[:2])
    candidates = [sys.executable, f"/usr/bin/python{wanted}"]
    return next((os.path.realpath(path) for path in candidates if os.path.exists(path) and open_to_all(path)), None)


PYTHON = interpreter()
pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason=f"needs root to become another user; uid {os.geteuid()}"),
    pytest.mark.skipif(
        not PYTHON or not open_to_all(install.HERE) or not open_to_all(install.backend()),
        reason=f"needs Python {platform.python_version()}, cffi and this tree where every user can read them; {PYTHON}",
    ),
]
with_tools = pytest.mark.skipif(
    not shutil.which("newuidmap") or not all(os.path.exists("/etc/" + name) for name in FILES),
    reason="newuidmap, /etc/subuid or /etc/subgid is not installed (Debian package uidmap)",
)


def becoming(folder: Path) -> Callable[[], None]:
    """What turns a child into the user, whose files lie in `folder`."""

    def become() -> None:
        k.unshare(c.CLONE_NEWNS)
        k.mount(None, "/", None, c.MS_REC | c.MS_PRIVATE)
        for name in FILES:
            if os.path.exists("/etc/" + name):
                k.mount(str(folder / name), "/etc/" + name, None, c.MS_BIND)
        os.setgroups([])
        os.setresgid(UID, UID, UID)
        os.setresuid(UID, UID, UID)

    return become


def another() -> None:
    """Turns a child into a user with nothing to do with the first."""
    os.setgroups([])
    os.setresgid(OTHER, OTHER, OTHER)
    os.setresuid(OTHER, OTHER, OTHER)


def becoming_root_of_a_namespace(folder: Path) -> Callable[[], None]:
    """The user, inside a user namespace in which it is root: what an engine makes for an ordinary user."""
    become = becoming(folder)

    def both() -> None:
        become()
        k.prctl(c.PR_SET_DUMPABLE, 1)  # so that /proc/self is the user's
        k.unshare(c.CLONE_NEWUSER | c.CLONE_NEWNS)
        for name, text in (("setgroups", "deny"), ("uid_map", f"0 {UID} 1"), ("gid_map", f"0 {UID} 1")):
            with open(f"/proc/self/{name}", "w") as file:
                file.write(text)

    return both


@pytest.fixture
def delegated() -> Iterator[dict[str, str]]:
    """A cgroup of the user's own in each hierarchy of version 1: first controller to folder."""
    name = f"proctor-rootless-{uuid.uuid4().hex[:8]}"
    found = {}
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        words, _, about = line.partition(" - ")
        if about.startswith("cgroup ") and words.split(" ")[3] == "/" and "name=" not in about:
            controller = about.split(" ")[2].removeprefix("rw,").removeprefix("xattr,")
            found[controller.split(",")[0]] = f"{words.split(' ')[4]}/{name}"
    if not {"pids", "freezer"} <= set(found):
        pytest.skip(f"cgroup v1 with pids and freezer is not mounted; {sorted(found)}")
    for controller, folder in found.items():
        os.mkdir(folder)
        if controller == "cpuset":
            for file in ("cpuset.cpus", "cpuset.mems"):
                Path(folder, file).write_text(Path(folder).parent.joinpath(file).read_text())
        for path in (folder, f"{folder}/tasks", f"{folder}/cgroup.procs"):
            os.chown(path, UID, UID)
    yield found
    for folder in found.values():
        os.rmdir(folder)


@pytest.fixture
def user() -> Iterator[Reference]:
    """The runtime with a root folder, a launcher and bundles that belong to the user."""
    folder = Path(tempfile.mkdtemp(prefix="proctor-rootless-"))
    folder.chmod(0o755)
    for name, text in FILES.items():
        (folder / name).write_text(text)
    made = Reference(folder, PYTHON, becoming(folder))
    os.chown(made.root, UID, UID)
    os.chown(folder, UID, UID)
    yield made
    made.end()
    shutil.rmtree(folder)


def rootless(maps: list[dict[str, Any]], *more: str) -> dict[str, Any]:
    """The merge patch for a user's container."""
    return {
        "linux": {
            "namespaces": [{"type": name} for name in ("pid", "mount", "ipc", "uts", "user", *more)],
            "uidMappings": maps,
            "gidMappings": maps,
        }
    }


def bundle(user: Reference, *given: dict[str, Any]) -> Path:
    made = user.bundle(*given)
    for path in (made, made / "rootfs"):
        os.chown(path, UID, UID)
    return made


def test_one_id_needs_no_help(user: Reference) -> None:
    (line,) = user.lines(bundle(user, patches.runs("dump"), rootless(ONE)))
    assert line["uid"][:3] == [0, 0, 0]
    assert line["files"]["uid_map"].split() == ["0", str(UID), "1"]
    assert line["files"]["gid_map"].split() == ["0", str(UID), "1"]
    assert line["files"]["setgroups"].strip() == "deny"
    assert line["hostname"] == "proctor"


@with_tools
def test_many_ids_by_newuidmap(user: Reference) -> None:
    other = patches.user(7, 8, additional=[9])
    (line,) = user.lines(bundle(user, patches.runs("dump"), rootless(MANY, "network"), other))
    assert (line["uid"][:3], line["gid"][:3], line["groups"]) == ([7, 7, 7], [8, 8, 8], [9])
    assert line["files"]["uid_map"].split() == ["0", str(UID), "1", "1", str(FIRST), str(COUNT - 1)]


@with_tools
def test_ids_that_are_not_the_users_are_refused(user: Reference) -> None:
    stolen = [{"containerID": 0, "hostID": 0, "size": 1}]
    made = bundle(user, patches.runs("dump"), rootless(stolen))
    done = user.call("create", "--bundle", str(made), "never")
    assert done.returncode != 0
    assert "linux.gidMappings" in done.stderr
    assert user.call("state", "never").returncode != 0


def test_without_newuidmap_the_error_says_what_is_missing(user: Reference) -> None:
    made = bundle(user, patches.runs("dump"), rootless(MANY))
    done = user.call("create", "--bundle", str(made), "never", env={"PATH": "/nowhere"})
    assert done.returncode != 0
    assert "newgidmap" in done.stderr


@pytest.mark.parametrize(
    ("who", "says"),
    [
        ({"uid": 5, "gid": 0}, "process.user.uid: not mapped in the user namespace"),
        ({"uid": 0, "gid": 5}, "process.user.gid: not mapped in the user namespace"),
        ({"uid": 0, "gid": 0, "additionalGids": [0]}, "process.user.additionalGids: denied in a user namespace whose gids were mapped without newgidmap"),
    ],
)
def test_a_user_that_one_id_does_not_allow_is_an_error_that_says_why(user: Reference, who: dict[str, Any], says: str) -> None:
    done = user.call("run", "--bundle", str(bundle(user, patches.runs("dump"), rootless(ONE), {"process": {"user": who}})), "never")
    assert (done.returncode, says in done.stderr) == (1, True), done.stderr


def test_without_a_user_namespace_the_error_says_so(user: Reference) -> None:
    alone = {"linux": {"namespaces": [{"type": "pid"}, {"type": "mount"}, {"type": "uts"}]}}
    done = user.call("run", "--bundle", str(bundle(user, patches.runs("dump"), alone)), "never")
    assert (done.returncode, f"uid {UID} may make none without one of type user" in done.stderr) == (1, True), done.stderr


def test_default_devices_work(user: Reference) -> None:
    program = patches.runs("open", "/dev/null", "O_RDWR", "open", "/dev/urandom", "O_RDONLY", "stat", "/dev/ptmx")
    null, random, ptmx = user.lines(bundle(user, program, rootless(ONE)))
    assert (null["errno"], random["errno"], ptmx["errno"]) == ("OK", "OK", "OK")


def test_the_whole_life(user: Reference) -> None:
    ident = user.ident()
    user.create(bundle(user, patches.runs("hold"), rootless(ONE)), ident)
    assert user.state(ident)["status"] == "created"
    user.ok("start", ident)
    assert user.state(ident)["status"] == "running"
    pid = user.state(ident)["pid"]
    assert os.stat(f"/proc/{pid}").st_uid == UID
    line = json.loads(user.ok("exec", ident, "/probe", "dump"))
    assert line["uid"][:3] == [0, 0, 0]
    assert line["files"]["uid_map"].split() == ["0", str(UID), "1"]
    assert [entry["id"] for entry in json.loads(user.ok("list", "--format", "json"))] == [ident]
    done = user.call("pause", ident)
    assert done.returncode != 0
    assert "cgroup" in done.stderr
    user.ok("kill", ident, "KILL")
    with_end = os.pidfd_open(pid) if os.path.exists(f"/proc/{pid}") else -1
    if with_end >= 0:
        import select

        assert select.select([with_end], [], [], 60)[0]
        os.close(with_end)
    assert user.state(ident)["status"] == "stopped"
    user.ok("delete", ident)
    assert os.listdir(user.root) == []


def test_another_user_gets_errors_and_no_container(user: Reference) -> None:
    """Also by `delete --force`, which is quiet only about what is surely not there."""
    ident = user.ident()
    user.create(bundle(user, patches.runs("hold"), rootless(ONE)), ident)
    mine, user.become = user.become, another
    for words in (("list",), ("state", ident), ("ps", ident), ("exec", ident, "/probe", "dump"), ("kill", ident, "KILL"), ("delete", "--force", ident)):
        done = user.call(*words)
        assert (done.returncode, "Permission denied" in done.stderr) == (1, True), words
    user.become = mine
    assert user.state(ident)["status"] == "created"


@pytest.mark.parametrize("theirs", [True, False])
def test_a_root_folder_that_another_user_made_first_is_refused(user: Reference, theirs: bool) -> None:
    """The default one without XDG_RUNTIME_DIR lies in /tmp; the hooks of a container in it would run as this user."""
    shadow, mine = user.folder / "shadow", user.become
    planted = shadow / f"runtime-ref-{UID}"
    seen = [folder for folder in (user.folder, Path(install.HERE).parent) if folder.is_relative_to("/tmp")]
    for folder in (shadow, planted, *(shadow / folder.relative_to("/tmp") for folder in seen)):
        folder.mkdir(parents=True)
    os.chown(planted, *([OTHER, OTHER] if theirs else [UID, UID]))
    planted.chmod(0o777 if theirs else 0o700)

    def become() -> None:
        """With a /tmp of its own that holds the planted folder, the user's, and this tree if it is there."""
        k.unshare(c.CLONE_NEWNS)
        k.mount(None, "/", None, c.MS_REC | c.MS_PRIVATE)
        for folder in seen:
            k.mount(str(folder), str(shadow / folder.relative_to("/tmp")), None, c.MS_BIND)
        k.mount(str(shadow), "/tmp", None, c.MS_BIND | c.MS_REC)
        mine and mine()

    made = bundle(user, patches.runs("dump"), rootless(ONE))
    for words in (["list"], ["delete", "--force", "x"], ["run", "--bundle", str(made), "x"]):
        done = subprocess.run(
            [user.launcher, *words], env={"PATH": os.environ["PATH"]}, preexec_fn=become, capture_output=True, text=True, timeout=120
        )
        assert (done.returncode == 0) is not theirs, done.stderr
        assert (f"/tmp/runtime-ref-{UID}" in done.stderr) is theirs


def test_as_root_of_a_user_namespace(user: Reference) -> None:
    """As engines call it: the configuration then has no user namespace of its own, but device rules for one with cgroups."""
    user.become = becoming_root_of_a_namespace(user.folder)
    rules = patches.resources(devices=[{"allow": False, "access": "rwm"}])
    (line,) = user.lines(bundle(user, patches.runs("dump"), rules))
    assert line["uid"][:3] == [0, 0, 0]
    assert line["dev"]["null"]["major"] == 1
    inner = [{"containerID": 0, "hostID": 0, "size": 1}]
    (line,) = user.lines(bundle(user, patches.runs("dump"), rootless(inner)))
    assert line["files"]["uid_map"].split() == ["0", "0", "1"]


def test_the_configuration_that_spec_writes_runs(user: Reference) -> None:
    made = bundle(user)
    (made / "config.json").unlink()
    user.ok("spec", "--rootless", "--bundle", str(made))
    config = json.loads((made / "config.json").read_text())
    config["process"].update(args=["/probe", "dump"], terminal=False)
    (made / "config.json").write_text(json.dumps(config))
    (line,) = user.lines(made)
    assert line["uid"][:3] == [0, 0, 0]
    assert {mount.split()[4] for mount in line["files"]["mountinfo"].splitlines()} >= {"/", "/proc", "/dev/pts", "/sys"}


def test_a_limit_without_a_cgroup_is_an_error(user: Reference) -> None:
    made = bundle(user, patches.runs("dump"), rootless(ONE), patches.resources(pids={"limit": 5}))
    done = user.call("create", "--bundle", str(made), "never")
    assert done.returncode != 0
    assert "linux.resources.pids" in done.stderr


def test_limits_in_a_cgroup_that_was_delegated(delegated: dict[str, str], user: Reference) -> None:
    """Device rules are for root alone; the rest holds, and what needs a cgroup works."""
    become = user.become

    def inside() -> None:
        for folder in delegated.values():
            Path(folder, "tasks").write_text("0")
        become and become()

    user.become = inside
    limits = patches.resources(pids={"limit": 7}, devices=[{"allow": False, "access": "rwm"}])
    ident = user.ident()
    user.create(bundle(user, patches.runs("hold"), rootless(ONE), limits), ident)
    user.ok("start", ident)
    (mine,) = (path for path in Path(delegated["pids"]).iterdir() if path.is_dir())
    assert (mine / "pids.max").read_text() == "7\n"
    assert (mine / "tasks").read_text() == f"{user.state(ident)['pid']}\n"
    user.ok("update", "--pids-limit", "9", ident)
    assert (mine / "pids.max").read_text() == "9\n"
    user.ok("pause", ident)
    assert user.state(ident)["status"] == "paused"
    user.ok("resume", ident)
    user.ok("exec", ident, "/probe", "exit", "0")
    assert json.loads(user.ok("events", "--stats", ident))["data"]["pids"]["current"] == 1
    user.ok("delete", "--force", ident)
    assert [path for folder in delegated.values() for path in Path(folder).iterdir() if path.is_dir()] == []


def test_a_hierarchy_that_was_not_delegated(delegated: dict[str, str], user: Reference) -> None:
    """An absolute place: it counts from the mount point, whatever is the user's own cgroup."""
    os.chown(delegated["pids"], 0, 0)
    place = {"linux": {"cgroupsPath": f"/{os.path.basename(delegated['pids'])}/c"}}
    made = bundle(user, patches.runs("dump"), rootless(ONE), patches.resources(pids={"limit": 7}), place)
    done = user.call("create", "--bundle", str(made), "never")
    assert done.returncode != 0
    assert f"linux.resources.pids.limit: the pids hierarchy is not mounted, or uid {UID} may make no cgroup in it" in done.stderr
    assert [path for folder in delegated.values() for path in Path(folder).iterdir() if path.is_dir()] == []


def test_terminal_by_console_socket_and_by_run(user: Reference) -> None:
    made = bundle(user, patches.runs("isatty"), rootless(ONE), {"process": {"terminal": True}})
    path = str(user.folder / "console")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        os.chown(path, UID, UID)
        ident = user.ident()
        user.ok("create", "--bundle", str(made), "--console-socket", path, ident)  # its output goes to the terminal alone
        listener.settimeout(60)
        line, _ = listener.accept()
        with line:
            _, (master,), _, _ = socket.recv_fds(line, 100, 1)
        user.ok("start", ident)
        assert json.loads(os.read(master, 1000))["fds"] == [True, True, True]
        os.close(master)
    assert json.loads(user.ok("run", "--bundle", str(made), user.ident()))["fds"] == [True, True, True]


def test_hooks_run_as_the_user(user: Reference) -> None:
    made = user.bundle()
    probe = str(made / "rootfs/probe")
    hook = patches.hooks(createRuntime=[{"path": probe, "args": ["probe", "exit", "0"]}])
    refused = patches.hooks(createRuntime=[{"path": probe, "args": ["probe", "exit", "3"]}])
    (line,) = user.lines(bundle(user, patches.runs("dump"), rootless(ONE), hook))
    assert line["kind"] == "dump"
    done = user.call("create", "--bundle", str(bundle(user, patches.runs("dump"), rootless(ONE), refused)), "never")
    assert done.returncode != 0
    assert "hooks.createRuntime" in done.stderr
