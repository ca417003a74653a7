"""The cases of the process on a kernel that has AppArmor and grants every capability and limit: `make vm-test`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = ("lsm", "capabilities", "rlimits", "process")
NEEDS = ("apparmor", "all-caps", "cap:CAP_SYS_RESOURCE", "rlimit:RLIMIT_NICE", "rlimit:RLIMIT_RTPRIO")
pytestmark = pytest.mark.skipif(not os.environ.get("PROCTOR_VM"), reason="not in the emulated kernel (make vm-test)")


@pytest.mark.parametrize("runtime", ["crun", "runc", str(Path(sys.executable).parent / "runtime-ref")])
def test_no_verdict_is_red(runtime: str) -> None:
    if not shutil.which(runtime):
        pytest.skip(f"{runtime} is not installed")
    done = subprocess.run(
        [sys.executable, "-m", "tests.conformance.elsewhere", runtime, *(f"--need={need}" for need in NEEDS), *MODULES],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.fspath(ROOT)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "AppArmor is not enabled" not in done.stdout and "in the bounding set of the harness: " not in done.stdout
    assert "PASS" in done.stdout
