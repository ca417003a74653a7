"""The system calls: the generated module is that of the header, the numbers are the kernel headers', errors name their call."""

from __future__ import annotations

import os
import platform
import re
import signal
import subprocess
from pathlib import Path

import pytest

from runtime_ref.kernel import build_abi, const
from runtime_ref.kernel import sys as kernel

UNISTD = {"x86_64": "/usr/include/x86_64-linux-gnu/asm/unistd_64.h", "aarch64": "/usr/include/asm-generic/unistd.h"}
HEADERS = ("mount", "sched", "openat2", "prctl", "magic", "fcntl", "seccomp", "close_range", "keyctl", "nsfs")


def headers() -> dict[str, int]:
    """Every name that the installed kernel headers give a plain number."""
    found: dict[str, int] = {}
    for name in HEADERS:
        file = Path(f"/usr/include/linux/{name}.h")
        if not file.exists():
            continue
        text = re.sub(r"/\*.*?\*/", " ", file.read_text(), flags=re.S)
        for define, value in re.findall(r"^\s*#\s*define\s+(\w+)\s+\(?(-?(?:0x)?[0-9a-fA-F]+)(?:UL{0,2}|ULL)?\)?\s*$", text, re.M):
            try:
                found[define] = int(value, 0)
            except ValueError:
                continue
        for define, shift in re.findall(r"^\s*#\s*define\s+(\w+)\s+\(1(?:UL)?\s*<<\s*(\d+)\)\s*$", text, re.M):
            found[define] = 1 << int(shift)
    return found


def test_the_generated_module_is_that_of_the_header(tmp_path: Path) -> None:
    build_abi.build(str(tmp_path / "_abi.py"))
    assert (tmp_path / "_abi.py").read_text() == (Path(build_abi.HERE) / "_abi.py").read_text()


@pytest.mark.skipif(not headers(), reason="the kernel's headers (linux-libc-dev) are not installed")
def test_constants_are_the_headers() -> None:
    known = headers()
    mine = {name: value for name, value in vars(const).items() if name.isupper() and isinstance(value, int) and name in known}
    assert len(mine) > 60
    assert {name: value for name, value in mine.items() if value != known[name]} == {}


@pytest.mark.skipif(not Path(UNISTD.get(platform.machine(), "/none")).exists(), reason="this machine's unistd.h is not installed")
def test_numbers_of_calls_are_the_headers() -> None:
    text = Path(UNISTD[platform.machine()]).read_text()
    known = {name: int(number) for name, number in re.findall(r"#define __NR(?:3264)?_(\w+) (\d+)", text)}
    differ = {name: number for name, number in const.SYS.items() if name in known and known[name] != number}
    assert differ == {}
    assert len(set(const.SYS) & set(known)) > 30


def test_the_other_machine_has_the_same_calls() -> None:
    assert set(const._X86_64) == set(const._AARCH64)


def test_an_error_names_call_and_path() -> None:
    with pytest.raises(FileNotFoundError) as caught:
        kernel.openat2(const.AT_FDCWD, "/no such file", os.O_PATH, 0, 0)
    assert caught.value.strerror == "openat2: No such file or directory"
    assert caught.value.filename == "/no such file"
    with pytest.raises(OSError, match="setns: Bad file descriptor"):
        kernel.setns(-1, 0)


def test_a_path_with_a_null_byte_is_refused() -> None:
    with pytest.raises(ValueError, match="null byte"):
        kernel.open_tree(const.AT_FDCWD, "/etc\0/passwd", 0)


def test_clone3_gives_the_child_zero_and_the_parent_its_pid() -> None:
    reading, writing = os.pipe()
    pid = kernel.clone3(0, signal.SIGCHLD)
    if pid == 0:
        os.write(writing, b"%d" % os.getpid())
        os._exit(7)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        assert pipe.read() == str(pid)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7


def test_limits_and_capabilities_read_what_proc_says() -> None:
    status = Path("/proc/self/status").read_text()
    sets = [int(re.findall(rf"^{name}:\t(\w+)$", status, re.M)[0], 16) for name in ("CapEff", "CapPrm", "CapInh")]
    assert list(kernel.capget()) == sets
    soft = re.findall(r"^Max open files +(\d+) ", Path("/proc/self/limits").read_text(), re.M)[0]
    assert kernel.prlimit(0, 7)[0] == int(soft)


def test_an_environment_is_passed_on_word_for_word() -> None:
    env = ["TWICE=1", "TWICE=2", "NOT A PAIR", "EMPTY=", "BYTES=\udcff"]
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.dup2(writing, 1)
        kernel.execve("/bin/cat", ["cat", "/proc/self/environ"], env)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        assert pipe.read() == b"".join(os.fsencode(word) + b"\0" for word in env)
    assert os.waitpid(pid, 0)[1] == 0


def test_a_failed_execve_comes_back() -> None:
    with pytest.raises(FileNotFoundError, match="execve"):
        kernel.execve("/no such program", ["x"], [])


def test_a_file_systems_type_is_told() -> None:
    fd = os.open("/proc", os.O_RDONLY)
    try:
        assert kernel.fstatfs_type(fd) == const.PROC_SUPER_MAGIC
    finally:
        os.close(fd)
    assert subprocess.run(["stat", "-f", "-c", "%t", "/proc"], capture_output=True, text=True, check=True).stdout.strip() == "9fa0"
