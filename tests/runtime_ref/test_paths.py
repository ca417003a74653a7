"""Looking up and making paths inside a root: whatever links an image holds, what comes back lies inside."""

from __future__ import annotations

import errno
import os
import random
import shutil
from pathlib import Path

import pytest

from runtime_ref import paths

NAMES = ("a", "b", "c")
PARTS = (*NAMES, "..", ".", "new")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/secret").touch()
    folder = tmp_path / "root"
    folder.mkdir()
    return folder


def made(root: Path, path: str, folder: bool = True) -> tuple[str, bool]:
    """The name of what `paths.make` gives, from the root, and whether it was there."""
    top = os.open(root, os.O_PATH)
    try:
        fd, before = paths.make(top, path, folder)
        try:
            name = paths.name(fd)
        finally:
            os.close(fd)
    finally:
        os.close(top)
    assert name == str(root) or name.startswith(f"{root}/"), name
    return name[len(str(root)) :] or "/", before


def test_makes_what_is_missing(root: Path) -> None:
    assert made(root, "/a/b/c") == ("/a/b/c", False)
    assert made(root, "a/b/c") == ("/a/b/c", True)
    assert made(root, "/a/file", folder=False) == ("/a/file", False)
    assert (root / "a/file").is_file()


@pytest.mark.parametrize(
    ("target", "path", "found"),
    [
        ("/outside", "/link/x", "/outside/x"),
        ("../outside", "/link/x", "/outside/x"),
        ("../../../../../..", "/link/x", "/x"),
        ("/", "/link", "/"),
        ("nowhere", "/link", "/nowhere"),
        ("deep/er/still", "/link/x", "/deep/er/still/x"),
        ("/proc/self/root", "/link/x", "/proc/self/root/x"),
    ],
)
def test_links_lead_to_the_inside(root: Path, target: str, path: str, found: str) -> None:
    (root / "link").symlink_to(target)
    assert made(root, path)[0] == found


def test_a_file_on_the_way_is_an_error(root: Path) -> None:
    (root / "file").touch()
    with pytest.raises(NotADirectoryError):
        made(root, "/file/x")


def test_a_loop_is_an_error(root: Path) -> None:
    (root / "a").symlink_to("b")
    (root / "b").symlink_to("a")
    with pytest.raises(OSError) as caught:
        made(root, "/a/x")
    assert caught.value.errno == errno.ELOOP


def test_find_gives_nothing_for_what_is_not_there(root: Path) -> None:
    top = os.open(root, os.O_PATH)
    assert paths.find(top, "/absent/x") is None
    (root / "file").touch()
    assert paths.find(top, "/file/x") is None
    os.close(top)


def test_no_layout_of_links_leads_out(root: Path) -> None:
    """Two hundred random images: each lookup ends inside, or in one of the errors a lookup may have."""
    dice = random.Random(20260101)
    inside = 0
    for _ in range(200):
        shutil.rmtree(root)
        root.mkdir()
        for _ in range(6):
            # A place whose folders are none of the links: the layout itself must not be written through one.
            place = root / dice.choice(NAMES)
            while place.is_dir() and not place.is_symlink():
                place /= dice.choice(NAMES)
            if place.is_symlink():
                continue
            if dice.random() < 0.7:
                target = "/".join(dice.choices(PARTS, k=dice.randint(1, 4)))
                place.symlink_to(("/" if dice.random() < 0.5 else "") + target)
            else:
                place.mkdir()
        try:
            made(root, "/" + "/".join(dice.choices(PARTS, k=4)))
            inside += 1
        except OSError as fault:
            assert fault.errno in (errno.ELOOP, errno.ENOTDIR, errno.EEXIST, errno.ENOENT), fault
    assert inside > 100
    assert sorted(os.listdir(root.parent / "outside")) == ["secret"]
