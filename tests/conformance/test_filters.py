"""Filters read from the kernel, and run: against programs written by hand and against a process of our own."""

from __future__ import annotations

import json
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from conformance import filters

LOAD_NUMBER, LOAD_ARCH, RETURN, EQUAL = 0x20, 0x20, 0x06, 0x15
MACHINE = platform.machine()
MUNLOCKALL = {"x86_64": 152, "aarch64": 231}.get(MACHINE, 0)
ERRNO_13, ALLOW = 0x0005000D, 0x7FFF0000
ONE_CALL = [[LOAD_NUMBER, 0, 0, 0], [EQUAL, 0, 1, MUNLOCKALL], [RETURN, 0, 0, ERRNO_13], [RETURN, 0, 0, ALLOW]]
# A process with that filter, which says so and ends with its standard input.
WITH_FILTER = """
import ctypes, json, struct, sys
program = json.loads(sys.argv[1])
code = b"".join(struct.pack("<HBBI", *one) for one in program)
room = ctypes.create_string_buffer(code)
libc = ctypes.CDLL(None)
libc.prctl(38, 1, 0, 0, 0)
filter = struct.pack("<HxxxxxxQ", len(program), ctypes.addressof(room))
assert libc.prctl(22, 2, ctypes.create_string_buffer(filter), 0, 0) == 0
print("ready", flush=True)
sys.stdin.read()
"""


def answers(program: list[list[int]], number: int = 0, args: tuple[int, ...] = (), arch: str = "x86_64") -> str:
    return filters.answer([{"program": program, "flags": 0}], arch, number, args)


def test_a_call_is_told_by_its_number() -> None:
    assert answers(ONE_CALL, MUNLOCKALL) == "SCMP_ACT_ERRNO=13"
    assert answers(ONE_CALL, MUNLOCKALL + 1) == "SCMP_ACT_ALLOW"


def test_a_call_is_told_by_its_architecture() -> None:
    program = [[LOAD_ARCH, 0, 0, 4], [EQUAL, 1, 0, filters.ARCHES["i386"]], [RETURN, 0, 0, ALLOW], [RETURN, 0, 0, 0]]
    assert [answers(program, arch=a) for a in ("i386", "x86_64")] == ["SCMP_ACT_KILL_THREAD", "SCMP_ACT_ALLOW"]


@pytest.mark.parametrize(("index", "high"), [(i, h) for i in range(6) for h in (False, True)])
def test_each_word_of_each_argument_is_where_the_kernel_has_it(index: int, high: bool) -> None:
    program = [[0x20, 0, 0, 16 + 8 * index + 4 * high], [EQUAL, 0, 1, 7], [RETURN, 0, 0, ERRNO_13], [RETURN, 0, 0, ALLOW]]
    args = [1 << 40 | 2] * 6
    args[index] = 7 << 32 | 9 if high else 9 << 32 | 7
    assert answers(program, args=tuple(args)) == "SCMP_ACT_ERRNO=13"
    assert answers(program, args=(1, 1, 1, 1, 1, 1)) == "SCMP_ACT_ALLOW"


@pytest.mark.parametrize(
    ("code", "value", "result"),
    [
        (0x04, 3, 13), (0x14, 11, 0xFFFFFFFF), (0x24, 3, 30), (0x34, 3, 3), (0x44, 5, 15), (0x54, 6, 2), (0x64, 4, 160), (0x74, 1, 5),
        (0xA4, 3, 9), (0x84, 0, 0xFFFFFFF6),
    ],
)  # fmt: skip
def test_arithmetic_is_of_32_bits(code: int, value: int, result: int) -> None:
    program = [[0x00, 0, 0, 10], [code, 0, 0, value], [EQUAL, 0, 1, result], [RETURN, 0, 0, ALLOW], [RETURN, 0, 0, 0]]
    assert answers(program) == "SCMP_ACT_ALLOW"


@pytest.mark.parametrize(("code", "value"), [(0x25, 9), (0x35, 10), (0x45, 2), (0x15, 10)])
def test_jumps_go_both_ways(code: int, value: int) -> None:
    program = [[0x00, 0, 0, 10], [code, 0, 1, value], [RETURN, 0, 0, ALLOW], [RETURN, 0, 0, 0]]
    assert answers(program) == "SCMP_ACT_ALLOW"
    program[0][3] = 5 if code != 0x15 else 11
    program[1][3] = value if code != 0x45 else 8
    assert answers(program) == "SCMP_ACT_KILL_THREAD"


def test_memory_and_the_index_register_hold_what_was_put_there() -> None:
    program = [
        [0x00, 0, 0, 4], [0x02, 0, 0, 3], [0x00, 0, 0, 0], [0x61, 0, 0, 3], [0x87, 0, 0, 0], [0x05, 0, 0, 1], [RETURN, 0, 0, 0],
        [0x16, 0, 0, 0],
    ]  # fmt: skip
    assert filters.run(program, bytes(64)) == 4


@pytest.mark.parametrize(
    ("values", "strictest"),
    [
        ((0x7FFF0000, 0x7FFC0000), "SCMP_ACT_LOG"), ((0x7FFC0000, 0x7FF00002), "SCMP_ACT_TRACE=2"),
        ((0x7FF00000, 0x7FC00000), "SCMP_ACT_NOTIFY"), ((0x7FC00000, 0x0005000D), "SCMP_ACT_ERRNO=13"),
        ((0x00050000, 0x00030000), "SCMP_ACT_TRAP"), ((0x00030000, 0x00000000), "SCMP_ACT_KILL_THREAD"),
        ((0x00000000, 0x80000000), "SCMP_ACT_KILL_PROCESS"),
    ],
)  # fmt: skip
def test_of_several_filters_the_strictest_answer_holds(values: tuple[int, int], strictest: str) -> None:
    for order in (values, values[::-1]):
        assert filters.answer([{"program": [[RETURN, 0, 0, v]], "flags": 0} for v in order], "x86_64", 0) == strictest


def test_without_a_filter_every_call_is_allowed() -> None:
    assert filters.answer([], "x86_64", 1) == "SCMP_ACT_ALLOW"


def test_a_program_without_an_end_is_a_fault() -> None:
    with pytest.raises(ValueError, match="without an answer"):
        filters.run([[LOAD_NUMBER, 0, 0, 0]], bytes(64))


def test_filters_of_a_process_are_what_it_loaded_and_it_goes_on() -> None:
    child = subprocess.Popen([sys.executable, "-c", WITH_FILTER, json.dumps(ONE_CALL)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with child:
        assert child.stdout is not None and child.stdout.readline() == "ready\n"
        try:
            found = filters.read(child.pid)
        except PermissionError:
            child.communicate("")
            pytest.skip("this process may not read filters: it has no CAP_SYS_ADMIN, or is under a filter itself")
        assert found == [{"flags": 0, "program": ONE_CALL}]
        child.communicate("")
    assert child.returncode == 0


def test_a_process_has_as_many_filters_as_its_status_says() -> None:
    child = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
    with child:
        status = Path(f"/proc/{child.pid}/status").read_text()
        try:
            found = filters.read(child.pid)
        except PermissionError:
            pytest.skip("this process may not read filters: it has no CAP_SYS_ADMIN, or is under a filter itself")
        finally:
            child.communicate(b"")
    assert f"Seccomp_filters:\t{len(found)}\n" in status
    assert child.returncode == 0


def test_a_process_that_is_gone_cannot_be_read() -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    with pytest.raises(OSError):
        filters.read(child.pid)
