"""config-linux.md#seccomp: conditions on arguments: each operator around its value, each index, several at once."""

from __future__ import annotations

import operator

from conformance.author import (
    Case,
    Rejects,
    Scenario,
    arg,
    attempts,
    create,
    delete,
    ended,
    filtered,
    labelled,
    recorded,
    rule,
    runs,
    seccomp,
    start,
    taken_as,
)

ALLOW, ERRNO = "SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO"
CALL = "munlockall"  # takes no argument and cannot fail: the kernel's filter alone looks at what is passed
GREATEST = 2**64 - 1
EQ = "SCMP_CMP_EQ"

OPERATORS = {
    "NE": operator.ne,
    "LT": operator.lt,
    "LE": operator.le,
    "EQ": operator.eq,
    "GE": operator.ge,
    "GT": operator.gt,
}
# Each is where a comparison by 32-bit words, or with a sign, would go wrong.
VALUES = {
    "zero": 0,
    "small": 5,
    "int-max": 2**31 - 1,
    "sign-of-int": 2**31,
    "word-max": 2**32 - 1,
    "second-word": 2**32,
    "both-words": 5 * 2**32 + 7,
    "long-max": 2**63 - 1,
    "sign-of-long": 2**63,
    "max": GREATEST,
}
NEVER_TRUE = {("LT", "zero"), ("GT", "max")}  # nothing would tell them from a rule that is not there
MASKS = {
    "low-byte": (0xFF, 0x41),
    "one-bit": (0x10, 0x10),
    "bit-clear": (0x10, 0),
    "high-word": (0xFFFFFFFF << 32, 3 << 32),
    "both-words": (0xF0000000F, 0x30000000A),
    "sign": (2**63, 2**63),
    "all": (GREATEST, 0x123456789ABCDEF0),
}


def around(value: int) -> list[int]:
    """A value, its neighbours, those with one word of its two, and the ends."""
    low, high = value & 0xFFFFFFFF, value >> 32 << 32
    near = {value, value - 1, value + 1, low, high, value ^ 1 << 32, value ^ 1, value ^ 1 << 63, 0, GREATEST}
    return sorted(v for v in near if 0 <= v <= GREATEST)


def gives(call: str, blocked: bool) -> dict[str, str]:
    """One attempt with what it gives."""
    return {call: "EPERM" if blocked else "OK"}


def at(index: int, value: int) -> str:
    """The attempt with this value as that argument, and with other values as all others."""
    return ",".join([CALL, *(str(value if i == index else 90 + i) for i in range(6))])


def compared(name: str, value: int) -> dict[str, str]:
    """What each value around gives under the operator, compared as Python compares numbers without a sign."""
    return {k: v for p in around(value) for k, v in gives(f"{CALL},{p}", OPERATORS[name](p, value)).items()}


def masked_equal(mask: int, value: int) -> dict[str, str]:
    """What values give that agree under the mask, and that differ in one bit of it."""
    outside = value | GREATEST & ~mask
    inside = [value ^ 1 << bit for bit in range(64) if mask >> bit & 1]
    points = sorted({value, outside, *inside[:2], *inside[-2:], 0, GREATEST})
    return {k: v for p in points for k, v in gives(f"{CALL},{p}", p & mask == value).items()}


CASES = [
    *(
        Case(
            id=f"seccomp/op-{name.lower()}-{what}",
            claim=f"{name} compares all 64 bits of an argument, without a sign",
            clause=f"linux.seccomp.op-{name.lower()}",
            config=[seccomp(default=ALLOW, rules=[rule(CALL, ERRNO, args=[arg(0, value, f"SCMP_CMP_{name}")])])],
            tries=list(compared(name, value)),
            expect=[attempts(compared(name, value))],
        )
        for name in OPERATORS
        for what, value in VALUES.items()
        if (name, what) not in NEVER_TRUE
    ),
    *(
        Case(
            id=f"seccomp/op-masked-eq-{what}",
            claim="MASKED_EQ compares the bits of value's mask with valueTwo",
            clause="linux.seccomp.op-masked-eq",
            config=[
                seccomp(default=ALLOW, rules=[rule(CALL, ERRNO, args=[arg(0, mask, "SCMP_CMP_MASKED_EQ", value)])])
            ],
            tries=list(masked_equal(mask, value)),
            expect=[attempts(masked_equal(mask, value))],
        )
        for what, (mask, value) in MASKS.items()
    ),
    Case(
        id="seccomp/op-masked-eq-without-value-two",
        claim="MASKED_EQ without valueTwo asks for all bits of the mask to be clear",
        clause="linux.seccomp.op-masked-eq",
        config=[seccomp(default=ALLOW, rules=[rule(CALL, ERRNO, args=[arg(0, 0x0F, "SCMP_CMP_MASKED_EQ")])])],
        tries=[f"{CALL},240", f"{CALL},241", f"{CALL},248"],
        expect=[attempts({f"{CALL},240": "EPERM", f"{CALL},241": "OK", f"{CALL},248": "OK"})],
    ),
    *(
        Case(
            id=f"seccomp/op-{name.lower()}-value-two-unused",
            claim=f"valueTwo is nothing to {name}",
            clause=f"linux.seccomp.op-{name.lower()}",
            config=[seccomp(default=ALLOW, rules=[rule(CALL, ERRNO, args=[arg(0, 5, f"SCMP_CMP_{name}", 6)])])],
            tries=[f"{CALL},{p}" for p in (4, 5, 6)],
            expect=[attempts({k: v for p in (4, 5, 6) for k, v in gives(f"{CALL},{p}", compare(p, 5)).items()})],
        )
        for name, compare in OPERATORS.items()
    ),
    *(
        Case(
            id=f"seccomp/arg-index-{index}",
            claim=f"a condition on index {index} looks at that argument alone",
            clause="linux.seccomp.op-eq",
            config=[seccomp(default=ALLOW, rules=[rule(CALL, ERRNO, args=[arg(index, value, EQ)])])],
            tries=[at(i, value) for i in range(6)],
            expect=[attempts({k: v for i in range(6) for k, v in gives(at(i, value), i == index).items()})],
        )
        for index, value in ((0, 7), (1, 8), (2, 7 << 32), (3, GREATEST), (4, 2**31), (5, 9))
    ),
    Case(
        id="seccomp/args-of-two-indexes",
        claim="a rule with conditions on two arguments holds when both do",
        clause="linux.seccomp.args-all-match",
        config=[seccomp(default=ALLOW, rules=[rule(CALL, ERRNO, args=[arg(0, 5, EQ), arg(1, 6, EQ)])])],
        tries=[f"{CALL},{pair}" for pair in ("5,6", "5,7", "4,6", "6,5")],
        expect=[attempts({f"{CALL},5,6": "EPERM", f"{CALL},5,7": "OK", f"{CALL},4,6": "OK", f"{CALL},6,5": "OK"})],
    ),
    Case(
        id="seccomp/args-of-all-indexes",
        claim="a rule with conditions on all six arguments holds when all do",
        clause="linux.seccomp.args-all-match",
        config=[seccomp(default=ALLOW, rules=[rule(CALL, ERRNO, args=[arg(i, 10 + i, EQ) for i in range(6)])])],
        tries=[
            f"{CALL},10,11,12,13,14,15",
            *(f"{CALL},{','.join(str(10 + i + (i == k)) for i in range(6))}" for k in range(6)),
        ],
        expect=[
            labelled("all", attempts({f"{CALL},10,11,12,13,14,15": "EPERM"})),
            *(
                labelled(
                    f"all-but-{k}", attempts({f"{CALL},{','.join(str(10 + i + (i == k)) for i in range(6))}": "OK"})
                )
                for k in range(6)
            ),
        ],
    ),
    Case(
        id="seccomp/args-in-any-order",
        claim="the order in which conditions on other arguments are listed is nothing to a rule",
        clause="linux.seccomp.args-all-match",
        config=[
            seccomp(default=ALLOW, rules=[rule(CALL, ERRNO, args=[arg(4, 1, "SCMP_CMP_GT"), arg(2, 9, "SCMP_CMP_LE")])])
        ],
        tries=[f"{CALL},0,0,{c},0,{e}" for c, e in ((9, 2), (10, 2), (9, 1), (2, 9))],
        expect=[
            attempts(
                {
                    f"{CALL},0,0,9,0,2": "EPERM",
                    f"{CALL},0,0,10,0,2": "OK",
                    f"{CALL},0,0,9,0,1": "OK",
                    f"{CALL},0,0,2,0,9": "EPERM",
                }
            )
        ],
    ),
    Scenario(
        id="seccomp/args-of-one-index-twice",
        claim="two conditions on one argument hold together, hold each alone, or are refused",
        clause="linux.seccomp.args-all-match",
        config=[
            seccomp(
                default=ALLOW, rules=[rule(CALL, ERRNO, args=[arg(0, 5, "SCMP_CMP_GE"), arg(0, 9, "SCMP_CMP_LE")])]
            ),
            runs("dump", "try", f"{CALL},4", "try", f"{CALL},7", "try", f"{CALL},10"),
        ],
        steps=[create().may_fail(), start().may_fail(), ended().may_fail(), delete(force=True).may_fail()],
        expect=[*recorded(taken_as(f"{CALL},4", f"{CALL},7", f"{CALL},10"))],
    ),
    *(
        Rejects(
            id=f"seccomp/invalid-{what}",
            claim=f"a condition with an invalid value ({what.replace('-', ' ')}) is refused",
            clause="valid-values.error",
            config=[seccomp(default=ALLOW, rules=[rule(CALL, ERRNO, args=[condition])])],
            control=[seccomp(default=ALLOW, rules=[rule(CALL, ERRNO, args=[arg(5, 1, EQ)])])],
        )
        for what, condition in {
            "arg-index": arg(6, 1, EQ),
            "arg-index-beyond": arg(2**32, 1, EQ),
            "arg-value-negative": arg(5, -1, EQ),
            "arg-value-beyond-64-bits": arg(5, 2**64, EQ),
            "op": arg(5, 1, "SCMP_CMP_NO_SUCH"),
            "op-empty": arg(5, 1, ""),
        }.items()
    ),
    Case(
        id="seccomp/args-empty",
        claim="an empty list of conditions is a rule for every argument",
        clause="linux.seccomp.action-errno",
        config=[
            filtered(CALL, ERRNO),
            {"linux": {"seccomp": {"syscalls": [{"names": [CALL], "action": ERRNO, "args": []}]}}},
        ],
        tries=[CALL, f"{CALL},5"],
        expect=[attempts({CALL: "EPERM", f"{CALL},5": "EPERM"})],
    ),
]
