"""A bundle written by hand runs on the runtimes this machine has: the file on disk is what a runtime wants."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from bundles.__main__ import main
from tests.bundles.asking import DEADLINE


@pytest.mark.parametrize("name", ["runc", "crun"])
def test_new_bundle_runs(name: str, tmp_path: Path) -> None:
    runtime = shutil.which(name)
    if runtime is None:
        pytest.skip(f"no {name} on PATH")
    if os.geteuid():
        pytest.skip(f"not root: uid {os.geteuid()}")
    container = f"bundles-{os.getpid()}-{name}"
    bundle = tmp_path / container
    assert main(["new", str(bundle), "--probe", "dump try getppid exit 7"]) == 0
    # A mount namespace of its own: nothing a runtime leaves mounted stays on the machine.
    command = ["unshare", "-m", runtime, "--root", str(tmp_path / "root"), "run", container]
    done = subprocess.run(command, cwd=bundle, stdin=subprocess.DEVNULL, capture_output=True, timeout=DEADLINE)
    assert done.returncode == 7, done.stderr
    dump, attempt = map(json.loads, done.stdout.splitlines())
    assert (dump["pid"], dump["hostname"], dump["exe"]) == (1, "proctor", "/probe")
    assert attempt == {"kind": "try", "name": "getppid", "args": [], "ret": 1, "errno": "OK", "signal": None}
