"""The mounts of the reference runtime: options, sources and destinations, id mappings, cgroups, copies."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from tests.runtime_ref.within import Refused, mountinfo, within

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")


def bundle(tmp_path: Path) -> Path:
    for name in ("rootfs/proc", "rootfs/dev", "rootfs/sys", "rootfs/tmp", "rootfs/mnt", "rootfs/etc", "source/below"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "source/file").write_text("here\n")
    return tmp_path


def config(*mounts: dict[str, Any], **linux: Any) -> dict[str, Any]:
    linux.setdefault("namespaces", [{"type": "mount"}])
    return {"root": {"path": "rootfs"}, "mounts": list(mounts), "linux": linux}


def entry(
    destination: str, kind: str = "tmpfs", source: str | None = None, *options: str, **rest: Any
) -> dict[str, Any]:
    found = {"destination": destination, "type": kind, "options": list(options), **rest}
    return found if source is None else {**found, "source": source}


def prepared(document: dict[str, Any], where: str, look: list[str] | None = None) -> dict[str, Any]:
    """Makes the root file system; gives the mounts below it by their path in the container, and what is at `look`."""
    from runtime_ref import rootfs

    ctx = rootfs.context(document, where)
    rootfs.prepare(document, where, ctx)
    top = where + "/rootfs"
    found: dict[str, Any] = {}
    for path in look or ():
        at = Path(top + path)
        if not at.exists() and not at.is_symlink():
            found[path] = None
        elif at.is_dir():
            found[path] = sorted(os.listdir(at))
        else:
            found[path] = at.read_text()
    return {
        "mounts": {path[len(top) :] or "/": seen for path, seen in mountinfo().items() if path.startswith(top)},
        "look": found,
    }


def mounted(tmp_path: Path, *mounts: dict[str, Any], look: list[str] | None = None, **linux: Any) -> dict[str, Any]:
    where = str(bundle(tmp_path))
    result = within(prepared, config(*mounts, **linux), where, look)
    assert isinstance(result, dict)
    return result


ATTRIBUTES = ["ro", "nosuid", "nodev", "noexec", "nodiratime", "nosymfollow", "noatime", "relatime"]


@pytest.mark.parametrize(
    ("options", "has", "lacks"),
    [
        (["ro"], ["ro"], ["rw"]),
        (["ro", "rw"], ["rw"], ["ro"]),
        (["nosuid"], ["nosuid"], []),
        (["nosuid", "suid"], [], ["nosuid"]),
        (["nodev"], ["nodev"], []),
        (["nodev", "dev"], [], ["nodev"]),
        (["noexec"], ["noexec"], []),
        (["noexec", "exec"], [], ["noexec"]),
        (["nodiratime"], ["nodiratime"], []),
        (["nodiratime", "diratime"], [], ["nodiratime"]),
        (["nosymfollow"], ["nosymfollow"], []),
        (["nosymfollow", "symfollow"], [], ["nosymfollow"]),
        (["noatime"], ["noatime"], ["relatime"]),
        (["noatime", "atime"], ["relatime"], ["noatime"]),
        (["relatime"], ["relatime"], []),
        (["norelatime"], ["relatime"], []),
        (["strictatime"], [], ["noatime", "relatime"]),
        (["strictatime", "nostrictatime"], ["relatime"], []),
        (["defaults"], ["rw", "relatime"], ["nosuid", "nodev", "noexec"]),
        (["user"], ["nosuid", "nodev", "noexec"], []),
        (["nofail", "x-systemd.automount", "_netdev", "auto"], ["rw"], []),
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("kind", ["tmpfs", "bind"])
def test_attributes(tmp_path: Path, kind: str, options: list[str], has: list[str], lacks: list[str]) -> None:
    made = (
        entry("/mnt", "tmpfs", "tmpfs", *options)
        if kind == "tmpfs"
        else entry("/mnt", "none", "source", "bind", *options)
    )
    document = config(made)
    seen = within(finished, document, str(bundle(tmp_path)))["/mnt"]["options"]
    assert set(has) <= set(seen) and not set(lacks) & set(seen), seen


def finished(document: dict[str, Any], where: str) -> dict[str, Any]:
    """Goes all the way to the changed root; gives the mount table seen there."""
    from runtime_ref import procfs, rootfs

    ctx = rootfs.context(document, where)
    rootfs.prepare(document, where, ctx)
    rootfs.pivot(ctx)
    rootfs.finish(document, ctx)
    # The container may have no /proc; a table opened before would still be told from the old root.
    proc = procfs.private()
    os.fchdir(proc)
    return mountinfo(f"{os.getpid()}/mountinfo")


@pytest.mark.parametrize(
    ("option", "has", "lacks"),
    [
        ("rro", "ro", "rw"),
        ("rnosuid", "nosuid", ""),
        ("rnodev", "nodev", ""),
        ("rnoexec", "noexec", ""),
        ("rnodiratime", "nodiratime", ""),
        ("rnosymfollow", "nosymfollow", ""),
        ("rnoatime", "noatime", "relatime"),
        ("rstrictatime", "", "relatime"),
        ("rrw", "rw", "ro"),
        ("rsuid", "", "nosuid"),
        ("rdev", "", "nodev"),
        ("rexec", "", "noexec"),
        ("rdiratime", "", "nodiratime"),
        ("rsymfollow", "", "nosymfollow"),
        ("ratime", "relatime", "noatime"),
        ("rrelatime", "relatime", "noatime"),
        ("rnorelatime", "relatime", "noatime"),
        ("rnostrictatime", "relatime", "noatime"),
    ],
)
def test_recursive_attributes(tmp_path: Path, option: str, has: str, lacks: str) -> None:
    seen = within(
        over_tree, str(bundle(tmp_path)), ["rbind", option], not option.startswith("rno") or option.endswith("time")
    )
    for path in ("/mnt", "/mnt/below"):
        assert not has or has in seen[path]["options"], seen[path]
        assert not lacks or lacks not in seen[path]["options"], seen[path]


def test_plain_attribute_spares_the_mounts_below(tmp_path: Path) -> None:
    seen = within(over_tree, str(bundle(tmp_path)), ["rbind", "ro", "nosuid"], False)
    assert {"ro", "nosuid"} <= set(seen["/mnt"]["options"])
    assert not {"ro", "nosuid"} & set(seen["/mnt/below"]["options"])


def test_bind_without_r_leaves_the_mounts_below_behind(tmp_path: Path) -> None:
    seen = within(over_tree, str(bundle(tmp_path)), ["bind"], False)
    assert "/mnt" in seen and "/mnt/below" not in seen


def over_tree(where: str, options: list[str], all_set: bool) -> dict[str, Any]:
    """A bind of a source with a mount below it, which has every attribute or none."""
    from runtime_ref import filesystems
    from runtime_ref import options as words

    tree = filesystems.new("tmpfs", "tmpfs")
    if all_set:
        attributes = words.Attributes()
        for word in ("ro", "nosuid", "nodev", "noexec", "nodiratime", "nosymfollow", "noatime"):
            attributes.take(word)
        filesystems.change(tree, *attributes.masks())
    below = os.open(where + "/source/below", os.O_PATH)
    filesystems.attach(tree, below)
    found = prepared(config(entry("/mnt", "none", "source", *options)), where)["mounts"]
    assert isinstance(found, dict)
    return found


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
    ("options", "has", "lacks"),
    [
        (["sync"], ["sync"], []),
        (["sync", "async"], [], ["sync"]),
        (["dirsync"], ["dirsync"], []),
        (["lazytime"], ["lazytime"], []),
        (["lazytime", "nolazytime"], [], ["lazytime"]),
        (["silent"], [], ["silent"]),
        (["loud"], [], []),
        (["iversion"], [], []),
        (["noiversion"], [], []),
        (["nomand"], [], ["mand"]),
        (["size=64k"], ["size=64k"], []),
        (["size=64k,mode=700"], ["size=64k", "mode=700"], []),
    ],
    ids=" ".join,
)
def test_options_of_the_file_system(tmp_path: Path, options: list[str], has: list[str], lacks: list[str]) -> None:
    seen = mounted(tmp_path, entry("/mnt", "tmpfs", "tmpfs", *options))["mounts"]["/mnt"]["super"]
    assert set(has) <= set(seen) and not set(lacks) & set(seen), seen


def test_long_value_goes_by_the_old_call(tmp_path: Path) -> None:
    where = bundle(tmp_path)
    lower = where / ("l" * 120) / ("m" * 120) / ("n" * 60)
    for folder in (lower, where / "upper", where / "work"):
        folder.mkdir(parents=True)
    (lower / "deep").write_text("found\n")
    made = entry(
        "/mnt", "overlay", "overlay", f"lowerdir={lower}", f"upperdir={where}/upper", f"workdir={where}/work", "noexec"
    )
    result = within(prepared, config(made), str(where), ["/mnt/deep"])
    assert result["look"]["/mnt/deep"] == "found\n"
    assert result["mounts"]["/mnt"]["type"] == "overlay" and "noexec" in result["mounts"]["/mnt"]["options"]


def test_unknown_option_is_the_file_systems_to_refuse(tmp_path: Path) -> None:
    with pytest.raises(Refused) as caught:
        mounted(tmp_path, entry("/mnt", "tmpfs", "tmpfs", "no-such-option"))
    assert "mounts[0]" in caught.value.text and "no-such-option" in caught.value.text


def test_unknown_type_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused) as caught:
        mounted(tmp_path, entry("/mnt", "nosuchfs", "x"))
    assert "nosuchfs" in caught.value.text and "mounts[0]" in caught.value.text


def test_missing_source_is_named(tmp_path: Path) -> None:
    with pytest.raises(Refused) as caught:
        mounted(tmp_path, entry("/mnt", "none", "absent", "bind"))
    assert "absent" in caught.value.text


def test_order_counts(tmp_path: Path) -> None:
    result = mounted(
        tmp_path,
        entry("/mnt", "none", "source", "bind"),
        entry("/mnt"),
        entry("/mnt/in", "none", "source", "bind"),
        look=["/mnt", "/mnt/in"],
    )
    assert result["look"] == {"/mnt": ["in"], "/mnt/in": ["below", "file"]}


def test_destination_without_slash_is_from_the_root(tmp_path: Path) -> None:
    assert mounted(tmp_path, entry("mnt/new"))["mounts"]["/mnt/new"]["type"] == "tmpfs"


def test_file_onto_missing_file(tmp_path: Path) -> None:
    assert mounted(tmp_path, entry("/a/b/c", "none", "source/file", "bind"), look=["/a/b/c"])["look"] == {
        "/a/b/c": "here\n"
    }


def test_links_stay_inside(tmp_path: Path) -> None:
    where = bundle(tmp_path)
    (where / "rootfs/to-root").symlink_to("/mnt")
    (where / "rootfs/up").symlink_to("../../../../../../mnt")
    (where / "rootfs/dangling").symlink_to("/made/later")
    made = [entry("/to-root/a"), entry("/up/b"), entry("/dangling"), entry("/mnt/../../../mnt/c")]
    seen = within(prepared, config(*made), str(where))["mounts"]
    assert {"/mnt/a", "/mnt/b", "/mnt/c", "/made/later"} <= set(seen)


def test_link_loop_is_an_error(tmp_path: Path) -> None:
    where = bundle(tmp_path)
    (where / "rootfs/loop").symlink_to("/loop")
    with pytest.raises(Refused, match="mounts"):
        within(prepared, config(entry("/loop/x")), str(where))


def test_remount_changes_what_it_names(tmp_path: Path) -> None:
    first = entry("/mnt", "tmpfs", "tmpfs", "nosuid", "noexec", "size=64k")
    seen = mounted(tmp_path, first, entry("/mnt", "tmpfs", "tmpfs", "remount", "ro", "exec", "size=128k"))["mounts"][
        "/mnt"
    ]
    assert {"ro", "nosuid"} <= set(seen["options"]) and "noexec" not in seen["options"]
    assert "size=128k" in seen["super"]


def test_remount_of_no_mount_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="nothing is mounted here"):
        mounted(tmp_path, entry("/mnt", "none", "", "remount", "bind", "ro"))


def test_tmpfs_over_a_folder_has_its_mode(tmp_path: Path) -> None:
    where = bundle(tmp_path)
    (where / "rootfs/tmp").chmod(0o1777)
    seen = within(prepared, config(entry("/tmp")), str(where))["mounts"]["/tmp"]["super"]
    assert "mode=1777" in seen or not [option for option in seen if option.startswith("mode=")]


def test_mount_below_a_read_only_tmpfs(tmp_path: Path) -> None:
    seen = within(finished, config(entry("/mnt", "tmpfs", "tmpfs", "ro"), entry("/mnt/in")), str(bundle(tmp_path)))
    assert "ro" in seen["/mnt"]["options"] and "rw" in seen["/mnt/in"]["options"]


def test_copy_up(tmp_path: Path) -> None:
    where = bundle(tmp_path)
    etc = where / "rootfs/etc"
    (etc / "sub").mkdir(mode=0o750)
    (etc / "sub/secret").write_text("x" * 5000)
    os.chown(etc / "sub/secret", 12, 34)
    (etc / "sub/secret").chmod(0o4711)
    (etc / "link").symlink_to("/nowhere")
    os.mkfifo(etc / "fifo")
    result = within(copied, config(entry("/etc", "tmpfs", "tmpfs", "tmpcopyup")), str(where))
    assert result == {
        "entries": ["fifo", "link", "sub"],
        "mode": 0o104711,
        "owner": [12, 34],
        "size": 5000,
        "link": "/nowhere",
    }


def copied(document: dict[str, Any], where: str) -> dict[str, Any]:
    prepared(document, where)
    etc = Path(where) / "rootfs/etc"
    found = (etc / "sub/secret").stat()
    (etc / "sub/new").write_text("only in the tmpfs")
    return {
        "entries": sorted(os.listdir(etc)),
        "mode": found.st_mode,
        "owner": [found.st_uid, found.st_gid],
        "size": found.st_size,
        "link": os.readlink(etc / "link"),
    }


def test_copy_up_leaves_the_image_alone(tmp_path: Path) -> None:
    where = bundle(tmp_path)
    (where / "rootfs/etc/sub").mkdir()
    (where / "rootfs/etc/sub/secret").write_text("x")
    (where / "rootfs/etc/link").symlink_to("x")
    within(copied, config(entry("/etc", "tmpfs", "tmpfs", "tmpcopyup")), str(where))
    assert os.listdir(where / "rootfs/etc/sub") == ["secret"]


MAPS = {
    "uidMappings": [{"containerID": 0, "hostID": 5000, "size": 10}],
    "gidMappings": [{"containerID": 0, "hostID": 6000, "size": 10}],
}


def owner(document: dict[str, Any], where: str, path: str) -> list[int]:
    prepared(document, where)
    found = os.stat(where + "/rootfs" + path)
    return [found.st_uid, found.st_gid]


@pytest.mark.parametrize("options", [["bind", "idmap"], ["rbind", "ridmap"], ["bind"]], ids=" ".join)
def test_id_mapping_of_a_bind(tmp_path: Path, options: list[str]) -> None:
    document = config(entry("/mnt", "none", "source", *options, **MAPS))
    assert within(owner, document, str(bundle(tmp_path)), "/mnt/file") == [5000, 6000]


def test_id_mapping_of_the_user_namespace(tmp_path: Path) -> None:
    # Only the document names a user namespace here; the mapping is taken from it.
    document = config(
        entry("/mnt", "none", "source", "bind", "idmap"), namespaces=[{"type": "mount"}, {"type": "user"}], **MAPS
    )
    assert within(owner, document, str(bundle(tmp_path)), "/mnt/file") == [5000, 6000]


@pytest.mark.parametrize(
    ("rest", "says"),
    [
        ({}, "no user namespace"),
        ({"uidMappings": MAPS["uidMappings"]}, "gidMappings"),
        ({"gidMappings": MAPS["gidMappings"]}, "uidMappings"),
    ],
)
def test_id_mapping_without_mappings_is_an_error(tmp_path: Path, rest: dict[str, Any], says: str) -> None:
    with pytest.raises(Refused, match=says):
        mounted(tmp_path, entry("/mnt", "none", "source", "bind", "idmap", **rest))


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
    from runtime_ref import filesystems, rootfs
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
            ctx = rootfs.context(document, where)
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


def test_cgroup_shows_the_own_cgroups(tmp_path: Path) -> None:
    if not Path("/sys/fs/cgroup/pids").is_dir():
        pytest.skip("this host has no version 1 hierarchy of pids")
    result = mounted(tmp_path, entry("/sys/fs/cgroup", "cgroup", "cgroup", "ro", "nosuid"), look=["/sys/fs/cgroup"])
    hierarchies = {
        path
        for path, seen in mountinfo().items()
        if path.startswith("/sys/fs/cgroup/") and seen["type"] == "cgroup"
    }
    seen = result["mounts"]
    assert hierarchies <= set(seen)
    for path in hierarchies:
        assert {"ro", "nosuid"} <= set(seen[path]["options"])
    own = dict(line.split(":")[1:] for line in Path("/proc/self/cgroup").read_text().splitlines())
    assert seen["/sys/fs/cgroup/pids"]["root"] == own["pids"]


def test_cgroup_namespace_shows_its_top(tmp_path: Path) -> None:
    if not Path("/sys/fs/cgroup/pids").is_dir():
        pytest.skip("this host has no version 1 hierarchy of pids")
    document = config(entry("/sys/fs/cgroup", "cgroup", "cgroup"), namespaces=[{"type": "mount"}, {"type": "cgroup"}])
    seen = within(prepared, document, str(bundle(tmp_path)), flags=0x2000000)["mounts"]
    assert seen["/sys/fs/cgroup/pids"]["root"] == "/"


def test_proc_may_not_be_covered(tmp_path: Path) -> None:
    proc = entry("/proc", "proc", "proc")
    with pytest.raises(Refused, match="procfs"):
        mounted(tmp_path, proc, entry("/proc/self/attr"))


def test_files_that_lxcfs_gives_may(tmp_path: Path) -> None:
    result = mounted(
        tmp_path,
        entry("/proc", "proc", "proc"),
        entry("/proc/uptime", "none", "source/file", "bind"),
        look=["/proc/uptime"],
    )
    assert result["look"]["/proc/uptime"] == "here\n"


def test_whole_root_can_be_covered(tmp_path: Path) -> None:
    where = bundle(tmp_path)
    seen = within(finished, config(entry("/", "none", "source", "bind"), entry("/later")), str(where))
    assert {"/", "/later"} <= set(seen)
    assert (where / "source/later").is_dir()


def test_read_only_root(tmp_path: Path) -> None:
    document = config()
    document["root"]["readonly"] = True
    assert "ro" in within(finished, document, str(bundle(tmp_path)))["/"]["options"]


def test_nothing_shows_on_the_host(tmp_path: Path) -> None:
    where = bundle(tmp_path)
    within(finished, config(entry("/mnt"), entry("/proc", "proc", "proc")), str(where))
    assert not [path for path in mountinfo() if path.startswith(str(where))]
