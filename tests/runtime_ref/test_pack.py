"""The pack and the small `os`: what makes the start fast changes nothing but that."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from runtime_ref import install, pack

TELL = """
for name, module in sys.modules.items():
    if name.startswith("runtime_ref"):
        print(name, module.__loader__ is sys.meta_path[0])
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the package that a launcher in it runs."""
    shutil.copytree(install.HERE, tmp_path / "runtime_ref", ignore=shutil.ignore_patterns("__pycache__"))
    code = "from runtime_ref import install; install.here('launcher')"
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True, timeout=120)
    return tmp_path


def version(tree: Path) -> str:
    """What the launcher says of itself."""
    done = subprocess.run([tree / "launcher", "version"], capture_output=True, text=True, check=False, timeout=120)
    return done.stdout + done.stderr


def edit(tree: Path) -> None:
    """Another version in the source."""
    file = tree / "runtime_ref" / "cli.py"
    file.write_text(file.read_text().replace('VERSION = "0', 'VERSION = "7'))


def test_modules_come_from_the_pack(tree: Path) -> None:
    launcher = (tree / "launcher").read_text().replace("cli.main(sys.argv)", "import runtime_ref.launch" + TELL)
    (tree / "launcher").write_text(launcher)
    found = dict(line.split() for line in version(tree).splitlines())
    assert {"runtime_ref", "runtime_ref.cli", "runtime_ref.launch", "runtime_ref.kernel.sys"} <= set(found)
    assert set(found.values()) == {"True"}, found


def test_the_pack_is_used(tree: Path) -> None:
    # The source as it was when it was packed, by its time and size, but with another text.
    file = tree / "runtime_ref" / "cli.py"
    about = file.stat()
    edit(tree)
    os.utime(file, ns=(about.st_atime_ns, about.st_mtime_ns))
    assert version(tree).startswith("runtime-ref version 0")


def test_a_changed_source_counts(tree: Path) -> None:
    edit(tree)
    assert version(tree).startswith("runtime-ref version 7")


def test_a_module_that_came_later_is_found(tree: Path) -> None:
    (tree / "runtime_ref" / "kernel" / "later.py").write_text('VERSION = "8"\n')
    file = tree / "runtime_ref" / "cli.py"
    file.write_text(file.read_text().replace('VERSION = "0.1.0"', "from runtime_ref.kernel.later import VERSION"))
    assert version(tree).startswith("runtime-ref version 8")


@pytest.mark.parametrize("content", [None, b"", b"another version's"])
def test_without_a_fitting_pack_it_runs_all_the_same(content: bytes | None, tree: Path) -> None:
    file = Path(install.pack_of(str(tree)))
    assert file.exists()
    file.unlink() if content is None else file.write_bytes(content)
    assert version(tree).startswith("runtime-ref version 0")


@pytest.mark.parametrize("size", [0, 4, 100, pack.HEAD, pack.HEAD + 1000, -1])
def test_a_pack_that_was_cut_short(size: int, tree: Path) -> None:
    file = Path(install.pack_of(str(tree)))
    file.write_bytes(file.read_bytes()[:size])
    assert version(tree).startswith("runtime-ref version 0")


def test_a_pack_exchanged_meanwhile(tree: Path) -> None:
    file = Path(install.pack_of(str(tree)))
    other = tree / "other"
    other.write_bytes(file.read_bytes()[: pack.HEAD] + bytes(range(256)) * 4096)
    launcher = (tree / "launcher").read_text()
    late = f"posix.rename({str(other)!r}, {str(file)!r})\nfrom runtime_ref import cli\n"
    assert launcher.count("\nfrom runtime_ref import cli\n") == 1
    (tree / "launcher").write_text(launcher.replace("from runtime_ref import cli\n", late))
    assert version(tree).startswith("runtime-ref version 0")


def test_a_pack_of_another_interpreter(tree: Path) -> None:
    launcher = (tree / "launcher").read_text()
    assert launcher.count("MAGIC_NUMBER\n") == 1
    (tree / "launcher").write_text(launcher.replace("MAGIC_NUMBER\n", "MAGIC_NUMBER\nMAGIC_NUMBER = b'9999'\n"))
    assert version(tree).startswith("runtime-ref version 0")
    (tree / "launcher").write_text((tree / "launcher").read_text().replace("cli.main(sys.argv)", TELL))
    assert "True" not in version(tree)


def test_nobody_else_can_write_the_pack(tmp_path: Path) -> None:
    shutil.copytree(install.HERE, tmp_path / "runtime_ref", ignore=shutil.ignore_patterns("__pycache__"))
    code = "from runtime_ref import install; install.here('launcher')"
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True, timeout=120, umask=0)
    made = [tmp_path / "launcher", Path(install.pack_of(str(tmp_path))), *tmp_path.rglob("*.pyc"), *tmp_path.rglob("__pycache__")]
    assert [path for path in made if path.stat().st_mode & 0o022] == []


paths = st.lists(st.sampled_from(["", "a", "b.c", ".", ".."]), max_size=6).map("/".join)


@given(paths, paths)
@example("/", "/")
@example("a/", "")
def test_paths_as_in_os(one: str, two: str) -> None:
    from runtime_ref.kernel import os as ours

    def plain(path: str) -> str:
        return "/" + path.lstrip("/") if path.startswith("/") else path  # POSIX lets two slashes mean something else

    assert plain(ours.path.join(one, two)) == plain(os.path.join(one, two))
    assert ours.path.normpath(one) == plain(os.path.normpath(one))
    assert ours.path.abspath(one) == plain(os.path.abspath(one))
    assert plain(ours.path.dirname(one)) == plain(os.path.dirname(one))
    assert ours.path.basename(one) == os.path.basename(one)


def test_an_absolute_path_needs_no_working_directory(tmp_path: Path) -> None:
    code = "import os; from runtime_ref.kernel import os as ours; os.rmdir(os.getcwd()); print(ours.path.abspath('/a/../b'))"
    env = {"PYTHONPATH": os.path.dirname(install.HERE)}
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout == "/b\n", done.stderr


def test_files_as_in_os(tmp_path: Path) -> None:
    from runtime_ref.kernel import os as ours

    (tmp_path / "file").touch()
    (tmp_path / "dangling").symlink_to("nowhere")
    for path in (tmp_path, tmp_path / "file", tmp_path / "dangling", tmp_path / "missing", "a\0b"):
        for name in ("exists", "lexists", "isdir"):
            assert getattr(ours.path, name)(str(path)) == getattr(os.path, name)(path), (name, path)


def test_what_is_not_there_is_the_real_one() -> None:
    from runtime_ref.kernel import os as ours

    assert ours.environ is os.environ
    assert ours.walk is os.walk
    assert ours.fsencode("a\udcff") == os.fsencode("a\udcff")
    assert ours.fsdecode(b"a\xff") == os.fsdecode(b"a\xff")
