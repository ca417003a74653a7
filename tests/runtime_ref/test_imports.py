"""What an operation loads: slow modules stay off the path of every container (each costs milliseconds)."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import bundles
from runtime_ref import install

SLOW = {
    *("re", "json", "ctypes", "enum", "typing", "dataclasses", "logging", "argparse", "subprocess", "pathlib", "contextlib", "functools", "inspect"),
    *("collections", "socket", "signal", "tempfile", "shutil", "threading", "traceback", "hashlib", "importlib.metadata", "jsonschema", "cffi"),
}
# Runs the command line in this interpreter and tells what is loaded when it would end the process.
TELL = """
import os, sys
sys.path[:0] = {paths!r}
from runtime_ref import cli
def leave(code):
    os.write(9, (chr(10).join(sys.modules)).encode())
    os._exit(code)
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


@pytest.mark.parametrize("seccomp", [False, True])
def test_a_life_loads_nothing_slow(seccomp: bool, tmp_path: Path) -> None:
    patch = {"linux": {"seccomp": {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["getcwd"], "action": "SCMP_ACT_ERRNO"}]}}}
    config = bundles.merge(bundles.base(), {"process": {"args": ["/probe", "pause"]}, "linux": {"cgroupsPath": None}}, patch if seccomp else {})
    bundles.write(tmp_path / "b", config)
    ident = f"imports-{tmp_path.name}"
    try:
        for words in (("create", "--bundle", str(tmp_path / "b"), ident), ("start", ident), ("state", ident), ("kill", ident, "KILL"), ("delete", "--force", ident)):
            found = loaded(tmp_path, *words)
            assert "runtime_ref.cli" in found
            assert found & SLOW == set(), words
            if words[0] == "state":
                assert not {m for m in found if m.startswith(("runtime_ref.kernel", "runtime_ref.cgroup", "_cffi"))}
    finally:
        subprocess.run([sys.executable, "-m", "runtime_ref", "--root", str(tmp_path / "root"), "delete", "--force", ident], check=False, capture_output=True)


def test_the_list_of_slow_modules_is_of_modules() -> None:
    assert json.__name__ in SLOW
