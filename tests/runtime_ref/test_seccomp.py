"""The filter compiler: against libseccomp, and against the words of the specification.

Programs are run by a simulator of the kernel's filter machine. Where several rules with arguments name one call,
libseccomp 2.5.4 keeps no order, refuses some, and gets some wrong (a0 != 0; a0 != 1 and a1 != 1; called with 0 and 1):
that part is compared with the words alone.
"""

from __future__ import annotations

import os
import random
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from runtime_ref.errors import ConfigError
from runtime_ref.seccomp import bpf, build_tables, tables
from runtime_ref.shapes import SECCOMP_ACTIONS, SECCOMP_ARCHITECTURES, SECCOMP_FLAGS, SECCOMP_OPERATORS
from tests.runtime_ref import oracle

LIBRARY = oracle.library()
needs_library = pytest.mark.skipif(
    LIBRARY is None, reason="libseccomp.so.2 is not installed: no oracle to compare with"
)
seeds = st.integers(0, 2**32)
KNOWN = [arch for arch in SECCOMP_ARCHITECTURES if LIBRARY and build_tables.Libseccomp().column(arch)]
LITTLE = [arch for arch in KNOWN if tables.ARCHES[arch][2] == "little"] or list(SECCOMP_ARCHITECTURES[:3])
# Packed ones, ones that only some architectures have, one that none has.
NAMES = (
    "read", "write", "openat", "clone", "socket", "sendto", "accept4", "semop", "shmctl", "personality", "getpid",
    "mmap2", "recv", "no-such-call",
)  # fmt: skip
PACKED = ("socket", "sendto", "accept4", "semop", "shmctl", "recv")
PACKING = ("socketcall", "ipc")
EDGES = (0, 1, 5, 12, 0x7FFFFFFF, 0xFFFFFFFF, 1 << 32, (1 << 32) + 5, 1 << 63, (1 << 64) - 1)
quick = settings(
    max_examples=60, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck)
)

values = st.sampled_from(EDGES) | st.integers(0, 2**64 - 1)
conditions = st.fixed_dictionaries(
    {"index": st.integers(0, 5), "op": st.sampled_from(SECCOMP_OPERATORS), "value": values, "valueTwo": values}
)
some_args = st.lists(conditions, min_size=1, max_size=3, unique_by=lambda arg: arg["index"])


@st.composite
def verdicts(draw: st.DrawFn) -> dict[str, Any]:
    """An action, with an errno where it takes one and the draw says so."""
    action = draw(st.sampled_from(SECCOMP_ACTIONS))
    if action in ("SCMP_ACT_ERRNO", "SCMP_ACT_TRACE") and draw(st.booleans()):
        return {"action": action, "errnoRet": draw(st.integers(0, 4095))}
    return {"action": action}


@st.composite
def profiles(draw: st.DrawFn) -> dict[str, Any]:
    """A profile with at most one rule with arguments for a call (of the packed ones only one call has such a rule)."""
    listed = draw(
        st.lists(
            st.builds(
                lambda calls, verdict: {"names": calls, **verdict},
                st.lists(st.sampled_from(NAMES + PACKING), min_size=1, max_size=4, unique=True),
                verdicts(),
            ),
            max_size=3,
        )
    )
    alone = draw(st.sampled_from(PACKED))
    left = st.sampled_from([name for name in NAMES if name == alone or name not in PACKED])
    for name in draw(st.lists(left, max_size=3, unique=True)):
        listed.append({"names": [name], "args": draw(some_args), **draw(verdicts())})
    default = draw(st.sampled_from([action for action in SECCOMP_ACTIONS if action != "SCMP_ACT_NOTIFY"]))
    return {"defaultAction": default, "syscalls": draw(st.permutations(listed))}


def calls(profile: dict[str, Any], arch: str, seed: int) -> list[tuple[int, tuple[int, ...]]]:
    """Numbers and arguments worth a look: those the rules name, their neighbours, and the ends of the number space."""
    numbers = tables.numbers(arch)
    asked = {number for name in NAMES + PACKING if (number := numbers.get(name)) is not None}
    asked |= {number + step for number in set(asked) for step in (-1, 1)}
    asked = {number for number in asked if number >= 0} | {
        0,
        0x3FFFFFFF,
        0x40000000,
        0x400001FF,
        0xFFFFFFFE,
        0xFFFFFFFF,
    }
    near: list[int] = [*EDGES]
    for rule in profile["syscalls"]:
        for arg in rule.get("args", ()):
            for value in (arg["value"], arg["valueTwo"], arg["value"] & 0xFFFFFFFF):
                near += [value, (value + 1) % 2**64, (value - 1) % 2**64, value ^ 1 << 32]
    chance = random.Random(seed)
    packing = {numbers.get("ipc"), numbers.get("socketcall")} - {None}
    found = []
    for number in sorted(asked):
        for _ in range(3):
            given_args = tuple(chance.choices(near, k=6))
            if number in packing:  # ipc(2) may carry a version above bit 16, which libseccomp does not look past
                given_args = (given_args[0] % 26, *given_args[1:])
            found.append((number, given_args))
    return found


def outcome(code: list[tuple[int, int, int, int]], arch: str, number: int, call: tuple[int, ...], bits: int) -> int:
    audit, _, order, _ = tables.ARCHES[arch]
    # The kernel gives a 32 bit caller's arguments in 32 bits; x32 and n32 callers have whole registers.
    narrow = bits == 32 and not audit & 0x80000000
    return oracle.run(
        code,
        oracle.seccomp_data(number, audit, tuple(value % 2**32 if narrow else value for value in call), order == "big"),
        order == "big",
    )


def theirs(profile: dict[str, Any], arches: list[str]) -> list[tuple[int, int, int, int]]:
    """libseccomp's program; gives the example up where the library refuses the profile or makes a wrong program of it.

    libseccomp 2.5.4 forgets to load the number where the first call of its list does not exist on an architecture, and
    compares the architecture instead. So calls that none of the architectures has are left out, and a program with
    fewer loads of the number than architectures is not compared with.
    """
    assert LIBRARY is not None
    here: set[str] = set()
    for arch in arches:
        numbers = tables.numbers(arch)
        here |= set(numbers) | set(bpf._packed(numbers, True))
    rules = [{**rule, "names": [name for name in rule["names"] if name in here]} for rule in profile["syscalls"]]
    program = oracle.export(LIBRARY, {**profile, "syscalls": [rule for rule in rules if rule["names"]]}, arches)
    assume(program is not None)
    assert program is not None
    code = oracle.instructions(program, ">" if tables.ARCHES[arches[0]][2] == "big" else "<")
    assume(rules and code.count((0x20, 0, 0, 0)) >= len({tables.ARCHES[arch][0] for arch in arches}))
    return code


@needs_library
@pytest.mark.parametrize("arch", KNOWN)
@quick
@given(profile=profiles(), seed=seeds)
def test_same_verdicts_as_libseccomp(arch: str, profile: dict[str, Any], seed: int) -> None:
    bits = tables.ARCHES[arch][1]
    reference = theirs(profile, [arch])
    ours = oracle.instructions(bpf.assemble(bpf.program(profile, [arch])))
    for number, call in calls(profile, arch, seed):
        want, got = (outcome(code, arch, number, call, bits) for code in (reference, ours))
        assert f"{got:#x}" == f"{want:#x}", (arch, number, call)


@needs_library
@quick
@given(
    profile=profiles(),
    arches=st.lists(st.sampled_from(LITTLE), min_size=2, max_size=5, unique=True),
    foreign=st.sampled_from(LITTLE),
    seed=seeds,
)
def test_same_verdicts_as_libseccomp_for_several_architectures(
    profile: dict[str, Any], arches: list[str], foreign: str, seed: int
) -> None:
    reference = theirs(profile, arches)
    ours = oracle.instructions(bpf.assemble(bpf.program(profile, arches)))
    for arch in [*arches, foreign]:
        for number, call in calls(profile, arch, seed)[::3]:
            want, got = (outcome(code, arch, number, call, tables.ARCHES[arch][1]) for code in (reference, ours))
            assert f"{got:#x}" == f"{want:#x}", (arch, number, call)


def holds(arg: dict[str, Any], given_value: int) -> bool:
    """Whether one condition holds, in the words of the specification."""
    value, second = arg["value"], arg["valueTwo"]
    outcomes: dict[str, bool] = {
        "SCMP_CMP_NE": given_value != value,
        "SCMP_CMP_LT": given_value < value,
        "SCMP_CMP_LE": given_value <= value,
        "SCMP_CMP_EQ": given_value == value,
        "SCMP_CMP_GE": given_value >= value,
        "SCMP_CMP_GT": given_value > value,
        "SCMP_CMP_MASKED_EQ": given_value & value == second & value,
    }
    return outcomes[arg["op"]]


precise_rules = st.builds(
    lambda verdict, arguments: {"names": ["read"], "args": arguments, **verdict},
    verdicts(),
    st.lists(conditions, min_size=1, max_size=4),
)


@quick
@given(rules=st.lists(precise_rules, min_size=1, max_size=5), seed=seeds)
def test_several_rules_for_one_call_and_several_conditions_on_one_argument(
    rules: list[dict[str, Any]], seed: int
) -> None:
    profile = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": rules}
    code = oracle.instructions(bpf.assemble(bpf.program(profile, ["SCMP_ARCH_X86_64"])))
    for number, call in calls(profile, "SCMP_ARCH_X86_64", seed):
        want = oracle.ACTIONS["SCMP_ACT_ALLOW"] if number < 0x40000000 or number == 0xFFFFFFFF else oracle.KILL_THREAD
        if number == 0:
            for listed in rules:
                value = oracle.ret(listed["action"], listed.get("errnoRet"))
                if value != oracle.ACTIONS["SCMP_ACT_ALLOW"] and all(
                    holds(arg, call[arg["index"]]) for arg in listed["args"]
                ):
                    want = value
                    break
        assert f"{outcome(code, 'SCMP_ARCH_X86_64', number, call, 64):#x}" == f"{want:#x}", (number, call)


@pytest.mark.parametrize("arch", SECCOMP_ARCHITECTURES)
def test_every_architecture_compiles_and_tells_its_calls_apart(arch: str) -> None:
    profile = {
        "defaultAction": "SCMP_ACT_ALLOW",
        "syscalls": [{"names": ["getpid"], "action": "SCMP_ACT_ERRNO", "errnoRet": 7}],
    }
    code = oracle.instructions(bpf.assemble(bpf.program(profile, [arch])))
    numbers = tables.numbers(arch)
    assert len(numbers) > 250
    assert len(set(numbers.values())) == len(numbers), "two names with one number"
    for name in ("getpid", "read", "mseal"):
        want = oracle.ret("SCMP_ACT_ERRNO", 7) if name == "getpid" else oracle.ACTIONS["SCMP_ACT_ALLOW"]
        assert outcome(code, arch, numbers[name], (0,) * 6, 64) == want, name
    other = next(other for other in SECCOMP_ARCHITECTURES if tables.ARCHES[other][0] != tables.ARCHES[arch][0])
    assert outcome(code, other, numbers["getpid"], (0,) * 6, 64) == oracle.KILL_THREAD


def test_all_architectures_in_one_filter_fit() -> None:
    profile = {
        "defaultAction": "SCMP_ACT_ERRNO",
        "syscalls": [{"names": sorted(tables.numbers("SCMP_ARCH_X86_64"))[::2], "action": "SCMP_ACT_ALLOW"}],
        "architectures": list(SECCOMP_ARCHITECTURES[:6]),
    }
    assert 0 < len(bpf.compile(profile, "x86_64")) // 8 <= bpf.LONGEST


def test_a_filter_longer_than_the_kernel_takes_is_refused() -> None:
    rule = {
        "names": ["read", "write"],
        "action": "SCMP_ACT_LOG",
        "args": [{"index": 0, "op": "SCMP_CMP_EQ", "value": 1}],
    }
    with pytest.raises(ConfigError) as fault:
        bpf.compile({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [rule] * 1000}, "x86_64")
    assert "4096" in fault.value.why


def test_jumps_over_long_blocks() -> None:
    """A rule list longer than one conditional jump reaches."""
    rules = [
        {
            "names": ["read"],
            "action": "SCMP_ACT_ERRNO",
            "errnoRet": n,
            "args": [{"index": 1, "op": "SCMP_CMP_EQ", "value": n}],
        }
        for n in range(1, 120)
    ]
    profile = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [*rules, {"names": ["close"], "action": "SCMP_ACT_TRAP"}]}
    code = oracle.instructions(bpf.compile(profile, "x86_64"))
    for n in (1, 60, 119):
        assert outcome(code, "SCMP_ARCH_X86_64", 0, (0, n, 0, 0, 0, 0), 64) == oracle.ret("SCMP_ACT_ERRNO", n)
    assert outcome(code, "SCMP_ARCH_X86_64", 0, (0, 120, 0, 0, 0, 0), 64) == oracle.ACTIONS["SCMP_ACT_ALLOW"]
    assert outcome(code, "SCMP_ARCH_X86_64", 3, (0,) * 6, 64) == oracle.ACTIONS["SCMP_ACT_TRAP"]


def test_ipc_with_a_version_is_matched_too() -> None:
    profile = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["shmget"], "action": "SCMP_ACT_TRAP"}]}
    code = oracle.instructions(bpf.assemble(bpf.program(profile, ["SCMP_ARCH_X86"])))
    for first, want in ((23, "SCMP_ACT_TRAP"), (23 | 1 << 16, "SCMP_ACT_TRAP"), (22, "SCMP_ACT_ALLOW")):
        assert outcome(code, "SCMP_ARCH_X86", 117, (first, 0, 0, 0, 0, 0), 32) == oracle.ACTIONS[want]


def test_the_native_architecture_is_always_in() -> None:
    profile = {"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86"]}
    code = oracle.instructions(bpf.compile(profile, "x86_64"))
    assert outcome(code, "SCMP_ARCH_X86_64", 0, (0,) * 6, 64) == oracle.ACTIONS["SCMP_ACT_ALLOW"]
    assert outcome(code, "SCMP_ARCH_X86", 3, (0,) * 6, 32) == oracle.ACTIONS["SCMP_ACT_ALLOW"]


def test_flags() -> None:
    quiet = {"defaultAction": "SCMP_ACT_ALLOW", "flags": list(SECCOMP_FLAGS)}
    assert bpf.flags_of(quiet) == 1 | 2 | 4  # without a listener the kernel refuses WAIT_KILLABLE_RECV
    loud = {**quiet, "syscalls": [{"names": ["mkdir"], "action": "SCMP_ACT_NOTIFY"}]}
    assert bpf.flags_of(loud) == 1 | 2 | 4 | 8 | 16 | 32
    assert bpf.flags_of({"defaultAction": "SCMP_ACT_ALLOW"}) == 0


def test_the_tables_are_those_of_libseccomp() -> None:
    if LIBRARY is None:
        pytest.skip("libseccomp.so.2 is not installed: nothing to make the tables from")
    library = build_tables.Libseccomp()
    if library.version != tables.LIBSECCOMP:
        pytest.skip(f"libseccomp is {library.version} here, the tables were made from {tables.LIBSECCOMP}")
    with open(tables.__file__) as file:
        assert file.read() == build_tables.text(build_tables.columns(library, {}), library.version)


def test_an_unknown_machine_is_refused() -> None:
    with pytest.raises(ConfigError) as fault:
        bpf.compile({"defaultAction": "SCMP_ACT_ALLOW"}, "vax")
    assert "vax" in fault.value.why
    assert bpf.native(os.uname().machine) in SECCOMP_ARCHITECTURES
