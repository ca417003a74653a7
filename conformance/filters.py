"""The filters of a process as the kernel holds them, and what such a filter does with a call.

Knows ptrace(2)'s PTRACE_SECCOMP_GET_FILTER and classic BPF as seccomp uses it (seccomp(2), linux/filter.h). Must not
know how a filter is made of a configuration, cases or runtimes. Reading needs CAP_SYS_ADMIN, no filter upon the harness
itself, and a kernel with checkpoint/restore.
"""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Sequence

from conformance.observation import Json

ARCHES = {
    "x86_64": 0xC000003E,
    "i386": 0x40000003,
    "aarch64": 0xC00000B7,
    "arm": 0x40000028,
}  # AUDIT_ARCH_*, linux/audit.h
# SECCOMP_RET_* by number, the strictest first: of several filters the strictest answer holds.
_ANSWERS = {
    0x80000000: "SCMP_ACT_KILL_PROCESS",
    0x00000000: "SCMP_ACT_KILL_THREAD",
    0x00030000: "SCMP_ACT_TRAP",
    0x00050000: "SCMP_ACT_ERRNO",
    0x7FC00000: "SCMP_ACT_NOTIFY",
    0x7FF00000: "SCMP_ACT_TRACE",
    0x7FFC0000: "SCMP_ACT_LOG",
    0x7FFF0000: "SCMP_ACT_ALLOW",
}
FLAG_LOG = 2  # SECCOMP_FILTER_FLAG_LOG, the one flag that PTRACE_SECCOMP_GET_METADATA tells
_ATTACH, _DETACH, _INTERRUPT = 0x4206, 17, 0x4207  # PTRACE_SEIZE, PTRACE_DETACH, PTRACE_INTERRUPT
_GET_FILTER, _GET_METADATA = 0x420C, 0x420D
_WALL = 0x40000000

_libc = ctypes.CDLL(None, use_errno=True)
_libc.ptrace.restype = ctypes.c_long
_libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]


def _ptrace(request: int, pid: int, address: int = 0, data: object = None) -> int:
    result = int(_libc.ptrace(request, pid, address, data))
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"ptrace: {os.strerror(number)}")
    return result


def read(pid: int) -> Json:
    """The filters of a process, the newest first: [{"flags": n, "program": [[code, jt, jf, k], ...]}, ...].

    The process is stopped for that moment. Raises OSError where it cannot be read.
    """
    _ptrace(_ATTACH, pid)
    try:
        _ptrace(_INTERRUPT, pid)
        os.waitpid(pid, _WALL)
        return _filters(pid)
    finally:
        try:
            _ptrace(_DETACH, pid)
        except OSError:
            pass  # it has ended


def _filters(pid: int) -> Json:
    found: list[Json] = []
    while True:
        try:
            count = _ptrace(_GET_FILTER, pid, len(found))
        except FileNotFoundError:
            return found
        except OSError as fault:
            if fault.errno == 22 and not found:  # EINVAL: it is in no mode of seccomp
                return found
            raise
        room = ctypes.create_string_buffer(count * 8)
        _ptrace(_GET_FILTER, pid, len(found), room)
        flags = ctypes.create_string_buffer(struct.pack("<QQ", len(found), 0), 16)
        _ptrace(_GET_METADATA, pid, 16, flags)
        program = [list(struct.unpack_from("<HBBI", room.raw, at)) for at in range(0, count * 8, 8)]
        found.append({"flags": struct.unpack("<QQ", flags.raw)[1], "program": program})


def answer(filters: Sequence[Json], arch: str, number: int, args: Sequence[int] = ()) -> str:
    """What the filters together do with a call: the action, with "=N" where ERRNO or TRACE carries a number."""
    whole = [*args, *[0] * (6 - len(args))]
    data = struct.pack("<iIQ6Q", number, ARCHES[arch], 0, *whole)
    got = [run(one["program"], data) for one in filters] or [0x7FFF0000]
    order = list(_ANSWERS)
    value = min(got, key=lambda v: order.index(v & 0xFFFF0000))
    action = _ANSWERS[value & 0xFFFF0000]
    return f"{action}={value & 0xFFFF}" if action in ("SCMP_ACT_ERRNO", "SCMP_ACT_TRACE") else action


def run(program: Sequence[Sequence[int]], data: bytes) -> int:
    """Run a filter on a struct seccomp_data; the 32-bit value returned. ValueError for what seccomp does not allow."""
    a = x = at = 0
    memory = [0] * 16
    while at < len(program):
        code, jt, jf, k = program[at]
        at += 1
        kind, operand = code & 7, x if code & 8 else k
        if kind == 6:  # RET
            return a if code & 0x18 == 0x10 else k
        if kind in (0, 1):  # LD, LDX
            mode = code & 0xE0
            if mode == 0x00:
                value = k
            elif mode == 0x20:
                (value,) = struct.unpack_from("<I", data, k)
            elif mode == 0x60:
                value = memory[k]
            elif mode == 0x80:
                value = len(data)
            else:
                raise ValueError(f"load of mode {mode:#x}")
            a, x = (value, x) if kind == 0 else (a, value)
        elif kind in (2, 3):  # ST, STX
            memory[k] = a if kind == 2 else x
        elif kind == 4:  # ALU
            a = _alu(code & 0xF0, a, operand)
        elif kind == 5:  # JMP
            jump = code & 0xF0
            if jump == 0x00:
                at += k
            else:
                holds = {0x10: a == operand, 0x20: a > operand, 0x30: a >= operand, 0x40: a & operand != 0}[jump]
                at += jt if holds else jf
        else:  # MISC: TAX, TXA
            a, x = (x, x) if code & 0xF8 == 0x80 else (a, a)
    raise ValueError("the filter ends without an answer")


def _alu(operation: int, a: int, b: int) -> int:
    if operation == 0x80:
        return -a & 0xFFFFFFFF
    if operation == 0x30:
        return a // b if b else 0
    results = {
        0x00: a + b,
        0x10: a - b,
        0x20: a * b,
        0x40: a | b,
        0x50: a & b,
        0x60: a << (b & 31),
        0x70: a >> (b & 31),
        0xA0: a ^ b,
    }
    return results[operation] & 0xFFFFFFFF
