"""Device rules on cgroup v2: an eBPF program, assembled here, that decides each open and mknod.

https://github.com/opencontainers/runtime-spec/blob/v1.3.0/config-linux.md#configLinuxDeviceAllowedlist; bpf(2),
BPF_PROG_TYPE_CGROUP_DEVICE; the instruction set in the kernel's Documentation/bpf/standardization. Knows rules as
`device_rules` lists them.

The program holds the bits asked for in r2 and walks the rules from the last to the first: an allowing rule takes its
bits out, and with none left the answer is yes; a denying rule that meets a bit still in is a no. So every bit is
decided by the last rule that names it, and a device that no rule names is allowed, as on v1.
"""

from __future__ import annotations

from errno import ENOENT

from runtime_ref.cgroup.device_rules import ALL
from runtime_ref.errors import RuntimeFault
from runtime_ref.kernel import os

if False:
    from runtime_ref.cgroup.device_rules import Rule

# Registers: r0 answer, r1 context, r2 bits, r3 type, r4 major, r5 minor.
LOAD = 0x61  # dst = *(u32 *)(src + offset)
MOVE, MOVE_REGISTER = 0xB7, 0xBF
AND, SHIFT_RIGHT = 0x57, 0x77
JUMP, JUMP_UNLESS_EQUAL, JUMP_IF_SET, EXIT = 0x05, 0x55, 0x45, 0x95
KINDS = {"b": 1, "c": 2}  # BPF_DEVCG_DEV_BLOCK, _CHAR

BPF_PROG_LOAD, BPF_PROG_ATTACH, BPF_PROG_DETACH, BPF_PROG_GET_FD_BY_ID, BPF_PROG_QUERY = 5, 8, 9, 13, 16
BPF_PROG_TYPE_CGROUP_DEVICE, BPF_CGROUP_DEVICE = 15, 6
BPF_F_ALLOW_MULTI, BPF_F_REPLACE = 2, 4


def instruction(code: int, dst: int = 0, src: int = 0, offset: int = 0, value: int = 0) -> bytes:
    """One instruction: 8 bytes."""
    return bytes((code, src << 4 | dst)) + offset.to_bytes(2, "little", signed=True) + (value & 0xFFFFFFFF).to_bytes(4, "little")


def answer(yes: bool) -> bytes:
    """Ends the program."""
    return instruction(MOVE, 0, value=int(yes)) + instruction(EXIT)


def assemble(rules: list[Rule]) -> bytes:
    """The program for the rules. Pure; little-endian machines."""
    program = (
        instruction(LOAD, 2, 1, 0)  # access << 16 | type
        + instruction(MOVE_REGISTER, 3, 2)
        + instruction(AND, 3, value=0xFFFF)
        + instruction(SHIFT_RIGHT, 2, value=16)
        + instruction(LOAD, 4, 1, 4)
        + instruction(LOAD, 5, 1, 8)
    )
    for allow, kind, major, minor, bits, _ in reversed(rules):
        if bits == ALL:
            body = answer(allow)
        elif allow:
            body = instruction(AND, 2, value=ALL & ~bits) + instruction(JUMP_UNLESS_EQUAL, 2, offset=2) + answer(True)
        else:
            body = instruction(JUMP_IF_SET, 2, offset=1, value=bits) + instruction(JUMP, offset=2) + answer(False)
        wanted = [(5, minor), (4, major), (3, KINDS.get(kind, -1))]
        tested = [(register, value) for register, value in wanted if value >= 0]
        for register, value in tested:
            body = instruction(JUMP_UNLESS_EQUAL, register, offset=len(body) // 8, value=value) + body
        program += body
        if not tested and bits == ALL:
            return program  # it decides everything; the kernel refuses instructions that are never reached
    return program + answer(True)


def replace(folder: str, program: bytes) -> None:
    """Loads the program and puts it in the place of those attached to the cgroup itself. Raises RuntimeFault."""
    try:
        fd = os.open(folder, os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            _replace(fd, program)
        finally:
            os.close(fd)
    except OSError as fault:
        why = f"{folder}: {fault.strerror}"
        raise RuntimeFault("load the device program", why, "linux.resources.devices") from None


def _replace(folder: int, program: bytes) -> None:
    new = load(program)
    try:
        old = [_bpf(BPF_PROG_GET_FD_BY_ID, ident, 0, 0) for ident in attached(folder)]
        try:
            if len(old) == 1:
                _bpf(BPF_PROG_ATTACH, folder, new, BPF_CGROUP_DEVICE, BPF_F_ALLOW_MULTI | BPF_F_REPLACE, old[0])
            else:
                _bpf(BPF_PROG_ATTACH, folder, new, BPF_CGROUP_DEVICE, BPF_F_ALLOW_MULTI)
                for each in old:
                    _bpf(BPF_PROG_DETACH, folder, each, BPF_CGROUP_DEVICE)
        finally:
            for each in old:
                os.close(each)
    finally:
        os.close(new)  # the cgroup holds the program from now on, until it is removed


def load(program: bytes) -> int:
    """A descriptor of the loaded program. Raises OSError."""
    from runtime_ref.kernel import sys as k

    licence = b"GPL\0"
    attr = _words(BPF_PROG_TYPE_CGROUP_DEVICE, len(program) // 8) + _longs(k.address(program), k.address(licence))
    return k.bpf(BPF_PROG_LOAD, attr + bytes(128 - len(attr)))


def attached(folder: int) -> list[int]:
    """Ids of the device programs attached to the cgroup of this descriptor, not to those above it."""
    from runtime_ref.kernel import sys as k

    room = 64
    idents = bytearray(4 * room)
    attr = bytearray(_words(folder, BPF_CGROUP_DEVICE, 0, 0) + _longs(k.address(idents)) + _words(room, 0) + bytes(96))
    try:
        k.bpf(BPF_PROG_QUERY, attr)
    except OSError as fault:
        if fault.errno == ENOENT:
            return []
        raise
    count = int.from_bytes(attr[24:28], "little")
    return [int.from_bytes(idents[4 * each : 4 * each + 4], "little") for each in range(count)]


def _bpf(command: int, *words: int) -> int:
    from runtime_ref.kernel import sys as k

    attr = _words(*words)
    return k.bpf(command, attr + bytes(128 - len(attr)))


def _words(*values: int) -> bytes:
    return b"".join(value.to_bytes(4, "little") for value in values)


def _longs(*values: int) -> bytes:
    return b"".join(value.to_bytes(8, "little") for value in values)
