"""The compiler of system call filters: a `linux.seccomp` object in, a classic BPF program out, and its loading.

Knows rules, numbers and the kernel's filter machine (seccomp(2), linux/filter.h). Must not know containers or sockets.
https://github.com/opencontainers/runtime-spec/blob/v1.3.0/config-linux.md#seccomp

The program looks at the architecture, then searches the call's number in a balanced tree of intervals, then, where
rules have `args`, compares them. What the specification leaves open is done as in libseccomp, the oracle of the tests:

* A rule without `args` wins over those with `args` for the same call; of two of one kind the first listed wins.
* All `args` of a rule must match, also two of one index (libseccomp refuses that).
* On architectures with 32 bit arguments (x32 among them) the low 32 bits are compared.
* A call of an architecture that is not listed kills the thread; the native one is always listed.
* Calls that old architectures pack into socketcall(2) and ipc(2) are matched there too, by the first argument.
* A name that an architecture does not have is ignored there.
"""

from __future__ import annotations

from _struct import pack

from runtime_ref.errors import ConfigError
from runtime_ref.seccomp import NEW_LISTENER, tables

if False:
    from typing import Any

    Instruction = tuple[int, int, int, int]  # code, jump if true, jump if false, operand
    Condition = tuple[int, bool, str, int, int]  # index, whether 64 bits count, operator, value, second value
    Rule = tuple[tuple[Condition, ...], int]  # conditions that all hold -> value to return
    Leaf = int | tuple[Rule, ...]  # what one number leads to: a value, or rules of which the first that holds says it

LOAD, AND, RETURN, JUMP = 0x20, 0x54, 0x06, 0x05
EQUAL, ABOVE, NOT_BELOW = 0x15, 0x25, 0x35
LONGEST = 4096  # BPF_MAXINSNS

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
EPERM = 1
KILL = ACTIONS["SCMP_ACT_KILL_THREAD"]

# Flags of seccomp(2). Those of the specification by name; NEW_LISTENER comes from SCMP_ACT_NOTIFY.
FLAGS = {
    "SECCOMP_FILTER_FLAG_TSYNC": 1,
    "SECCOMP_FILTER_FLAG_LOG": 2,
    "SECCOMP_FILTER_FLAG_SPEC_ALLOW": 4,
    "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV": 32,
}
TSYNC_ESRCH = 16

NATIVE = {
    "x86_64": "SCMP_ARCH_X86_64", "i386": "SCMP_ARCH_X86", "i686": "SCMP_ARCH_X86", "aarch64": "SCMP_ARCH_AARCH64",
    "armv6l": "SCMP_ARCH_ARM", "armv7l": "SCMP_ARCH_ARM", "armv8l": "SCMP_ARCH_ARM", "riscv64": "SCMP_ARCH_RISCV64",
    "ppc": "SCMP_ARCH_PPC", "ppc64": "SCMP_ARCH_PPC64", "ppc64le": "SCMP_ARCH_PPC64LE", "s390x": "SCMP_ARCH_S390X",
    "loongarch64": "SCMP_ARCH_LOONGARCH64", "parisc": "SCMP_ARCH_PARISC", "parisc64": "SCMP_ARCH_PARISC64",
    "m68k": "SCMP_ARCH_M68K", "sh4": "SCMP_ARCH_SH", "sh4eb": "SCMP_ARCH_SHEB",
}  # fmt: skip

X32_BIT = 0x40000000
# What socketcall(2) and ipc(2) do by their first argument (linux/net.h, linux/ipc.h).
SOCKETCALL = (
    "socket bind connect listen accept getsockname getpeername socketpair send recv sendto recvfrom shutdown "
    "setsockopt getsockopt sendmsg recvmsg accept4 recvmmsg sendmmsg"
)
IPC = {
    "semop": 1, "semget": 2, "semctl": 3, "semtimedop": 4, "msgsnd": 11, "msgrcv": 12, "msgget": 13, "msgctl": 14,
    "shmat": 21, "shmdt": 22, "shmget": 23, "shmctl": 24,
}  # fmt: skip


def native(machine: str) -> str:
    """The SCMP_ARCH_ name of a machine name (uname(2)). Raises ConfigError where there is none."""
    if machine.startswith("mips"):
        import sys

        return "SCMP_ARCH_MIPS" + ("EL" if sys.byteorder == "little" else "") + ("64" if "64" in machine else "")
    if machine not in NATIVE:
        raise ConfigError("linux.seccomp", f"filters for {machine} are not supported")
    return NATIVE[machine]


def value_of(action: str, errno: int | None) -> int:
    """What a filter returns for an action: the action in the upper half, the errno in the lower."""
    if action in ("SCMP_ACT_ERRNO", "SCMP_ACT_TRACE"):
        return ACTIONS[action] | (EPERM if errno is None else errno)
    return ACTIONS[action]


def notifies(seccomp: dict[str, Any]) -> bool:
    """Whether any rule hands calls to a listener."""
    if seccomp["defaultAction"] == "SCMP_ACT_NOTIFY":
        return True
    return any(rule["action"] == "SCMP_ACT_NOTIFY" for rule in seccomp.get("syscalls") or ())


def flags_of(seccomp: dict[str, Any]) -> int:
    """The flags for seccomp(2). WAIT_KILLABLE_RECV says how a listener waits: without one the kernel refuses it."""
    flags = 0
    for name in seccomp.get("flags") or ():
        flags |= FLAGS[name]
    if not notifies(seccomp):
        return flags & ~FLAGS["SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"]
    if flags & FLAGS["SECCOMP_FILTER_FLAG_TSYNC"]:
        flags |= TSYNC_ESRCH  # the kernel wants it beside a listener
    return flags | NEW_LISTENER


def compile(seccomp: dict[str, Any], machine: str) -> bytes:
    """The program for a checked `linux.seccomp` object on a machine (its uname(2) name), 8 bytes per instruction.

    Raises ConfigError where it would be longer than the kernel takes (4,096 instructions).
    """
    arches = [native(machine)]
    arches += [arch for arch in seccomp.get("architectures") or () if arch not in arches]
    return assemble(program(seccomp, list(dict.fromkeys(arches))))


def assemble(code: list[Instruction]) -> bytes:
    """Instructions as struct sock_filter[]."""
    if len(code) > LONGEST:
        raise ConfigError("linux.seccomp", f"the filter has {len(code)} instructions, the kernel takes {LONGEST}")
    return pack("=" + "HBBI" * len(code), *[field for instruction in code for field in instruction])


def program(seccomp: dict[str, Any], arches: list[str]) -> list[Instruction]:
    """The instructions for exactly these architectures."""
    default = value_of(seccomp["defaultAction"], seccomp.get("defaultErrnoRet"))
    by_audit: dict[int, list[str]] = {}
    for arch in arches:
        by_audit.setdefault(tables.ARCHES[arch][0], []).append(arch)
    code: list[Instruction] = [(LOAD, 0, 0, 4)]
    for audit, group in by_audit.items():
        parts = intervals(cases(seccomp, group, default), group, default)
        search = Search(parts, default, tables.ARCHES[group[0]][2] == "big")
        block = [(LOAD, 0, 0, 0), *search.tree(0, len(parts))]
        if len(block) <= 255:
            code.append((EQUAL, 0, len(block), audit))
        else:
            code += [(EQUAL, 1, 0, audit), (JUMP, 0, 0, len(block))]
        code += block
    code.append((RETURN, 0, 0, KILL))
    return code


def cases(seccomp: dict[str, Any], group: list[str], default: int) -> dict[int, Leaf]:
    """What the rules say of each number, for architectures that share an AUDIT_ARCH value (x86-64 and x32 do)."""
    always: dict[int, Leaf] = {}
    sometimes: dict[int, tuple[Rule, ...]] = {}
    whole: dict[int, tuple[Rule, ...]] = {}  # rules without args, of calls that are packed into another
    for arch in group:
        numbers = tables.numbers(arch)
        wide = tables.ARCHES[arch][1] == 64
        mask = (1 << 64 if wide else 1 << 32) - 1
        packed = _packed(numbers, wide)
        for rule in seccomp.get("syscalls") or ():
            value = value_of(rule["action"], rule.get("errnoRet"))
            if value == default:
                continue
            conditions = tuple(
                (arg["index"], wide, arg["op"], arg["value"], arg.get("valueTwo") or 0)
                for arg in rule.get("args") or ()
                if arg["op"] != "SCMP_CMP_MASKED_EQ" or arg["value"] & mask  # an empty mask lets everything through
            )
            for name in rule["names"]:
                number = numbers.get(name)
                if number is not None and conditions:
                    sometimes[number] = (*sometimes.get(number, ()), (conditions, value))
                elif number is not None:
                    always.setdefault(number, value)
                if name in packed:
                    number, which = packed[name]
                    rest = tuple(condition for condition in conditions if condition[0] != 0)
                    where = sometimes if conditions else whole
                    where[number] = (*where.get(number, ()), ((which, *rest), value))
    for number, first in whole.items():
        sometimes[number] = first + sometimes.get(number, ())
    return {**sometimes, **always}


def _packed(numbers: dict[str, int], wide: bool) -> dict[str, tuple[int, Condition]]:
    """name -> the packing call's number, and the condition on its first argument (in ipc without its upper bits)."""
    found: dict[str, tuple[int, Condition]] = {}
    if "socketcall" in numbers:
        for which, name in enumerate(SOCKETCALL.split(), 1):
            found[name] = (numbers["socketcall"], (0, wide, "SCMP_CMP_EQ", which, 0))
    if "ipc" in numbers:
        for name, which in IPC.items():
            found[name] = (numbers["ipc"], (0, wide, "SCMP_CMP_MASKED_EQ", 0xFFFF, which))
    return found


def intervals(found: dict[int, Leaf], group: list[str], default: int) -> list[tuple[int, Leaf]]:
    """(first number, what holds from there on), ascending from 0, neighbours different."""
    parts: list[tuple[int, Leaf]] = []
    if group == ["SCMP_ARCH_X86_64"]:
        edges: list[tuple[int, Leaf]] = [(0, default), (X32_BIT, KILL), (0xFFFFFFFF, default)]  # -1: a tracer's "skip"
    elif group == ["SCMP_ARCH_X32"]:
        edges = [(0, KILL), (X32_BIT, default)]
    else:
        edges = [(0, default)]
    for number in sorted(found):
        edges.append((number, found[number]))
        if number + 1 not in found:
            edges.append((number + 1, default))
    # One edge a number: of two with one number the later says more, except that a default never hides a rule.
    chosen: dict[int, Leaf] = {}
    for number, leaf in edges:
        if number not in chosen or number in found:
            chosen[number] = leaf
    for number in sorted(chosen):
        if not parts or parts[-1][1] != chosen[number]:
            parts.append((number, chosen[number]))
    return parts


class Search:
    """The search for one number in intervals, and the comparison of arguments behind it."""

    def __init__(self, parts: list[tuple[int, Leaf]], default: int, big: bool) -> None:
        self.parts = parts
        self.default = default
        self.big = big

    def tree(self, low: int, high: int) -> list[Instruction]:
        """Code that leaves with what parts[low:high] say of the number in the accumulator."""
        if high - low == 1:
            leaf = self.parts[low][1]
            return [(RETURN, 0, 0, leaf)] if isinstance(leaf, int) else self.rules(leaf)
        middle = (low + high) // 2
        left = self.tree(low, middle)
        right = self.tree(middle, high)
        if len(left) <= 255:
            return [(NOT_BELOW, len(left), 0, self.parts[middle][0]), *left, *right]
        return [(NOT_BELOW, 0, 1, self.parts[middle][0]), (JUMP, 0, 0, len(left)), *left, *right]

    def rules(self, rules: tuple[Rule, ...]) -> list[Instruction]:
        """Code that leaves with the value of the first rule whose conditions all hold, else with the default."""
        code: list[Instruction] = []
        for conditions, value in rules:
            block: list[Instruction] = [(RETURN, 0, 0, value)]
            for condition in reversed(conditions):
                if len(block) > 240:
                    raise ConfigError("linux.seccomp.syscalls", "a rule has more args than a filter can jump over")
                block = self.condition(condition, len(block)) + block
            code += block
        code.append((RETURN, 0, 0, self.default))
        return code

    def condition(self, condition: Condition, over: int) -> list[Instruction]:
        """Code that goes on where the condition holds, and jumps over the `over` instructions behind it where not."""
        index, wide, operator, value, second = condition
        at = 16 + 8 * index  # offsetof(struct seccomp_data, args[index])
        low_at, high_at = (at + 4, at) if self.big else (at, at + 4)
        masked = operator == "SCMP_CMP_MASKED_EQ"
        mask, value = (value, second & value) if masked else (0xFFFFFFFFFFFFFFFF, value)
        high, low = value >> 32, value & 0xFFFFFFFF
        last: list[Instruction] = [(LOAD, 0, 0, low_at)]
        if masked:
            last.append((AND, 0, 0, mask & 0xFFFFFFFF))
        code, if_true, if_false = {
            "SCMP_CMP_EQ": (EQUAL, 0, over),
            "SCMP_CMP_MASKED_EQ": (EQUAL, 0, over),
            "SCMP_CMP_NE": (EQUAL, over, 0),
            "SCMP_CMP_GT": (ABOVE, 0, over),
            "SCMP_CMP_LE": (ABOVE, over, 0),
            "SCMP_CMP_GE": (NOT_BELOW, 0, over),
            "SCMP_CMP_LT": (NOT_BELOW, over, 0),
        }[operator]
        last.append((code, if_true, if_false, low))
        if not wide or (masked and mask >> 32 == 0):
            return last
        # The upper half decides unless it is equal; then the lower half does. `fail`, `hold`: distances behind `first`.
        fail, hold = len(last) + over, len(last)
        first: list[Instruction] = [(LOAD, 0, 0, high_at)]
        if masked:
            first.append((AND, 0, 0, mask >> 32))
        if operator in ("SCMP_CMP_EQ", "SCMP_CMP_MASKED_EQ"):
            first.append((EQUAL, 0, fail, high))
        elif operator == "SCMP_CMP_NE":
            first.append((EQUAL, 0, hold, high))
        elif operator in ("SCMP_CMP_GT", "SCMP_CMP_GE"):
            first += [(ABOVE, hold + 1, 0, high), (EQUAL, 0, fail, high)]
        else:
            first += [(ABOVE, fail + 1, 0, high), (EQUAL, 0, hold, high)]
        return first + last
