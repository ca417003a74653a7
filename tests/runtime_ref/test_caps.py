"""Capability sets as the kernel then reports them, and the warnings for what cannot be granted."""

from __future__ import annotations

import os
from typing import Any

import pytest

from runtime_ref import caps
from tests.runtime_ref.within import within

FIELDS = {
    "CapBnd": "bounding",
    "CapPrm": "permitted",
    "CapEff": "effective",
    "CapInh": "inheritable",
    "CapAmb": "ambient",
}
A, B, C = "CAP_CHOWN", "CAP_KILL", "CAP_NET_RAW"


def bounding() -> int:
    with open("/proc/self/status") as status:
        return next(int(line.split()[1], 16) for line in status if line.startswith("CapBnd"))


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="the sets can only be chosen by root; this is not uid 0")


def result(capabilities: dict[str, Any] | None, uid: int) -> dict[str, Any]:
    """Runs in a child: the five sets by name and the warnings, after a change to `uid`."""
    from runtime_ref import caps as there

    process = {} if capabilities is None else {"capabilities": capabilities}
    sets = there.of(process)
    there.limit(sets)
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    there.apply(sets)
    found: dict[str, Any] = {"warnings": sets.warnings}
    with open("/proc/self/status") as status:
        for line in status:
            field, _, value = line.partition(":")
            if field in FIELDS:
                found[FIELDS[field]] = there.names_of(int(value, 16))
    return found


def asked(capabilities: dict[str, Any] | None, uid: int = 0) -> dict[str, Any]:
    found: dict[str, Any] = within(result, capabilities, uid, cut_off=False)
    return found


@needs_root
@pytest.mark.parametrize("uid", [0, 1000])
def test_each_set_is_what_is_asked(uid: int) -> None:
    wanted = {
        "bounding": [A, B, C],
        "permitted": [A, B],
        "effective": [A],
        "inheritable": [B],
        "ambient": [B],
    }
    assert asked(wanted, uid) == {**wanted, "warnings": []}


@needs_root
def test_without_the_member_nothing_is_left() -> None:
    assert asked(None) == {**{which: [] for which in caps.SETS}, "warnings": []}


@needs_root
def test_inheritable_may_hold_more_than_bounding() -> None:
    found = asked({"bounding": [A], "permitted": [A, B], "inheritable": [A, B]})
    assert (found["bounding"], found["inheritable"]) == ([A], [A, B])


@needs_root
def test_what_cannot_be_granted_is_a_warning() -> None:
    found = asked({"bounding": [A, "CAP_NOVEL"], "permitted": [A], "effective": [A, B], "ambient": [A]})
    assert found["bounding"] == [A]
    assert found["effective"] == [A]
    assert found["ambient"] == []
    said = "\n".join(found["warnings"])
    assert "process.capabilities.bounding: CAP_NOVEL is not known" in said
    assert "process.capabilities.effective: CAP_KILL cannot be granted" in said
    assert "process.capabilities.ambient: CAP_CHOWN cannot be granted" in said


@needs_root
def test_what_the_runtime_does_not_have_is_a_warning() -> None:
    def without() -> list[str]:
        from runtime_ref import caps as there
        from runtime_ref.kernel import const as c
        from runtime_ref.kernel import sys as k

        k.prctl(c.PR_CAPBSET_DROP, caps.NAMES.index("CAP_SYS_BOOT"))
        sets = there.of({"capabilities": {"bounding": ["CAP_SYS_BOOT"]}})
        there.limit(sets)
        assert sets.bounding == 0
        return sets.warnings

    assert within(without, cut_off=False) == [
        "process.capabilities.bounding: CAP_SYS_BOOT cannot be granted: this process does not have it"
    ]


def test_names_have_their_bits() -> None:
    assert (caps.BITS["CAP_CHOWN"], caps.BITS["CAP_SYS_ADMIN"], caps.BITS["CAP_CHECKPOINT_RESTORE"]) == (
        1,
        1 << 21,
        1 << 40,
    )
    with open("/proc/sys/kernel/cap_last_cap") as file:
        assert len(caps.NAMES) >= int(file.read()) + 1, "the kernel has capabilities that have no name here"
    assert caps.names_of(1 | 1 << 62) == ["CAP_CHOWN", "CAP_62"]
