"""Attacks on a whole run: the interpreter as a way to the host (CVE-2019-5736), descriptors and working directories
that lead out of the container (CVE-2024-21626). Each once more on a copy of the runtime without the measure.

The interpreter attacked is a copy of the test's own; nothing is ever written to it.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import stat
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

import pytest

import bundles
from bundles import probe, rootfs
from runtime_ref import caps
from tests.runtime_ref.test_security import without
from tests.runtime_ref.within import REPO

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="the attacks start from root in a container")

DEADLINE = 60  # seconds for one call of the runtime, on a busy machine


def interpreter(tmp_path: Path) -> Path:
    """A copy of this interpreter's program; its library stays where it is."""
    python = tmp_path / "python/bin" / os.path.basename(os.path.realpath(sys.executable))
    python.parent.mkdir(parents=True)
    shutil.copy2(os.path.realpath(sys.executable), python)
    library = Path(sysconfig.get_path("stdlib"))
    (tmp_path / "python/lib").mkdir()
    (tmp_path / "python/lib" / library.name).symlink_to(library)
    return python


def launcher(tmp_path: Path, package: Path) -> Path:
    """A `runtime-ref` that runs the package in this folder on a copied interpreter."""
    target = tmp_path / "runtime-ref"
    subprocess.run(
        [sys.executable, "-m", "runtime_ref.install", str(target)],
        cwd=package,
        check=True,
        timeout=DEADLINE,
        capture_output=True,
    )
    first, rest = target.read_text().split("\n", 1)
    assert first.startswith("#!") and first.endswith(" -IS")
    target.write_text(f"#!{interpreter(tmp_path)} -IS\n{rest}")
    return target


def bundle(tmp_path: Path, *patches: dict[str, Any]) -> Path:
    where = tmp_path / "bundle"
    where.mkdir()
    document = bundles.merge(bundles.base(), {"linux": {"cgroupsPath": None}}, *patches)
    rootfs.make(where / "rootfs", probe.build())
    (where / "config.json").write_text(json.dumps(document))
    return where


class Runtime:
    """A launcher with a state folder of its own."""

    def __init__(self, tmp_path: Path, package: Path = REPO) -> None:
        self.path = launcher(tmp_path, package)
        self.state = tmp_path / "state"
        self.ident = f"escape-{os.getpid()}-{tmp_path.name}"

    def __call__(self, *words: str, **rest: Any) -> subprocess.CompletedProcess[str]:
        line = [str(self.path), "--root", str(self.state), *words, self.ident]
        # Files and no pipes: the container's process has them too, and would keep a pipe open.
        with open(self.state.with_name("out"), "w+") as out, open(self.state.with_name("err"), "w+") as err:
            done = subprocess.run(
                line, check=False, timeout=DEADLINE, stdin=subprocess.DEVNULL, stdout=out, stderr=err, **rest
            )
            out.seek(0)
            err.seek(0)
            return subprocess.CompletedProcess(line, done.returncode, out.read(), err.read())


# CVE-2019-5736: what runs beside a container must not be writable through its /proc/PID/exe.

SEAL = ("seal.py", "if MARK in sys._xoptions or sealed():", "if True:")


def write_interpreter(tmp_path: Path, package: Path) -> int:
    """Opens the interpreter for writing by way of the waiting first process: errno, or 0 where that works.

    A container holds such a descriptor too, and waits until nobody runs the interpreter.
    """
    runtime = Runtime(tmp_path, package)
    where = bundle(tmp_path)
    made = runtime("create", "--bundle", str(where))
    assert made.returncode == 0, made.stderr
    try:
        pid = json.loads(runtime("state").stdout)["pid"]
        held = os.open(f"/proc/{pid}/exe", os.O_RDONLY)
    finally:
        ended = runtime("delete", "--force")
    assert ended.returncode == 0, ended.stderr
    try:
        os.close(os.open(f"/proc/self/fd/{held}", os.O_WRONLY))
    except OSError as fault:
        return fault.errno or -1
    finally:
        os.close(held)
    return 0


def test_interpreter_cannot_be_written(tmp_path: Path) -> None:
    assert write_interpreter(tmp_path, REPO) in (errno.EROFS, errno.EPERM)


def test_interpreter_cannot_be_written_needs_its_measure(tmp_path: Path) -> None:
    assert write_interpreter(tmp_path, without(tmp_path, SEAL)) == 0


# CVE-2024-21626: a descriptor of a host's folder, left open, as working directory or in the program.

LEAK = 9
CWD = ("process.py", 'if os.getcwd().startswith("/"):', "if True:")
EXIST = (
    "process.py",
    "        except FileNotFoundError:\n            pass\n        raise RuntimeFault",
    "        except FileNotFoundError:\n            return\n        raise RuntimeFault",
)
EARLY = ("init.py", "close_others(job.descriptors(), job.preserve)", "os.close(job.record.lock)")
LATE = ("process.py", "k.close_range(3 + self.preserve, LAST_DESCRIPTOR, c.CLOSE_RANGE_CLOEXEC)", "pass")


def run_with_leak(tmp_path: Path, package: Path, *patches: dict[str, Any]) -> subprocess.CompletedProcess[str]:
    """One run whose caller left a folder of the host open."""
    runtime = Runtime(tmp_path, package)
    where = bundle(tmp_path, *patches)
    (tmp_path / "host").mkdir()
    (tmp_path / "host/marker").touch()
    shutil.copy2(probe.build(), tmp_path / "host/program")
    folder = os.open(tmp_path / "host", os.O_RDONLY | os.O_DIRECTORY)
    try:
        return runtime("run", "--bundle", str(where), preexec_fn=lambda: os.dup2(folder, LEAK), close_fds=False)
    finally:
        os.close(folder)


def leaked_cwd() -> dict[str, Any]:
    return {"process": {"cwd": f"/proc/self/fd/{LEAK}", "args": ["/probe", "list", "."]}}


def test_working_directory_outside(tmp_path: Path) -> None:
    ended = run_with_leak(tmp_path, REPO, leaked_cwd())
    assert ended.returncode != 0 and "process.cwd" in ended.stderr and "marker" not in ended.stdout


def test_working_directory_outside_needs_its_measure(tmp_path: Path) -> None:
    assert "marker" in run_with_leak(tmp_path, without(tmp_path, EARLY, CWD, EXIST), leaked_cwd()).stdout


MAKE = ("init.py", "os.close(paths.make(self.job.ctx.root, cwd, True)[0])", "os.mkdir(cwd, 0o755)")


def missing_cwd() -> dict[str, Any]:
    return {"process": {"cwd": f"/proc/self/fd/{LEAK}/made", "args": ["/probe", "list", "."]}}


def test_working_directory_is_not_made_outside(tmp_path: Path) -> None:
    ended = run_with_leak(tmp_path, REPO, missing_cwd())
    assert ended.returncode != 0 and "process.cwd" in ended.stderr
    assert sorted(os.listdir(tmp_path / "host")) == ["marker", "program"]


def test_working_directory_is_not_made_outside_needs_its_measure(tmp_path: Path) -> None:
    run_with_leak(tmp_path, without(tmp_path, EARLY, MAKE), missing_cwd())
    assert (tmp_path / "host/made").is_dir()


def leaked_descriptor() -> dict[str, Any]:
    return {"process": {"args": ["/probe", "list", f"/proc/self/fd/{LEAK}/"]}}


def test_descriptor_left_open(tmp_path: Path) -> None:
    ended = run_with_leak(tmp_path, REPO, leaked_descriptor())
    assert ended.returncode == 0 and "ENOENT" in ended.stdout and "marker" not in ended.stdout


def test_descriptor_left_open_needs_its_measure(tmp_path: Path) -> None:
    assert "marker" in run_with_leak(tmp_path, without(tmp_path, EARLY, LATE), leaked_descriptor()).stdout


def leaked_program() -> dict[str, Any]:
    return {"process": {"args": [f"/proc/self/fd/{LEAK}/program", "say", "out of the host"]}}


def test_program_by_a_descriptor_left_open(tmp_path: Path) -> None:
    ended = run_with_leak(tmp_path, REPO, leaked_program())
    assert ended.returncode != 0 and "process.args" in ended.stderr and "out of the host" not in ended.stdout


def test_program_by_a_descriptor_left_open_needs_its_measure(tmp_path: Path) -> None:
    assert "out of the host" in run_with_leak(tmp_path, without(tmp_path, EARLY), leaked_program()).stdout


# A descriptor of the runtime's own at a number that the caller did not open.

OWN = (
    ("cli.py", "    _preserve(call)  # while", "    # while"),
    ("container.py", "    job.preserve = number(", "    __import__('runtime_ref.cli').cli._preserve(call)\n    job.preserve = number("),
)


def preserved_but_not_open(tmp_path: Path, package: Path) -> subprocess.CompletedProcess[str]:
    """The container gets descriptor 3, which the caller does not have."""
    runtime, where = Runtime(tmp_path, package), bundle(tmp_path, {"process": {"args": ["/probe", "list", "/proc/self/fd/3/"]}})
    return runtime("run", "--preserve-fds", "1", "--bundle", str(where))


def test_own_descriptors_are_not_preserved(tmp_path: Path) -> None:
    ended = preserved_but_not_open(tmp_path, REPO)
    assert ended.returncode and "descriptor 3 is not open" in ended.stderr


def test_own_descriptors_are_not_preserved_needs_its_measure(tmp_path: Path) -> None:
    assert "state.json" in preserved_but_not_open(tmp_path, without(tmp_path, *OWN)).stdout


STANDARD = ("cli.py", "for fd in range(3):\n        try:\n            os.fstat", "for fd in ():\n        try:\n            os.fstat")


def program_by_standard_input(tmp_path: Path, package: Path) -> subprocess.CompletedProcess[str]:
    """The caller has no standard input, so that a descriptor of the runtime may be there when the program is looked up."""
    program = ["/proc/self/fd/0/../../program", "say", "out of the host"]
    runtime, where = Runtime(tmp_path, package), bundle(tmp_path, {"process": {"args": program}})
    shutil.copy2(probe.build(), tmp_path / "program")
    return runtime("run", "--bundle", str(where), preexec_fn=lambda: os.close(0))


def test_program_by_a_closed_standard_descriptor(tmp_path: Path) -> None:
    ended = program_by_standard_input(tmp_path, REPO)
    assert ended.returncode and "process.args" in ended.stderr and "out of the host" not in ended.stdout


def test_program_by_a_closed_standard_descriptor_needs_its_measure(tmp_path: Path) -> None:
    assert "out of the host" in program_by_standard_input(tmp_path, without(tmp_path, STANDARD)).stdout


# The trace holds the host's /proc: a hook whose path is a link of the image that leads there.

LET_GO = ("init.py", "trace.let_go()  # else", "pass  # else")


def hook_by_the_trace(tmp_path: Path, package: Path) -> str:
    """What the host's program says that a hook of the container turns out to be."""
    runtime, said = Runtime(tmp_path, package), ""
    every = [*caps.NAMES]
    hooks = {"startContainer": [{"path": "/hook", "args": ["hook", "say", "out of the host", "exit", "3"]}]}
    sets = {"bounding": every, "permitted": every, "effective": every}
    where = bundle(tmp_path, {"process": {"capabilities": sets}, "hooks": hooks})
    shutil.copy2(probe.build(), tmp_path / "program")
    for fd in range(3, 7):
        (where / "rootfs/hook").unlink(missing_ok=True)
        (where / "rootfs/hook").symlink_to(f"/proc/self/fd/{fd}/{os.getpid()}/root{tmp_path}/program")
        ended = runtime(f"--trace={tmp_path}/trace", "run", "--bundle", str(where))
        assert ended.returncode and "startContainer" in ended.stderr
        said += ended.stderr
    return said


def test_hook_by_the_trace(tmp_path: Path) -> None:
    assert "out of the host" not in hook_by_the_trace(tmp_path, REPO)


def test_hook_by_the_trace_needs_its_measure(tmp_path: Path) -> None:
    assert "out of the host" in hook_by_the_trace(tmp_path, without(tmp_path, LET_GO))


# A device of the image where the terminals should be: the runtime opens it with all rights, before the device rules are there.

TERMINALS = ("init.py", "if k.fstatfs_type(folder) != c.DEVPTS_SUPER_MAGIC:", "if False:")
URANDOM = os.makedev(1, 9)


def device_for_terminal(tmp_path: Path, package: Path) -> str:
    """What is said of an image whose /dev/pts/ptmx is another device, and whose configuration mounts none over it."""
    runtime, where = Runtime(tmp_path, package), bundle(tmp_path, {"process": {"terminal": True}})
    config = json.loads((where / "config.json").read_text())
    config["mounts"] = [{"destination": "/proc", "type": "proc", "source": "proc"}]
    (where / "config.json").write_text(json.dumps(config))
    (where / "rootfs/dev/pts").mkdir(parents=True, exist_ok=True)
    os.mknod(where / "rootfs/dev/pts/ptmx", stat.S_IFCHR | 0o666, URANDOM)
    return runtime("run", "--bundle", str(where)).stderr


def test_a_device_for_a_terminal(tmp_path: Path) -> None:
    assert "no devpts" in device_for_terminal(tmp_path, REPO)


def test_a_device_for_a_terminal_needs_its_measure(tmp_path: Path) -> None:
    assert "Invalid argument" in device_for_terminal(tmp_path, without(tmp_path, TERMINALS))  # of the ioctl: it is open
