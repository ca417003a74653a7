"""The mounts of the reference runtime: options, sources and destinations, id mappings, cgroups, copies."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from tests.runtime_ref.roots import bundle, config, entry, finished, mounted, over_tree, prepared
from tests.runtime_ref.within import Refused, mountinfo, within

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")


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
        mounted(tmp_path, entry("/mnt", "none", "", "remount"))


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
