"""Mount propagation: of single mounts, of the root, between host and container, and without a mount namespace."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from tests.runtime_ref.roots import bundle, config, entry, finished, mounted, over_tree
from tests.runtime_ref.within import Refused, mountinfo, within

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")


@pytest.mark.parametrize(
    ("option", "fields"),
    [("private", []), ("shared", ["shared"]), ("slave", []), ("unbindable", ["unbindable"])],
)
def test_propagation_of_a_mount(tmp_path: Path, option: str, fields: list[str]) -> None:
    seen = mounted(tmp_path, entry("/mnt", "none", "source", "bind", option))["mounts"]
    assert seen["/mnt"]["propagation"] == fields


@pytest.mark.parametrize(
    ("option", "field"), [("rshared", "shared"), ("runbindable", "unbindable"), ("rprivate", None), ("rslave", None)]
)
def test_propagation_of_a_tree(tmp_path: Path, option: str, field: str | None) -> None:
    seen = within(over_tree, str(bundle(tmp_path)), ["rbind", option], False)
    for path in ("/mnt", "/mnt/below"):
        assert seen[path]["propagation"] == ([field] if field else [])


@pytest.mark.parametrize(
    ("word", "fields"),
    [
        (None, []),
        ("private", []),
        ("shared", ["shared"]),
        ("unbindable", ["unbindable"]),
        ("rshared", ["shared"]),
        ("rprivate", []),
    ],
)
def test_propagation_of_the_root(tmp_path: Path, word: str | None, fields: list[str]) -> None:
    seen = within(finished, config(**({"rootfsPropagation": word} if word else {})), str(bundle(tmp_path)))
    assert seen["/"]["propagation"] == fields


def test_unknown_propagation_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"linux\.rootfsPropagation"):
        within(finished, config(rootfsPropagation="sharp"), str(bundle(tmp_path)))


def test_slave_root_hears_the_host_and_says_nothing(tmp_path: Path) -> None:
    where = bundle(tmp_path)
    heard = within(both_ways, config(rootfsPropagation="slave"), str(where))
    assert heard == {"container sees host": True, "host sees container": False}


def test_private_root_hears_nothing(tmp_path: Path) -> None:
    heard = within(both_ways, config(rootfsPropagation="private"), str(bundle(tmp_path)))
    assert heard == {"container sees host": False, "host sees container": False}


def both_ways(document: dict[str, Any], where: str) -> dict[str, bool]:
    """This process plays the host, its child the container; each mounts something in the bundle's root file system."""
    from runtime_ref import context, filesystems, rootfs
    from runtime_ref.kernel import const as c
    from runtime_ref.kernel import sys as k

    top = os.open("/", os.O_PATH)
    filesystems.change(top, propagation=c.MS_SHARED, whole=True)
    child_read, host_write = os.pipe()
    host_read, child_write = os.pipe()
    pid = os.fork()
    if not pid:
        try:
            k.unshare(c.CLONE_NEWNS)
            ctx = context.of(document, where)
            rootfs.prepare(document, where, ctx)
            rootfs.pivot(ctx)
            rootfs.finish(document, ctx)
            place = os.open("/tmp", os.O_PATH)
            filesystems.attach(filesystems.new("tmpfs", "tmpfs"), place)
            Path("/tmp/container").touch()
            os.write(child_write, b"1")
            os.read(child_read, 1)
            os.write(child_write, b"1" if os.path.exists("/mnt/host") else b"0")
        finally:
            os._exit(0)
    os.close(child_write)
    assert os.read(host_read, 1) == b"1"
    place = os.open(where + "/rootfs/mnt", os.O_PATH)
    tree = filesystems.new("tmpfs", "tmpfs")
    os.close(os.open("host", os.O_CREAT | os.O_WRONLY, dir_fd=tree))
    filesystems.attach(tree, place)
    os.write(host_write, b"1")
    sees = os.read(host_read, 1) == b"1"
    os.waitpid(pid, 0)
    return {"container sees host": sees, "host sees container": os.path.exists(where + "/rootfs/tmp/container")}


def volume_back(document: dict[str, Any], where: str) -> bool:
    """A shared volume of a container with a shared root: whether a mount made in it shows on the host."""
    from runtime_ref import context, filesystems, rootfs
    from runtime_ref.kernel import const as c
    from runtime_ref.kernel import sys as k

    volume = filesystems.new("tmpfs", "tmpfs")
    os.mkdir("in", dir_fd=volume)
    filesystems.change(volume, propagation=c.MS_SHARED)
    filesystems.attach(volume, os.open(where + "/source", os.O_PATH))
    pid = os.fork()
    if not pid:
        try:
            k.unshare(c.CLONE_NEWNS)
            ctx = context.of(document, where)
            rootfs.prepare(document, where, ctx)
            rootfs.pivot(ctx)
            rootfs.finish(document, ctx)
            filesystems.attach(filesystems.new("tmpfs", "tmpfs"), os.open("/mnt/in", os.O_PATH))
            filesystems.attach(filesystems.new("tmpfs", "tmpfs"), os.open("/tmp", os.O_PATH))
        finally:
            os._exit(0)
    os.waitpid(pid, 0)
    assert where + "/rootfs/tmp" not in mountinfo()
    return where + "/source/in" in mountinfo()


@pytest.mark.parametrize(("word", "comes"), [("shared", True), ("slave", False), ("private", False)])
def test_mounts_in_a_shared_volume_reach_the_host_only_if_asked(tmp_path: Path, word: str, comes: bool) -> None:
    document = config(entry("/mnt", "none", "source", "rbind", "rshared"), rootfsPropagation=word)
    assert within(volume_back, document, str(bundle(tmp_path))) is comes


def shared_namespace(document: dict[str, Any], where: str) -> dict[str, Any]:
    """A container that stays in the runtime's mount namespace: a child makes it, we look before and after `undo`."""
    from runtime_ref import context, rootfs

    pid = os.fork()
    if not pid:
        try:
            ctx = context.of(document, where)
            rootfs.prepare(document, where, ctx)
            rootfs.pivot(ctx)
            rootfs.finish(document, ctx)
            os.stat("/mnt/file")
        except BaseException:
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(pid, 0)
    during = sorted(path[len(where) :] for path in mountinfo() if path.startswith(where))
    rootfs.undo(where + "/rootfs")
    rootfs.undo(where + "/rootfs")
    return {"status": status, "during": during, "after": [path for path in mountinfo() if path.startswith(where)]}


def test_without_a_mount_namespace(tmp_path: Path) -> None:
    document = config(entry("/mnt", "none", "source", "bind"), namespaces=[{"type": "pid"}])
    result = within(shared_namespace, document, str(bundle(tmp_path)))
    assert result == {"status": 0, "during": ["/rootfs", "/rootfs/mnt"], "after": []}
