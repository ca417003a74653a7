"""The list of device rules.

The configured ones in order, with the default devices kept usable, and its form for cgroup v1.

https://github.com/opencontainers/runtime-spec/blob/v1.3.0/config-linux.md#configLinuxDeviceAllowedlist A rule decides
about the bits it names (read, write, mknod) of the devices it names; of two rules the later one decides. Knows no
file and no kernel call; `devices_bpf` has the form for cgroup v2.
"""

from __future__ import annotations

from runtime_ref.errors import RuntimeFault

if False:
    from typing import Any

    Rule = tuple[bool, str, int, int, int, str]
    """allow, type ("a", "b" or "c"), major, minor (-1: any), bits, JSON path."""

MKNOD, READ, WRITE = 1, 2, 4  # BPF_DEVCG_ACC_* of linux/bpf.h
ALL = MKNOD | READ | WRITE
BITS = {"m": MKNOD, "r": READ, "w": WRITE}
WHERE = "linux.resources.devices"

DEFAULTS = ((1, 3), (1, 5), (1, 7), (1, 8), (1, 9), (5, 0), (5, 1), (5, 2), (136, -1))
"""null, zero, full, random, urandom, tty, console, ptmx, and the pseudo-terminals.

Character devices every container has.
"""


def listed(resources: dict[str, Any], devices: list[dict[str, Any]]) -> list[Rule]:
    """The rules in the order in which they are applied; `devices` is `linux.devices`.

    After a rule that takes everything away come rules that give back what the runtime MUST supply: the default
    devices, and the making of the nodes of `devices`. They stand there, not at the end, so that a configured rule
    about one of them still decides.
    """
    rules: list[Rule] = []
    for number, entry in enumerate(resources.get("devices") or ()):
        kind, major, minor = entry.get("type") or "a", entry.get("major", -1), entry.get("minor", -1)
        bits = 0
        for letter in entry.get("access") or "rwm":
            bits |= BITS[letter]
        rules.append((entry["allow"], kind, major, minor, bits, f"{WHERE}[{number}]"))
        if not entry["allow"] and kind == "a" and major < 0 and minor < 0 and bits == ALL:
            rules.extend((True, "c", major, minor, ALL, WHERE) for major, minor in DEFAULTS)
            rules.extend(
                (True, "c" if node["type"] == "u" else node["type"], node["major"], node["minor"], MKNOD, WHERE) for node in devices if node["type"] != "p"
            )
    return rules


def spelled(bits: int) -> str:
    """Bits as the letters of the v1 files."""
    return "".join(letter for letter in "rwm" if bits & BITS[letter])


def parsed(text: str) -> tuple[bool, dict[tuple[str, int, int], int]]:
    """What devices.list tells: whether the cgroup allows by default, and the exceptions (shown only if it denies)."""
    exceptions: dict[tuple[str, int, int], int] = {}
    for line in text.splitlines():
        kind, numbers, letters = line.split()
        if kind == "a":
            return True, {}
        major, _, minor = numbers.partition(":")
        key = (kind, -1 if major == "*" else int(major), -1 if minor == "*" else int(minor))
        exceptions[key] = sum(BITS[letter] for letter in letters)
    return False, exceptions


def v1_writes(rules: list[Rule], now: str = "a *:* rwm") -> list[tuple[str, str, str]]:
    """What to write on cgroup v1, in order: (file, text, JSON path). `now` is the text of devices.list before.

    A v1 cgroup is a default (all or nothing) and a set of exceptions, and only an exception of exactly the same type
    and numbers is taken back by a later write. So a rule over several exceptions is spelled once for each, and one
    that would cut a piece out of a wider exception cannot be spelled: RuntimeFault, rather than leaving open what the
    rule closes.
    """
    allows, exceptions = parsed(now)
    writes: list[tuple[str, str, str]] = []
    for allow, kind, major, minor, bits, where in rules:
        file = "devices.allow" if allow else "devices.deny"
        if kind == "a" and major < 0 and minor < 0 and bits == ALL:
            allows, exceptions = allow, {}
            writes.append((file, "a *:* rwm", where))
            continue
        for each in ("b", "c") if kind == "a" else (kind,):
            key = (each, major, minor)
            if allow != allows:
                exceptions[key] = exceptions.get(key, 0) | bits
                writes.append((file, _line(key, bits), where))
                continue
            for other in list(exceptions):
                shared = exceptions[other] & bits
                if not shared or not _meets(key, other):
                    continue
                if not _covers(key, other):
                    raise RuntimeFault(
                        "set device rules",
                        f"cgroup v1 cannot {'allow' if allow else 'deny'} {_line(key, bits)} within "
                        f"{_line(other, shared)}, which an earlier rule {'denies' if allow else 'allows'}",
                        where,
                    )
                exceptions[other] &= ~shared
                writes.append((file, _line(other, shared), where))
    return writes


def _line(key: tuple[str, int, int], bits: int) -> str:
    major, minor = ("*" if number < 0 else str(number) for number in key[1:])
    return f"{key[0]} {major}:{minor} {spelled(bits)}"


def _covers(wide: tuple[str, int, int], narrow: tuple[str, int, int]) -> bool:
    """Every device of `narrow` is one of `wide`."""
    return wide[0] == narrow[0] and all(w in (-1, n) for w, n in zip(wide[1:], narrow[1:], strict=True))


def _meets(one: tuple[str, int, int], other: tuple[str, int, int]) -> bool:
    """Some device belongs to both."""
    return one[0] == other[0] and all(-1 in (a, b) or a == b for a, b in zip(one[1:], other[1:], strict=True))
