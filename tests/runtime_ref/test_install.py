"""The reference installed away from this tree, and under every other Python that is here and supported."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import bundles

ROOT = Path(__file__).parents[2]


def others() -> list[str]:
    """Interpreters of the supported minor versions other than ours, by their real paths."""
    found = {}
    for minor in (11, 12, 13):
        if minor == sys.version_info.minor:
            continue
        candidates = [shutil.which(f"python3.{minor}") or "", *map(str, Path.home().glob(f".pyenv/versions/3.{minor}.*/bin/python3.{minor}"))]
        for path in filter(None, candidates):
            told = subprocess.run([path, "-c", "import sys, venv, ensurepip; print(sys.version_info.minor)"], capture_output=True, text=True, check=False)
            if told.stdout.strip() == str(minor):
                found[minor] = path
    return list(found.values())


def runs(launcher: Path, folder: Path) -> None:
    """A container, by that launcher."""
    bundles.write(folder / "b", bundles.merge(bundles.base(), {"process": {"args": ["/probe", "say", "it runs", "exit", "3"]}, "linux": {"cgroupsPath": None}}))
    done = subprocess.run(
        [launcher, "--root", folder / "root", "run", "--bundle", folder / "b", f"install-{folder.name}"],
        capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=120, cwd="/", check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (3, "it runs\n"), done.stderr


def by_systemd(launcher: Path, folder: Path) -> str:
    """What is said of the systemd driver where its bus is not; `folder` is of `runs`."""
    done = subprocess.run(
        [launcher, "--root", folder / "root", "--systemd-cgroup", "run", "--bundle", folder / "b", f"install-{folder.name}"],
        capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=120, cwd="/", check=False,
        env={**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": "unix:path=/nowhere"},
    )  # fmt: skip
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    return done.stderr


def test_an_installed_copy_needs_nothing_of_this_tree(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "runtime_ref.install", "--prefix", tmp_path / "usr"], cwd=ROOT, check=True, timeout=120)
    launcher = tmp_path / "usr" / "bin" / "runtime-ref"
    assert str(ROOT / "runtime_ref") not in launcher.read_text()
    assert launcher.read_text().splitlines()[0].endswith("-IS")
    runs(launcher, tmp_path)
    assert "no D-Bus system bus" in by_systemd(launcher, tmp_path)
    shutil.rmtree(tmp_path / "usr" / "lib" / "runtime-ref" / "jeepney")
    assert "needs the Python package jeepney" in by_systemd(launcher, tmp_path)


def test_an_installed_copy_is_for_every_user(tmp_path: Path) -> None:
    """Whatever are the modes of the source and the umask of who installs it."""
    source = tmp_path / "source"
    shutil.copytree(ROOT / "runtime_ref", source / "runtime_ref", ignore=shutil.ignore_patterns("__pycache__"))
    subprocess.run(["chmod", "-R", "go=", source], check=True)
    words = [sys.executable, "-m", "runtime_ref.install", "--prefix", tmp_path / "made" / "usr"]
    subprocess.run(words, cwd=source, check=True, timeout=120, umask=0o077)
    found = [path for path in (tmp_path / "made").rglob("*") if path != tmp_path / "made"]
    assert [str(path) for path in found if path.stat().st_mode & 0o044 != 0o044 or (path.is_dir() and path.stat().st_mode & 0o011 != 0o011)] == []
    assert (tmp_path / "made").stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize("python", others() or [None])
def test_pip_installs_it_under_another_python(python: str | None, tmp_path: Path) -> None:
    if python is None:
        pytest.skip("no other Python of 3.11 to 3.13 is installed")
    subprocess.run([python, "-m", "venv", tmp_path / "env"], check=True, timeout=300)
    pip = [tmp_path / "env" / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check"]
    source = tmp_path / "source"
    shutil.copytree(ROOT, source, ignore=shutil.ignore_patterns(".venv", ".git", "results", "__pycache__", ".cache", "*.egg-info", "build"))
    done = subprocess.run([*pip, "cffi", "setuptools>=77"], capture_output=True, text=True, timeout=300, check=False)
    if done.returncode:
        pytest.skip(f"cffi for {os.path.basename(python)} cannot be had: {done.stderr.strip().splitlines()[-1]}")
    subprocess.run([*pip, "--no-deps", "--no-build-isolation", source], check=True, timeout=300, capture_output=True)
    runs(tmp_path / "env" / "bin" / "runtime-ref", tmp_path)
    subprocess.run([tmp_path / "env/bin/python", "-m", "runtime_ref.install", tmp_path / "fast"], check=True, timeout=120, cwd=tmp_path)
    (tmp_path / "two").mkdir()
    runs(tmp_path / "fast", tmp_path / "two")
