"""Device files, links of /dev, /dev/console, masked and read-only paths of the reference runtime."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from tests.runtime_ref.roots import bundle, config, entry
from tests.runtime_ref.within import Refused, within

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="making devices needs root")

NEWUSER, NEWPID = 0x10000000, 0x20000000
PROC = entry("/proc", "proc", "proc")
DEV = entry("/dev", "tmpfs", "tmpfs", "nosuid", "mode=755")
DEFAULT = {"null": [1, 3], "zero": [1, 5], "full": [1, 7], "random": [1, 8], "urandom": [1, 9], "tty": [5, 0]}


def nodes(document: dict[str, Any], where: str, *paths: str) -> dict[str, Any]:
    """What lies at paths of the container: kind letter, mode, numbers, owner, or the target of a link."""
    from runtime_ref import context, rootfs

    ctx = context.of(document, where)
    os.umask(0o077)
    rootfs.prepare(document, where, ctx)
    rootfs.pivot(ctx)
    rootfs.finish(document, ctx)
    return {path: node(path) for path in paths}


def node(path: str) -> Any:
    if os.path.islink(path):
        return os.readlink(path)
    try:
        found = os.stat(path)
    except OSError as fault:
        return errno.errorcode[fault.errno or 0]
    numbers = [os.major(found.st_rdev), os.minor(found.st_rdev)]
    return [stat.filemode(found.st_mode), *numbers, found.st_uid, found.st_gid]


def device(path: str, kind: str, major: int = 0, minor: int = 0, **rest: int) -> dict[str, Any]:
    return {"path": path, "type": kind, "major": major, "minor": minor, **rest}


def test_default_devices(tmp_path: Path) -> None:
    seen = within(nodes, config(PROC, DEV), str(bundle(tmp_path)), *[f"/dev/{name}" for name in DEFAULT])
    assert seen == {f"/dev/{name}": ["crw-rw-rw-", *numbers, 0, 0] for name, numbers in DEFAULT.items()}


def test_links(tmp_path: Path) -> None:
    names = ["fd", "stdin", "stdout", "stderr", "ptmx"]
    seen = within(nodes, config(PROC, DEV), str(bundle(tmp_path)), *[f"/dev/{name}" for name in names])
    own = "/proc/self/fd"
    assert list(seen.values()) == [own, own + "/0", own + "/1", own + "/2", "pts/ptmx"]


def test_no_links_without_their_source(tmp_path: Path) -> None:
    seen = within(nodes, config(DEV), str(bundle(tmp_path)), "/dev/fd", "/dev/stdin")
    assert seen == {"/dev/fd": "ENOENT", "/dev/stdin": "ENOENT"}


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (device("/dev/fuse", "c", 10, 229), ["crw-rw-rw-", 10, 229, 0, 0]),
        (device("/dev/u", "u", 10, 229, fileMode=0o600), ["crw-------", 10, 229, 0, 0]),
        (device("/a/b/disk", "b", 8, 0, fileMode=0o4640, uid=12, gid=34), ["brwSr-----", 8, 0, 12, 34]),
        ({"path": "/dev/pipe", "type": "p", "fileMode": 0o622, "uid": 5}, ["prw--w--w-", 0, 0, 5, 0]),
        (device("/dev/null", "c", 1, 3, fileMode=0o644, gid=7), ["crw-r--r--", 1, 3, 0, 7]),
    ],
    ids=lambda value: value["path"] if isinstance(value, dict) else "",
)
def test_configured_device(tmp_path: Path, asked: dict[str, Any], found: list[Any]) -> None:
    seen = within(nodes, config(PROC, DEV, devices=[asked]), str(bundle(tmp_path)), asked["path"])
    assert seen == {asked["path"]: found}


def test_device_through_a_folder_that_is_a_link(tmp_path: Path) -> None:
    where = bundle(tmp_path)
    (where / "rootfs/elsewhere").symlink_to("/mnt/deep")
    seen = within(nodes, config(DEV, devices=[device("/elsewhere/x", "c", 1, 3)]), str(where), "/mnt/deep/x")
    assert seen["/mnt/deep/x"][:3] == ["crw-rw-rw-", 1, 3]


@pytest.mark.parametrize("there", ["file", "link", "folder", "other device"])
def test_other_file_at_the_path_is_an_error(tmp_path: Path, there: str) -> None:
    where = bundle(tmp_path)
    at = where / "rootfs/mnt/node"
    if there == "file":
        at.write_text("x")
    elif there == "link":
        at.symlink_to("/dev/null")
    elif there == "folder":
        at.mkdir()
    else:
        os.mknod(at, stat.S_IFCHR | 0o600, os.makedev(1, 5))
    with pytest.raises(Refused, match=r"linux\.devices\[0\].*not this device"):
        within(nodes, config(DEV, devices=[device("/mnt/node", "c", 1, 3)]), str(where))


def test_default_device_replaces_a_stale_file(tmp_path: Path) -> None:
    where = bundle(tmp_path)
    (where / "rootfs/dev/null").write_text("left by an image tool")
    seen = within(nodes, config(), str(where), "/dev/null")
    assert seen["/dev/null"][1:3] == [1, 3]
    assert (where / "rootfs/dev/null").read_text() == "left by an image tool"


def test_default_device_that_is_a_link_is_an_error(tmp_path: Path) -> None:
    where = bundle(tmp_path)
    (where / "rootfs/dev/null").symlink_to("/etc/passwd")
    with pytest.raises(Refused, match="/dev/null"):
        within(nodes, config(), str(where))


def test_bound_dev_is_left_alone(tmp_path: Path) -> None:
    where = bundle(tmp_path)
    (where / "own-dev").mkdir()
    within(nodes, config(PROC, entry("/dev", "none", "own-dev", "bind")), str(where))
    assert os.listdir(where / "own-dev") == []


def test_read_only_dev_still_gets_its_devices(tmp_path: Path) -> None:
    seen = within(nodes, config(PROC, entry("/dev", "tmpfs", "tmpfs", "ro")), str(bundle(tmp_path)), "/dev/null")
    assert seen["/dev/null"][:3] == ["crw-rw-rw-", 1, 3]


def in_user_namespace(document: dict[str, Any], where: str, *paths: str) -> dict[str, Any]:
    """The same with a user namespace in which root is 100000: opened by the parent, done by its child."""
    from runtime_ref import context, rootfs
    from runtime_ref.kernel import const as c
    from runtime_ref.kernel import sys as k

    ctx = context.of(document, where)
    read, write = os.pipe()
    ready_read, ready_write = os.pipe()
    pid = os.fork()
    if not pid:
        try:
            k.unshare(c.CLONE_NEWUSER | c.CLONE_NEWNS)
            os.write(ready_write, b"1")
            os.read(read, 1)
            os.setresgid(0, 0, 0)
            os.setresuid(0, 0, 0)
            os.setgroups([])
            rootfs.prepare(document, where, ctx)
            rootfs.pivot(ctx)
            rootfs.finish(document, ctx)
            text = repr({path: node(path) for path in paths})
        except BaseException as fault:
            text = repr(f"{type(fault).__name__}: {fault}")
        os.write(ready_write, text.encode())
        os._exit(0)
    os.close(ready_write)
    os.read(ready_read, 1)
    for name in ("uid_map", "gid_map"):
        Path(f"/proc/{pid}/{name}").write_text("0 100000 1000\n")
    os.write(write, b"1")
    with os.fdopen(ready_read) as pipe:
        text = pipe.read()
    os.waitpid(pid, 0)
    answer = eval(text, {"__builtins__": {}})
    assert isinstance(answer, dict), answer
    return answer


USER = [{"type": "mount"}, {"type": "user"}]
MAPS = {name: [{"containerID": 0, "hostID": 100000, "size": 1000}] for name in ("uidMappings", "gidMappings")}


def test_user_namespace_binds_the_hosts_nodes(tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("the host has no /dev/full to bind")
    document = config(DEV, devices=[device("/dev/other", "c", 1, 7)], namespaces=USER, **MAPS)
    where = bundle(tmp_path)
    os.chown(where / "rootfs/dev", 100000, 100000)
    os.chown(where / "rootfs", 100000, 100000)
    seen = within(in_user_namespace, document, str(where), "/dev/null", "/dev/other", "/dev/tty")
    assert [seen[path][1:3] for path in ("/dev/null", "/dev/other", "/dev/tty")] == [[1, 3], [1, 7], [5, 0]]


def test_user_namespace_reaches_sources_of_the_host(tmp_path: Path) -> None:
    """Root, bind source and bundle lie in folders that only the host's root may enter."""
    where = bundle(tmp_path)
    os.chown(where / "rootfs", 100000, 100000)
    for name in ("mnt", "dev"):
        os.chown(where / "rootfs" / name, 100000, 100000)
    (where / "source").chmod(0o755)
    where.chmod(0o700)
    mounts = [DEV, entry("/mnt", "none", "source", "rbind", "ro"), entry("/mnt2", "none", "source", "bind", "idmap")]
    seen = within(in_user_namespace, config(*mounts, namespaces=USER, **MAPS), str(where), "/mnt/file", "/mnt2/file")
    assert seen["/mnt/file"][0] == "-rw-r--r--" and seen["/mnt/file"][3:] == [65534, 65534]
    assert seen["/mnt2/file"][3:] == [0, 0]


def test_sysfs_of_the_host_where_a_new_one_is_refused(tmp_path: Path) -> None:
    """A user namespace without a network namespace of its own may have no new sysfs."""
    where = bundle(tmp_path)
    for name in ("sys", "dev"):
        os.chown(where / "rootfs" / name, 100000, 100000)
    os.chown(where / "rootfs", 100000, 100000)
    document = config(DEV, entry("/sys", "sysfs", "sysfs", "ro"), namespaces=USER, **MAPS)
    assert within(in_user_namespace, document, str(where), "/sys/kernel")["/sys/kernel"][0] == "drwxr-xr-x"


def terminal(where: str, lay: str) -> Any:
    """Puts a new pseudoterminal onto the container's /dev/console, and looks."""
    from runtime_ref import context, devices, rootfs

    document = config(DEV if lay != "image" else entry("/tmp"))
    ctx = context.of(document, where)
    rootfs.prepare(document, where, ctx)
    first, second = os.openpty()
    devices.console(ctx, first if lay == "master" else second)
    found = os.stat(where + "/rootfs/dev/console")
    return found.st_rdev == os.fstat(second).st_rdev


@pytest.mark.parametrize("lay", ["tmpfs", "image"])
def test_console(tmp_path: Path, lay: str) -> None:
    assert within(terminal, str(bundle(tmp_path)), lay) is True


def test_console_is_never_a_link(tmp_path: Path) -> None:
    where = bundle(tmp_path)
    (where / "rootfs/dev/console").symlink_to("/proc/sys/kernel/core_pattern")
    with pytest.raises(Refused, match="/dev/console"):
        within(terminal, str(where), "image")


def test_console_takes_only_terminals(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="pseudoterminal"):
        within(terminal, str(bundle(tmp_path)), "master")


def tried(document: dict[str, Any], where: str, *calls: list[str]) -> list[Any]:
    """What reading and writing paths of the container gives: text, entries or the name of the error."""
    nodes(document, where)
    answers: list[Any] = []
    for how, path in calls:
        try:
            if how == "read":
                answers.append(Path(path).read_text())
            elif how == "list":
                answers.append(sorted(os.listdir(path)))
            else:
                os.close(os.open(path, os.O_WRONLY | os.O_CREAT))
                answers.append("written")
        except OSError as fault:
            answers.append(errno.errorcode[fault.errno or 0])
    return answers


def test_masked_paths(tmp_path: Path) -> None:
    where = bundle(tmp_path)
    (where / "rootfs/etc/folder/in").mkdir(parents=True)
    (where / "rootfs/etc/secret").write_text("secret")
    (where / "rootfs/etc/open").write_text("open")
    (where / "rootfs/etc/link").symlink_to("secret")
    masked = ["/etc/folder", "/etc/link", "/etc/absent", "/etc/open/no-folder", "/proc/meminfo"]
    calls = [["list", "/etc/folder"], ["write", "/etc/folder/new"], ["read", "/etc/secret"], ["read", "/etc/open"]]
    answers = within(tried, config(PROC, DEV, maskedPaths=masked), str(where), *calls, ["read", "/proc/meminfo"])
    assert answers == [[], "EROFS", "", "open", ""]


def test_masks_need_a_true_null_device(tmp_path: Path) -> None:
    where = bundle(tmp_path)
    (where / "rootfs/etc/secret").write_text("secret")
    (where / "own-dev").mkdir()
    (where / "own-dev/null").write_text("not the null device")
    document = config(entry("/dev", "none", "own-dev", "bind"), maskedPaths=["/etc/secret"])
    with pytest.raises(Refused, match="not the null device"):
        within(nodes, document, str(where))


def test_readonly_paths(tmp_path: Path) -> None:
    where = bundle(tmp_path)
    (where / "rootfs/etc/file").write_text("text")
    mounts = [PROC, DEV, entry("/mnt"), entry("/mnt/below")]
    document = config(*mounts, readonlyPaths=["/etc/file", "/mnt", "/absent", "/proc/sys"])
    calls = [["read", "/etc/file"], ["write", "/etc/file"], ["write", "/mnt/x"], ["write", "/mnt/below/x"]]
    answers = within(tried, document, str(where), *calls, ["write", "/etc/other"], ["write", "/proc/sys/vm/swappiness"])
    assert answers == ["text", "EROFS", "EROFS", "EROFS", "written", "EROFS"]
