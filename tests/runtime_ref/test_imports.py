"""What an operation loads: slow modules stay off the path of every container (each costs milliseconds)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import bundles
from runtime_ref import install

SLOW = {
    *("os", "re", "json", "ctypes", "enum", "typing", "dataclasses", "logging", "argparse", "subprocess", "pathlib", "contextlib", "functools", "inspect"),
    *("collections", "socket", "signal", "tempfile", "shutil", "threading", "traceback", "hashlib", "importlib.metadata", "jsonschema", "cffi"),
}
# Runs the command line in this interpreter and tells what is loaded when it would end the process.
TELL = """
import posix, sys
sys.path[:0] = {paths!r}
from runtime_ref import cli
def leave(code):
    posix.write(9, (chr(10).join(sys.modules)).encode())
    posix._exit(code)
cli.leave = leave
cli.main(["runtime-ref", "--no-seal", *{words!r}])
"""


def loaded(folder: Path, *words: str) -> set[str]:
    """The modules an operation has loaded when it ends; it must succeed."""
    paths = [str(Path(install.HERE).parent), str(Path(install.backend()).parent)]
    code = TELL.format(paths=paths, words=["--root", str(folder / "root"), *words])
    with open(folder / "modules", "w") as out:

        def ninth() -> None:
            import os

            os.dup2(out.fileno(), 9)

        subprocess.run(
            [sys.executable, "-I", "-S", "-c", code],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            preexec_fn=ninth, pass_fds=[9, out.fileno()], check=True, timeout=120,
        )  # fmt: skip
    return set((folder / "modules").read_text().split("\n"))


# What a life may load beside the runtime's own modules and those that every start of the interpreter has.
ALLOWED = {
    *("__future__", "_cffi_backend", "_json", "_signal", "_socket", "_struct", "errno", "fcntl", "select", "stat", "time"),
    *("_stat", "abc", "_abc", "_frozen_importlib_external"),
}


def bare() -> set[str]:
    """What the interpreter loads by itself."""
    words = [sys.executable, "-I", "-S", "-c", "import sys; print(chr(10).join(sys.modules))"]
    return set(subprocess.run(words, check=True, capture_output=True, text=True, timeout=120).stdout.split())


@pytest.mark.parametrize("seccomp", [False, True])
def test_a_life_loads_only_what_is_allowed(seccomp: bool, tmp_path: Path) -> None:
    patch = {"linux": {"seccomp": {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["getcwd"], "action": "SCMP_ACT_ERRNO"}]}}}
    config = bundles.merge(
        bundles.base(), {"process": {"args": ["/probe", "pause"]}, "linux": {"cgroupsPath": None}}, patch if seccomp else {}
    )
    bundles.write(tmp_path / "b", config)
    ident = f"imports-{tmp_path.name}"
    life = [("create", "--bundle", str(tmp_path / "b"), ident), ("start", ident), ("state", ident), ("kill", ident, "KILL")]
    usual = bare()
    try:
        for words in (*life, ("delete", "--force", ident)):
            found = loaded(tmp_path, *words)
            assert "runtime_ref.cli" in found
            assert found & SLOW == set(), words
            more = {name for name in found - usual - ALLOWED if name.partition(".")[0] != "runtime_ref"}
            assert more == set(), words
            if words[0] == "state":
                assert not {m for m in found if m.startswith(("runtime_ref.kernel.sys", "runtime_ref.cgroup", "_cffi"))}
    finally:
        delete = [sys.executable, "-m", "runtime_ref", "--root", str(tmp_path / "root"), "delete", "--force", ident]
        subprocess.run(delete, check=False, capture_output=True)


def test_no_slow_module_is_allowed() -> None:
    assert not ALLOWED & SLOW
    for name in SLOW:
        __import__(name)
