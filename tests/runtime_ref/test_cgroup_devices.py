"""Device rules: their order and defaults, their form on cgroup v1, and the eBPF program in a simulator."""

from __future__ import annotations

import random
import struct
from typing import Any

import pytest

from runtime_ref.cgroup import device_rules as rules
from runtime_ref.cgroup import devices_bpf
from runtime_ref.errors import RuntimeFault

DENY_ALL: dict[str, Any] = {"allow": False, "access": "rwm"}
NODE = {"path": "/dev/fuse", "type": "c", "major": 10, "minor": 229}


def decide(listed: list[rules.Rule], kind: str, major: int, minor: int, bits: int) -> bool:
    """The meaning of the rules, bit by bit: the last one that names the device and the bit decides; none: allowed."""
    for bit in (1, 2, 4):
        if bits & bit:
            verdict = True
            for allow, its_kind, its_major, its_minor, its_bits, _ in listed:
                if its_kind in ("a", kind) and its_major in (-1, major) and its_minor in (-1, minor) and its_bits & bit:
                    verdict = allow
            if not verdict:
                return False
    return True


def run(program: bytes, kind: str, major: int, minor: int, bits: int) -> bool:
    """A small eBPF machine: the instructions that the assembler uses. An unknown one or a jump outside is an error."""
    context = struct.pack("<III", bits << 16 | {"b": 1, "c": 2}[kind], major, minor)
    registers, at = [0] * 6, 0
    while True:
        code, both, offset, value = struct.unpack_from("<BBhi", program, 8 * at)
        dst, src = both & 15, both >> 4
        at += 1
        if code == 0x61:
            assert src == 1
            registers[dst] = struct.unpack_from("<I", context, offset)[0]
        elif code == 0xB7:
            registers[dst] = value
        elif code == 0xBF:
            registers[dst] = registers[src]
        elif code == 0x57:
            registers[dst] &= value
        elif code == 0x77:
            registers[dst] >>= value
        elif code == 0x05:
            at += offset
        elif code == 0x55:
            at += offset if registers[dst] != value else 0
        elif code == 0x45:
            at += offset if registers[dst] & value else 0
        elif code == 0x95:
            return bool(registers[0])
        else:
            raise AssertionError(f"instruction {code:#x}")


def random_rules(source: random.Random) -> list[rules.Rule]:
    return [
        (
            source.random() < 0.5,
            source.choice("abc"),
            source.choice((-1, 1, 5)),
            source.choice((-1, 3, 5)),
            source.randrange(1, 8),
            "",
        )
        for _ in range(source.randrange(8))
    ]


def questions() -> list[tuple[str, int, int, int]]:
    devices = [(kind, major, minor) for kind in "bc" for major in (1, 5, 7) for minor in (3, 5)]
    return [(*device, bits) for device in devices for bits in range(1, 8)]


@pytest.mark.parametrize("seed", range(60))
def test_the_program_decides_as_the_rules_say(seed: int) -> None:
    listed = random_rules(random.Random(seed))
    program = devices_bpf.assemble(listed)
    for question in questions():
        assert run(program, *question) == decide(listed, *question), (listed, question)


def v1_allows(writes: list[tuple[str, str, str]], kind: str, major: int, minor: int, bits: int) -> bool:
    """The v1 kernel (security/device_cgroup.c): a default and exceptions; only an exact exception is taken back."""
    default, exceptions = True, dict[str, set[str]]()
    for file, text, _ in writes:
        allow = file == "devices.allow"
        if text.startswith("a"):
            default, exceptions = allow, {}
            continue
        device, letters = text.rsplit(" ", 1)
        held = exceptions.setdefault(device, set())
        if allow == default:
            held -= set(letters)
        else:
            held |= set(letters)
    asked = set(rules.spelled(bits))
    matching = [held for device, held in exceptions.items() if device in _names(kind, major, minor)]
    if default:
        return not any(held & asked for held in matching)
    return any(asked <= held for held in matching)


def _names(kind: str, major: int, minor: int) -> set[str]:
    return {f"{kind} {a}:{b}" for a in (major, "*") for b in (minor, "*")}


@pytest.mark.parametrize("seed", range(60))
def test_v1_writes_never_open_what_the_rules_close(seed: int) -> None:
    listed = random_rules(random.Random(seed))
    try:
        writes = rules.v1_writes(listed)
    except RuntimeFault as fault:
        assert "cgroup v1 cannot" in fault.why
        return
    for kind, major, minor, bits in questions():
        expected, found = decide(listed, kind, major, minor, bits), v1_allows(writes, kind, major, minor, bits)
        if bits in (1, 2, 4):
            assert found == expected, (listed, kind, major, minor, bits)
        else:  # several bits at once must come from one exception on v1, so it may be stricter, never wider
            assert expected or not found


def test_default_devices_stay_usable_and_configured_nodes_can_be_made() -> None:
    listed = rules.listed({"devices": [DENY_ALL]}, [NODE])
    assert decide(listed, "c", 1, 3, rules.ALL)
    assert decide(listed, "c", 136, 7, rules.READ | rules.WRITE)
    assert decide(listed, "c", 10, 229, rules.MKNOD)
    assert not decide(listed, "c", 10, 229, rules.READ)
    assert not decide(listed, "b", 8, 0, rules.MKNOD)


def test_a_configured_rule_about_a_default_device_decides() -> None:
    zero = {"allow": False, "type": "c", "major": 1, "minor": 5, "access": "w"}
    listed = rules.listed({"devices": [DENY_ALL, zero]}, [])
    assert not decide(listed, "c", 1, 5, rules.WRITE)
    assert decide(listed, "c", 1, 5, rules.READ)


def test_rules_keep_their_order_and_their_path() -> None:
    later = {"allow": True, "type": "c", "major": 1, "minor": 11, "access": "r"}
    listed = rules.listed({"devices": [DENY_ALL, later]}, [])
    assert [rule[5] for rule in listed if rule[5] != rules.WHERE] == [f"{rules.WHERE}[0]", f"{rules.WHERE}[1]"]
    assert listed[-1] == (True, "c", 1, 11, rules.READ, f"{rules.WHERE}[1]")
    assert rules.listed({}, [NODE]) == []


def test_v1_text() -> None:
    listed = rules.listed({"devices": [DENY_ALL, {"allow": True, "major": 10, "access": "rw"}]}, [])
    writes = rules.v1_writes(listed)
    assert writes[0][:2] == ("devices.deny", "a *:* rwm")
    assert [one[:2] for one in writes[-2:]] == [("devices.allow", "b 10:* rw"), ("devices.allow", "c 10:* rw")]


def test_v1_refuses_a_hole_in_a_wider_permission() -> None:
    wide = {"allow": True, "type": "c", "access": "rwm"}
    hole = {"allow": False, "type": "c", "major": 1, "minor": 11, "access": "w"}
    with pytest.raises(RuntimeFault) as caught:
        rules.v1_writes(rules.listed({"devices": [DENY_ALL, wide, hole]}, []))
    assert caught.value.where == "linux.resources.devices[2]"


def test_the_present_list_counts_for_an_update() -> None:
    listed = rules.listed({"devices": [{"allow": False, "type": "c", "major": 1, "minor": 3, "access": "w"}]}, [])
    assert rules.v1_writes(listed, "c 1:3 rwm\nc 5:* r")[0][:2] == ("devices.deny", "c 1:3 w")
