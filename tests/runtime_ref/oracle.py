"""libseccomp as the oracle of the tests: a filter built by the library, and a simulator of the kernel's filter machine.

Knows libseccomp's C interface and classic BPF (linux/filter.h). Must not know the compiler under test.
"""

from __future__ import annotations

import ctypes
import os
import struct
import tempfile
from typing import Any

KILL_THREAD = 0x00000000
OPERATORS = {
    "SCMP_CMP_NE": 1,
    "SCMP_CMP_LT": 2,
    "SCMP_CMP_LE": 3,
    "SCMP_CMP_EQ": 4,
    "SCMP_CMP_GE": 5,
    "SCMP_CMP_GT": 6,
    "SCMP_CMP_MASKED_EQ": 7,
}
ACTIONS = {
    "SCMP_ACT_KILL": 0x00000000,
    "SCMP_ACT_KILL_THREAD": 0x00000000,
    "SCMP_ACT_KILL_PROCESS": 0x80000000,
    "SCMP_ACT_TRAP": 0x00030000,
    "SCMP_ACT_ERRNO": 0x00050000,
    "SCMP_ACT_NOTIFY": 0x7FC00000,
    "SCMP_ACT_TRACE": 0x7FF00000,
    "SCMP_ACT_LOG": 0x7FFC0000,
    "SCMP_ACT_ALLOW": 0x7FFF0000,
}


class _Arg(ctypes.Structure):
    _fields_ = (
        ("arg", ctypes.c_uint),
        ("op", ctypes.c_int),
        ("datum_a", ctypes.c_uint64),
        ("datum_b", ctypes.c_uint64),
    )


def library() -> ctypes.CDLL | None:
    """The installed libseccomp, or None."""
    try:
        found = ctypes.CDLL("libseccomp.so.2")
    except OSError:
        return None
    found.seccomp_init.restype = ctypes.c_void_p
    found.seccomp_init.argtypes = [ctypes.c_uint32]
    found.seccomp_release.argtypes = [ctypes.c_void_p]
    found.seccomp_arch_resolve_name.restype = ctypes.c_uint32
    found.seccomp_arch_add.argtypes = [ctypes.c_void_p, ctypes.c_uint32]
    found.seccomp_arch_remove.argtypes = [ctypes.c_void_p, ctypes.c_uint32]
    found.seccomp_rule_add_array.argtypes = [
        ctypes.c_void_p,
        ctypes.c_uint32,
        ctypes.c_int,
        ctypes.c_uint,
        ctypes.POINTER(_Arg),
    ]
    found.seccomp_export_bpf.argtypes = [ctypes.c_void_p, ctypes.c_int]
    found.seccomp_syscall_resolve_name.argtypes = [ctypes.c_char_p]
    found.seccomp_api_set.argtypes = [ctypes.c_uint]
    found.seccomp_api_set(6)
    return found


def ret(action: str, errno: int | None) -> int:
    """The value a filter returns for an action."""
    if action in ("SCMP_ACT_ERRNO", "SCMP_ACT_TRACE"):
        return ACTIONS[action] | (1 if errno is None else errno)
    return ACTIONS[action]


def export(lib: ctypes.CDLL, seccomp: dict[str, Any], arches: list[str]) -> bytes | None:
    """The program libseccomp makes for exactly these architectures; None where it refuses a rule."""
    default = ret(seccomp["defaultAction"], seccomp.get("defaultErrnoRet"))
    context = lib.seccomp_init(default)
    try:
        native = lib.seccomp_arch_native()
        tokens = [lib.seccomp_arch_resolve_name(arch.removeprefix("SCMP_ARCH_").lower().encode()) for arch in arches]
        if native not in tokens:
            lib.seccomp_arch_remove(context, native)
        for token in tokens:
            if lib.seccomp_arch_add(context, token) not in (0, -17):
                return None
        for rule in seccomp.get("syscalls", ()):
            value = ret(rule["action"], rule.get("errnoRet"))
            if value == default:
                continue
            args = (_Arg * 6)()
            for number, arg in enumerate(rule.get("args", ())):
                args[number] = _Arg(arg["index"], OPERATORS[arg["op"]], arg["value"], arg.get("valueTwo", 0))
            for name in rule["names"]:
                call = lib.seccomp_syscall_resolve_name(name.encode())
                if call == -1:
                    continue
                if lib.seccomp_rule_add_array(context, value, call, len(rule.get("args", ())), args):
                    return None
        with tempfile.TemporaryFile() as file:
            if lib.seccomp_export_bpf(context, file.fileno()):
                return None
            return os.pread(file.fileno(), 1 << 20, 0)
    finally:
        lib.seccomp_release(context)


def instructions(program: bytes, order: str = "=") -> list[tuple[int, int, int, int]]:
    """(code, jt, jf, k) of each instruction."""
    return list(struct.iter_unpack(order + "HBBI", program))


def run(program: list[tuple[int, int, int, int]], data: bytes, big: bool) -> int:
    """What the program returns for a struct seccomp_data of 64 bytes; raises ValueError where it is not a program.

    Takes the instructions the kernel allows in a filter (seccomp_check_filter in kernel/seccomp.c) that compilers use.
    """
    at = accumulator = 0
    while True:
        code, jt, jf, k = program[at]
        at += 1
        if code == 0x20:  # ld [k]
            if k % 4 or k > 60:
                raise ValueError(f"load at {k}")
            accumulator = int.from_bytes(data[k : k + 4], "big" if big else "little")
        elif code == 0x06:  # ret k
            return k
        elif code == 0x05:  # ja
            at += k
        elif code == 0x15:
            at += jt if accumulator == k else jf
        elif code == 0x25:
            at += jt if accumulator > k else jf
        elif code == 0x35:
            at += jt if accumulator >= k else jf
        elif code == 0x54:
            accumulator &= k
        else:
            raise ValueError(f"instruction {code:#x}")


def seccomp_data(number: int, audit: int, args: tuple[int, ...], big: bool) -> bytes:
    """struct seccomp_data as the kernel fills it."""
    order = ">" if big else "<"
    return struct.pack(order + "IIQ6Q", number & 0xFFFFFFFF, audit, 0, *args)
