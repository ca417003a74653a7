"""Writes `tables.py`: the numbers of the system calls on every architecture. Run at development time only.

    python -m runtime_ref.seccomp.build_tables [--m68k unistd_32.h] [--sh unistd_32.h] > new && mv new tables.py

Knows where the numbers come from: the installed libseccomp for the architectures it has; for the others the kernel's
exported headers (Debian's linux-libc-dev-m68k-cross and linux-libc-dev-sh4-cross), or, where none are named, what the
present tables say; loongarch64 is the kernel's generic table less what that port never had. System calls younger than
libseccomp have the same number everywhere since Linux 5.0. Must not be imported by the runtime.
"""

from __future__ import annotations

import argparse
import ctypes
import sys

# name: (AUDIT_ARCH_*, bits of an argument, byte order, first number); linux/audit.h, and asm/unistd.h for the offsets.
ARCHES: dict[str, tuple[int, int, str, int]] = {
    "SCMP_ARCH_X86": (0x40000003, 32, "little", 0),
    "SCMP_ARCH_X86_64": (0xC000003E, 64, "little", 0),
    "SCMP_ARCH_X32": (0xC000003E, 32, "little", 0x40000000),
    "SCMP_ARCH_ARM": (0x40000028, 32, "little", 0),
    "SCMP_ARCH_AARCH64": (0xC00000B7, 64, "little", 0),
    "SCMP_ARCH_MIPS": (0x00000008, 32, "big", 4000),
    "SCMP_ARCH_MIPS64": (0x80000008, 64, "big", 5000),
    "SCMP_ARCH_MIPS64N32": (0xA0000008, 32, "big", 6000),
    "SCMP_ARCH_MIPSEL": (0x40000008, 32, "little", 4000),
    "SCMP_ARCH_MIPSEL64": (0xC0000008, 64, "little", 5000),
    "SCMP_ARCH_MIPSEL64N32": (0xE0000008, 32, "little", 6000),
    "SCMP_ARCH_PPC": (0x00000014, 32, "big", 0),
    "SCMP_ARCH_PPC64": (0x80000015, 64, "big", 0),
    "SCMP_ARCH_PPC64LE": (0xC0000015, 64, "little", 0),
    "SCMP_ARCH_S390": (0x00000016, 32, "big", 0),
    "SCMP_ARCH_S390X": (0x80000016, 64, "big", 0),
    "SCMP_ARCH_PARISC": (0x0000000F, 32, "big", 0),
    "SCMP_ARCH_PARISC64": (0x8000000F, 64, "big", 0),
    "SCMP_ARCH_RISCV64": (0xC00000F3, 64, "little", 0),
    "SCMP_ARCH_LOONGARCH64": (0xC0000102, 64, "little", 0),
    "SCMP_ARCH_M68K": (0x00000004, 32, "big", 0),
    "SCMP_ARCH_SH": (0x4000002A, 32, "little", 0),
    "SCMP_ARCH_SHEB": (0x0000002A, 32, "big", 0),
}
# What libseccomp 2.5.4 does not know: Linux 6.5 to 6.17.
NEWER = {
    "cachestat": 451, "fchmodat2": 452, "map_shadow_stack": 453, "futex_wake": 454, "futex_wait": 455,
    "futex_requeue": 456, "statmount": 457, "listmount": 458, "lsm_get_self_attr": 459, "lsm_set_self_attr": 460,
    "lsm_list_modules": 461, "mseal": 462, "setxattrat": 463, "getxattrat": 464, "listxattrat": 465,
    "removexattrat": 466, "open_tree_attr": 467, "file_getattr": 468, "file_setattr": 469,
}  # fmt: skip
# Ports that take the generic table but never had these calls.
NOT_ON_LOONGARCH = ("renameat", "getrlimit", "setrlimit", "memfd_secret", "recv", "send")
MUXED = ("socketcall", "ipc")


class Libseccomp:
    """The installed library: its version, and its names and numbers per architecture."""

    def __init__(self) -> None:
        self.library = ctypes.CDLL("libseccomp.so.2")
        self.library.seccomp_syscall_resolve_num_arch.restype = ctypes.c_char_p
        self.library.seccomp_syscall_resolve_num_arch.argtypes = [ctypes.c_uint32, ctypes.c_int]
        self.library.seccomp_arch_resolve_name.restype = ctypes.c_uint32

        class Version(ctypes.Structure):
            _fields_ = [("major", ctypes.c_uint), ("minor", ctypes.c_uint), ("micro", ctypes.c_uint)]

        self.library.seccomp_version.restype = ctypes.POINTER(Version)
        found = self.library.seccomp_version().contents
        self.version = f"{found.major}.{found.minor}.{found.micro}"

    def column(self, arch: str) -> dict[str, int] | None:
        """name -> number less the first one of the architecture; None where the library does not have it."""
        token = self.library.seccomp_arch_resolve_name(arch.removeprefix("SCMP_ARCH_").lower().encode())
        if not token:
            return None
        first = ARCHES[arch][3]
        found: dict[str, int] = {}
        for number in [*range(1024), *range(0xF0000, 0xF0010)]:
            name = self.library.seccomp_syscall_resolve_num_arch(token, first + number)
            if name:
                found.setdefault(name.decode(), number)
        return found


def from_header(path: str) -> dict[str, int]:
    """The #define __NR_ lines of a kernel header."""
    found: dict[str, int] = {}
    with open(path) as file:
        for line in file:
            words = line.split()
            if len(words) == 3 and words[0] == "#define" and words[1].startswith("__NR_") and words[2].isdecimal():
                found[words[1].removeprefix("__NR_")] = int(words[2])
    return found


def columns(library: Libseccomp, headers: dict[str, str]) -> dict[str, dict[str, int]]:
    """name -> number of every architecture."""
    table: dict[str, dict[str, int]] = {}
    for arch in ARCHES:
        column = library.column(arch)
        if column is None and arch == "SCMP_ARCH_LOONGARCH64":
            column = {
                name: number for name, number in table["SCMP_ARCH_AARCH64"].items() if name not in NOT_ON_LOONGARCH
            }
        elif column is None and headers.get(arch):
            column = from_header(headers[arch])
        elif column is None:
            from runtime_ref.seccomp import tables

            column = tables.numbers(arch, relative=True)
        table[arch] = {**NEWER, **column}
    return table


def wrapped(words: list[str], indent: str) -> list[str]:
    """Words as adjacent string literals, lines of at most 118 characters."""
    lines, current = [], ""
    for word in words:
        if len(indent) + len(current) + len(word) + 3 > 116:
            lines.append(f'{indent}"{current}"')
            current = ""
        current += word + " "
    lines.append(f'{indent}"{current.rstrip()}"')
    return lines


def text(table: dict[str, dict[str, int]], version: str) -> str:
    """The source of tables.py."""
    names = sorted(set().union(*table.values()))
    out = [HEAD.rstrip("\n"), "", f'LIBSECCOMP = "{version}"', "", "ARCHES: dict[str, tuple[int, int, str, int]] = {"]
    out += [f'    "{arch}": (0x{a:08X}, {b}, "{c}", {d}),' for arch, (a, b, c, d) in ARCHES.items()]
    out += ["}", "", "NAMES = ("] + wrapped(names, "    ") + [")", "", "COLUMNS = {"]
    seen: dict[tuple[str, ...], str] = {}
    same: dict[str, str] = {}
    for arch, column in table.items():
        words = tuple(str(column.get(name, "-")) for name in names)
        if words in seen:
            same[arch] = seen[words]
            continue
        seen[words] = arch
        out += [f'    "{arch}": (', *wrapped(list(words), "        "), "    ),"]
    out += ["}", "", "SAME = {"] + [f'    "{arch}": "{other}",' for arch, other in same.items()] + ["}", TAIL]
    return "\n".join(out)


HEAD = '''"""Numbers of the system calls by name and architecture. Written by build_tables.py: change that, not this.

Knows names and numbers. Must not know rules or programs. Two architectures with the same numbers share a column; "-"
stands for a call the architecture does not have.
"""

from __future__ import annotations
'''

TAIL = '''

def numbers(arch: str, relative: bool = False) -> dict[str, int]:
    """name -> number of a SCMP_ARCH_ name; relative: less the first number of the architecture."""
    first = 0 if relative else ARCHES[arch][3]
    column = COLUMNS[SAME.get(arch, arch)]
    return {
        name: first + int(number) for name, number in zip(NAMES.split(), column.split(), strict=True) if number != "-"
    }
'''


def main() -> None:
    options = argparse.ArgumentParser(description="writes runtime_ref/seccomp/tables.py to standard output")
    options.add_argument("--m68k", default="")
    options.add_argument("--sh", default="")
    chosen = options.parse_args()
    library = Libseccomp()
    headers = {"SCMP_ARCH_M68K": chosen.m68k, "SCMP_ARCH_SH": chosen.sh, "SCMP_ARCH_SHEB": chosen.sh}
    sys.stdout.write(text(columns(library, headers), library.version))


if __name__ == "__main__":
    main()
