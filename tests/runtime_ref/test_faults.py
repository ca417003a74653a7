"""A create in which any one system call fails leaves nothing: no process, mount, cgroup or file. Each call is failed once."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

import bundles
from conformance import world

ROOT = Path(__file__).parents[2]
CONFIG = {
    "hostname": "faulty",
    "process": {"args": ["/probe", "pause"], "oomScoreAdj": 100, "rlimits": [{"type": "RLIMIT_CORE", "soft": 1, "hard": 1}]},
    "linux": {
        "namespaces": [{"type": t} for t in ("pid", "mount", "ipc", "uts", "network", "cgroup")],
        "maskedPaths": ["/proc/keys"],
        "readonlyPaths": ["/proc/sys"],
        "resources": {"pids": {"limit": 50}},
        "seccomp": {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["getcwd"], "action": "SCMP_ACT_ERRNO"}]},
    },
}
MOST = 400


def create(side: str, number: int, folder: Path, place: str) -> tuple[int, str, str]:
    """Exit code, what was injected ("" if the call was never reached), and standard error."""
    told, tell = os.pipe()
    words = [
        sys.executable,
        "-m",
        "tests.runtime_ref.faulty",
        side,
        str(number),
        "--root",
        str(folder / "root"),
        "create",
        "--bundle",
        str(folder / "b"),
        place,
    ]
    with open(folder / "err", "w+") as err:

        def ninth() -> None:
            os.dup2(tell, 9)

        done = subprocess.run(
            words, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=err, preexec_fn=ninth, pass_fds=[9, tell], timeout=120
        )
        os.close(tell)
        err.seek(0)
        said = err.read()
    injected = os.read(told, 4096).decode() if done.returncode else ""
    os.close(told)
    return done.returncode, injected, said


def left(folder: Path, place: str) -> list[str]:
    """What is still there of a container."""
    found = [f"cgroup {p}" for p in world.cgroups_left(f"/{place}")]
    if (folder / "root").exists():
        found += [f"state {name}" for name in os.listdir(folder / "root")]
    found += [f"mount {p}" for p in world.mounts_below(str(folder))]
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                if place.encode() in file.read():
                    found.append(f"process {pid}")
        except OSError:
            continue
    return found


def test_a_create_that_is_killed_at_any_call_can_be_deleted(tmp_path: Path) -> None:
    runtime = [str(ROOT / ".venv/bin/runtime-ref"), "--root", str(tmp_path / "root")]
    stopped = 0
    for number in range(1, MOST):
        place = f"proctor-test-{uuid.uuid4().hex[:12]}"
        bundles.write(tmp_path / "b", bundles.merge(bundles.base(), CONFIG, {"linux": {"cgroupsPath": f"/{place}/below"}}))
        code, injected, _ = create("killed", number, tmp_path, place)
        state = subprocess.run([*runtime, "state", place], capture_output=True, text=True, timeout=120, check=False)
        stopped += '"stopped"' in state.stdout
        # The first process ends by itself as the talk breaks off, and then no force is needed.
        force = [] if '"stopped"' in state.stdout else ["--force"]
        done = subprocess.run([*runtime, "delete", *force, place], capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, (number, injected, state.stdout, done.stderr)
        assert left(tmp_path, place) == [], (number, injected, state.stdout)
        shutil.rmtree(tmp_path / "b")
        if code == 0:
            break
    assert stopped > 10


@pytest.mark.parametrize("side", ["runtime", "init"])
def test_a_create_that_fails_leaves_nothing(side: str, tmp_path: Path) -> None:
    place = f"proctor-test-{uuid.uuid4().hex[:12]}"
    bundles.write(tmp_path / "b", bundles.merge(bundles.base(), CONFIG, {"linux": {"cgroupsPath": f"/{place}"}}))
    failed = 0
    for number in range(1, MOST):
        code, injected, said = create(side, number, tmp_path, place)
        if code == 0:  # the call was never reached, or its failure is one that may be
            subprocess.run([str(ROOT / ".venv/bin/runtime-ref"), "--root", str(tmp_path / "root"), "delete", "--force", place], check=True, timeout=120)
            assert left(tmp_path, place) == []
            if number > failed + 25:
                break
            continue
        failed = number
        assert left(tmp_path, place) == [], (side, number, injected, said)
        assert said.strip(), (side, number, injected)
        assert "Traceback" not in said, said
    assert failed > 5
