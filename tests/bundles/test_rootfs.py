"""The rootfs, the bundle on disk, and the built probe's cache."""

import io
import json
import os
import shutil
import stat
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

import bundles
from bundles.probe import binary


def test_rootfs_of_the_probe_alone(program: str, tmp_path: Path) -> None:
    bundles.rootfs.make(tmp_path / "rootfs", Path(program))
    names = {entry.name: entry.lstat() for entry in (tmp_path / "rootfs").iterdir()}
    assert set(names) == {"proc", "dev", "sys", "tmp", "etc", "probe", "journal"}
    assert stat.S_ISFIFO(names["journal"].st_mode) and stat.S_IMODE(names["journal"].st_mode) == 0o666
    assert stat.S_IMODE(names["probe"].st_mode) == 0o755
    assert names["probe"].st_nlink == 1
    assert (tmp_path / "rootfs/probe").read_bytes() == Path(program).read_bytes()


def test_making_a_rootfs_again_changes_nothing(program: str, tmp_path: Path) -> None:
    for _ in range(2):
        bundles.rootfs.make(tmp_path, Path(program))
    assert (tmp_path / "journal").is_fifo()


def test_the_probe_is_not_written_through_a_link(program: str, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("mine")
    (tmp_path / "rootfs").mkdir()
    (tmp_path / "rootfs/probe").symlink_to(outside)
    bundles.rootfs.make(tmp_path / "rootfs", Path(program))
    assert outside.read_text() == "mine"


def test_links_of_a_given_rootfs_are_not_followed(program: str, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir(mode=0o700)
    (tmp_path / "rootfs").mkdir()
    (tmp_path / "rootfs/tmp").symlink_to(outside)
    (tmp_path / "rootfs/etc").symlink_to("/nonexistent")
    bundles.rootfs.make(tmp_path / "rootfs", Path(program))
    assert stat.S_IMODE(outside.stat().st_mode) == 0o700
    assert os.readlink(tmp_path / "rootfs/etc") == "/nonexistent"


def archive(path: Path, *members: tarfile.TarInfo) -> Path:
    with tarfile.open(path, "w") as tar:
        for member in members:
            tar.addfile(member, io.BytesIO(b"x" * member.size))
    return path


def member(name: str, kind: bytes = tarfile.REGTYPE, **more: object) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.mode = kind, 0o755
    for attribute, value in more.items():
        setattr(info, attribute, value)
    return info


def test_unpack_a_tar(tmp_path: Path) -> None:
    tar = archive(
        tmp_path / "a.tar",
        member("bin", tarfile.DIRTYPE),
        member("bin/tool", size=3),
        member("bin/alias", tarfile.SYMTYPE, linkname="tool"),
        member("dev/null", tarfile.CHRTYPE, devmajor=1, devminor=3),
    )
    bundles.rootfs.unpack(tar, tmp_path / "rootfs")
    assert (tmp_path / "rootfs/bin/tool").read_bytes() == b"xxx"
    assert os.readlink(tmp_path / "rootfs/bin/alias") == "tool"
    assert not (tmp_path / "rootfs/dev/null").exists()


def test_unpack_refuses_what_lands_outside(tmp_path: Path) -> None:
    tar = archive(tmp_path / "a.tar", member("../outside", size=1))
    with pytest.raises(tarfile.TarError):
        bundles.rootfs.unpack(tar, tmp_path / "rootfs")
    assert not (tmp_path / "outside").exists()


def test_write_with_a_rootfs_from_a_tar_and_a_folder(program: str, tmp_path: Path) -> None:
    tar = archive(tmp_path / "a.tar", member("tool", size=3))
    bundles.write(tmp_path / "one", bundles.base(), tar)
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree/tool").write_bytes(b"xxx")
    bundles.write(tmp_path / "two", bundles.base(), tmp_path / "tree")
    for name in ("one", "two"):
        assert (tmp_path / name / "rootfs/tool").read_bytes() == b"xxx"
        assert (tmp_path / name / "rootfs/probe").is_file() and (tmp_path / name / "rootfs/journal").is_fifo()


def test_write_takes_text_that_is_no_document(tmp_path: Path) -> None:
    bundles.write(tmp_path / "text", "{", rootfs="none")
    bundles.write(tmp_path / "bytes", b"\xff", rootfs="none")
    assert (tmp_path / "text/config.json").read_text() == "{"
    assert (tmp_path / "bytes/config.json").read_bytes() == b"\xff"
    assert not (tmp_path / "text/rootfs").exists()


def test_write_leaves_a_rootfs_alone(tmp_path: Path) -> None:
    (tmp_path / "rootfs").mkdir()
    bundles.write(tmp_path, bundles.base())
    assert list((tmp_path / "rootfs").iterdir()) == []
    assert json.loads((tmp_path / "config.json").read_text()) == bundles.base()


BUILD = "from bundles import probe; print(probe.build())"


def test_builds_at_once_end_in_one_probe(tmp_path: Path) -> None:
    env = {**os.environ, "XDG_CACHE_HOME": str(tmp_path)}
    running = [
        subprocess.Popen([sys.executable, "-c", BUILD], env=env, stdout=subprocess.PIPE, text=True) for _ in range(3)
    ]
    paths = {process.communicate(timeout=300)[0].strip() for process in running}
    assert len(paths) == 1
    assert [entry.name for entry in (tmp_path / "proctor").iterdir()] == [Path(paths.pop()).name]


def test_no_compiler_is_told_in_one_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(binary, "compilers", list)
    with pytest.raises(binary.NoCompiler, match="apt-get install gcc"):
        binary.build()
    assert list((tmp_path / "proctor").iterdir()) == []


def test_a_compiler_that_fails_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no cc on PATH")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(binary, "compilers", lambda: [["/nonexistent"], ["false"], [compiler]])
    assert binary.build().is_file()


def test_the_cache_follows_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert binary.cache_folder() == tmp_path / ".cache/proctor"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "x"))
    assert binary.cache_folder() == tmp_path / "x/proctor"
